// Integers modulo 2^320 for the hints of emulated arithmetic: quotients by p of sums of products of values, whose
// magnitude stays below 2^319. Hints need not be right, constraints judge them; but an honest prover's are. Variable time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "r1cs/signed_value.h"

namespace pyzkfl::recursion {

struct HintInteger {
  std::array<uint64_t, 5> w{};  // two's complement, low word first

  static HintInteger of(const SignedValue& v) {
    HintInteger out;
    for (size_t i = 0; i < 4; ++i) out.w[i] = v.magnitude[i];
    return v.negative ? HintInteger{} - out : out;
  }

  friend HintInteger operator+(const HintInteger& a, const HintInteger& b) {
    HintInteger out;
    uint64_t carry = 0;
    for (size_t i = 0; i < 5; ++i) out.w[i] = limbs::add_carry(a.w[i], b.w[i], carry);
    return out;
  }
  friend HintInteger operator-(const HintInteger& a, const HintInteger& b) {
    HintInteger out;
    uint64_t borrow = 0;
    for (size_t i = 0; i < 5; ++i) out.w[i] = limbs::sub_borrow(a.w[i], b.w[i], borrow);
    return out;
  }
  friend HintInteger operator*(const HintInteger& a, const HintInteger& b) {
    HintInteger out;
    for (size_t i = 0; i < 5; ++i) {
      uint64_t high = 0;
      for (size_t j = 0; i + j < 5; ++j) out.w[i + j] = limbs::multiply_add(a.w[i], b.w[j], out.w[i + j], high);
    }
    return out;
  }
  friend HintInteger operator<<(const HintInteger& a, unsigned shift) {
    HintInteger out;
    const size_t words = shift / 64;
    const unsigned bits = shift % 64;
    for (size_t i = words; i < 5; ++i) {
      out.w[i] = a.w[i - words] << bits;
      if (bits != 0 && i > words) out.w[i] |= a.w[i - words - 1] >> (64 - bits);
    }
    return out;
  }

  // 15 bits from bit 15 i on.
  uint64_t digit(unsigned i) const {
    const unsigned at = 15 * i, word = at / 64, bits = at % 64;
    if (word >= 5) return 0;
    uint64_t v = w[word] >> bits;
    if (bits > 49 && word + 1 < 5) v |= w[word + 1] << (64 - bits);
    return v & 0x7fff;
  }
};

// 1 / v modulo 2^320 for odd v, by Newton's iteration.
inline HintInteger inverse_of_odd(const HintInteger& v) {
  HintInteger x{{1}}, two{{2}};
  for (unsigned bits = 1; bits < 320; bits *= 2) x = x * (two - v * x);
  return x;
}

}  // namespace pyzkfl::recursion

// The plainest modular arithmetic there is, bit by bit, sharing no code with the kernels: their oracle.
#pragma once

#include <array>
#include <cstdint>

#include "fields/limbs.h"

namespace pyzkfl::test {

// An unsigned integer of 1088 bits as 34 words of 32 bits, least significant first.
struct Wide {
  std::array<uint32_t, 34> word{};

  static Wide from(const Limbs& v) {
    Wide out;
    for (size_t i = 0; i < 4; ++i) {
      out.word[2 * i] = static_cast<uint32_t>(v[i]);
      out.word[2 * i + 1] = static_cast<uint32_t>(v[i] >> 32);
    }
    return out;
  }

  friend Wide operator+(const Wide& a, const Wide& b) {
    Wide out;
    uint64_t carry = 0;
    for (size_t i = 0; i < out.word.size(); ++i) {
      carry += uint64_t{a.word[i]} + b.word[i];
      out.word[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    return out;
  }

  friend Wide operator*(const Wide& a, const Wide& b) {
    Wide out;
    for (size_t i = 0; i < 17; ++i) {
      uint64_t carry = 0;
      for (size_t j = 0; j + i < out.word.size(); ++j) {
        carry += uint64_t{a.word[i]} * b.word[j] + out.word[i + j];
        out.word[i + j] = static_cast<uint32_t>(carry);
        carry >>= 32;
      }
    }
    return out;
  }

  bool bit(size_t i) const { return (word[i / 32] >> (i % 32) & 1) != 0; }
};

// v mod p by shifting bits in and subtracting.
inline Limbs mod(const Wide& v, const Limbs& p) {
  Limbs out{};
  for (size_t i = 34 * 32; i-- > 0;) {
    uint64_t carry = v.bit(i) ? 1 : 0;  // out = 2 out + bit; no overflow, for p is below 2^254
    for (uint64_t& limb : out) {
      const uint64_t top = limb >> 63;
      limb = limb << 1 | carry;
      carry = top;
    }
    bool not_less = true;
    for (size_t j = 4; j-- > 0;) {
      if (out[j] != p[j]) {
        not_less = out[j] > p[j];
        break;
      }
    }
    if (!not_less) continue;
    uint64_t borrow = 0;
    for (size_t j = 0; j < 4; ++j) {
      const uint64_t subtrahend = p[j] + borrow;
      const uint64_t overflow = subtrahend < borrow ? 1 : 0;
      borrow = overflow | (out[j] < subtrahend ? 1 : 0);
      out[j] -= subtrahend;
    }
  }
  return out;
}

}  // namespace pyzkfl::test

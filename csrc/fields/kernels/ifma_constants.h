// Constants of the IFMA kernels, in limbs of 52 bits: computed by the compiler from the words of `prime` (ifma_fp.h,
// ifma_fr.h), so that no code of the field ends up in files compiled for that instruction set.
#pragma once

#include <cstdint>

namespace pyzkfl::ifma {
namespace {

__extension__ typedef unsigned __int128 Wide;

struct Limbs52 {
  uint64_t l[5];
};
struct Limbs64 {
  uint64_t l[4];
};

constexpr uint64_t mask52 = (uint64_t{1} << 52) - 1;

// a - b modulo 2^256; the borrow in `borrow`.
consteval Limbs64 difference(const Limbs64& a, const Limbs64& b, uint64_t& borrow) {
  Limbs64 out{};
  borrow = 0;
  for (int i = 0; i < 4; ++i) {
    const uint64_t without = a.l[i] - b.l[i];
    out.l[i] = without - borrow;
    borrow = static_cast<uint64_t>(a.l[i] < b.l[i]) | static_cast<uint64_t>(without < borrow);
  }
  return out;
}

constexpr Limbs64 prime64 = {{prime[0], prime[1], prime[2], prime[3]}};

// 2^k mod p.
consteval Limbs64 power_of_two(unsigned k) {
  Limbs64 v = {{1, 0, 0, 0}};
  for (unsigned i = 0; i < k; ++i) {
    Limbs64 twice{};
    for (int j = 0; j < 4; ++j) twice.l[j] = v.l[j] << 1 | (j > 0 ? v.l[j - 1] >> 63 : 0);
    uint64_t borrow = 0;
    v = difference(twice, prime64, borrow);
    if (borrow != 0) v = twice;
  }
  return v;
}

consteval Limbs64 minus_power_of_two(unsigned k) {
  uint64_t borrow = 0;
  return difference(prime64, power_of_two(k), borrow);
}

// `multiple` v in limbs of 52 bits; the product must be below 2^260.
consteval Limbs52 to_limbs52(const Limbs64& v, uint64_t multiple) {
  uint64_t product[5] = {};
  for (int i = 0; i < 4; ++i) {
    const Wide sum = static_cast<Wide>(v.l[i]) * multiple + product[i];
    product[i] = static_cast<uint64_t>(sum);
    product[i + 1] = static_cast<uint64_t>(sum >> 64);
  }
  Limbs52 out{};
  for (int i = 0; i < 5; ++i) {
    const int word = 52 * i / 64, at = 52 * i % 64;
    uint64_t limb = product[word] >> at;
    if (at > 12) limb |= product[word + 1] << (64 - at);
    out.l[i] = limb & mask52;
  }
  return out;
}

// -1 / p modulo 2^52, by Newton's iteration: each step doubles the number of right bits, 1 is right to 1 bit.
consteval uint64_t negative_inverse() {
  uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - prime[0] * inverse;
  return (~inverse + 1) & mask52;
}

// k p for k up to most_multiple.
constexpr unsigned most_multiple = 18;
struct Multiples {
  Limbs52 times[most_multiple + 1];
};
consteval Multiples make_multiples() {
  Multiples out{};
  for (unsigned k = 0; k <= most_multiple; ++k) out.times[k] = to_limbs52(prime64, k);
  return out;
}

constexpr Multiples p52 = make_multiples();
constexpr uint64_t n0 = negative_inverse();
// 1 in Montgomery form of radix 2^260.
constexpr Limbs52 one_260 = to_limbs52(power_of_two(260), 1);

}  // namespace
}  // namespace pyzkfl::ifma

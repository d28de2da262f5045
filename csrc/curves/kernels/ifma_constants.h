// Constants of the IFMA kernel, in limbs of 52 bits: computed by the compiler from Fp's parameters, so that
// no code of Fp ends up in files compiled for that instruction set.
#pragma once

#include <cstdint>

#include "fields/fp.h"

namespace pyzkfl::ifma {

struct Limbs52 {
  uint64_t l[5];
};

// `multiple` v in limbs of 52 bits, for v below 2^256.
consteval Limbs52 to_limbs52(const Limbs& v, uint64_t multiple = 1) {
  Limbs product{};
  uint64_t high = 0;
  for (int i = 0; i < 4; ++i) product[i] = limbs::multiply_add(v[i], multiple, 0, high);
  Limbs52 out{};
  for (int i = 0; i < 5; ++i) {
    const int word = 52 * i / 64, at = 52 * i % 64;
    uint64_t limb = product[word] >> at;
    if (at > 12 && word < 3) limb |= product[word + 1] << (64 - at);
    out.l[i] = limb & ((uint64_t{1} << 52) - 1);
  }
  return out;
}

inline constexpr Limbs52 modulus52 = to_limbs52(Fp::modulus);
inline constexpr Limbs52 modulus52_twice = to_limbs52(Fp::modulus, 2);
// -1 / p modulo 2^52.
inline constexpr uint64_t n0_52 = Fp::M::n0 & ((uint64_t{1} << 52) - 1);
// 1 in Montgomery form of radix 2^260: 2^260 modulo p.
inline constexpr Limbs52 montgomery_one = to_limbs52(Fp::from_u64(16).l);
// A product (which divides by 2^260) with the first takes v 2^256 to v 2^260; with the second, back.
inline constexpr Limbs52 from_radix_256 = to_limbs52(Fp::from_u64(256).l);
inline constexpr Limbs52 to_radix_256 = to_limbs52(Fp::one().l);

}  // namespace pyzkfl::ifma

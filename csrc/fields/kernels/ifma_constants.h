// Constants of the IFMA kernels, in limbs of 52 bits: computed by the compiler from a field's parameters, so that
// no code of the field ends up in files compiled for that instruction set.
#pragma once

#include <cstdint>

#include "fields/fp.h"
#include "fields/fr.h"

namespace pyzkfl::ifma {

struct Limbs52 {
  uint64_t l[5];
};

// `multiple` v in limbs of 52 bits; the product must be below 2^260.
consteval Limbs52 to_limbs52(const Limbs& v, uint64_t multiple = 1) {
  uint64_t product[5] = {};
  for (int i = 0; i < 4; ++i) product[i] = limbs::multiply_add(v[i], multiple, 0, product[4]);
  Limbs52 out{};
  for (int i = 0; i < 5; ++i) {
    const int word = 52 * i / 64, at = 52 * i % 64;
    uint64_t limb = product[word] >> at;
    if (at > 12) limb |= product[word + 1] << (64 - at);
    out.l[i] = limb & ((uint64_t{1} << 52) - 1);
  }
  return out;
}

template <class Params>
struct Constants52 {
  using M = Modulus<Params>;

  // k p; below 2^260 for k up to 84.
  template <unsigned k>
  static constexpr Limbs52 multiple = to_limbs52(M::p, k);
  static constexpr Limbs52 p = multiple<1>;
  // -1 / p modulo 2^52.
  static constexpr uint64_t n0 = M::n0 & ((uint64_t{1} << 52) - 1);
  // 1 in Montgomery form: of radix 2^256 (that of Field), of radix 2^260.
  static constexpr Limbs52 one_256 = to_limbs52(M::power_of_two(256));
  static constexpr Limbs52 one_260 = to_limbs52(M::power_of_two(260));
  // A product (which divides by 2^260) with the first takes v 2^256 to v 2^260; with the second, back.
  static constexpr Limbs52 from_radix_256 = to_limbs52(M::power_of_two(264));
  static constexpr Limbs52 to_radix_256 = to_limbs52(M::power_of_two(256));
};

}  // namespace pyzkfl::ifma

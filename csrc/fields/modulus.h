// What Montgomery arithmetic needs to know of a modulus, derived by the compiler from the modulus alone.
//
// R is 2^256. The multiplication kernels leave out a carry (see kernels/montgomery_portable.h), which is
// right for a modulus below 2^254; static_assert holds every parameter struct to that.
#pragma once

#include "fields/limbs.h"

namespace pyzkfl {

template <class Params>
struct Modulus {
  static constexpr Limbs p = Params::modulus;
  static_assert((p[0] & 1) == 1, "the modulus must be odd");
  static_assert((p[3] >> 62) == 0 && p[3] != 0, "the modulus must have 193 to 254 bits");

  // 2^k mod p.
  static constexpr Limbs power_of_two(unsigned k) {
    Limbs v{1, 0, 0, 0};
    for (unsigned i = 0; i < k; ++i) {
      limbs::add(v, v, v);
      Limbs reduced{};
      const uint64_t borrow = limbs::sub(reduced, v, p);
      v = limbs::select(borrow - 1, reduced, v);
    }
    return v;
  }

  // -1/p mod 2^64, by Newton's iteration: each step doubles the number of right bits, 1 is right to 1 bit.
  static constexpr uint64_t negative_inverse() {
    uint64_t inverse = 1;
    for (int i = 0; i < 6; ++i) inverse *= 2 - p[0] * inverse;
    return ~inverse + 1;
  }

  // p - v, for v <= p.
  static constexpr Limbs minus(uint64_t v) {
    Limbs out{};
    limbs::sub(out, p, Limbs{v, 0, 0, 0});
    return out;
  }

  static constexpr Limbs shift_right(Limbs v, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i) {
      for (size_t j = 0; j < 4; ++j) v[j] = v[j] >> 1 | (j < 3 ? v[j + 1] << 63 : 0);
    }
    return v;
  }

  static constexpr uint64_t n0 = negative_inverse();
  static constexpr Limbs r = power_of_two(256);   // 1 in Montgomery form
  static constexpr Limbs r2 = power_of_two(512);  // takes canonical to Montgomery form
  static constexpr Limbs r3 = power_of_two(768);
  static constexpr Limbs p_minus_2 = minus(2);
  static constexpr Limbs p_minus_1_half = shift_right(p, 1);
  // For p = 3 modulo 4. (p + 1) / 4 is the floor of p / 4, plus one.
  static constexpr Limbs p_plus_1_quarter = [] {
    Limbs v = shift_right(p, 2);
    limbs::add(v, v, Limbs{1, 0, 0, 0});
    return v;
  }();
};

}  // namespace pyzkfl

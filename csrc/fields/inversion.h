// Inversion modulo an odd prime by the safegcd algorithm of Bernstein and Yang ("Fast constant-time gcd
// computation and modular inversion", CHES 2019), in its half-delta variant.
#pragma once

#include "fields/limbs.h"

namespace pyzkfl {

// What the algorithm needs to know of a modulus below 2^254.
struct InversionModulus {
  explicit constexpr InversionModulus(const Limbs& modulus);

  std::array<int64_t, 5> digits;  // radix 2^62
  uint64_t inverse;               // 1 / modulus mod 2^62
};

// x^-1 mod p, fully reduced, for x < p; 0 for 0. Plain integers, not Montgomery form. Constant time.
Limbs invert(const Limbs& x, const InversionModulus& p);
// The same in variable time, a fifth faster.
Limbs invert_vartime(const Limbs& x, const InversionModulus& p);

// v in radix 2^62; the first four digits are below 2^62.
constexpr std::array<int64_t, 5> to_radix_62(const Limbs& v) {
  constexpr uint64_t mask = ~uint64_t{0} >> 2;
  return {static_cast<int64_t>(v[0] & mask), static_cast<int64_t>((v[0] >> 62 | v[1] << 2) & mask),
          static_cast<int64_t>((v[1] >> 60 | v[2] << 4) & mask),
          static_cast<int64_t>((v[2] >> 58 | v[3] << 6) & mask), static_cast<int64_t>(v[3] >> 56)};
}

constexpr InversionModulus::InversionModulus(const Limbs& modulus)
    : digits(to_radix_62(modulus)), inverse(1) {
  for (int i = 0; i < 6; ++i) inverse *= 2 - modulus[0] * inverse;  // Newton; right bits double from 1
  inverse &= ~uint64_t{0} >> 2;
}

}  // namespace pyzkfl

// Fp12 = Fp6[w] / (w^2 - v), where pairings take their values (the tower is written out in fp2.h).
//
// As polynomials in w over Fp2 the coefficients of w^0 .. w^5 are
// c0.c0, c1.c0, c0.c1, c1.c1, c0.c2, c1.c2. Conventions of field.h.
#pragma once

#include "fields/fp6.h"

namespace pyzkfl {

struct Fp12 {
  Fp6 c0, c1;

  static constexpr Fp12 zero() { return {}; }
  static constexpr Fp12 one() { return {Fp6::one(), Fp6::zero()}; }
  static Fp12 random() {
    const Fp6 a = Fp6::random();
    return {a, Fp6::random()};
  }

  constexpr bool is_zero() const { return limbs::both(c0.is_zero(), c1.is_zero()); }
  constexpr bool is_one() const { return *this == one(); }
  friend constexpr bool operator==(const Fp12& a, const Fp12& b) {
    return limbs::both(a.c0 == b.c0, a.c1 == b.c1);
  }

  friend constexpr Fp12 operator+(const Fp12& a, const Fp12& b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend constexpr Fp12 operator-(const Fp12& a, const Fp12& b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  friend Fp12 operator*(const Fp12& a, const Fp12& b);
  constexpr Fp12 operator-() const { return {-c0, -c1}; }
  Fp12& operator+=(const Fp12& b) { return *this = *this + b; }
  Fp12& operator-=(const Fp12& b) { return *this = *this - b; }
  Fp12& operator*=(const Fp12& b) { return *this = *this * b; }
  Fp12 square() const;
  constexpr Fp12 dbl() const { return {c0.dbl(), c1.dbl()}; }
  // c0 - c1 w: this^(p^6), which is the inverse in the cyclotomic subgroup.
  constexpr Fp12 conjugate() const { return {c0, -c1}; }
  // 1 / this; 0 for 0.
  Fp12 inverse() const;
  Fp12 inverse_vartime() const;
  // this^(p^power), for any power.
  Fp12 frobenius(unsigned power) const;
  // The square of an element of the cyclotomic subgroup (of order p^4 - p^2 + 1), where it is twice as fast
  // (Granger, Scott, PKC 2010). Wrong elsewhere.
  Fp12 cyclotomic_square() const;
  // This times b0 + b3 w + b4 w^3, the shape of a line through points of a D-type twist.
  Fp12 mul_by_034(const Fp2& b0, const Fp2& b3, const Fp2& b4) const;
  // The same with b0 = 1.
  Fp12 mul_by_34(const Fp2& b3, const Fp2& b4) const;
  // this^exponent (little-endian limbs); the time depends on the exponent only.
  Fp12 pow_vartime(std::span<const uint64_t> exponent) const;

  static constexpr Fp12 select(uint64_t mask, const Fp12& a, const Fp12& b) {
    return {Fp6::select(mask, a.c0, b.c0), Fp6::select(mask, a.c1, b.c1)};
  }
};

Fp12 operator*(const Fp12& a, const Fp12& b);

}  // namespace pyzkfl

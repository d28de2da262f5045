// Fp6 = Fp2[v] / (v^3 - xi), xi = 9 + u (the tower is written out in fp2.h).
//
// Formulas: Devegili, O hEigeartaigh, Scott, Dahab, "Multiplication and squaring on pairing-friendly fields",
// 2006 (Karatsuba; CH-SQR2). Conventions of field.h.
#pragma once

#include "fields/fp2.h"

namespace pyzkfl {

struct Fp6 {
  Fp2 c0, c1, c2;

  static constexpr Fp6 zero() { return {}; }
  static constexpr Fp6 one() { return {Fp2::one(), Fp2::zero(), Fp2::zero()}; }
  static Fp6 random() {
    const Fp2 a = Fp2::random(), b = Fp2::random();
    return {a, b, Fp2::random()};
  }

  constexpr bool is_zero() const {
    return limbs::both(c0.is_zero(), limbs::both(c1.is_zero(), c2.is_zero()));
  }
  constexpr bool is_one() const { return *this == one(); }
  friend constexpr bool operator==(const Fp6& a, const Fp6& b) {
    return limbs::both(a.c0 == b.c0, limbs::both(a.c1 == b.c1, a.c2 == b.c2));
  }

  friend constexpr Fp6 operator+(const Fp6& a, const Fp6& b) {
    return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2};
  }
  friend constexpr Fp6 operator-(const Fp6& a, const Fp6& b) {
    return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2};
  }
  friend Fp6 operator*(const Fp6& a, const Fp6& b);
  friend constexpr Fp6 operator*(const Fp6& a, const Fp2& b) { return {a.c0 * b, a.c1 * b, a.c2 * b}; }
  constexpr Fp6 operator-() const { return {-c0, -c1, -c2}; }
  Fp6& operator+=(const Fp6& b) { return *this = *this + b; }
  Fp6& operator-=(const Fp6& b) { return *this = *this - b; }
  Fp6& operator*=(const Fp6& b) { return *this = *this * b; }
  Fp6 square() const;
  constexpr Fp6 dbl() const { return {c0.dbl(), c1.dbl(), c2.dbl()}; }
  // This times v.
  constexpr Fp6 mul_by_v() const { return {c2.mul_by_xi(), c0, c1}; }
  // This times b0 + b1 v.
  Fp6 mul_by_01(const Fp2& b0, const Fp2& b1) const;
  // 1 / this; 0 for 0.
  Fp6 inverse() const;
  Fp6 inverse_vartime() const;
  // this^(p^power), for any power.
  Fp6 frobenius(unsigned power) const;

  static constexpr Fp6 select(uint64_t mask, const Fp6& a, const Fp6& b) {
    return {Fp2::select(mask, a.c0, b.c0), Fp2::select(mask, a.c1, b.c1), Fp2::select(mask, a.c2, b.c2)};
  }
};

Fp6 operator*(const Fp6& a, const Fp6& b);

}  // namespace pyzkfl

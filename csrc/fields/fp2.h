// Fp2 = Fp[u] / (u^2 + 1), the field of G2's coordinates.
//
//   Fp2  = Fp[u]  / (u^2 + 1)        c0 + c1 u
//   Fp6  = Fp2[v] / (v^3 - xi)       c0 + c1 v + c2 v^2      xi = 9 + u   (fp6.h)
//   Fp12 = Fp6[w] / (w^2 - v)        c0 + c1 w               (fp12.h)
//
// Conventions of field.h: any aliasing; constant time unless the name ends in _vartime.
#pragma once

#include "fields/fp.h"

namespace pyzkfl {

struct Fp2 {
  Fp c0, c1;

  static constexpr Fp2 zero() { return {}; }
  static constexpr Fp2 one() { return {Fp::one(), Fp::zero()}; }
  // The non-residue that Fp6 adjoins a cube root of, and the twist's curve divides by.
  static constexpr Fp2 xi() { return {Fp::from_u64(9), Fp::one()}; }
  static Fp2 random() {
    const Fp a = Fp::random();
    return {a, Fp::random()};
  }

  constexpr bool is_zero() const { return limbs::both(c0.is_zero(), c1.is_zero()); }
  constexpr bool is_one() const { return *this == one(); }
  friend constexpr bool operator==(const Fp2& a, const Fp2& b) {
    return limbs::both(a.c0 == b.c0, a.c1 == b.c1);
  }

  friend constexpr Fp2 operator+(const Fp2& a, const Fp2& b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend constexpr Fp2 operator-(const Fp2& a, const Fp2& b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  // Two sums of two products, each with one reduction: as many word multiplications as Karatsuba's three
  // products take, and no additions. Where multiplication is plain C++, three products and two reductions
  // (fp2_product.h). Out of line: inlined, the tower would not fit into the instruction cache.
  [[gnu::noinline]] friend constexpr Fp2 operator*(const Fp2& a, const Fp2& b) {
    if (!std::is_constant_evaluated() && kernel::lazy_selected()) return multiply_lazily(a, b);
    const Fp minus = -b.c1;
    return {Fp::from_montgomery_limbs(kernel::mul_add<Fp::M>(a.c0.l, b.c0.l, a.c1.l, minus.l)),
            Fp::from_montgomery_limbs(kernel::mul_add<Fp::M>(a.c0.l, b.c1.l, a.c1.l, b.c0.l))};
  }
  static Fp2 multiply_lazily(const Fp2& a, const Fp2& b);
  friend constexpr Fp2 operator*(const Fp2& a, const Fp& b) { return {a.c0 * b, a.c1 * b}; }
  constexpr Fp2 operator-() const { return {-c0, -c1}; }
  constexpr Fp2& operator+=(const Fp2& b) { return *this = *this + b; }
  constexpr Fp2& operator-=(const Fp2& b) { return *this = *this - b; }
  constexpr Fp2& operator*=(const Fp2& b) { return *this = *this * b; }
  constexpr Fp2 square() const {
    // The first factor of a product may be any integer: sums need no reduction.
    const Fp sum = Fp::from_montgomery_limbs(kernel::add_integers(c0.l, c1.l));
    const Fp twice = Fp::from_montgomery_limbs(kernel::add_integers(c0.l, c0.l));
    return {sum * (c0 - c1), twice * c1};
  }
  constexpr Fp2 dbl() const { return {c0.dbl(), c1.dbl()}; }
  constexpr Fp2 conjugate() const { return {c0, -c1}; }
  // This times xi.
  constexpr Fp2 mul_by_xi() const {
    const Fp nine0 = c0.dbl().dbl().dbl() + c0, nine1 = c1.dbl().dbl().dbl() + c1;
    return {nine0 - c1, nine1 + c0};
  }
  // this^(p^power).
  constexpr Fp2 frobenius(unsigned power) const { return (power & 1) != 0 ? conjugate() : *this; }
  // The product with the conjugate, c0^2 + c1^2.
  constexpr Fp norm() const { return c0.square() + c1.square(); }

  static constexpr Fp2 select(uint64_t mask, const Fp2& a, const Fp2& b) {
    return {Fp::select(mask, a.c0, b.c0), Fp::select(mask, a.c1, b.c1)};
  }

  // 1 / this; 0 for 0.
  Fp2 inverse() const;
  Fp2 inverse_vartime() const;
  constexpr Fp2 pow_vartime(std::span<const uint64_t> exponent) const;
  bool is_square() const { return norm().is_square(); }
  // As Field::sqrt_vartime.
  [[nodiscard]] bool sqrt_vartime(Fp2& out) const;
};

constexpr Fp2 Fp2::pow_vartime(std::span<const uint64_t> exponent) const {
  Fp2 out = one();
  for (size_t i = exponent.size() * 64; i-- > 0;) {
    out = out.square();
    if ((exponent[i / 64] >> (i % 64) & 1) != 0) out *= *this;
  }
  return out;
}

}  // namespace pyzkfl

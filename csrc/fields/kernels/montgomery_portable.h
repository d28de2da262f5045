// Montgomery arithmetic on 4x64 limbs in plain C++: runs everywhere, at compile time too, and is what every
// other kernel is tested against.
//
// Multiplication is operand scanning with interleaved reduction (CIOS: Koc, Acar, Kaliski 1996) without the
// carry word: with the modulus below 2^254 and b < 2^256 - p, every intermediate value stays below b + p <
// 2^256 (the "no-carry" observation of the gnark authors, 2020).
//
// All functions: constant time; any aliasing; M is a Modulus<...>.
#pragma once

#include "fields/limbs.h"

namespace pyzkfl::portable {

// v, minus `bound` if it is not below it.
[[gnu::always_inline]] constexpr Limbs subtract_if_not_below(const Limbs& v, const Limbs& bound) {
  Limbs reduced{};
  const uint64_t borrow = limbs::sub(reduced, v, bound);
  return limbs::select(0 - borrow, v, reduced);
}

// a + b and a - b as integers; the caller knows that they are in [0, 2^256).
[[gnu::always_inline]] constexpr Limbs add_integers(const Limbs& a, const Limbs& b) {
  Limbs sum{};
  limbs::add(sum, a, b);
  return sum;
}
[[gnu::always_inline]] constexpr Limbs sub_integers(const Limbs& a, const Limbs& b) {
  Limbs difference{};
  limbs::sub(difference, a, b);
  return difference;
}

// v mod p, for v < 2p.
template <class M>
[[gnu::always_inline]] constexpr Limbs reduce_once(const Limbs& v) {
  return subtract_if_not_below(v, M::p);
}

// a + b mod p, for a, b < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs add(const Limbs& a, const Limbs& b) {
  return reduce_once<M>(add_integers(a, b));
}

// a - b mod p, for a, b < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs sub(const Limbs& a, const Limbs& b) {
  Limbs difference{};
  const uint64_t mask = limbs::barrier(0 - limbs::sub(difference, a, b));
  limbs::add(difference, difference, Limbs{M::p[0] & mask, M::p[1] & mask, M::p[2] & mask, M::p[3] & mask});
  return difference;
}

// -a mod p, for a < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs neg(const Limbs& a) {
  return sub<M>(Limbs{}, a);
}

// a b / R modulo p, in [0, 2p), for any a and b < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs mul_lazy(const Limbs& a, const Limbs& b) {
  uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
  for (size_t i = 0; i < 4; ++i) {
    uint64_t high = 0, carry = 0;  // of t + a_i b, and of its reduction
    t0 = limbs::multiply_add(a[i], b[0], t0, high);
    const uint64_t m = t0 * M::n0;
    limbs::multiply_add(m, M::p[0], t0, carry);
    t1 = limbs::multiply_add(a[i], b[1], t1, high);
    t0 = limbs::multiply_add(m, M::p[1], t1, carry);
    t2 = limbs::multiply_add(a[i], b[2], t2, high);
    t1 = limbs::multiply_add(m, M::p[2], t2, carry);
    t3 = limbs::multiply_add(a[i], b[3], t3, high);
    t2 = limbs::multiply_add(m, M::p[3], t3, carry);
    t3 = high + carry;
  }
  return {t0, t1, t2, t3};
}

// a b / R mod p, for any a and b < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs mul(const Limbs& a, const Limbs& b) {
  return reduce_once<M>(mul_lazy<M>(a, b));
}

// (a b + c d) / R mod p, for all of them at most p. One reduction for two products: the sum of products of
// Longa ("Efficient algorithms for large prime characteristic fields", 2022). Intermediate values stay below
// b + d + p <= 3p, and the last one is at most 2 p^2 / R + p < 2p.
template <class M>
[[gnu::always_inline]] constexpr Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c,
                                               const Limbs& d) {
  uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
  for (size_t i = 0; i < 4; ++i) {
    uint64_t high = 0, more = 0, carry = 0;  // of t + a_i b, of that + c_i d, and of its reduction
    t0 = limbs::multiply_add(a[i], b[0], t0, high);
    t0 = limbs::multiply_add(c[i], d[0], t0, more);
    const uint64_t m = t0 * M::n0;
    limbs::multiply_add(m, M::p[0], t0, carry);
    t1 = limbs::multiply_add(a[i], b[1], t1, high);
    t1 = limbs::multiply_add(c[i], d[1], t1, more);
    t0 = limbs::multiply_add(m, M::p[1], t1, carry);
    t2 = limbs::multiply_add(a[i], b[2], t2, high);
    t2 = limbs::multiply_add(c[i], d[2], t2, more);
    t1 = limbs::multiply_add(m, M::p[2], t2, carry);
    t3 = limbs::multiply_add(a[i], b[3], t3, high);
    t3 = limbs::multiply_add(c[i], d[3], t3, more);
    t2 = limbs::multiply_add(m, M::p[3], t3, carry);
    t3 = high + more + carry;
  }
  return reduce_once<M>(Limbs{t0, t1, t2, t3});
}

// ---- Lazy reduction: products are added and subtracted before they are reduced -----------------------------------
//
// (Aranha, Karabina, Longa, Gebotys, Lopez, eprint 2010/526, section 5). p^2 is 0.19 p R, and 2^511 is 14 p^2.

// out = a b. No aliasing.
[[gnu::always_inline]] inline void product(Limbs512& out, const Limbs& a, const Limbs& b) {
  uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
  for (size_t i = 0; i < 4; ++i) {
    uint64_t high = 0;
    out[i] = limbs::multiply_add(a[i], b[0], t0, high);
    t0 = limbs::multiply_add(a[i], b[1], t1, high);
    t1 = limbs::multiply_add(a[i], b[2], t2, high);
    t2 = limbs::multiply_add(a[i], b[3], t3, high);
    t3 = high;
  }
  out[4] = t0, out[5] = t1, out[6] = t2, out[7] = t3;
}

// out = a + b and a - b, modulo 2^512. Any aliasing.
[[gnu::always_inline]] inline void add_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
  uint64_t carry = 0;
  for (size_t i = 0; i < 8; ++i) out[i] = limbs::add_carry(a[i], b[i], carry);
}
[[gnu::always_inline]] inline void sub_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < 8; ++i) out[i] = limbs::sub_borrow(a[i], b[i], borrow);
}

// (t mod R) / R modulo p, at most p.
template <class M>
[[gnu::always_inline]] inline Limbs reduced_low_half(const Limbs512& t) {
  uint64_t t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3];
  for (size_t i = 0; i < 4; ++i) {
    uint64_t carry = 0;
    const uint64_t m = t0 * M::n0;
    limbs::multiply_add(m, M::p[0], t0, carry);
    t0 = limbs::multiply_add(m, M::p[1], t1, carry);
    t1 = limbs::multiply_add(m, M::p[2], t2, carry);
    t2 = limbs::multiply_add(m, M::p[3], t3, carry);
    t3 = carry;
  }
  return {t0, t1, t2, t3};
}

// t / R mod p, for t in two's complement above -p R and below p R.
template <class M>
[[gnu::always_inline]] inline Limbs reduce(const Limbs512& t) {
  const uint64_t negative = limbs::barrier(0 - (t[7] >> 63));
  Limbs high = {t[4], t[5], t[6], t[7]};
  limbs::add(high, high, Limbs{M::p[0] & negative, M::p[1] & negative, M::p[2] & negative, M::p[3] & negative});
  return reduce_once<M>(add_integers(reduced_low_half<M>(t), high));
}

// a a / R mod p, for a < p.
template <class M>
[[gnu::always_inline]] constexpr Limbs square(const Limbs& a) {
  return mul<M>(a, a);
}

// a / R mod p, for any a: Montgomery form to canonical.
template <class M>
[[gnu::always_inline]] constexpr Limbs from_montgomery(const Limbs& a) {
  return mul<M>(a, Limbs{1, 0, 0, 0});
}

}  // namespace pyzkfl::portable

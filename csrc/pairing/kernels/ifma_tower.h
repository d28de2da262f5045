// Fp12 in the lanes of one vector, with AVX-512 IFMA: lane k is the coefficient of w^k, an element of Fp2 (k from 0 to 5; the
// lanes 6 and 7 hold nothing). Only for files named *_ifma.cpp; see fields/kernels/ifma_field.h, whose rules hold here too.
//
// Every operation of a pairing is a sum of products of Fp2 in each lane, sum_k a[i_k] b[j_k], where i_k and j_k are
// permutations of lanes: w^6 = xi, so a coefficient of a product is a sum of six, where b is xi b for those that wrap
// around; of a square four, of a product by a line three. Sums are reduced once, at their end (Aranha, Karabina, Longa,
// Gebotys, Lopez, eprint 2010/526, section 5), and Karatsuba's trick is for the two components of Fp2 alone: it would
// save a quarter of the IFMA instructions of a product in Fp12 if used further, for sums and differences across lanes
// between products that wait for each other.
//
// FORM. Radix 2^260: a lane holds v 2^260 modulo p, so products need no factor 16.
//
// RANGES. An element's components are at most 2p, and those of xi times it, which are tamed, below 1.65 p. So the six products
// of a coefficient sum up to at most 24 p^2, and the sum is below (1.51 + 24 / 84.6) p = 1.8 p: an element again.
//
// TIME. Constant in the values.
#pragma once

#include "pairing/kernels/ifma_sums.h"

namespace pyzkfl::ifma {
namespace {

PYZKFL_INLINE __m512i lanes_of(const Permutation& p) { return _mm512_load_si512(p.of); }

// Eight elements of Fp2, uncarried: the real limbs, the imaginary ones. (One array: GCC copies a struct of structs through
// memory in halves, and a load of the whole then waits until both are in the cache.)
struct Fp2Lanes {
  __m512i l[10];
};

// An element of Fp12, and xi times each coefficient. The limbs of both components are below 2^52, those of the sum may hold
// carries above that.
struct Fp12Lanes {
  Operand plain, by_xi;
};

PYZKFL_INLINE Fp2Lanes add(const Fp2Lanes& a, const Fp2Lanes& b) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_add_epi64(a.l[j], b.l[j]);
  return out;
}
PYZKFL_INLINE Fp2Lanes subtract(const Fp2Lanes& a, const Fp2Lanes& b) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_sub_epi64(a.l[j], b.l[j]);
  return out;
}
// a + k p.
PYZKFL_INLINE Fp2Lanes raised(const Fp2Lanes& a, unsigned k) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_add_epi64(a.l[j], splat(p52.times[k].l[j % 5]));
  return out;
}
PYZKFL_INLINE Fp2Lanes components(const Operand& a) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = a.l[j];
  return out;
}

// Limbs to memory, carried.
PYZKFL_INLINE void put_carried(__m512i* to, const __m512i* v) {
  __m512i limb = v[0];
  for (int i = 0; i < 4; ++i) {
    to[i] = _mm512_and_si512(limb, splat(mask52));
    limb = _mm512_add_epi64(v[i + 1], _mm512_srai_epi64(limb, 52));
  }
  to[4] = limb;
}

// From components whose sum is below 2^260.
PYZKFL_INLINE void set(Operand& out, const Fp2Lanes& v) {
  put_carried(out.l, v.l);
  put_carried(out.l + 5, v.l + 5);
  __m512i limb = _mm512_add_epi64(v.l[0], v.l[5]);
  for (int i = 0; i < 4; ++i) {
    out.l[10 + i] = limb;
    limb = _mm512_add_epi64(_mm512_add_epi64(v.l[i + 1], v.l[i + 6]), _mm512_srai_epi64(limb, 52));
  }
  out.l[14] = limb;
}

// As tamed of ifma_field.h, for values v that are between p and 84 p when `lift` p is added to them: below 1.65 p. The
// quotient comes from the top limb before the carries from below reach it. They are a few units of it, where 84 in place
// of 2^260 / p = 84.66 leaves room for 2^37.
PYZKFL_INLINE void tame_component(__m512i* out, const __m512i* v, unsigned lift) {
  const __m512i top = _mm512_add_epi64(_mm512_add_epi64(v[4], splat(p52.times[lift].l[4])), _mm512_srai_epi64(v[3], 52));
  const __m512i quotient = _mm512_madd52hi_epu64(splat(0 - static_cast<uint64_t>(lift)), top, splat(84));
  for (int i = 0; i < 5; ++i) {
    out[i] = _mm512_sub_epi64(v[i], _mm512_mullo_epi64(quotient, splat(p52.times[1].l[i])));
  }
}
PYZKFL_INLINE Fp2Lanes tamed(const Fp2Lanes& v, unsigned lift) {
  Fp2Lanes out;
  tame_component(out.l, v.l, lift);
  tame_component(out.l + 5, v.l + 5, lift);
  return out;
}

// xi v = 9 v0 - v1, 9 v1 + v0.
PYZKFL_INLINE Fp2Lanes times_xi(const Fp2Lanes& v) {
  Fp2Lanes out;
  for (int j = 0; j < 5; ++j) {
    out.l[j] = _mm512_add_epi64(_mm512_slli_epi64(v.l[j], 3), _mm512_sub_epi64(v.l[j], v.l[5 + j]));
    out.l[5 + j] = _mm512_add_epi64(_mm512_slli_epi64(v.l[5 + j], 3), _mm512_add_epi64(v.l[5 + j], v.l[j]));
  }
  return out;
}

// From components below 2p.
PYZKFL_INLINE void set(Fp12Lanes& out, const Fp2Lanes& v) {
  set(out.by_xi, tamed(times_xi(v), 3));
  set(out.plain, v);
}

PYZKFL_INLINE Fp2Lanes sum_of(const Operand& a, const Operand& b, const Operand& second, const Term* terms, unsigned doubled,
                              unsigned single) {
  __m512i sums[10];
  sum_of_products(sums, a, b, second, terms, doubled, single);
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = sums[j];
  return out;
}
PYZKFL_INLINE Fp2Lanes product(const Operand& a, const Operand& b, const Operand& second, const Term& lanes) {
  return sum_of(a, b, second, &lanes, 0, 1);
}

// ---- Fp12 ------------------------------------------------------------------------------------------------------
// Lanes of b from 8 on are those of xi b.

constexpr Permutation everywhere(uint64_t lane) { return {{lane, lane, lane, lane, lane, lane, lane, lane}}; }
// Times w^i: the coefficient of w^(k - i), or xi times that of w^(k - i + 6).
constexpr Permutation by_w[6] = {{{0, 1, 2, 3, 4, 5, 0, 0}},     {{13, 0, 1, 2, 3, 4, 0, 0}},
                                 {{12, 13, 0, 1, 2, 3, 0, 0}},   {{11, 12, 13, 0, 1, 2, 0, 0}},
                                 {{10, 11, 12, 13, 0, 1, 0, 0}}, {{9, 10, 11, 12, 13, 0, 0, 0}}};

// Results may lie where factors do.
constexpr Term product_terms[6] = {{everywhere(0), by_w[0]}, {everywhere(1), by_w[1]}, {everywhere(2), by_w[2]},
                                   {everywhere(3), by_w[3]}, {everywhere(4), by_w[4]}, {everywhere(5), by_w[5]}};
PYZKFL_CALLED void mul(Fp12Lanes& out, const Operand& a, const Fp12Lanes& b) {
  set(out, sum_of(a, b.plain, b.by_xi, product_terms, 0, 6));
}

// Products of different coefficients are doubled, but for one of each odd coefficient, which is added twice beside the
// squares of the even ones.
constexpr Term square_terms[4] = {{{{1, 0, 0, 0, 0, 0, 0, 0}}, {{13, 1, 2, 3, 4, 5, 0, 0}}},
                                  {{{2, 2, 3, 1, 1, 1, 0, 0}}, {{12, 13, 13, 2, 3, 4, 0, 0}}},
                                  {{{0, 3, 1, 4, 2, 2, 0, 0}}, {{0, 12, 1, 13, 2, 3, 0, 0}}},
                                  {{{3, 3, 4, 4, 5, 2, 0, 0}}, {{11, 12, 12, 13, 13, 3, 0, 0}}}};
PYZKFL_CALLED void square(Fp12Lanes& out, const Fp12Lanes& a) {
  set(out, sum_of(a.plain, a.plain, a.by_xi, square_terms, 2, 2));
}

// The square of an element of the cyclotomic subgroup (Granger, Scott, PKC 2010): with t the squares in Fp4 of (f0, f3),
// (f1, f4), (f2, f5), coefficients are 3 t - 2 f where even and 3 t + 2 f where odd.
constexpr Term cyclotomic_terms[2] = {{{{0, 2, 1, 0, 2, 1, 0, 0}}, {{0, 13, 1, 3, 2, 4, 0, 0}}},
                                      {{{3, 2, 4, 0, 5, 1, 0, 0}}, {{11, 13, 12, 3, 13, 4, 0, 0}}}};
constexpr __mmask8 odd_coefficients = 0x2a;

PYZKFL_CALLED void cyclotomic_square(Fp12Lanes& out, const Fp12Lanes& a) {
  const Fp2Lanes t = sum_of(a.plain, a.plain, a.by_xi, cyclotomic_terms, 0, 2);
  Fp2Lanes v;  // above -4p, below 9p
  for (int j = 0; j < 10; ++j) {
    const __m512i f = a.plain.l[j];
    const __m512i half = _mm512_mask_add_epi64(_mm512_sub_epi64(t.l[j], f), odd_coefficients, t.l[j], f);
    v.l[j] = _mm512_add_epi64(t.l[j], _mm512_add_epi64(half, half));
  }
  const Fp2Lanes plain = tamed(v, 5);
  set(out.by_xi, tamed(times_xi(plain), 3));
  set(out.plain, plain);
}

// Of components of at most 2p: at most 2p again.
PYZKFL_INLINE void conjugate(Operand& out, const Operand& a) {
  Fp2Lanes v;
  for (int j = 0; j < 10; ++j) {
    v.l[j] = _mm512_mask_sub_epi64(a.l[j], odd_coefficients, splat(p52.times[2].l[j % 5]), a.l[j]);
  }
  set(out, v);
}

// Times l0 + l3 w + l4 w^3.
struct LineTerms {
  Term terms[3];
};
constexpr LineTerms line_terms(uint64_t l0, uint64_t l3, uint64_t l4) {
  return {{{everywhere(l0), by_w[0]}, {everywhere(l3), by_w[1]}, {everywhere(l4), by_w[3]}}};
}
PYZKFL_CALLED void mul_by_line(Fp12Lanes& f, const Operand& line, const LineTerms& lanes) {
  set(f, sum_of(line, f.plain, f.by_xi, lanes.terms, 0, 3));
}
// The same with l0 = 1, whatever its lane.
PYZKFL_CALLED void mul_by_monic_line(Fp12Lanes& f, const Operand& line, const LineTerms& lanes) {
  const Fp2Lanes v = add(sum_of(line, f.plain, f.by_xi, lanes.terms + 1, 0, 2), components(f.plain));  // below 4p
  set(f.by_xi, tamed(times_xi(v), 5));
  set(f.plain, tamed(v, 1));
}

}  // namespace
}  // namespace pyzkfl::ifma

// The Miller loop in lanes (see ifma_tower.h). The formulas are those of pairing/miller_lines.h; those of one step that do
// not wait for each other are lanes of one vector: a doubling is two sums of products, an addition four. That takes a
// fourth coordinate of the running point, 3 b' z.
#pragma once

#include "pairing/kernels/ifma_tower.h"
#include "pairing/kernels/pairing_ifma.h"

namespace pyzkfl::ifma {
namespace {

// Rows of words to radix 2^260.
PYZKFL_INLINE Fp2Lanes from_rows(const Fp2Rows& rows) {
  const Factor c0 = unpack16(load_consecutive(rows.c0)), c1 = unpack16(load_consecutive(rows.c1));
  Fp2Lanes v;
  for (int i = 0; i < 5; ++i) {
    v.l[i] = _mm512_and_si512(c0.l[i], splat(mask52));
    v.l[5 + i] = _mm512_and_si512(c1.l[i], splat(mask52));
  }
  return tamed(v, 1);
}

PYZKFL_INLINE Fp2Lanes permuted(const Permutation& p, const Fp2Lanes& a) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_permutexvar_epi64(lanes_of(p), a.l[j]);
  return out;
}
// a in the lanes of the mask, else zero.
PYZKFL_INLINE Fp2Lanes only(__mmask8 mask, const Fp2Lanes& a) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_maskz_mov_epi64(mask, a.l[j]);
  return out;
}
// mask ? a : b.
PYZKFL_INLINE Fp2Lanes select(__mmask8 mask, const Fp2Lanes& a, const Fp2Lanes& b) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_mask_blend_epi64(mask, b.l[j], a.l[j]);
  return out;
}
PYZKFL_INLINE Fp2Lanes times_powers_of_two(const Fp2Lanes& a, const Permutation& exponents) {
  Fp2Lanes out;
  for (int j = 0; j < 10; ++j) out.l[j] = _mm512_sllv_epi64(a.l[j], lanes_of(exponents));
  return out;
}

// A pair in the loop. `point` has the lanes x, y, z, 3b' z, and after a doubling l0, l3 and l4 of its line in the lanes 4, 5
// and 7. After an addition l4, l0, l3 are the lanes 2, 3, 4 of `line`.
struct Running {
  Operand point, line, points[4];
};
static_assert(sizeof(Running) <= sizeof(RunningState));

PYZKFL_INLINE Running& running(RunningState& state) { return *reinterpret_cast<Running*>(&state); }

// Lanes of points[i].
enum PointLane : uint64_t { x_q, y_q, minus_y_q, y_p, minus_x_p, x_p_thrice, minus_y_p_twice, nothing };

PYZKFL_CALLED void start(Running& r, const RunningPair& pair) {
  set(r.point, from_rows(pair.start));
  for (int i = 0; i < 4; ++i) set(r.points[i], from_rows(pair.points[i]));
}

// T = 2T, as MillerPoint::double_step:
//   xy, b = y^2, e = 3b' z^2, yz, 3b' yz, x^2;
//   x = 2 (b - 3e) xy, y = (b + 3e)^2 - 12 e^2, z = 8 b yz; line -2 yz y_P, 3 x^2 x_P, e - b.
constexpr Term double_first = {{{0, 1, 2, 1, 1, 0, 0, 0}}, {{1, 1, 3, 2, 3, 0, 0, 0}}};
constexpr Permutation double_left = {{1, 1, 1, 1, 3, 5, 2, 1}}, double_right = {{0, 1, 3, 4, 2, 2, 2, 2}};
constexpr Permutation double_right_exponents = {{1, 0, 3, 3, 0, 0, 0, 0}};
constexpr Term double_second = {{{0, 1, 2, 3, 4, 5, 6, 7}},
                                {{0, 1, 2, 3, 8 + minus_y_p_twice, 8 + x_p_thrice, 6, 7}}};
constexpr LineTerms double_line = line_terms(4, 5, 7);

PYZKFL_CALLED void double_step(Running& r) {
  const Fp2Lanes v = product(r.point, r.point, r.point, double_first);
  const Fp2Lanes e = permuted(everywhere(2), v);
  const Fp2Lanes e3 = add(add(e, e), e);
  // b - 3e + 5p, b + 3e, b, b, yz, x^2, e.
  const Fp2Lanes left = permuted(double_left, v);
  const Fp2Lanes b_plus = add(left, e3), b_minus = raised(subtract(left, e3), 5);
  // 2xy, b + 3e, 8 yz, 8 (3b' yz), -, -, 3e.
  const Fp2Lanes right = times_powers_of_two(permuted(double_right, v), double_right_exponents);
  Operand a, b;
  set(a, select(0x01, b_minus, select(0x02, b_plus, left)));
  set(b, select(0x02, b_plus, select(0x40, e3, right)));
  const Fp2Lanes w = product(a, b, r.points[0], double_second);
  const Fp2Lanes ee4 = times_powers_of_two(only(0x02, permuted(everywhere(6), w)), everywhere(2));
  set(r.point, tamed(select(0x80, subtract(e, left), subtract(w, ee4)), 8));
}

// T = T + Q, as MillerPoint::add_step:
//   theta = y - y_Q z, lambda = x - x_Q z;
//   d = lambda^2, theta^2, line theta x_Q - lambda y_Q, lambda y_P, -theta x_P; z lambda, 3b' z lambda, y lambda;
//   e = lambda d, f = z theta^2, g = x d, z e, 3b' z e, y e; h = e + f - 2g;
//   x = lambda h, y = (g - h) theta - y e.
constexpr Term add_first = {everywhere(2), {{y_q, x_q, x_q, x_q, x_q, x_q, x_q, x_q}}};
constexpr Permutation add_kept = {{1, 0, 2, 3, 1, 0, 0, 0}};
constexpr Term add_second[2] = {{{{1, 0, 0, 1, 0, 1, 1, 1}}, {{1, 0, 8 + x_q, 8 + y_p, 8 + minus_x_p, 2, 3, 4}}},
                                {everywhere(1),
                                 {{8 + nothing, 8 + nothing, 8 + minus_y_q, 8 + nothing, 8 + nothing, 8 + nothing,
                                   8 + nothing, 8 + nothing}}}};
constexpr Term add_third = {{{0, 1, 0, 0, 0, 0, 0, 0}}, {{1, 2, 5, 8 + 5, 8 + 6, 8 + 7, 5, 5}}};
constexpr Term add_fourth = {{{1, 0, 0, 0, 0, 0, 0, 0}}, {{0, 1, 2, 3, 4, 5, 6, 7}}};
constexpr Permutation add_last = {{0, 1, 3, 4, 0, 0, 0, 0}};
constexpr LineTerms add_line = line_terms(3, 4, 2);

PYZKFL_CALLED void add_step(Running& r, const Operand& q) {
  const Fp2Lanes products = only(0x03, product(r.point, q, q, add_first));
  Operand u, last_factors;  // u: theta, lambda, z, 3b' z, y, x
  set(u, raised(subtract(permuted(add_kept, components(r.point)), products), 2));
  set(r.line, sum_of(u, u, q, add_second, 0, 2));
  const Fp2Lanes v = product(r.line, u, r.line, add_third);
  const Fp2Lanes e_and_f = add(permuted(everywhere(0), v), permuted(everywhere(1), v)), g = permuted(everywhere(2), v);
  const Fp2Lanes h = subtract(e_and_f, add(g, g));
  set(last_factors, raised(select(0x01, h, subtract(g, h)), 4));
  const Fp2Lanes w = product(u, last_factors, last_factors, add_fourth);
  const Fp2Lanes ye = only(0x02, permuted(everywhere(5), v));
  set(r.point, tamed(subtract(select(0x03, w, permuted(add_last, v)), ye), 3));
}

// A pair whose lines are at hand: two are evaluated at P at a time, the components of l3 and l4 of both in the lanes of one
// vector, of which the even ones then are the coefficients.
struct Prepared {
  Operand lines;
  Lanes factors;
  const unsigned char* next;
  size_t left;
  bool second;
};
static_assert(sizeof(Prepared) <= sizeof(PreparedState));
constexpr size_t line_bytes = 128;
constexpr LineTerms first_line = line_terms(0, 0, 2), second_line = line_terms(0, 4, 6);

PYZKFL_INLINE Prepared& prepared(PreparedState& state) { return *reinterpret_cast<Prepared*>(&state); }

PYZKFL_CALLED void start(Prepared& p, const PreparedPair& pair, size_t line_count) {
  p.factors = unpack(load_consecutive(pair.factors));
  p.next = static_cast<const unsigned char*>(pair.lines);
  p.left = line_count;
  p.second = false;
}

PYZKFL_CALLED void multiply_by_next_line(Fp12Lanes& f, Prepared& p) {
  if (p.second) {
    mul_by_monic_line(f, p.lines, second_line);
    p.second = false;
    return;
  }
  const Words words = p.left >= 2 ? load_consecutive(p.next) : load_first(p.next, 4);
  const Lanes products = mul_uncarried(unpack(words), p.factors);
  constexpr Permutation next_lane = {{1, 1, 3, 3, 5, 5, 7, 7}};
  Fp2Lanes lines;
  for (int j = 0; j < 5; ++j) {
    lines.l[j] = products.l[j];
    lines.l[5 + j] = _mm512_permutexvar_epi64(lanes_of(next_lane), products.l[j]);
  }
  set(p.lines, lines);
  const size_t taken = p.left >= 2 ? 2 : 1;
  p.next += line_bytes * taken;
  p.left -= taken;
  p.second = taken == 2;
  mul_by_monic_line(f, p.lines, first_line);
}

}  // namespace
}  // namespace pyzkfl::ifma

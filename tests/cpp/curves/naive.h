// Oracles for the tests of the curves: the slowest and plainest way to each result.
#pragma once

#include <vector>

#include "curves/bn254.h"
#include "curves/scalar_mul.h"

namespace pyzkfl::naive {

// n P for a little-endian integer of any length, by double-and-add; any point of the curve.
template <class F>
Jacobian<F> mul(const Jacobian<F>& p, std::span<const uint64_t> n) {
  Jacobian<F> out;
  for (size_t i = n.size() * 64; i-- > 0;) {
    out = out.dbl();
    if ((n[i / 64] >> (i % 64) & 1) != 0) out += p;
  }
  return out;
}

template <class F>
Jacobian<F> mul(const Affine<F>& p, const Fr& k) {
  return mul(Jacobian<F>(p), k.to_canonical());
}

template <class F>
Jacobian<F> msm(std::span<const Affine<F>> points, std::span<const Fr> scalars) {
  Jacobian<F> total;
  for (size_t i = 0; i < points.size(); ++i) total += mul(points[i], scalars[i]);
  return total;
}

// `n` multiples of the generator that look random: every point of the group is as good as another.
template <class Point>
std::vector<Point> points(size_t n) {
  using F = typename Point::Field;
  Jacobian<F> p, step;
  if constexpr (std::is_same_v<Point, G1Affine>) {
    p = mul(g1_generator(), Fr::random());
    step = mul(g1_generator(), Fr::random());
  } else {
    p = mul(g2_generator(), Fr::random());
    step = mul(g2_generator(), Fr::random());
  }
  std::vector<Jacobian<F>> out(n);
  for (auto& q : out) {
    q = p;
    p = (p + step).dbl();
  }
  return batch_to_affine(out);
}

inline std::vector<Fr> scalars(size_t n) {
  std::vector<Fr> out(n);
  for (auto& k : out) k = Fr::random();
  return out;
}

// A random point of the twist: outside G2 but for a chance of 2^-254.
inline G2Affine twist_point() {
  G2Affine q;
  do {
    q.x = Fp2::random();
  } while (!(q.x.square() * q.x + CurveCoefficient<Fp2>::b()).sqrt_vartime(q.y));
  return q;
}

}  // namespace pyzkfl::naive

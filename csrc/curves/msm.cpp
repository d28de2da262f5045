#include "curves/msm.h"

#include "base/errors.h"
#include "curves/scalar_mul.h"

namespace pyzkfl {
namespace {
template <class F>
Jacobian<F> simple(std::span<const Affine<F>> points, std::span<const Fr> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("msm: as many scalars as points, please");
  Jacobian<F> total;
  for (size_t i = 0; i < points.size(); ++i) total += mul_vartime(points[i], scalars[i]);
  return total;
}
}  // namespace
G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars) { return simple(points, scalars); }
G2 msm(std::span<const G2Affine> points, std::span<const Fr> scalars) { return simple(points, scalars); }
G1 msm_i64(std::span<const G1Affine> points, std::span<const int64_t> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("msm_i64: as many scalars as points, please");
  std::vector<Fr> k(scalars.size());
  for (size_t i = 0; i < k.size(); ++i) k[i] = Fr::from_i64(scalars[i]);
  return msm(points, k);
}
G1 sum(std::span<const G1Affine> points) {
  G1 total;
  for (const auto& p : points) total += p;
  return total;
}
G2 sum(std::span<const G2Affine> points) {
  G2 total;
  for (const auto& p : points) total += p;
  return total;
}
}  // namespace pyzkfl

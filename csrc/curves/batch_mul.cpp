#include "curves/batch_mul.h"

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/scalar_mul.h"

namespace pyzkfl {
namespace {
template <class F>
void each(std::span<Affine<F>> points, size_t stride, const Fr* scalars) {
  parallel_for(points.size(), 64, [&](size_t begin, size_t end) {
    std::vector<Jacobian<F>> products(end - begin);
    for (size_t i = begin; i < end; ++i) products[i - begin] = mul_vartime(points[i], scalars[i * stride]);
    batch_to_affine(points.subspan(begin, end - begin), std::span<const Jacobian<F>>(products));
  });
}
template <class F>
void batch(std::span<Affine<F>> points, std::span<const Fr> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("batch_mul: as many scalars as points, please");
  each(points, 1, scalars.data());
}
}  // namespace
void batch_mul(std::span<G1Affine> points, std::span<const Fr> scalars) { batch(points, scalars); }
void batch_mul(std::span<G2Affine> points, std::span<const Fr> scalars) { batch(points, scalars); }
void batch_mul_same_scalar(std::span<G1Affine> points, const Fr& scalar) { each(points, 0, &scalar); }
void batch_mul_same_scalar(std::span<G2Affine> points, const Fr& scalar) { each(points, 0, &scalar); }
}  // namespace pyzkfl

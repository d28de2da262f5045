// Multi-scalar multiplication (see msm.h): scalars recoded and sorted, a bucket method for each class of lengths.
#include "curves/msm.h"

#include <cstring>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/bucket_sums.h"
#include "curves/scalar_mul.h"

namespace pyzkfl {

struct MsmScalars::Recoded {
  SortedScalars sorted;
};

MsmScalars::MsmScalars(std::span<const Fr> scalars) : recoded_(new Recoded{sort_scalars(scalars)}) {}
MsmScalars::MsmScalars(std::span<const int64_t> scalars) : recoded_(new Recoded{sort_scalars(scalars)}) {}
MsmScalars::MsmScalars(MsmScalars&&) noexcept = default;
MsmScalars& MsmScalars::operator=(MsmScalars&&) noexcept = default;
MsmScalars::~MsmScalars() = default;
size_t MsmScalars::size() const { return recoded_->sorted.size; }

namespace {

// Every point is read once for each window, in no order: out of pages of 4 KiB, of which a mapped file or an ordinary
// array is made, that costs a translation each time, a quarter of an addition (of G1). A copy in huge pages takes as
// long as about two windows gain.
template <class F>
bool gathers_pay_a_copy(PointBytes<F> points, size_t terms) {
  return points.size() * sizeof(Affine<F>) >= size_t{1} << 22 && terms / 4 >= points.size();
}

template <class F>
LargeArray<Affine<F>> copied(PointBytes<F> points) {
  LargeArray<Affine<F>> out(points.size(), Start::any);
  parallel_for(points.size(), 4096, [&](size_t begin, size_t end) {
    std::memcpy(static_cast<void*>(out.data() + begin), points.data + begin * sizeof(Affine<F>),
                (end - begin) * sizeof(Affine<F>));
  });
  return out;
}

template <class F>
Jacobian<F> sum_of_products(PointBytes<F> points, const SortedScalars& scalars) {
  if (points.size() != scalars.size) throw ParameterError("msm: points and scalars differ in number");
  Jacobian<F> total;
  for (const MsmTerm& term : scalars.few) {
    const Jacobian<F> p = mul_vartime(points[term.point.index()], Fr::from_canonical(term.magnitude));
    total += term.point.negative() ? -p : p;
  }
  if (scalars.runs.empty()) return total;
  size_t terms = 0;
  for (const SortedDigits& run : scalars.runs) terms += run.terms.size();
  const LargeArray<Affine<F>> copy = gathers_pay_a_copy(points, terms) ? copied(points) : LargeArray<Affine<F>>();
  if (copy.size() != 0) points = PointBytes<F>(copy.span());
  const InfinityMap infinite = find_infinities(points);
  for (const SortedDigits& run : scalars.runs) total += bucket_sum(points, run, infinite);
  return total;
}

// So many terms are recoded at a time, which bounds the memory: about 170 bytes each.
constexpr size_t most_at_once = size_t{1} << 22;

template <class F, class Scalar>
Jacobian<F> recoded_and_summed(PointBytes<F> points, std::span<const Scalar> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("msm: points and scalars differ in number");
  if (scalars.size() <= most_at_once) return sum_of_products(points, sort_scalars(scalars));
  Jacobian<F> total;
  for (size_t first = 0; first < scalars.size(); first += most_at_once) {
    const size_t count = std::min(most_at_once, scalars.size() - first);
    total += sum_of_products(points.subspan(first, count), sort_scalars(scalars.subspan(first, count)));
  }
  return total;
}

template <class F>
Jacobian<F> plain_sum(PointBytes<F> points) {
  if (points.size() >= PointRef::most_points)
    throw ParameterError("sum: more points than it is made for (2^31 - 1)");
  Jacobian<F> total;
  if (points.size() < 64) {
    for (size_t i = 0; i < points.size(); ++i) total += points[i];
    return total;
  }
  std::vector<PointRef> refs(points.size());
  for (size_t i = 0; i < refs.size(); ++i) refs[i] = PointRef::of(i);
  LoosePoint<F> sum;
  const Group all = {0, 0, static_cast<uint32_t>(points.size())};
  sum_groups<F>({&sum, 1}, points, refs, {&all, 1});
  return sum.reduced();
}

}  // namespace

G1 msm(PointBytes<Fp> points, std::span<const Fr> scalars) { return recoded_and_summed(points, scalars); }
G2 msm(PointBytes<Fp2> points, std::span<const Fr> scalars) { return recoded_and_summed(points, scalars); }
G1 msm(PointBytes<Fp> points, const MsmScalars& scalars) { return sum_of_products(points, scalars.recoded().sorted); }
G2 msm(PointBytes<Fp2> points, const MsmScalars& scalars) { return sum_of_products(points, scalars.recoded().sorted); }

G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars) { return msm(PointBytes<Fp>(points), scalars); }
G2 msm(std::span<const G2Affine> points, std::span<const Fr> scalars) { return msm(PointBytes<Fp2>(points), scalars); }
G1 msm_i64(std::span<const G1Affine> points, std::span<const int64_t> scalars) {
  return recoded_and_summed(PointBytes<Fp>(points), scalars);
}
G1 msm_i32(std::span<const G1Affine> points, std::span<const int32_t> scalars) {
  return recoded_and_summed(PointBytes<Fp>(points), scalars);
}
G1 sum(std::span<const G1Affine> points) { return plain_sum(PointBytes<Fp>(points)); }
G2 sum(std::span<const G2Affine> points) { return plain_sum(PointBytes<Fp2>(points)); }

}  // namespace pyzkfl

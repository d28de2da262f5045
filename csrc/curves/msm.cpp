// Multi-scalar multiplication (see msm.h): scalars sorted into classes by length, a bucket method for each.
#include "curves/msm.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/bucket_method.h"
#include "curves/group_sums.h"
#include "curves/scalar_mul.h"

namespace pyzkfl {
namespace {

// Fewer terms are multiplied one by one.
constexpr size_t least_bucket_terms = 8;

// Terms are put in classes by the length of their scalars, at most these many bits; neighbours merge when
// that is estimated to be cheaper.
constexpr std::array<unsigned, 8> class_bits = {1, 8, 16, 24, 40, 72, 136, 253};

struct Magnitude {
  Limbs value;
  bool negative;
};

// The representative of least absolute value.
Magnitude magnitude(const Fr& k) {
  constexpr Limbs half = [] {
    Limbs v{};
    for (size_t i = 0; i < 4; ++i) v[i] = Fr::modulus[i] >> 1 | (i < 3 ? Fr::modulus[i + 1] << 63 : 0);
    return v;
  }();
  Magnitude out = {k.to_canonical(), false};
  if (limbs::less(half, out.value)) {
    limbs::sub(out.value, Fr::modulus, out.value);
    out.negative = true;
  }
  return out;
}

Magnitude magnitude(int64_t k) {
  const auto v = static_cast<uint64_t>(k);
  return {{k < 0 ? 0 - v : v, 0, 0, 0}, k < 0};
}

unsigned bit_length(const Limbs& v) {
  for (size_t i = 4; i-- > 0;) {
    if (v[i] != 0) return static_cast<unsigned>(64 * i) + static_cast<unsigned>(std::bit_width(v[i]));
  }
  return 0;
}

// The partition of the classes into runs of neighbours that takes the fewest additions: the first class of
// each run, and the window to use for it.
struct Run {
  size_t first, last;  // classes, inclusive
  unsigned window_bits;
};

std::vector<Run> plan(std::span<const size_t> counts_by_bits) {
  constexpr size_t n = class_bits.size();
  std::array<double, n + 1> cost{};  // of the first i classes
  std::array<Run, n + 1> choice{};
  for (size_t i = 1; i <= n; ++i) {
    cost[i] = 1e300;
    for (size_t j = 0; j < i; ++j) {  // a run of the classes j .. i - 1
      std::vector<size_t> counts(counts_by_bits.begin(), counts_by_bits.begin() + class_bits[i - 1] + 1);
      for (unsigned b = 0; j > 0 && b <= class_bits[j - 1]; ++b) counts[b] = 0;
      counts[0] = 0;
      const bool empty = std::all_of(counts.begin(), counts.end(), [](size_t c) { return c == 0; });
      const BucketPlan best = empty ? BucketPlan{0, 0} : plan_buckets(counts);
      if (cost[j] + best.cost < cost[i]) {
        cost[i] = cost[j] + best.cost;
        choice[i] = {j, i - 1, best.window_bits};
      }
    }
  }
  std::vector<Run> runs;
  for (size_t i = n; i > 0; i = choice[i].first) {
    if (choice[i].window_bits != 0) runs.push_back(choice[i]);
  }
  return runs;
}

template <class F>
Jacobian<F> one_by_one(std::span<const Affine<F>> points, std::span<const MsmTerm> terms) {
  Jacobian<F> total;
  for (const MsmTerm& term : terms) {
    if (limbs::is_zero(term.magnitude)) continue;
    const Jacobian<F> p = mul_vartime(points[term.point.index()], Fr::from_canonical(term.magnitude));
    total += term.point.negative() ? -p : p;
  }
  return total;
}

template <class F, class Scalar>
Jacobian<F> sum_of_products(std::span<const Affine<F>> points, std::span<const Scalar> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("msm: points and scalars differ in number");
  if (points.size() >= PointRef::most_points)
    throw ParameterError("msm: more points than it is made for (2^31 - 1)");

  std::vector<MsmTerm> all(points.size());
  std::vector<uint8_t> bits(points.size());
  parallel_for(points.size(), 2048, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Magnitude k = points[i].is_infinity() ? Magnitude{} : magnitude(scalars[i]);
      all[i] = {k.value, PointRef::of(i, k.negative)};
      bits[i] = static_cast<uint8_t>(bit_length(k.value));
    }
  });
  std::vector<size_t> counts(class_bits.back() + 1);
  for (const uint8_t b : bits) ++counts[b];

  if (points.size() - counts[0] < least_bucket_terms) return one_by_one<F>(points, all);

  Jacobian<F> total;
  for (const Run& run : plan(counts)) {
    const unsigned above = run.first == 0 ? 0 : class_bits[run.first - 1];
    const unsigned most = class_bits[run.last];
    const auto size = std::accumulate(counts.begin() + above + 1, counts.begin() + most + 1, size_t{0});
    if (size == all.size()) return bucket_method<F>(points, all, most, run.window_bits);
    std::vector<MsmTerm> terms;
    terms.reserve(size);
    for (size_t i = 0; i < all.size(); ++i) {
      if (bits[i] > above && bits[i] <= most) terms.push_back(all[i]);
    }
    total += size < least_bucket_terms ? one_by_one<F>(points, terms)
                                       : bucket_method<F>(points, terms, most, run.window_bits);
  }
  return total;
}

template <class F>
Jacobian<F> plain_sum(std::span<const Affine<F>> points) {
  if (points.size() >= PointRef::most_points)
    throw ParameterError("sum: more points than it is made for (2^31 - 1)");
  Jacobian<F> total;
  if (points.size() < 64) {
    for (const auto& p : points) total += p;
    return total;
  }
  const AffineKernel<F>& kernel = affine_kernel<F>();
  std::vector<PackedPoint<F>> packed(points.size()), out(1);
  std::vector<PointRef> refs(points.size());
  for (size_t i = 0; i < refs.size(); ++i) refs[i] = PointRef::of(i);
  parallel_for(points.size(), 1024, [&](size_t begin, size_t end) {
    kernel.import_points(std::span(packed).subspan(begin, end - begin), points,
                         std::span(refs).subspan(begin, end - begin));
  });
  const Group all = {0, 0, points.size()};
  sum_groups<F>(out, packed.data(), refs, {&all, 1});
  Affine<F> sum;
  kernel.export_points({&sum, 1}, out);
  return sum;
}

template <class F, class Scalar>
Jacobian<F> from_bytes(PointBytes<F> points, std::span<const Scalar> scalars) {
  std::vector<Affine<F>> aligned(points.size());
  for (size_t i = 0; i < aligned.size(); ++i) aligned[i] = points[i];
  return sum_of_products(std::span<const Affine<F>>(aligned), scalars);
}

}  // namespace

struct MsmScalars::Recoded {
  std::vector<Fr> scalars;

  ~Recoded() { wipe({reinterpret_cast<uint8_t*>(scalars.data()), scalars.size() * sizeof(Fr)}); }
};

MsmScalars::MsmScalars(std::span<const Fr> scalars)
    : recoded_(new Recoded{{scalars.begin(), scalars.end()}}) {}
MsmScalars::MsmScalars(std::span<const int64_t> scalars) : recoded_(new Recoded) {
  for (const int64_t k : scalars) recoded_->scalars.push_back(Fr::from_i64(k));
}
MsmScalars::MsmScalars(MsmScalars&&) noexcept = default;
MsmScalars& MsmScalars::operator=(MsmScalars&&) noexcept = default;
MsmScalars::~MsmScalars() = default;
size_t MsmScalars::size() const { return recoded_->scalars.size(); }

G1 msm(PointBytes<Fp> points, std::span<const Fr> scalars) { return from_bytes(points, scalars); }
G2 msm(PointBytes<Fp2> points, std::span<const Fr> scalars) { return from_bytes(points, scalars); }
G1 msm(PointBytes<Fp> points, const MsmScalars& scalars) {
  return from_bytes(points, std::span<const Fr>(scalars.recoded().scalars));
}
G2 msm(PointBytes<Fp2> points, const MsmScalars& scalars) {
  return from_bytes(points, std::span<const Fr>(scalars.recoded().scalars));
}

G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars) {
  return sum_of_products(points, scalars);
}
G2 msm(std::span<const G2Affine> points, std::span<const Fr> scalars) {
  return sum_of_products(points, scalars);
}
G1 msm_i64(std::span<const G1Affine> points, std::span<const int64_t> scalars) {
  return sum_of_products(points, scalars);
}
G1 sum(std::span<const G1Affine> points) { return plain_sum(points); }
G2 sum(std::span<const G2Affine> points) { return plain_sum(points); }

}  // namespace pyzkfl

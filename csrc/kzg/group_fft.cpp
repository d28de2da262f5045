// See group_fft.h.
#include "kzg/group_fft.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/thread_pool.h"
#include "curves/affine_kernel.h"
#include "curves/batch_mul.h"
#include "fields/kernels/kernel_table.h"
#include "poly/domain.h"

namespace pyzkfl {
namespace {

constexpr size_t batch = 512;     // butterflies whose additions share inversions
constexpr size_t products_a_report = 1 << 14;  // products between two reports

// Counts the butterflies done against those to do, however many transforms share the progress.
class Meter {
 public:
  Meter(const Progress& progress, double total) : progress_(progress), total_(total) {}
  void advance(size_t butterflies) {
    done_ += static_cast<double>(butterflies);
    report(progress_, std::min(1.0, done_ / total_));
  }

  // Of the transform of 2^log_n points.
  static double cost(unsigned log_n) {
    return static_cast<double>(log_n) * static_cast<double>(size_t{1} << log_n) / 2;
  }

 private:
  const Progress& progress_;
  double total_, done_ = 0;
};

// (a, b) becomes (a + b, a - b) for all pairs at distance `half` in blocks of 2 half.
template <class F>
void butterflies(std::span<Affine<F>> points, size_t half) {
  const AffineKernel<F>& kernel = affine_kernel<F>();
  parallel_for(points.size() / 2, batch, [&](size_t begin, size_t end) {
    KernelScratch scratch;
    std::vector<PointRef> operands;
    std::vector<LoosePoint<F>> sums;
    for (size_t start = begin; start < end; start += batch) {
      const size_t count = std::min(batch, end - start);
      operands.resize(4 * count);
      sums.resize(2 * count);
      for (size_t i = 0; i < count; ++i) {
        const size_t left = (start + i) / half * 2 * half + (start + i) % half;
        operands[4 * i] = operands[4 * i + 2] = PointRef::of(left);
        operands[4 * i + 1] = PointRef::of(left + half);
        operands[4 * i + 3] = PointRef::of(left + half, true);
      }
      kernel.add_pairs(scratch, sums, std::span<const Affine<F>>(points), operands);
      for (size_t i = 0; i < count; ++i) {
        points[operands[4 * i].index()] = sums[2 * i].reduced();
        points[operands[4 * i + 1].index()] = sums[2 * i + 1].reduced();
      }
    }
  });
}

// Decimation in frequency over 2^log_n points: after each layer's butterflies the lower half of each block is
// multiplied by powers of w^-1. The factor 1/n goes with the products of the first block, whose upper half
// still waits for it when the layer is done.
template <class F>
void transform(std::span<Affine<F>> points, unsigned log_n, Meter& meter) {
  const size_t n = points.size();
  if (n == 1) return;
  std::vector<Fr> twiddles(n / 2), scaled(n / 2);
  const Fr w = Domain(log_n).generator().inverse_vartime();
  const Fr n_inverse = Fr::from_u64(n).inverse_vartime();
  twiddles[0] = Fr::one();
  for (size_t i = 1; i < twiddles.size(); ++i) twiddles[i] = twiddles[i - 1] * w;
  kernel_table<Fr>().scale(scaled, twiddles, n_inverse);

  std::vector<Affine<F>> factors;
  std::vector<Fr> scalars;
  for (size_t half = n / 2; half >= 1; half /= 2) {
    butterflies<F>(points, half);
    const size_t stride = n / (2 * half), blocks = stride;
    // Products in this layer: all of the first block, then all but the first of every other (a factor of 1).
    const size_t products = half + (blocks - 1) * (half - 1);
    const auto place = [&](size_t k) {
      if (k < half) return half + k;
      const size_t rest = k - half;
      return (1 + rest / (half - 1)) * 2 * half + half + 1 + rest % (half - 1);
    };
    for (size_t start = 0; start < products; start += products_a_report) {
      const size_t count = std::min(products_a_report, products - start);
      factors.resize(count);
      scalars.resize(count);
      for (size_t i = 0; i < count; ++i) {
        const size_t at = place(start + i);
        factors[i] = points[at];
        scalars[i] = (at < 2 * half ? scaled : twiddles)[at % half * stride];
      }
      batch_mul(std::span<Affine<F>>(factors), std::span<const Fr>(scalars));
      for (size_t i = 0; i < count; ++i) points[place(start + i)] = factors[i];
      meter.advance(count);
    }
    meter.advance(n / 2 - std::min(n / 2, products));
  }
  batch_mul(points.first(1), std::span<const Fr>(&n_inverse, 1));
  for (size_t i = 0; i < n; ++i) {  // decimation in frequency leaves bit-reversed order
    size_t reversed = 0;
    for (unsigned bit = 0; bit < log_n; ++bit) reversed |= (i >> bit & 1) << (log_n - 1 - bit);
    if (i < reversed) std::swap(points[i], points[reversed]);
  }
}

template <class F>
void transform_all(std::span<Affine<F>> points, const Progress& progress) {
  const size_t n = points.size();
  if (!std::has_single_bit(n) || n > (size_t{1} << Domain::kMostLogN))
    throw ParameterError("group_intt: the length must be a power of two, at most 2^28");
  const auto log_n = static_cast<unsigned>(std::countr_zero(n));
  Meter meter(progress, Meter::cost(log_n) + 1);
  transform<F>(points, log_n, meter);
  report(progress, 1.0);
}

template <class F>
void bases(std::span<Affine<F>> out, PointBytes<F> powers, unsigned log_n, const Progress& progress) {
  if (log_n > Domain::kMostLogN || out.size() != (size_t{2} << log_n) - 1)
    throw ParameterError("lagrange_bases: 2^(log_n + 1) - 1 points, log_n at most 28");
  double total = 1;
  for (unsigned p = 0; p <= log_n; ++p) total += Meter::cost(p);
  Meter meter(progress, total);
  for (unsigned p = 0; p <= log_n; ++p) {
    const size_t n = size_t{1} << p;
    const std::span<Affine<F>> basis = out.subspan(n - 1, n);
    for (size_t i = 0; i < n; ++i) basis[i] = i < powers.count ? powers[i] : Affine<F>::infinity();
    transform<F>(basis, p, meter);
  }
  report(progress, 1.0);
}

}  // namespace

void group_intt(std::span<G1Affine> points, const Progress& progress) { transform_all<Fp>(points, progress); }
void group_intt(std::span<G2Affine> points, const Progress& progress) {
  transform_all<Fp2>(points, progress);
}

void lagrange_bases(std::span<G1Affine> out, PointBytes<Fp> powers, unsigned log_n,
                    const Progress& progress) {
  bases<Fp>(out, powers, log_n, progress);
}
void lagrange_bases(std::span<G2Affine> out, PointBytes<Fp2> powers, unsigned log_n,
                    const Progress& progress) {
  bases<Fp2>(out, powers, log_n, progress);
}

}  // namespace pyzkfl

// See group_fft.h.
#include "kzg/group_fft.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/thread_pool.h"
#include "curves/batch_mul.h"
#include "fields/batch_inverse.h"
#include "poly/domain.h"

namespace pyzkfl {
namespace {

constexpr size_t batch = 512;     // butterflies whose additions share an inversion
constexpr size_t slab = 1 << 13;  // products between two reports

// (a, b) becomes (a + b, a - b) for all pairs. In affine coordinates both need 1 / (x_a - x_b): one inversion
// for the whole batch.
template <class F>
void butterflies(std::span<Affine<F>* const> left, std::span<Affine<F>* const> right) {
  std::vector<F> inverse(left.size());
  for (size_t i = 0; i < left.size(); ++i) inverse[i] = right[i]->x - left[i]->x;
  batch_inverse(std::span<F>(inverse));
  for (size_t i = 0; i < left.size(); ++i) {
    Affine<F>& a = *left[i];
    Affine<F>& b = *right[i];
    if (a.is_infinity() || b.is_infinity() || a.x == b.x) {
      const Jacobian<F> ja(a);
      const Affine<F> sum = (ja + b).to_affine();
      b = (ja - b).to_affine();
      a = sum;
      continue;
    }
    const F slope_sum = (b.y - a.y) * inverse[i];
    const F slope_difference = (-b.y - a.y) * inverse[i];
    const auto chord = [&](const F& slope) {
      const F x = slope.square() - a.x - b.x;
      return Affine<F>{x, slope * (a.x - x) - a.y};
    };
    const Affine<F> sum = chord(slope_sum);
    b = chord(slope_difference);
    a = sum;
  }
}

// One level: blocks of 2 * half points; the lower half of each block is multiplied by powers of w.
template <class F>
void level(std::span<Affine<F>> points, size_t half, std::span<const Fr> twiddles) {
  const size_t n = points.size();
  parallel_for(n / 2, batch, [&](size_t begin, size_t end) {
    std::vector<Affine<F>*> left, right;
    for (size_t start = begin; start < end; start += batch) {
      left.clear();
      right.clear();
      for (size_t i = start; i < std::min(end, start + batch); ++i) {
        Affine<F>* a = &points[i / half * 2 * half + i % half];
        left.push_back(a);
        right.push_back(a + half);
      }
      butterflies<F>(left, right);
    }
  });
  if (half == 1) return;
  // Products by 1 are left out. Block-major order, so that neighbours have different scalars but one length.
  std::vector<Affine<F>> factors;
  std::vector<Fr> scalars;
  const size_t stride = n / (2 * half);
  factors.reserve(n / 2);
  scalars.reserve(n / 2);
  for (size_t block = 0; block < n; block += 2 * half)
    for (size_t j = 1; j < half; ++j) {
      factors.push_back(points[block + half + j]);
      scalars.push_back(twiddles[j * stride]);
    }
  for (size_t start = 0; start < factors.size(); start += slab) {
    const size_t count = std::min(slab, factors.size() - start);
    batch_mul(std::span<Affine<F>>(factors).subspan(start, count),
              std::span<const Fr>(scalars).subspan(start, count));
  }
  size_t next = 0;
  for (size_t block = 0; block < n; block += 2 * half)
    for (size_t j = 1; j < half; ++j) points[block + half + j] = factors[next++];
}

template <class F>
void transform(std::span<Affine<F>> points, const Progress& progress) {
  const size_t n = points.size();
  if (!std::has_single_bit(n) || n > (size_t{1} << Domain::kMostLogN))
    throw ParameterError("group_intt: the length must be a power of two, at most 2^28");
  const unsigned log_n = static_cast<unsigned>(std::countr_zero(n));
  std::vector<Fr> twiddles(std::max<size_t>(n / 2, 1));
  const Fr w = Domain(log_n).generator().inverse_vartime();
  twiddles[0] = Fr::one();
  for (size_t i = 1; i < twiddles.size(); ++i) twiddles[i] = twiddles[i - 1] * w;
  unsigned done = 0;
  for (size_t half = n / 2; half >= 1; half /= 2) {
    level<F>(points, half, twiddles);
    report(progress, static_cast<double>(++done) / (log_n + 1));
  }
  for (size_t i = 0; i < n; ++i) {  // decimation in frequency leaves bit-reversed order
    size_t reversed = 0;
    for (unsigned bit = 0; bit < log_n; ++bit) reversed |= (i >> bit & 1) << (log_n - 1 - bit);
    if (i < reversed) std::swap(points[i], points[reversed]);
  }
  if (n > 1) batch_mul_same_scalar(points, Fr::from_u64(n).inverse_vartime());
  report(progress, 1.0);
}

}  // namespace

void group_intt(std::span<G1Affine> points, const Progress& progress) { transform<Fp>(points, progress); }
void group_intt(std::span<G2Affine> points, const Progress& progress) { transform<Fp2>(points, progress); }

}  // namespace pyzkfl

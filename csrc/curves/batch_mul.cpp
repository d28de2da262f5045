// Batches of scalar multiplications (see batch_mul.h).
//
// All points of a chunk go through their doublings and additions in step, so that each step is one batch of
// affine operations (affine_kernel.h): 7 multiplications a doubling and 6 an addition. Scalars are split
// along the endomorphism (decomposition.h), each part in width-4 NAF over a table of odd multiples.
#include "curves/batch_mul.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/affine_kernel.h"
#include "curves/decomposition.h"
#include "curves/wnaf.h"

namespace pyzkfl {
namespace {

constexpr unsigned width = 4;  // 5 takes as long in G1, a tenth longer in G2, for its tables
constexpr size_t table_size = size_t{1} << (width - 2);  // odd multiples P, 3P, 5P, 7P
constexpr size_t most_digits = 129;

// What the two groups differ in.
struct G1Parts {
  using F = Fp;
  static constexpr size_t count = 2;
  static constexpr size_t chunk = 1024;  // points whose tables fill the second-level cache
  static auto split(const Fr& k) { return split_phi(k); }
  static LoosePoint<F> image(const LoosePoint<F>& p, unsigned) {
    const G1Affine q = phi(p.reduced());
    return {q.x, q.y};
  }
};

struct G2Parts {
  using F = Fp2;
  static constexpr size_t count = 4;
  static constexpr size_t chunk = 512;
  static auto split(const Fr& k) { return split_psi(k); }
  static LoosePoint<F> image(const LoosePoint<F>& p, unsigned power) {
    const G2Affine q = psi(p.reduced(), power);
    return {q.x, q.y};
  }
};

template <class Parts>
class ChunkMultiplier {
  using F = typename Parts::F;

 public:
  // points[i] = scalars[i * stride] points[i].
  void multiply(std::span<Affine<F>> points, const Fr* scalars, size_t stride) {
    n_ = points.size();
    make_tables(points);
    const size_t length = recode(scalars, stride);
    sums_.assign(n_, {});
    for (size_t step = length; step-- > 0;) {
      if (step + 1 != length) kernel_.double_all(scratch_, sums_);
      for (size_t part = 0; part < Parts::count; ++part) add_digits(step, part);
    }
    for (size_t i = 0; i < n_; ++i) points[i] = sums_[i].reduced();
  }

 private:
  size_t table_index(size_t part, size_t entry, size_t i) const {
    return (part * table_size + entry) * n_ + i;
  }

  PointBytes<F> table() const { return as_bytes(std::span<const LoosePoint<F>>(table_)); }

  void make_tables(std::span<const Affine<F>> points) {
    table_.resize(Parts::count * table_size * n_);
    for (size_t i = 0; i < n_; ++i) table_[i] = {points[i].x, points[i].y};
    // 2P stands, for now, where the last entry will.
    const size_t twice = table_index(0, table_size - 1, 0);
    std::copy_n(table_.begin(), n_, table_.begin() + static_cast<ptrdiff_t>(twice));
    kernel_.double_all(scratch_, std::span(table_).subspan(twice, n_));
    std::vector<PointRef> pairs(2 * n_);
    std::vector<LoosePoint<F>> sums(n_);
    for (size_t entry = 1; entry < table_size; ++entry) {
      for (size_t i = 0; i < n_; ++i) {
        pairs[2 * i] = PointRef::of(table_index(0, entry - 1, i));
        pairs[2 * i + 1] = PointRef::of(twice + i);
      }
      kernel_.add_pairs(scratch_, sums, table(), pairs);
      std::copy(sums.begin(), sums.end(), table_.begin() + static_cast<ptrdiff_t>(table_index(0, entry, 0)));
    }
    for (size_t part = 1; part < Parts::count; ++part) {
      for (size_t i = 0; i < table_size * n_; ++i) {
        table_[part * table_size * n_ + i] = Parts::image(table_[i], static_cast<unsigned>(part));
      }
    }
  }

  // Fills digits_, a row of n for each step and part; returns the number of steps.
  size_t recode(const Fr* scalars, size_t stride) {
    digits_.assign(most_digits * Parts::count * n_, 0);
    size_t length = 0;
    std::array<int8_t, most_digits> digits;
    for (size_t i = 0; i < n_; ++i) {
      auto parts = Parts::split(scalars[i * stride]);
      const size_t alike = stride == 0 ? n_ : 1;  // one scalar for all is recoded once
      for (size_t part = 0; part < Parts::count; ++part) {
        const size_t used = wnaf_vartime(digits, parts[part].abs, width, parts[part].negative != 0);
        length = std::max(length, used);
        for (size_t step = 0; step < used; ++step)
          std::fill_n(digits_.begin() + static_cast<ptrdiff_t>((step * Parts::count + part) * n_ + i), alike,
                      digits[step]);
      }
      wipe_object(parts);
      if (stride == 0) break;
    }
    wipe_object(digits);
    return length;
  }

  void add_digits(size_t step, size_t part) {
    const int8_t* const row = digits_.data() + (step * Parts::count + part) * n_;
    targets_.clear();
    refs_.clear();
    for (size_t i = 0; i < n_; ++i) {
      const int d = row[i];
      if (d == 0) continue;
      const PointRef ref = PointRef::of(table_index(part, static_cast<size_t>(d < 0 ? -d : d) / 2, i), d < 0);
      if (sums_[i].is_infinity()) {  // the kernel would have to look at every lane
        sums_[i] = fetch(table(), ref);
        continue;
      }
      targets_.push_back(static_cast<uint32_t>(i));
      refs_.push_back(ref);
    }
    kernel_.add_into(scratch_, sums_.data(), targets_, table(), refs_);
  }

  const AffineKernel<F>& kernel_ = affine_kernel<F>();
  KernelScratch scratch_;
  size_t n_ = 0;
  std::vector<LoosePoint<F>> table_, sums_;
  SecretVector<int8_t> digits_;  // a ceremony's secrets, recoded
  std::vector<uint32_t> targets_;
  std::vector<PointRef> refs_;
};

template <class Parts>
void multiply_all(std::span<Affine<typename Parts::F>> points, const Fr* scalars, size_t stride) {
  // Small batches are cut smaller, so that every thread has work.
  const size_t chunk = std::clamp<size_t>(points.size() / (2 * thread_count()), 64, Parts::chunk);
  const size_t chunks = (points.size() + chunk - 1) / chunk;
  parallel_for(chunks, 1, [&](size_t begin, size_t end) {
    ChunkMultiplier<Parts> multiplier;
    for (size_t c = begin; c < end; ++c) {
      const size_t first = c * chunk;
      const size_t size = std::min(chunk, points.size() - first);
      multiplier.multiply(points.subspan(first, size), scalars + first * stride, stride);
    }
  });
}

template <class Parts>
void multiply_each(std::span<Affine<typename Parts::F>> points, std::span<const Fr> scalars) {
  if (points.size() != scalars.size()) throw ParameterError("batch_mul: points and scalars differ in number");
  multiply_all<Parts>(points, scalars.data(), 1);
}

}  // namespace

void batch_mul(std::span<G1Affine> points, std::span<const Fr> scalars) {
  multiply_each<G1Parts>(points, scalars);
}
void batch_mul(std::span<G2Affine> points, std::span<const Fr> scalars) {
  multiply_each<G2Parts>(points, scalars);
}
void batch_mul_same_scalar(std::span<G1Affine> points, const Fr& scalar) {
  multiply_all<G1Parts>(points, &scalar, 0);
}
void batch_mul_same_scalar(std::span<G2Affine> points, const Fr& scalar) {
  multiply_all<G2Parts>(points, &scalar, 0);
}

}  // namespace pyzkfl

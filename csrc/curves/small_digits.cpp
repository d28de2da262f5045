// Digits of integers of 32 bits (see sorted_digits.h): cheap enough to be recoded wherever they are read, so that no
// array is made but the sorted one. Magnitudes of any length, which sorted_digits.cpp keeps, take 36 bytes a scalar.
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/signed_windows.h"
#include "curves/sorted_digits.h"
#include "curves/window_plan.h"

namespace pyzkfl {
namespace {

uint64_t magnitude(int32_t v) {
  const auto wide = static_cast<uint64_t>(int64_t{v});
  return v < 0 ? 0 - wide : wide;
}

// Whether a scalar's length lies in a run.
class InRun {
 public:
  explicit InRun(const LengthRun& run) : least_(uint64_t{1} << run.above), count_((uint64_t{1} << run.most) - least_) {}
  bool operator()(int32_t v) const { return magnitude(v) - least_ < count_; }

 private:
  uint64_t least_, count_;
};

// Signed digits as SignedWindows has them, of integers of either sign.
class SmallWindows {
 public:
  SmallWindows(unsigned bits, unsigned window_bits)
      : window_bits_(window_bits),
        count_(SignedWindows::window_count(bits, window_bits)),
        mask_((uint64_t{1} << window_bits) - 1),
        half_(int64_t{1} << (window_bits - 1)) {
    if (count_ * window_bits > 64) throw ParameterError("small_digits: windows beyond 64 bits");
    for (size_t w = 0; w < count_; ++w) offset_ += uint64_t{1} << (w * window_bits + window_bits - 1);
  }

  size_t count() const { return count_; }
  int64_t digit(int32_t v, size_t window) const {
    const uint64_t shifted = static_cast<uint64_t>(int64_t{v}) + offset_;
    return static_cast<int64_t>(shifted >> (window * window_bits_) & mask_) - half_;
  }

 private:
  unsigned window_bits_;
  size_t count_;
  uint64_t mask_, offset_ = 0;
  int64_t half_;
};

std::vector<size_t> counted_lengths(std::span<const int32_t> scalars) {
  std::vector<size_t> total(class_bits.back() + 1);
  std::mutex mutex;
  parallel_for(scalars.size(), 4096, [&](size_t begin, size_t end) {
    // Neighbours have like lengths, and a counter that was just written is slow to read again.
    std::array<std::array<size_t, 33>, 4> counts{};
    for (size_t i = begin; i < end; ++i) ++counts[i % 4][static_cast<size_t>(std::bit_width(magnitude(scalars[i])))];
    const std::lock_guard lock(mutex);
    for (size_t b = 0; b < counts[0].size(); ++b) {
      for (const auto& own : counts) total[b] += own[b];
    }
  });
  return total;
}

// The counting sort of every window's terms, each window in as many parts as there are threads. Digits that are zero
// are counted and put away like others, without a branch: which of a column's cells are zero is hard to predict.
SortedDigits sorted(std::span<const int32_t> scalars, const LengthRun& run) {
  const SmallWindows windows(run.most, run.window_bits);
  const InRun belongs(run);
  SortedDigits out;
  out.window_bits = run.window_bits;
  out.windows = windows.count();
  const size_t buckets = out.buckets(), parts = thread_count();
  SecretArray<uint32_t> next(out.windows * parts * buckets);
  const auto for_digits = [&](size_t task, const auto& take) {
    const size_t window = task / parts, part = task % parts;
    for (size_t i = scalars.size() * part / parts; i < scalars.size() * (part + 1) / parts; ++i) {
      take(i, belongs(scalars[i]) ? windows.digit(scalars[i], window) : 0);
    }
  };
  parallel_for(out.windows * parts, 1, [&](size_t begin, size_t end) {
    for (size_t task = begin; task < end; ++task) {
      uint32_t* const own = next.data() + task * buckets;
      for_digits(task, [&](size_t, int64_t d) { ++own[std::abs(d)]; });
    }
  });
  out.starts = SecretArray<uint32_t>(out.windows * buckets + 1);
  uint32_t at = 0;
  for (size_t w = 0; w < out.windows; ++w) {
    for (size_t b = 0; b < buckets; ++b) {
      out.starts[w * buckets + b] = at;
      if (b == 0) continue;
      for (size_t part = 0; part < parts; ++part) {
        uint32_t& place = next[(w * parts + part) * buckets + b];
        at += std::exchange(place, at);
      }
    }
  }
  out.starts[out.windows * buckets] = at;
  out.terms = SecretArray<PointRef>(at);
  parallel_for(out.windows * parts, 1, [&](size_t begin, size_t end) {
    for (size_t task = begin; task < end; ++task) {
      uint32_t* const own = next.data() + task * buckets;
      PointRef nowhere;
      for_digits(task, [&](size_t i, int64_t d) {
        PointRef* const place = d != 0 ? out.terms.data() + own[std::abs(d)] : &nowhere;
        *place = PointRef::of(i, d < 0);
        ++own[std::abs(d)];
      });
    }
  });
  return out;
}

}  // namespace

SortedScalars sort_scalars(std::span<const int32_t> scalars) {
  if (scalars.size() >= most_sorted_scalars) throw ParameterError("msm: more terms than it is made for (2^27)");
  SortedScalars out;
  out.size = scalars.size();
  out.few.reserve(class_bits.size() * least_bucket_terms);  // a vector that grows leaves copies of its secrets behind
  const std::vector<size_t> counts = counted_lengths(scalars);
  const auto take_one_by_one = [&](const LengthRun& run) {
    const InRun belongs(run);
    for (size_t i = 0; i < scalars.size(); ++i) {
      if (belongs(scalars[i])) out.few.push_back({{magnitude(scalars[i]), 0, 0, 0}, PointRef::of(i, scalars[i] < 0)});
    }
  };
  if (scalars.size() - counts[0] < least_bucket_terms) {
    take_one_by_one({0, 32, 0});
    return out;
  }
  for (const LengthRun& run : plan_runs(counts)) {
    size_t size = 0;
    for (unsigned b = run.above + 1; b <= run.most; ++b) size += counts[b];
    if (size < least_bucket_terms) {
      take_one_by_one(run);
    } else {
      out.runs.push_back(sorted(scalars, run));
    }
  }
  return out;
}

}  // namespace pyzkfl

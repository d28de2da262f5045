// Scalars as the bucket method takes them: cut into signed digits, the terms of every window sorted by digit. Shared
// by all sums over the same scalars. Wiped on destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "curves/affine_kernel.h"
#include "curves/large_array.h"
#include "fields/fr.h"
#include "fields/limbs.h"

namespace pyzkfl {

// Scalars of like length.
struct SortedDigits {
  unsigned window_bits = 0;
  size_t windows = 0;
  // Bucket w * buckets() + b of window w, for digits of absolute value b: its terms are
  // terms[starts[i]] .. terms[starts[i + 1]]. Bucket 0 of a window is empty.
  SecretArray<uint32_t> starts;
  SecretArray<PointRef> terms;

  size_t buckets() const { return (size_t{1} << (window_bits - 1)) + 1; }
};

// A magnitude times a point of a list, or times its opposite.
struct MsmTerm {
  Limbs magnitude;
  PointRef point;
};

struct SortedScalars {
  size_t size = 0;
  std::vector<SortedDigits> runs;  // every scalar that is not zero is in one, or in `few`
  std::vector<MsmTerm> few;        // to be multiplied one by one

  SortedScalars() = default;
  SortedScalars(SortedScalars&&) = default;
  ~SortedScalars();
};

// So that the terms of all windows are fewer than 2^32.
inline constexpr size_t most_sorted_scalars = size_t{1} << 27;

// Throws ParameterError for most_sorted_scalars or more.
SortedScalars sort_scalars(std::span<const Fr> scalars);
SortedScalars sort_scalars(std::span<const int64_t> scalars);
SortedScalars sort_scalars(std::span<const int32_t> scalars);

}  // namespace pyzkfl

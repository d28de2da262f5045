// Which scalars of a sum share a window, and how wide it is: by the number of additions that it takes.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace pyzkfl {

// Terms are put in classes by the length of their scalars, at most these many bits; neighbours merge when that is
// estimated to be cheaper.
inline constexpr std::array<unsigned, 8> class_bits = {1, 8, 16, 24, 40, 72, 136, 253};

// Fewer terms are multiplied one by one.
inline constexpr size_t least_bucket_terms = 8;

// A run of neighbouring classes: lengths above `above` and up to `most` bits. The runs hold every length that occurs.
struct LengthRun {
  unsigned above, most;
  unsigned window_bits;  // at most 18
};

// `counts[b]` is how many magnitudes have exactly b bits, for b up to class_bits.back(); those of none do not count.
std::vector<LengthRun> plan_runs(std::span<const size_t> counts);

}  // namespace pyzkfl

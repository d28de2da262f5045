// Bit reversal by tiles (after Carter and Gatlin, "Towards an optimal bit-reversal permutation program", FOCS
// 1998).
//
// Split an index into (high, middle, low) with 3 bits in high and low: its reverse is (low', middle', high'),
// each part reversed. So the 64 elements that share a middle m, eight runs of eight neighbours, go to the 64
// that share m', and memory is read and written in runs of 256 bytes instead of single elements far apart.
#include "poly/bit_reversal.h"

#include <array>
#include <utility>

#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

constexpr unsigned kTileBits = 3;
constexpr size_t kSide = size_t{1} << kTileBits;
constexpr std::array<size_t, kSide> kReversed = {0, 4, 2, 6, 1, 5, 3, 7};

size_t reverse_bits(size_t v, unsigned bits) {
  size_t out = 0;
  for (unsigned i = 0; i < bits; ++i) out |= (v >> i & 1) << (bits - 1 - i);
  return out;
}

using Tile = std::array<std::array<Fr, kSide>, kSide>;

void load(Tile& tile, std::span<const Fr> values, unsigned row_shift, size_t middle) {
  for (size_t high = 0; high < kSide; ++high) {
    const Fr* const run = &values[(high << row_shift) + (middle << kTileBits)];
    for (size_t low = 0; low < kSide; ++low) tile[high][low] = run[low];
  }
}

void store_reversed(std::span<Fr> values, const Tile& tile, unsigned row_shift, size_t middle) {
  for (size_t high = 0; high < kSide; ++high) {
    Fr* const run = &values[(high << row_shift) + (middle << kTileBits)];
    for (size_t low = 0; low < kSide; ++low) run[low] = tile[kReversed[low]][kReversed[high]];
  }
}

}  // namespace

void reverse_bit_order(std::span<Fr> values, unsigned log_n) {
  if (log_n < 2 * kTileBits) {
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t j = reverse_bits(i, log_n);
      if (i < j) std::swap(values[i], values[j]);
    }
    return;
  }
  const unsigned middle_bits = log_n - 2 * kTileBits, row_shift = log_n - kTileBits;
  parallel_for(size_t{1} << middle_bits, 64, [&](size_t begin, size_t end) {
    Tile a, b;
    for (size_t middle = begin; middle < end; ++middle) {
      const size_t other = reverse_bits(middle, middle_bits);
      if (middle > other) continue;  // done with `other`
      load(a, values, row_shift, middle);
      if (middle != other) {
        load(b, values, row_shift, other);
        store_reversed(values, b, row_shift, middle);
      }
      store_reversed(values, a, row_shift, other);
    }
  });
}

}  // namespace pyzkfl

// Points of G2: their coordinates are of Fp2. A kernel of points computes with V; it includes this header or
// ifma_g1.h, not both.
#pragma once

#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

using V = Fp2x8;           // eight coordinates
using VWords = Fp2Words;  // as they lie in memory

constexpr size_t coordinate_bytes = 64, point_bytes = 128;
constexpr int log2_point_bytes = 7;

// 1 in the form that products keep: mul(one, a) = a.
PYZKFL_INLINE V one() { return {splatted(one_260), zero()}; }
PYZKFL_INLINE V zero_coordinate() { return {zero(), zero()}; }
PYZKFL_INLINE VWords gather(const uint8_t* const (&row)[8], size_t offset) {
  return {load_rows(row, offset), load_rows(row, offset + 32)};
}

}  // namespace
}  // namespace pyzkfl::ifma

// Points of G1: their coordinates are of Fp. A kernel of points computes with V; it includes this header or
// ifma_g2.h, not both.
#pragma once

#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

using V = Fp8;         // eight coordinates
using VWords = Words;  // as they lie in memory

constexpr size_t coordinate_bytes = 32, point_bytes = 64;
constexpr int log2_point_bytes = 6;

// 1 in the form that products keep: mul(one, a) = a.
PYZKFL_INLINE V one() { return splatted(one_260); }
PYZKFL_INLINE V zero_coordinate() { return zero(); }
PYZKFL_INLINE VWords gather(const uint8_t* const (&row)[8], size_t offset) { return load_rows(row, offset); }

}  // namespace
}  // namespace pyzkfl::ifma

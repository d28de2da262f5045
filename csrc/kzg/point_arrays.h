// Arrays of points in files: uncompressed (the EVM form of curves/encoding.h), without a length of their own.
//
// Reading is parallel and strict: coordinates below p, points on the curve, in the subgroup, infinity only
// where the caller allows it. A caller that wrote the file itself may skip the subgroup check of G2.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "curves/encoding.h"

namespace pyzkfl {

enum class SubgroupCheck { done, skipped };

void write_points(Writer& out, std::span<const G1Affine> points);
void write_points(Writer& out, std::span<const G2Affine> points);
// The same bytes, some megabytes at a time: for arrays whose bytes need not be in memory at once.
void stream_points(const ByteSink& out, std::span<const G1Affine> points);
void stream_points(const ByteSink& out, std::span<const G2Affine> points);

// The next `count` points. Throws DecodeError, before anything is allocated, if fewer bytes are left.
std::vector<G1Affine> read_g1_points(Reader& in, size_t count, Infinity infinity);
std::vector<G2Affine> read_g2_points(Reader& in, size_t count, Infinity infinity, SubgroupCheck check);

// Whether all points, which must be on the curve, lie in G2; wrong with probability at most 2^-128 over our
// own randomness. Sums with random coefficients of w bits, w at most 13, are tested one by one: the least
// prime factor of the cofactor is 10069 > 2^13 and the cofactor is free of squares, so a sum hides a stray
// point with probability at most 2^-w. Several times faster than one test for each point.
[[nodiscard]] bool all_in_subgroup(std::span<const G2Affine> points);

}  // namespace pyzkfl

// Many short linear combinations of one list of points: the points of a Groth16 key from Lagrange points and the
// matrices of an R1CS, whose entries are mostly 1 and -1.
//
// Entries of 1 and -1 cost an addition; others a multiplication as well (batch_mul.h), by their bit length. Public
// data: variable time. All points must be of order r. Parallel.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "curves/point_bytes.h"
#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl {

// A matrix by its rows: the entries of row i are those from starts[i] to starts[i + 1], each a coefficient of the point
// with that index. starts is one longer than the rows are many; begins with 0 and does not fall.
struct SparseRows {
  std::span<const uint32_t> starts;
  std::span<const uint32_t> points;
  std::span<const Fr> coefficients;
};

// The combination of each row; infinity for an empty one. Throws ParameterError if the rows are malformed or name a
// point that is not there, or if points and entries together are 2^31 or more.
std::vector<G1Affine> sparse_combinations(PointBytes<Fp> points, const SparseRows& rows);
std::vector<G2Affine> sparse_combinations(PointBytes<Fp2> points, const SparseRows& rows);

}  // namespace pyzkfl

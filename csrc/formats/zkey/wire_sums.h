// The polynomials of a circuit's wires at tau, as points: for each wire, the sum over the rows that use it of
// coefficient times the row's Lagrange point.
#pragma once

#include <cstdint>
#include <vector>

#include "curves/bn254.h"
#include "formats/circuit/r1cs_file.h"

namespace pyzkfl::formats {

// One matrix of a circuit by columns: entries [start[i], start[i + 1]) are those of wire i. Memory: 12 bytes
// a term, 8 a wire.
struct WireColumns {
  std::vector<uint64_t> start;
  std::vector<uint32_t> row;
  std::vector<uint32_t> coefficient;  // index into the circuit's table

  // Appends sum over the entries of wire i of coefficient * basis[row] to sums[i].
  template <class F>
  void add_to(std::vector<Jacobian<F>>& sums, const std::vector<Affine<F>>& basis,
              const std::vector<Fr>& coefficients) const;
};

// The matrices of a circuit, A with the rows x * 0 = 0 that Groth16 adds for the constant and each public
// input, behind the others.
struct CircuitColumns {
  std::vector<Fr> coefficients;  // distinct; entries 0 and 1 are 1 and -1
  WireColumns a, b, c;

  explicit CircuitColumns(const R1csFile& circuit);
};

extern template void WireColumns::add_to(std::vector<G1>&, const std::vector<G1Affine>&,
                                         const std::vector<Fr>&) const;
extern template void WireColumns::add_to(std::vector<G2>&, const std::vector<G2Affine>&,
                                         const std::vector<Fr>&) const;

}  // namespace pyzkfl::formats

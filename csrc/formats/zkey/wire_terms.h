// A circuit's matrices by columns: for each wire, the rows that use it, as sums of points want them
// (curves/sparse_combinations.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "curves/sparse_combinations.h"
#include "formats/circuit/r1cs_file.h"

namespace pyzkfl::formats {

// Which point belongs to row 0 of each matrix, row k's being k points behind it; a matrix without is left
// out.
struct FirstPoints {
  std::optional<uint32_t> a, b, c;
};

// Memory: 40 bytes a term, 8 a wire.
class WireTerms {
 public:
  // A has a row more for the constant wire and each public input, behind the circuit's own: x * 0 = 0. Throws
  // ParameterError for 2^32 terms or more.
  WireTerms(const R1csFile& circuit, const FirstPoints& points);

  SparseRows view() const { return {starts_, points_, coefficients_}; }

 private:
  std::vector<uint32_t> starts_, points_;
  std::vector<Fr> coefficients_;
};

}  // namespace pyzkfl::formats

// Table lookup by bits, for small constant tables; several tables share the products of the index bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1cs/builder.h"

namespace pyzkfl::gadgets {

// Constant tables of 2^index_bits integers each, prepared for lookups with one index.
//
// An entry is a multilinear polynomial in the index bits. The low bits are expanded into monomials,
// products shared by all tables; the high bits select between the remaining polynomials, one product a
// selection. The split is the one with the fewest constraints.
class LookupTables {
 public:
  // tables: at least one, all of 2^index_bits entries, 1 <= index_bits <= 12. Throws ParameterError
  // otherwise.
  LookupTables(unsigned index_bits, std::span<const std::vector<int64_t>> tables);

  unsigned index_bits() const { return index_bits_; }
  size_t num_tables() const { return coefficients_.size(); }
  // Constraints (and wires) of one lookup: 2^j - 1 - j + num_tables (2^(index_bits - j) - 1), j the bits
  // expanded.
  size_t num_constraints() const;

 private:
  friend std::vector<LC> lookup(Builder&, std::span<const LC>, const LookupTables&, const char*);

  unsigned index_bits_;
  unsigned expanded_bits_;
  // For each table: 2^(index_bits - expanded_bits) blocks of monomial coefficients, one a subset of the
  // expanded bits.
  std::vector<std::vector<Fr>> coefficients_;
};

// The entry of each table at index sum bits[i] 2^i. Promise: `bits` are boolean, index_bits() of them
// (ParameterError for another number). Every wire is determined by the bits.
std::vector<LC> lookup(Builder& b, std::span<const LC> bits, const LookupTables& tables,
                       const char* label = "lookup");

}  // namespace pyzkfl::gadgets

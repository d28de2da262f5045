// Lookup by monomials of the low bits and selections by the high bits.
#include "r1cs/gadgets_lookup.h"

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"

namespace pyzkfl::gadgets {
namespace {

size_t cost(unsigned index_bits, unsigned expanded, size_t tables) {
  return (size_t{1} << expanded) - 1 - expanded + tables * ((size_t{1} << (index_bits - expanded)) - 1);
}

}  // namespace

LookupTables::LookupTables(unsigned index_bits, std::span<const std::vector<int64_t>> tables)
    : index_bits_(index_bits), expanded_bits_(1) {
  if (index_bits < 1 || index_bits > 12) throw ParameterError("a lookup table has 1 to 12 index bits");
  if (tables.empty()) throw ParameterError("a lookup needs a table");
  for (unsigned j = 2; j <= index_bits; ++j) {
    const size_t best = cost(index_bits, expanded_bits_, tables.size());
    if (cost(index_bits, j, tables.size()) < best) expanded_bits_ = j;
  }
  const size_t block = size_t{1} << expanded_bits_;
  for (const std::vector<int64_t>& table : tables) {
    if (table.size() != size_t{1} << index_bits) {
      throw ParameterError("a lookup table of " + std::to_string(table.size()) + " entries for " +
                           std::to_string(index_bits) + " index bits");
    }
    std::vector<Fr> out;
    for (const int64_t entry : table) out.push_back(Fr::from_i64(entry));
    // Values at the corners of the cube to monomial coefficients, block by block (Moebius transform).
    for (size_t first = 0; first < out.size(); first += block) {
      for (size_t step = 1; step < block; step <<= 1) {
        for (size_t i = 0; i < block; ++i) {
          if ((i & step) != 0) out[first + i] -= out[first + (i ^ step)];
        }
      }
    }
    coefficients_.push_back(std::move(out));
  }
}

size_t LookupTables::num_constraints() const { return cost(index_bits_, expanded_bits_, num_tables()); }

std::vector<LC> lookup(Builder& b, std::span<const LC> bits, const LookupTables& tables, const char* label) {
  require(b, bits.size() == tables.index_bits(), label, "the index has not as many bits as the tables");
  const unsigned expanded = tables.expanded_bits_;
  const size_t block = size_t{1} << expanded;
  std::vector<LC> monomials(block);
  monomials[0] = 1;
  for (unsigned i = 0; i < expanded; ++i) {
    const size_t step = size_t{1} << i;
    monomials[step] = bits[i];
    for (size_t low = 1; low < step; ++low) monomials[step + low] = b.product(monomials[low], bits[i], label);
  }
  std::vector<LC> out;
  for (const std::vector<Fr>& coefficients : tables.coefficients_) {
    std::vector<LC> level;
    for (size_t first = 0; first < coefficients.size(); first += block) {
      LC value;
      for (size_t i = 0; i < block; ++i) {
        if (!coefficients[first + i].is_zero()) value.add_scaled(monomials[i], coefficients[first + i]);
      }
      level.push_back(std::move(value));
    }
    for (unsigned i = expanded; i < bits.size(); ++i) {
      for (size_t k = 0; k < level.size() / 2; ++k) {
        level[k] = select(b, bits[i], level[2 * k + 1], level[2 * k], label);
      }
      level.resize(level.size() / 2);
    }
    if (b.records()) level[0].normalise();
    out.push_back(std::move(level[0]));
  }
  return out;
}

}  // namespace pyzkfl::gadgets

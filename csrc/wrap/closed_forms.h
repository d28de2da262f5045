// Multilinear extensions that have closed forms, at points made of wires. Every wire is determined by the
// points.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "wrap/factors.h"

namespace pyzkfl::wrap {

// prod_j (p_j x_j + (1 - p_j)(1 - x_j)). 2 constraints a variable, less one in all.
Factor equality(Builder& b, std::span<const LC> p, std::span<const LC> x);

// The extension of [index < count], at a point. At most 1 constraint a variable.
Factor below_constant(Builder& b, uint64_t count, std::span<const Factor> point);

// The extension of [index <= last], last given by its bits, one a variable (promise: boolean). 2 constraints
// a variable.
Factor up_to_bits(Builder& b, std::span<const LC> last, std::span<const Factor> point);

// The extension of the identity: sum 2^j x_j.
LC index_value(std::span<const LC> point);

// Where an aligned part of a vector of 2^top lies: prod over j from log_size to top - 1 of x_j or 1 - x_j, by
// the bits of its offset. Parts share the products of their common high bits. `point` must outlive this
// object.
class AlignedParts {
 public:
  AlignedParts(Builder& builder, std::span<const LC> point) : b_(builder), point_(point) {}

  const Factor& at(unsigned log_size, uint64_t offset, unsigned top);

 private:
  Builder& b_;
  std::span<const LC> point_;
  std::map<std::pair<unsigned, std::pair<unsigned, uint64_t>>, Factor> known_;  // by top, log_size, offset
};

}  // namespace pyzkfl::wrap

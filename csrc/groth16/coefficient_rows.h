// The rows of A and B times a witness, from a list of coefficients in the form of a .zkey (its section 4):
// what the prover needs of a circuit when there is no constraint system at hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "groth16/proof_core.h"

namespace pyzkfl::groth16 {

// One entry: matrix (u32; 0 is A, 1 is B), row (u32), wire (u32), and the coefficient c as 32 bytes: c R^2
// mod r with R = 2^256, little-endian. All integers little-endian, nothing aligned.
inline constexpr size_t coefficient_entry_bytes = 44;

// Row values over 2^log_n rows. Parallel where rows do not decrease along the list (as snarkjs writes them),
// in one thread otherwise; an entry costs an addition where its coefficient is 1 or -1. Constant time in the
// witness. Throws DecodeError for a list that is no whole number of entries, another matrix, a row or wire
// out of range, a coefficient of r or more; ParameterError for log_n above 28.
RowValues rows_of(ByteSpan entries, unsigned log_n, std::span<const Fr> witness);

// The first index at or behind `i` at which a row begins, of `count` entries whose rows never decrease (0 and `count` are
// such). Calls row(index) as often as the logarithm of the distance: one row may be the whole list, and every range of
// a parallel loop asks for its own ends.
template <class RowOf>
size_t row_boundary(size_t i, size_t count, RowOf&& row) {
  if (i == 0 || i >= count) return std::min(i, count);
  size_t inside = i - 1, step = 1;
  const auto last = row(inside);
  while (step < count - inside && row(inside + step) == last) {
    inside += step;
    step *= 2;
  }
  for (size_t outside = std::min(inside + step, count);;) {
    if (outside - inside == 1) return outside;
    const size_t middle = inside + (outside - inside) / 2;
    (row(middle) == last ? inside : outside) = middle;
  }
}

}  // namespace pyzkfl::groth16

// The rows of A and B times a witness, from a list of coefficients in the form of a .zkey (its section 4):
// what the prover needs of a circuit when there is no constraint system at hand.
#pragma once

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

}  // namespace pyzkfl::groth16

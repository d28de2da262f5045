// What the provers share: from the rows' values to A, B and C (Groth 2016, section 3.2).
//
//   A = alpha + sum w_i a_i + r delta,  B = beta + sum w_i b_i + s delta,
//   C = sum w_i l_i + (A B - C)(tau) / delta + s A + r B - r s delta,     r, s fresh and uniform
#pragma once

#include <span>

#include "base/progress.h"
#include "groth16/key_view.h"
#include "groth16/proof.h"
#include "r1cs/witness.h"

namespace pyzkfl::groth16 {

// The matrices A and B times the witness: one value for each point of the domain. Secret: wiped when it goes.
struct RowValues {
  Witness::Values a, b;
};

// An unverified proof: the caller verifies it before it leaves the prover. Sizes must fit (ParameterError).
// Rows are taken by value, so that their memory is free early. Reports progress from 0 to 0.95.
Proof make_proof(const KeyView& key, RowValues rows, std::span<const Fr> witness, const Progress& progress);

// Scalars for the points `h`, in rows.a; rows.b is used up. On return rows.a has n values, of which the last
// is zero for QuotientBasis::powers.
void quotient(const KeyView& key, RowValues& rows);

}  // namespace pyzkfl::groth16

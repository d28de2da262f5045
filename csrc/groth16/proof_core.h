// What the provers share: from the rows' values to A, B and C (Groth 2016, section 3.2).
//
// The proof without randomness is
//   A0 = alpha + sum w_i a_i,  B0 = beta + sum w_i b_i,  C0 = sum w_i l_i + (A B - C)(tau) / delta
// and the one given out, for fresh k /= 0 and t,
//   A = k A0,  B = (B0 + t delta) / k,  C = C0 + t A0.
// A and B are uniform (A among the points other than infinity) and C is what the equation then asks for: what
// Groth's r and s give (re-randomisation: Baghery, Kohlweiss, Siim, Volkhov, eprint 2020/811), without B in
// G1, whose sum would be a quarter of the work in G1. It also rests on less of the key: whatever its arrays
// hold, a proof that verifies is uniform among the proofs of its statement, so it gives nothing away.
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

// The challenge of a circuit with committed digits: what prover and verifier compute, and a circuit that verifies such a
// proof, from the statement and the commitment. docs/recursion.md, section 1.
#pragma once

#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl::recursion {

// Poseidon2(statement, x, y), the commitment's coordinates modulo r (recursion/hashed_points.h). `statement`: a hash of all other public inputs.
Fr commitment_challenge(const Fr& statement, const G1Affine& commitment);

}  // namespace pyzkfl::recursion

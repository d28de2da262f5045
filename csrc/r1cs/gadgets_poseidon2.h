// Poseidon2 in a circuit: the permutation and noir's sponge, as in hash/poseidon2.h.
#pragma once

#include <array>
#include <span>

#include "hash/poseidon2.h"
#include "r1cs/builder.h"

namespace pyzkfl::gadgets {

using Poseidon2Wires = std::array<LC, poseidon2::width>;

// The permutation, in place. No promise: it is a permutation of Fr^4, every wire is determined by the state.
//
// x^5 is three constraints, 88 of them in all: 264. Three more, half way through the partial rounds, turn
// the three cells that pass those rounds without an S-box into wires: otherwise combinations grow by a term
// a round, and the matrices would have twice the entries. 267 constraints and wires.
void poseidon2_permute(Builder& b, Poseidon2Wires& state, const char* label = "poseidon2");

// poseidon2_hash of a list whose length is a constant of the circuit. 267 constraints for each three inputs
// begun, at least once.
LC poseidon2_hash(Builder& b, std::span<const LC> inputs, const char* label = "poseidon2");

}  // namespace pyzkfl::gadgets

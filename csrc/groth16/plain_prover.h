// The prover of Groth16 without committed wires, for any key that a KeyView shows (Groth 2016).
//
// Time and wiping as in prover.h, with which it shares its core (proof_core.h).
#pragma once

#include <span>

#include "base/progress.h"
#include "groth16/key_view.h"
#include "groth16/proof.h"
#include "groth16/proof_core.h"

namespace pyzkfl::groth16 {

// Proves that `witness` (all wires, wire 0 being one) satisfies the circuit that `key` is for. `rows` holds
// the products of the matrices A and B with the witness, each 2^log_n values in the order of the rows, zero
// behind the last; C's follow from them, for a right witness. Throws DecodeError for a key that check_key
// refuses, ParameterError for a witness or rows of another size, WitnessInvalid if the proof fails its own
// verification: the witness does not satisfy the circuit, or the key is damaged or malicious. A proof is
// returned only after it verified. Several proofs may be made at once, on several threads.
Proof prove_plain(const KeyView& key, RowValues rows, std::span<const Fr> witness,
                  const Progress& progress = {}, UnfinishedKey unfinished = UnfinishedKey::refused);

}  // namespace pyzkfl::groth16

// The prover of Groth16 with committed wires (Groth 2016; Bowe, Gabizon, Miers 2017; docs/protocol.md,
// section 3).
//
// Time: the randomisers and the commitments' blinders meet only constant-time multiplications,
// transforms and row evaluations are constant time, multi-scalar multiplications are not (curves/msm.h): run
// a prover on a machine of one's own. Vectors made here from the witness are wiped; what curves/msm.h keeps
// of its digits while it works is not.
#pragma once

#include <span>
#include <vector>

#include "base/progress.h"
#include "groth16/keys.h"
#include "groth16/proof.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::groth16 {

struct Proved {
  Proof proof;
  std::vector<Commitment> commitments;  // one for each group, with its proof of knowledge
};

// Proves that `witness` (all wires, in final order) satisfies `cs`, and verifies the proof before returning
// it, so that a damaged or malicious key cannot make it give away a false or leaking proof. Throws
// ParameterError if key, system and witness do not belong together; WitnessInvalid naming the first
// constraint that the witness violates, or if the proof fails its own verification.
Proved prove(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness,
             const Progress& progress = {});

// The same without looking at the witness or at the result: what an attacker would run. For tests of
// verifiers only.
Proved prove_unverified(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness,
                        const Progress& progress = {});

// The commitment to group g's wires in `witness`, and its proof of knowledge.
Commitment commit_group(const ProvingKey& key, size_t group, std::span<const Fr> witness);

}  // namespace pyzkfl::groth16

// Keys of a leaf and of its node from one party's secrets: for tests and benchmarks. Real ones come from second phases over one first
// phase (groth16/phase2.h), the leaf's before the node's.
#pragma once

#include "base/progress.h"
#include "recursion/leaf_circuit.h"

namespace pyzkfl::recursion {

struct DevelopmentKeys {
  groth16::ProvingKey leaf, node;
};

// Whoever runs this could forge composed proofs. `leaf`: the leaf circuit's system.
DevelopmentKeys insecure_keys(const ConstraintSystem& leaf, const Progress& progress = {});

}  // namespace pyzkfl::recursion

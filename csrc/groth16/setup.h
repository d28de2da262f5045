// Keys for a circuit from one party's secrets: for tests and benchmarks.
//
// Whoever runs this could forge proofs. Real keys come from a ceremony (phase1.h, phase2.h).
#pragma once

#include <vector>

#include "base/progress.h"
#include "groth16/keys.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::groth16 {

// The setup's secrets ("toxic waste").
struct Trapdoor {
  Fr tau, alpha, beta, delta;
  std::vector<Fr> sigma;  // one for each group

  static Trapdoor random(size_t num_groups);
};

// Keys from fresh secrets, which are wiped. Throws ParameterError if the commitments of the circuit would not
// be binding (check_commitment_independence) or a group is empty.
ProvingKey insecure_setup(const ConstraintSystem& cs, const Progress& progress = {});

// Keys from given secrets, unchecked: for tests of what a bad setup does.
KeyElements insecure_elements(const ConstraintSystem& cs, const Trapdoor& trapdoor,
                              const Progress& progress = {});

// Throws ParameterError for a circuit whose committed wires do not make binding and hiding commitments.
void check_groups(const ConstraintSystem& cs);

}  // namespace pyzkfl::groth16

// A circuit's polynomials at tau, as group elements, from the powers of tau: what a second phase starts from.
#pragma once

#include <vector>

#include "base/progress.h"
#include "groth16/phase1.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::groth16 {

struct CircuitPoints {
  std::vector<G1Affine> a, b_1;  // A_i(tau), B_i(tau) for each wire
  std::vector<G2Affine> b_2;     // B_i(tau)
  std::vector<G1Affine> k;       // beta A_i(tau) + alpha B_i(tau) + C_i(tau)
};

// Reports progress up to 0.95. The first phase must be large enough for the circuit.
CircuitPoints circuit_points(const Phase1& phase1, const ConstraintSystem& cs, const Progress& progress);

}  // namespace pyzkfl::groth16

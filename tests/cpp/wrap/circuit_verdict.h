// What the circuit says of values that the real prover proves as well as it can.
#pragma once

#include <array>

#include "base/errors.h"
#include "sumcheck/prover.h"
#include "wrap/engine.h"
#include "wrap/wrap_circuit.h"

namespace pyzkfl::wrap::testing {

// Whether the wrap circuit has a witness for the real prover's proof of these values.
inline bool circuit_accepts(const Engine& engine, const ColumnKey& key, sumcheck::ProgramValues& values) {
  const std::array<Fr, 2> context = {Fr::from_u64(1), Fr::from_u64(2)};
  const sumcheck::InnerProof inner = sumcheck::prove(key, engine.program(), engine.claims(), values, context);
  try {
    (void)wrap_witness(engine.circuit(), engine.program(), assignment_of(inner));
  } catch (const WitnessInvalid&) {
    return false;
  }
  return true;
}

}  // namespace pyzkfl::wrap::testing

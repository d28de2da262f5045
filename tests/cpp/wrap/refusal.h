// What the circuit says to an assignment.
#pragma once

#include <functional>
#include <string>

#include "wrap/wrap_circuit.h"

namespace pyzkfl::wrap::testing {

// The label of the first constraint that fails; empty if all hold. `prepare` may substitute wires or leave
// checks out.
inline std::string refusal(const sumcheck::Program& program, const WrapAssignment& assignment,
                           const std::function<void(Builder&)>& prepare = {}) {
  Builder b(Builder::Mode::witness);
  if (prepare) prepare(b);
  wrap_circuit(b, program, sumcheck::ClaimTable(program), assignment);
  return b.failure() ? b.failure()->second : "";
}

}  // namespace pyzkfl::wrap::testing

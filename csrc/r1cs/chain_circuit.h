// A circuit of any size for benchmarks and tests of the proof system: x[i+1] = x[i]^2 + x[0], N times, from
// a private x[0] to a public x[N]. Dense: every wire is a full field element.
#pragma once

#include <cstddef>

#include "r1cs/builder.h"

namespace pyzkfl {

// x[steps] for x[0] = start.
inline Fr chain_result(const Fr& start, size_t steps) {
  Fr x = start;
  for (size_t i = 0; i < steps; ++i) x = x.square() + start;
  return x;
}

// Public input: x[steps]. `steps` >= 1 circuit constraints, steps + 2 rows, steps + 1 wires and the constant.
inline void chain_circuit(Builder& b, size_t steps, const Fr& start = Fr()) {
  const Wire result = b.public_input(b.computes() ? chain_result(start, steps) : Fr());
  const Wire first = b.private_wire(start);
  LC x = first;
  for (size_t i = 0; i + 1 < steps; ++i) x = b.product(x, x, "step") + first;
  b.constrain(x, x, result - first, "last step");
}

}  // namespace pyzkfl

// A circuit of two rows, for keys of which there are whole and small ones.
#pragma once

#include "groth16/setup.h"
#include "r1cs/builder.h"

namespace pyzkfl::fuzz {

// Public x, committed y and a blinder, y^2 = x.
inline ConstraintSystem small_circuit() {
  Builder shape(Builder::Mode::shape, 1);
  const Wire x = shape.public_input(Fr());
  const Wire y = shape.committed(0, Fr());
  shape.committed_blinder(0, Fr());
  shape.constrain(shape.product(y, y, "square"), 1, LC(x), "root");
  shape.constrain(y, 1, LC(shape.materialise(y, "copy")), "copy again");
  return shape.take_constraint_system();
}

}  // namespace pyzkfl::fuzz

// The engine's column key from a first phase: powers of one tau serve both (docs/engine.md, section 8).
#pragma once

#include "groth16/phase1.h"
#include "kzg/column_key.h"

namespace pyzkfl::groth16 {

// 2^log_n + 1 powers. The state must have been verified (problem_with): its powers are not checked again. Throws
// ParameterError for a state with fewer powers.
ColumnKey column_key_of(const Phase1& verified, unsigned log_n);

}  // namespace pyzkfl::groth16

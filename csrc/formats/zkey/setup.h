// Groth16's setup for a circuit, from powers of tau to a .zkey: what `snarkjs groth16 setup` and one `zkey
// contribute` do together.
#pragma once

#include <string>

#include "base/progress.h"

namespace pyzkfl::formats {

// Makes the key of a circuit, multiplies one secret delta of this machine's own into it, recorded under
// `name` (at most 64 bytes), and forgets it. Whoever ran this could have kept it, and with it forge proofs: a
// key for parties who do not trust each other needs contributions of several.
//
// The powers must be prepared, large enough, and have contributions (ParameterError else). The bases that are
// used are checked: every point, and against the powers by random combinations. That the powers are powers of
// one tau, and the contributions' chain, is for problem_with_ptau. The circuit's hash in section 10 is that
// of snarkjs, whose `zkey verify` accepts the key. The multiplications with 1 / delta take variable time.
void setup_zkey(const std::string& r1cs, const std::string& ptau, const std::string& output,
                const std::string& name, const Progress& progress = {});

}  // namespace pyzkfl::formats

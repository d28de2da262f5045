// The one power that a prepared .ptau does not have and its largest Lagrange basis in G1 needs: tau^(2n - 1).
//
// snarkjs and we prepare a whole file with nothing in its place. A file that was cut down, as the public ceremonies hand
// them out, has the basis of the file that it was cut from, which had that power. Both serve: no key uses a coefficient of
// that degree. Any third point would be a back door: whoever prepares a file could choose it, and with it forge proofs under
// the keys made from the file (tests/python/formats/test_backdoored_bases.py).
#pragma once

#include "curves/bn254.h"
#include "curves/point_bytes.h"

namespace pyzkfl::formats {

// What stands for the last power in a basis of N = 2^log_n points, if it is the Lagrange basis of any powers at all:
// tau^i = sum_k w^(i k) L_k, here for i = N - 1. One multi-scalar multiplication.
G1Affine last_power_of(PointBytes<Fp> basis, unsigned log_n);

// Whether `power` is tau times `before`. By pairings; the points are points of their groups.
[[nodiscard]] bool follows(const G1Affine& power, const G1Affine& before, const G2Affine& tau_2);

}  // namespace pyzkfl::formats

// Two composed proofs verified in a circuit: Groth16 with one committed group each, under one key whose points are witness, as one
// product of six pairings. docs/recursion.md, section 1.
//
//   e(A_j, B_j) = e(alpha, beta) e(IC_0 + x_j IC_1 + rho_j IC_2 + C_0j, H2) e(C_j, delta)        rho_j = hash(x_j, C_0j)
//   e(C_0j, sigma) = e(P_0j, H2)
//
// with weights 1, w on the first kind and u_1, u_2 on the second, drawn by Poseidon2 from every bit of every point of both proofs and of
// the key, and from x_1, x_2. alpha, beta and H2 are constants.
#pragma once

#include <array>

#include "groth16/keys.h"
#include "groth16/proof.h"
#include "recursion/hashed_points.h"
#include "recursion/tower.h"

namespace pyzkfl::recursion {

// The points of a verifying key that differ between circuits of one first phase.
struct ComposedKey {
  G2Affine delta, sigma;
  std::array<G1Affine, 3> ic;

  // ParameterError unless the key has two public inputs and one group.
  static ComposedKey of(const groth16::VerifyingKey& key);
  // K: a hash of all bits of all coordinates.
  Fr digest() const;
};

struct ComposedProof {
  groth16::Proof proof;
  groth16::Commitment commitment;  // with its proof of knowledge
};

// alpha and beta of both circuits' keys.
struct FirstPhase {
  G1Affine alpha;
  G2Affine beta;

  static FirstPhase of(const groth16::VerifyingKey& key) { return {key.alpha_1(), key.beta_2()}; }
  bool operator==(const FirstPhase&) const = default;
};

// Proves that both proofs verify for x_1 and x_2 under a key, and returns the key's digest. The points of `hints` may be anything.
LC verify_composed(BaseField& fp, const FirstPhase& constants, const ComposedKey& key, const std::array<ComposedProof, 2>& proofs,
                   const std::array<LC, 2>& statements);

}  // namespace pyzkfl::recursion

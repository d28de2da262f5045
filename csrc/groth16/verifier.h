// The verifier of Groth16 with committed wires: docs/protocol.md, section 3.
//
//   e(A, B) = e(alpha, beta) e(IC_0 + sum_i x_i IC_(i+1) + sum_g C_g, H2) e(C, delta_2)
//   e(C_g, sigma_g_2) = e(P_g, H2)      for each group whose proof of knowledge P_g is given
//
// in one multi-pairing, the second kind with nonzero random weights of 128 bits. Every point is checked again
// (on the curve, in the subgroup, not infinity), wherever it comes from. Everything here is public: variable
// time.
#pragma once

#include <span>
#include <vector>

#include "groth16/keys.h"
#include "groth16/proof.h"

namespace pyzkfl::groth16 {

// Whether the proof holds. One commitment for each group, in order. A commitment without its proof of
// knowledge must be one that verify_commitment accepted before. Throws ParameterError for another number of
// inputs or commitments.
[[nodiscard]] bool verify(const VerifyingKey& key, std::span<const Fr> public_inputs,
                          std::span<const Commitment> commitments, const Proof& proof);

// Whether `knowledge` proves that `point` is a commitment under the basis of group `group`. Throws
// ParameterError for no such group.
[[nodiscard]] bool verify_commitment(const VerifyingKey& key, size_t group, const G1Affine& point,
                                     const G1Affine& knowledge);

struct Instance {
  std::vector<Fr> public_inputs;
  std::vector<Commitment> commitments;
  Proof proof;
};

// The positions of the instances that do not verify, in order; empty if all do. One multi-pairing with
// independent weights for all of them; where it fails, the halves are tried, down to single proofs.
[[nodiscard]] std::vector<size_t> verify_batch(const VerifyingKey& key, std::span<const Instance> instances);

}  // namespace pyzkfl::groth16

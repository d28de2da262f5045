// The verifying key and the verifier of Groth16 without committed wires: snarkjs's, Ethereum's (Groth 2016).
//
//   e(A, B) = e(alpha, beta) e(IC_0 + sum_i x_i IC_(i+1), gamma) e(C, delta)
//
// Everything here is public: variable time. A proof can be re-randomised by anyone, so its bytes are never an
// identifier.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "groth16/key_view.h"
#include "groth16/proof.h"

namespace pyzkfl::groth16 {

class Equation;

class PlainVerifyingKey {
 public:
  // Throws DecodeError for a key with which anyone could forge, or swap public inputs: delta = gamma, a point
  // at infinity, off the curve or outside its subgroup, two equal points of IC.
  PlainVerifyingKey(const G1Affine& alpha_1, const G2Affine& beta_2, const G2Affine& gamma_2,
                    const G2Affine& delta_2, std::vector<G1Affine> ic);
  // The one that belongs to a proving key. The same refusals.
  explicit PlainVerifyingKey(const KeyView& key);

  size_t num_public() const { return ic().size() - 1; }
  const G1Affine& alpha_1() const;
  const G2Affine& beta_2() const;
  const G2Affine& gamma_2() const;
  const G2Affine& delta_2() const;
  std::span<const G1Affine> ic() const;

  const Equation& equation() const { return *equation_; }
  bool operator==(const PlainVerifyingKey& other) const;

 private:
  std::shared_ptr<const Equation> equation_;
};

struct PlainInstance {
  std::vector<Fr> public_inputs;
  Proof proof;
};

// Whether the proof holds. Every point is checked again, wherever it comes from. Throws ParameterError for
// another number of inputs.
[[nodiscard]] bool verify(const PlainVerifyingKey& key, std::span<const Fr> public_inputs,
                          const Proof& proof);

// The positions of the instances that do not verify, in order; empty if all do. One multi-pairing with
// independent random weights of 128 bits; where it fails, the halves are tried, down to single proofs.
[[nodiscard]] std::vector<size_t> verify_batch(const PlainVerifyingKey& key,
                                               std::span<const PlainInstance> instances);

// The same from bytes, one instance after the other: num_public() scalars of 32 bytes, little-endian, each,
// and proofs of 256 bytes (proof.h). What does not decode strictly, a scalar of r or more included, does not
// verify. Throws ParameterError for another number of bytes.
[[nodiscard]] std::vector<size_t> verify_batch(const PlainVerifyingKey& key, size_t count,
                                               ByteSpan public_inputs, ByteSpan proofs);

}  // namespace pyzkfl::groth16

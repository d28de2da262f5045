// The keys of Groth16 with committed wires, checked.
//
// Neither class can hold a key with which anyone could forge: delta = gamma (a second phase that was
// skipped), a sigma that is one or shared by two groups (then a proof of knowledge proves nothing, or not for
// one group), points at infinity, off the curve, outside the subgroup.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "groth16/equation.h"
#include "groth16/key_elements.h"
#include "kzg/commitment_key.h"

namespace pyzkfl::groth16 {

class VerifyingKey {
 public:
  // The verifier's part of a key. Throws DecodeError for a key that must not be used.
  explicit VerifyingKey(const KeyElements& key);

  // Header, circuit's digest, number of public inputs (u32), of groups (u8); alpha, beta_2, delta_2, sigma_2
  // of each group, IC: points uncompressed. `from_bytes` throws DecodeError or UnsupportedVersion.
  Bytes to_bytes() const;
  static VerifyingKey from_bytes(ByteSpan data);
  // SHA-256 of to_bytes().
  const Digest& digest() const { return digest_; }

  // The digest of the constraint system that proofs are about.
  const Digest& circuit() const { return circuit_; }
  size_t num_public() const { return equation_->num_public(); }
  size_t num_groups() const { return equation_->num_groups(); }

  const G1Affine& alpha_1() const { return equation_->points().alpha_1; }
  const G2Affine& beta_2() const { return equation_->points().beta_2; }
  const G2Affine& delta_2() const { return equation_->points().delta_2; }
  const G2Affine& sigma_2(size_t group) const { return equation_->points().sigma_2[group]; }
  std::span<const G1Affine> ic() const { return equation_->points().ic; }
  // What the verifier checks; gamma is the generator.
  const Equation& equation() const { return *equation_; }

 private:
  VerifyingKey(const Digest& circuit, KeyPoints points);

  Digest circuit_{};
  std::shared_ptr<const Equation> equation_;
  Digest digest_{};
};

class ProvingKey {
 public:
  // Throws DecodeError for a key that must not be used, whose arrays do not fit its layout, or whose beta or
  // delta in G1 is not that in G2.
  explicit ProvingKey(KeyElements key);

  const KeyElements& elements() const { return key_; }
  const VerifyingKey& verifying_key() const { return verifying_key_; }
  const Digest& circuit() const { return key_.circuit; }
  size_t num_groups() const { return key_.groups.size(); }
  // The key of group g's commitments; its blinder is the group's last wire. Throws ParameterError for no such
  // group.
  const CommitmentKey& commitment_key(size_t group) const;

  // sigma C for the commitment to the same values and blinder: the proof of knowledge of its opening.
  G1Affine prove_knowledge(size_t group, std::span<const int64_t> values, const Fr& blinder) const;
  G1Affine prove_knowledge(size_t group, std::span<const Fr> values, const Fr& blinder) const;

  // Header and write_elements. A caller that wrote the bytes itself, and kept them where nobody else writes,
  // may skip the subgroup check of the points of G2 that only the prover uses; every other check is always
  // made.
  Bytes to_bytes() const;
  // The same bytes piece by piece: never more than a few megabytes of them are in memory.
  void stream(const ByteSink& out) const;
  static ProvingKey from_bytes(ByteSpan data, SubgroupCheck check = SubgroupCheck::done);

 private:
  KeyElements key_;
  VerifyingKey verifying_key_;
  std::vector<CommitmentKey> commitment_keys_;
};

}  // namespace pyzkfl::groth16

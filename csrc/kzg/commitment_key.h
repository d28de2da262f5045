// Pedersen commitments to vectors: C = sum v_i K_i + b K_blind, over a basis whose discrete logarithms nobody
// knows.
//
// The basis is a group of a Groth16 setup (docs/protocol.md, section 3); a KZG basis can take its place.
// Perfectly hiding for a uniform b; binding as long as nobody knows a relation between the K_i. Additive: the
// sum of commitments opens to the sum of the values with the sum of the blinders. The digest names the basis
// in a Job.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl {

class CommitmentKey {
 public:
  // `points`: one for each value, then the blinder's. Throws ParameterError if there is no blinder's point,
  // if a point is infinity, or if two points are equal (values could be swapped).
  explicit CommitmentKey(std::vector<G1Affine> points);

  // How many values a commitment takes, the blinder not counted.
  size_t size() const { return points_.size() - 1; }
  std::span<const G1Affine> points() const { return points_; }

  // The commitment to `values`, of which there must be size() (else ParameterError). The time depends on the
  // values (see curves/msm.h), not on the blinder.
  G1Affine commit(std::span<const int64_t> values, const Fr& blinder) const;
  G1Affine commit(std::span<const Fr> values, const Fr& blinder) const;

  // SHA-256 of to_bytes().
  const Digest& digest() const { return digest_; }
  // Header, number of points (u32), points uncompressed.
  Bytes to_bytes() const;
  // Throws DecodeError or UnsupportedVersion.
  static CommitmentKey from_bytes(ByteSpan data);

 private:
  std::vector<G1Affine> points_;
  Digest digest_;
};

// The same linear map without the checks on a basis: sum v_i P_i + b P_last. Used for proofs of knowledge
// too.
G1Affine linear_commitment(std::span<const G1Affine> points, std::span<const int64_t> values,
                           const Fr& blinder);
G1Affine linear_commitment(std::span<const G1Affine> points, std::span<const Fr> values, const Fr& blinder);

}  // namespace pyzkfl

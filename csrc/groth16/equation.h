// The verification equation of Groth16, for one proof or many, with or without committed wires:
//
//   e(A, B) = e(alpha, beta) e(IC_0 + sum_i x_i IC_(i+1) + sum_g C_g, gamma) e(C, delta)
//   e(C_g, sigma_g) = e(P_g, gamma)      for each group whose proof of knowledge P_g is given
//
// What both kinds of verifying keys hold. Many equations are checked as one product of pairings, each times a
// nonzero random weight of 128 bits. Everything here is public: variable time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "groth16/key_view.h"
#include "groth16/proof.h"
#include "pairing/pairing.h"

namespace pyzkfl::groth16 {

struct KeyPoints {
  G1Affine alpha_1;
  G2Affine beta_2, gamma_2, delta_2;
  std::vector<G2Affine> sigma_2;  // one for each group of committed wires
  std::vector<G1Affine> ic;       // of the constant wire and each public input

  bool operator==(const KeyPoints&) const = default;
};

// What is to be proven, and the proof. Owns nothing.
struct Claim {
  std::span<const Fr> public_inputs;
  std::span<const Commitment> commitments;  // one for each group
  const Proof* proof;
};

class Equation {
 public:
  // Throws DecodeError for points with which anyone could forge: related_points (unless allowed), a sigma that is, up
  // to sign, beta, gamma, delta or another sigma, two equal points of IC, a point at infinity, off the curve or
  // outside its subgroup.
  explicit Equation(KeyPoints points, UnfinishedKey unfinished = UnfinishedKey::refused);

  const KeyPoints& points() const { return points_; }
  size_t num_public() const { return points_.ic.size() - 1; }
  size_t num_groups() const { return points_.sigma_2.size(); }

  // Whether the claim's proof holds. All its points are checked: on the curve, in the subgroup, not infinity.
  // Throws ParameterError for another number of inputs or commitments.
  [[nodiscard]] bool holds(const Claim& claim) const { return holds(claim, {}); }
  // The same for the claim's equation times another one: the product of e(P, Q) over `others`, raised to a nonzero
  // weight that whoever made the proof could not choose (kzg/symmetric_opening.h). Without such a weight the two could
  // be false and cancel.
  [[nodiscard]] bool holds(const Claim& claim, std::span<const PreparedPairingInput> others) const;
  // For each claim whether all its points are points of their groups, none infinite.
  [[nodiscard]] static std::vector<uint8_t> well_formed(std::span<const Claim> claims);
  // Whether all claims hold, each with a random weight of its own; they must be well formed. `others` as above: each
  // equation among them with a weight that is independent of all. Wrong with probability at most 2^-127.
  [[nodiscard]] bool hold_together(std::span<const Claim> claims,
                                   std::span<const PreparedPairingInput> others = {}) const;
  // The positions of the claims that do not hold, in order.
  [[nodiscard]] std::vector<size_t> failing(std::span<const Claim> claims) const;
  // e(point, sigma_group) = e(knowledge, gamma), both points checked.
  [[nodiscard]] bool knows(size_t group, const G1Affine& point, const G1Affine& knowledge) const;

 private:
  void expect_counts(const Claim& claim) const;
  // As holds, for a claim that is well formed.
  bool satisfied(const Claim& claim, std::span<const PreparedPairingInput> others) const;
  // Of claims that are well formed.
  void bisect(std::span<const Claim> claims, std::span<const size_t> positions,
              std::vector<size_t>& failing) const;

  KeyPoints points_;
  Fp12 alpha_beta_;
  G2Prepared beta_, gamma_, delta_;
  std::vector<G2Prepared> sigma_;
};

}  // namespace pyzkfl::groth16

// See plain_verifier.h.
#include "groth16/plain_verifier.h"

#include <utility>

#include "groth16/equation.h"

namespace pyzkfl::groth16 {

PlainVerifyingKey::PlainVerifyingKey(const G1Affine& alpha_1, const G2Affine& beta_2, const G2Affine& gamma_2,
                                     const G2Affine& delta_2, std::vector<G1Affine> ic)
    : equation_(
          std::make_shared<const Equation>(KeyPoints{alpha_1, beta_2, gamma_2, delta_2, {}, std::move(ic)})) {
}

PlainVerifyingKey::PlainVerifyingKey(const KeyView& key)
    : PlainVerifyingKey(key.alpha_1, key.beta_2, key.gamma_2, key.delta_2, points_of(key.ic)) {}

const G1Affine& PlainVerifyingKey::alpha_1() const { return equation_->points().alpha_1; }
const G2Affine& PlainVerifyingKey::beta_2() const { return equation_->points().beta_2; }
const G2Affine& PlainVerifyingKey::gamma_2() const { return equation_->points().gamma_2; }
const G2Affine& PlainVerifyingKey::delta_2() const { return equation_->points().delta_2; }
std::span<const G1Affine> PlainVerifyingKey::ic() const { return equation_->points().ic; }

bool PlainVerifyingKey::operator==(const PlainVerifyingKey& other) const {
  return equation_->points() == other.equation_->points();
}

bool verify(const PlainVerifyingKey& key, std::span<const Fr> public_inputs, const Proof& proof) {
  return key.equation().holds({public_inputs, {}, &proof});
}

std::vector<size_t> verify_batch(const PlainVerifyingKey& key, std::span<const PlainInstance> instances) {
  std::vector<Claim> claims;
  claims.reserve(instances.size());
  for (const PlainInstance& instance : instances)
    claims.push_back({instance.public_inputs, {}, &instance.proof});
  return key.equation().failing(claims);
}

}  // namespace pyzkfl::groth16

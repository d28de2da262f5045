// See verifier.h.
#include "groth16/verifier.h"

#include "groth16/equation.h"

namespace pyzkfl::groth16 {

bool verify(const VerifyingKey& key, std::span<const Fr> public_inputs,
            std::span<const Commitment> commitments, const Proof& proof) {
  return key.equation().holds({public_inputs, commitments, &proof});
}

bool verify_commitment(const VerifyingKey& key, size_t group, const G1Affine& point,
                       const G1Affine& knowledge) {
  return key.equation().knows(group, point, knowledge);
}

std::vector<size_t> verify_batch(const VerifyingKey& key, std::span<const Instance> instances) {
  std::vector<Claim> claims;
  claims.reserve(instances.size());
  for (const Instance& instance : instances)
    claims.push_back({instance.public_inputs, instance.commitments, &instance.proof});
  return key.equation().failing(claims);
}

}  // namespace pyzkfl::groth16

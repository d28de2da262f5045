// See verifier.h.
#include "groth16/verifier.h"

#include <algorithm>
#include <string>

#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "kzg/random_weights.h"
#include "pairing/pairing.h"

namespace pyzkfl::groth16 {
namespace {

bool usable(const G1Affine& p) { return !p.is_infinity() && p.is_on_curve(); }
bool usable(const G2Affine& p) { return !p.is_infinity() && p.is_on_curve() && is_in_subgroup(p); }

bool usable(std::span<const Commitment> commitments, const Proof& proof) {
  return usable(proof.a) && usable(proof.b) && usable(proof.c) &&
         std::all_of(commitments.begin(), commitments.end(), [](const Commitment& commitment) {
           return usable(commitment.point) && (!commitment.knowledge || usable(*commitment.knowledge));
         });
}

void expect_counts(const VerifyingKey& key, size_t inputs, size_t commitments) {
  if (inputs != key.num_public())
    throw ParameterError("the statement has " + std::to_string(inputs) +
                         " public inputs, the verifying key " + std::to_string(key.num_public()));
  if (commitments != key.num_groups())
    throw ParameterError("the statement has " + std::to_string(commitments) +
                         " commitments, the verifying key " + std::to_string(key.num_groups()) +
                         " groups of committed wires");
}

// The equations of many instances, each times its weight, as one product of pairings.
class Accumulator {
 public:
  explicit Accumulator(const VerifyingKey& key)
      : key_(key), inputs_(1 + key.num_public()), committed_(key.num_groups()) {}

  // `weight` of the instance's equation; its proofs of knowledge get fresh random ones.
  void add(std::span<const Fr> public_inputs, std::span<const Commitment> commitments, const Proof& proof,
           const Fr& weight) {
    const bool plain = weight.is_one();
    const auto times = [&](const G1Affine& p) { return plain ? G1(p) : mul_vartime(G1(p), weight); };
    left_.push_back({times(proof.a).to_affine(), proof.b});
    c_ += times(proof.c);
    weights_ += weight;
    inputs_[0] += weight;
    for (size_t i = 0; i < public_inputs.size(); ++i) inputs_[1 + i] += weight * public_inputs[i];
    for (size_t g = 0; g < commitments.size(); ++g) {
      generator_ += times(commitments[g].point);
      if (!commitments[g].knowledge) continue;
      const Fr own = random_weight();
      committed_[g] += mul_vartime(G1(commitments[g].point), own);
      generator_ += mul_vartime(G1(*commitments[g].knowledge), own);
    }
  }

  // prod e(w A, B) e(-C, delta) e(-(IC + sum C_g) - sum w' P_g, H2) prod_g e(sum w' C_g, sigma_g) = e(alpha,
  // beta)^(sum w)
  [[nodiscard]] bool holds() const {
    const G1 generator = generator_ + msm(key_.ic(), inputs_);
    std::vector<PreparedPairingInput> prepared = {
        {(-c_).to_affine(), &key_.prepared_delta()},
        {(-generator).to_affine(), &key_.prepared_generator()},
    };
    for (size_t g = 0; g < committed_.size(); ++g)
      prepared.push_back({committed_[g].to_affine(), &key_.prepared_sigma(g)});
    if (weights_.is_one())
      return final_exponentiation(multi_miller_loop(left_, prepared)) == key_.alpha_beta();
    const G1 alpha = mul_vartime(G1(key_.alpha_1()), weights_);
    prepared.push_back({(-alpha).to_affine(), &key_.prepared_beta()});
    return final_exponentiation(multi_miller_loop(left_, prepared)) == Fp12::one();
  }

 private:
  const VerifyingKey& key_;
  std::vector<PairingInput> left_;  // w A, B
  G1 c_;                            // sum w C, paired with delta
  G1 generator_;                    // commitments and proofs of knowledge, paired with the generator
  std::vector<Fr> inputs_;          // scalars of IC
  std::vector<G1> committed_;       // of each group, paired with its sigma
  Fr weights_;                      // sum w
};

bool holds_together(const VerifyingKey& key, std::span<const Instance> instances) {
  Accumulator all(key);
  for (const Instance& instance : instances)
    all.add(instance.public_inputs, instance.commitments, instance.proof, random_weight());
  return all.holds();
}

// Appends to `bad` the positions, counted from `offset`, of the instances that fail.
void bisect(const VerifyingKey& key, std::span<const Instance> instances, size_t offset,
            std::vector<size_t>& bad) {
  if (instances.size() == 1) {
    const Instance& one = instances[0];
    if (!verify(key, one.public_inputs, one.commitments, one.proof)) bad.push_back(offset);
    return;
  }
  if (instances.empty() || holds_together(key, instances)) return;
  const size_t half = instances.size() / 2;
  bisect(key, instances.first(half), offset, bad);
  bisect(key, instances.subspan(half), offset + half, bad);
}

}  // namespace

bool verify(const VerifyingKey& key, std::span<const Fr> public_inputs,
            std::span<const Commitment> commitments, const Proof& proof) {
  expect_counts(key, public_inputs.size(), commitments.size());
  if (!usable(commitments, proof)) return false;
  Accumulator one(key);
  one.add(public_inputs, commitments, proof, Fr::one());
  return one.holds();
}

bool verify_commitment(const VerifyingKey& key, size_t group, const G1Affine& point,
                       const G1Affine& knowledge) {
  if (group >= key.num_groups())
    throw ParameterError("the verifying key has " + std::to_string(key.num_groups()) +
                         " groups of committed wires");
  if (!usable(point) || !usable(knowledge)) return false;
  const std::vector<PreparedPairingInput> prepared = {{point, &key.prepared_sigma(group)},
                                                      {-knowledge, &key.prepared_generator()}};
  return pairing_product_is_one({}, prepared);
}

std::vector<size_t> verify_batch(const VerifyingKey& key, std::span<const Instance> instances) {
  std::vector<size_t> malformed;
  std::vector<Instance> rest;
  std::vector<size_t> positions;
  for (size_t i = 0; i < instances.size(); ++i) {
    const Instance& instance = instances[i];
    expect_counts(key, instance.public_inputs.size(), instance.commitments.size());
    if (usable(instance.commitments, instance.proof)) {
      rest.push_back(instance);
      positions.push_back(i);
    } else {
      malformed.push_back(i);
    }
  }
  std::vector<size_t> bad;
  bisect(key, rest, 0, bad);
  for (size_t& i : bad) i = positions[i];
  bad.insert(bad.end(), malformed.begin(), malformed.end());
  std::sort(bad.begin(), bad.end());
  return bad;
}

}  // namespace pyzkfl::groth16

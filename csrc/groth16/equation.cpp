// See equation.h.
#include "groth16/equation.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/thread_pool.h"
#include "curves/encoding.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "groth16/key_checks.h"
#include "kzg/point_arrays.h"
#include "kzg/random_weights.h"

namespace pyzkfl::groth16 {
namespace {

constexpr size_t claims_a_thread = 16;  // claims a thread takes at a time

bool equal_up_to_sign(const G2Affine& p, const G2Affine& q) { return p.x == q.x; }

const KeyPoints& checked(const KeyPoints& key, UnfinishedKey unfinished) {
  refuse_useless(key.alpha_1, "alpha");
  refuse_useless(key.beta_2, "beta");
  refuse_useless(key.gamma_2, "gamma");
  refuse_useless(key.delta_2, "delta");
  const auto related = related_points(key.alpha_1, key.beta_2, key.gamma_2, key.delta_2);
  if (related && unfinished == UnfinishedKey::refused) throw DecodeError("key: " + *related);
  for (size_t g = 0; g < key.sigma_2.size(); ++g) {
    refuse_useless(key.sigma_2[g], "sigma");
    if (equal_up_to_sign(key.sigma_2[g], key.gamma_2))
      throw DecodeError(
          "key: sigma is one: the second phase of the setup was skipped, so a proof of knowledge proves "
          "nothing");
    if (equal_up_to_sign(key.sigma_2[g], key.delta_2)) throw DecodeError("key: a sigma equals delta, up to sign");
    if (equal_up_to_sign(key.sigma_2[g], key.beta_2)) throw DecodeError("key: a sigma equals beta, up to sign");
    for (size_t other = 0; other < g; ++other)
      if (equal_up_to_sign(key.sigma_2[g], key.sigma_2[other]))
        throw DecodeError(
            "key: two groups share one sigma, so terms could move from one commitment to the other");
  }
  if (key.ic.empty()) throw DecodeError("key: no point for the constant wire");
  if (unfinished == UnfinishedKey::allowed) {
    // Such keys come from powers of tau without contributions, too, where tau is 1 and most points are infinity.
    for (const G1Affine& point : key.ic)
      if (!point.is_on_curve()) throw DecodeError("key: a point of a public input is no point of its group");
    return key;
  }
  auto sorted = std::vector<std::array<uint8_t, g1_evm_bytes>>();
  sorted.reserve(key.ic.size());
  for (const G1Affine& point : key.ic) {
    refuse_useless(point, "a point of a public input");
    sorted.push_back(to_evm(point));
  }
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    throw DecodeError("key: two public inputs share one point, so their values could be swapped");
  return key;
}

bool usable(const G1Affine& p) { return !p.is_infinity() && p.is_on_curve(); }

// Everything but that B lies in the subgroup.
bool on_curves(const Claim& claim) {
  return usable(claim.proof->a) && !claim.proof->b.is_infinity() && claim.proof->b.is_on_curve() &&
         usable(claim.proof->c) &&
         std::all_of(claim.commitments.begin(), claim.commitments.end(), [](const Commitment& commitment) {
           return usable(commitment.point) && (!commitment.knowledge || usable(*commitment.knowledge));
         });
}

}  // namespace

Equation::Equation(KeyPoints points, UnfinishedKey unfinished)
    : points_(std::move(points)),
      alpha_beta_((checked(points_, unfinished), pairing(points_.alpha_1, points_.beta_2))),
      beta_(points_.beta_2),
      gamma_(points_.gamma_2),
      delta_(points_.delta_2) {
  for (const G2Affine& sigma : points_.sigma_2) sigma_.emplace_back(sigma);
}

std::vector<uint8_t> Equation::well_formed(std::span<const Claim> claims) {
  std::vector<uint8_t> fine(claims.size());
  parallel_for(claims.size(), claims_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) fine[i] = on_curves(claims[i]);
  });
  std::vector<G2Affine> b;
  for (size_t i = 0; i < claims.size(); ++i)
    if (fine[i]) b.push_back(claims[i].proof->b);
  if (all_in_subgroup(b)) return fine;
  parallel_for(claims.size(), claims_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) fine[i] = fine[i] && is_in_subgroup(claims[i].proof->b);
  });
  return fine;
}

void Equation::expect_counts(const Claim& claim) const {
  if (claim.public_inputs.size() != num_public())
    throw ParameterError("the statement has " + std::to_string(claim.public_inputs.size()) +
                         " public inputs, the verifying key " + std::to_string(num_public()));
  if (claim.commitments.size() != num_groups())
    throw ParameterError("the statement has " + std::to_string(claim.commitments.size()) +
                         " commitments, the verifying key " + std::to_string(num_groups()) +
                         " groups of committed wires");
}

bool Equation::holds(const Claim& claim, std::span<const PreparedPairingInput> others) const {
  expect_counts(claim);
  return on_curves(claim) && is_in_subgroup(claim.proof->b) && satisfied(claim, others);
}

bool Equation::satisfied(const Claim& claim, std::span<const PreparedPairingInput> others) const {
  G1 on_gamma = msm(std::span(points_.ic).subspan(1), claim.public_inputs) + points_.ic[0];
  std::vector<G1> on_sigma(num_groups());
  for (size_t g = 0; g < num_groups(); ++g) {
    const Commitment& commitment = claim.commitments[g];
    on_gamma += commitment.point;
    if (!commitment.knowledge) continue;
    const Fr weight = random_weight();
    on_sigma[g] = mul_vartime(G1(commitment.point), weight);
    on_gamma += mul_vartime(G1(*commitment.knowledge), weight);
  }
  std::vector<PreparedPairingInput> prepared = {{-claim.proof->c, &delta_},
                                                {(-on_gamma).to_affine(), &gamma_}};
  for (size_t g = 0; g < num_groups(); ++g) prepared.push_back({on_sigma[g].to_affine(), &sigma_[g]});
  prepared.insert(prepared.end(), others.begin(), others.end());
  const PairingInput left = {claim.proof->a, claim.proof->b};
  return final_exponentiation(multi_miller_loop({&left, 1}, prepared)) == alpha_beta_;
}

bool Equation::knows(size_t group, const G1Affine& point, const G1Affine& knowledge) const {
  if (group >= num_groups())
    throw ParameterError("the verifying key has " + std::to_string(num_groups()) +
                         " groups of committed wires");
  if (!usable(point) || !usable(knowledge)) return false;
  const std::vector<PreparedPairingInput> prepared = {{point, &sigma_[group]}, {-knowledge, &gamma_}};
  return pairing_product_is_one({}, prepared);
}

// prod e(w A, B)  e(-sum w C, delta)  e(-sum w (IC + sum C_g) - sum w' P_g, gamma)
//   prod_g e(sum w' C_g, sigma_g)  e(-(sum w) alpha, beta)  others  =  1
bool Equation::hold_together(std::span<const Claim> claims, std::span<const PreparedPairingInput> others) const {
  const size_t count = claims.size(), groups = num_groups();
  const std::vector<Fr> weights = random_weights(count);
  std::vector<PairingInput> left(count);
  parallel_for(count, claims_a_thread, [&](size_t begin, size_t end) {
    std::vector<G1> products(end - begin);
    for (size_t i = begin; i < end; ++i)
      products[i - begin] = mul_vartime(G1(claims[i].proof->a), weights[i]);
    const std::vector<G1Affine> affine = batch_to_affine(products);
    for (size_t i = begin; i < end; ++i) left[i] = {affine[i - begin], claims[i].proof->b};
  });

  std::vector<G1Affine> c(count);
  for (size_t i = 0; i < count; ++i) c[i] = claims[i].proof->c;
  std::vector<Fr> inputs(1 + num_public());
  for (const Fr& weight : weights) inputs[0] += weight;
  parallel_for(num_public(), 1, [&](size_t begin, size_t end) {
    for (size_t i = 0; i < count; ++i)
      for (size_t k = begin; k < end; ++k) inputs[1 + k] += weights[i] * claims[i].public_inputs[k];
  });
  G1 on_gamma = msm(points_.ic, inputs);
  std::vector<PreparedPairingInput> prepared = {{(-msm(c, weights)).to_affine(), &delta_}};
  for (size_t g = 0; g < groups; ++g) {
    std::vector<G1Affine> points(count), known, knowledge;
    for (size_t i = 0; i < count; ++i) {
      const Commitment& commitment = claims[i].commitments[g];
      points[i] = commitment.point;
      if (!commitment.knowledge) continue;
      known.push_back(commitment.point);
      knowledge.push_back(*commitment.knowledge);
    }
    const std::vector<Fr> own = random_weights(known.size());
    on_gamma += msm(points, weights) + msm(knowledge, own);
    prepared.push_back({msm(known, own).to_affine(), &sigma_[g]});
  }
  prepared.push_back({(-on_gamma).to_affine(), &gamma_});
  prepared.push_back({(-mul_vartime(G1(points_.alpha_1), inputs[0])).to_affine(), &beta_});
  prepared.insert(prepared.end(), others.begin(), others.end());
  return pairing_product_is_one(left, prepared);
}

void Equation::bisect(std::span<const Claim> claims, std::span<const size_t> positions,
                      std::vector<size_t>& failing) const {
  if (claims.empty()) return;
  if (claims.size() == 1) {
    if (!satisfied(claims[0], {})) failing.push_back(positions[0]);
    return;
  }
  if (hold_together(claims)) return;
  const size_t half = claims.size() / 2;
  bisect(claims.first(half), positions.first(half), failing);
  bisect(claims.subspan(half), positions.subspan(half), failing);
}

std::vector<size_t> Equation::failing(std::span<const Claim> claims) const {
  for (const Claim& claim : claims) expect_counts(claim);
  const std::vector<uint8_t> fine = well_formed(claims);
  std::vector<Claim> rest;
  std::vector<size_t> positions, bad;
  for (size_t i = 0; i < claims.size(); ++i) {
    if (fine[i]) {
      rest.push_back(claims[i]);
      positions.push_back(i);
    } else {
      bad.push_back(i);
    }
  }
  bisect(rest, positions, bad);
  std::sort(bad.begin(), bad.end());
  return bad;
}

}  // namespace pyzkfl::groth16

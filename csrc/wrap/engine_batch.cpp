// Many proofs as one product of pairings (wrap/engine.h): N for the A and B of Groth16, three for its key, three for all
// openings, whatever N is.
#include <algorithm>

#include "base/errors.h"
#include "curves/encoding.h"
#include "curves/msm.h"
#include "groth16/equation.h"
#include "kzg/random_weights.h"
#include "kzg/symmetric_opening.h"
#include "wrap/engine.h"

namespace pyzkfl::wrap {

struct EngineVerifier::Item {
  size_t position;
  const Statement* statement;
  const EngineProof* proof;
  Combination about;
};

// prod_i (e(C_i - [i0_i] - i1_i [tau] - W_i, [1]_2) e(s_i W_i, [tau]_2) e(-W_i, [tau^2]_2))^w_i, s_i = z_i + 1/z_i, is 1
// for true openings. It goes into the product of Groth16's equations, whose weights are others.
bool EngineVerifier::hold_together(std::span<const Item> items) const {
  const std::vector<Fr> weights = random_weights(items.size());
  std::vector<groth16::Claim> claims;
  std::vector<G1Affine> points, quotients;
  std::vector<Fr> scalars, with_s, negative;
  Fr generator, tau;
  for (size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    const EngineProof& proof = *item.proof;
    claims.push_back({{&item.about.input, 1}, {}, &proof.groth16});
    points.insert(points.end(), item.about.points.begin(), item.about.points.end());
    for (const Fr& weight : item.about.weights) scalars.push_back(weights[i] * weight);
    quotients.push_back(proof.quotient);
    with_s.push_back(weights[i] * (proof.z + proof.z.inverse_vartime()));
    negative.push_back(-weights[i]);
    generator -= weights[i] * proof.i0;
    tau -= weights[i] * proof.i1;
  }
  points.insert(points.end(), {g1_generator(), columns_.tau_1()});
  scalars.insert(scalars.end(), {generator, tau});
  const G1 of_quotients = msm(std::span<const G1Affine>(quotients), negative);
  const G1 constant = msm(std::span<const G1Affine>(points), scalars) + of_quotients;
  const G1 middle = msm(std::span<const G1Affine>(quotients), with_s);
  const std::vector<G1Affine> affine = batch_to_affine(std::vector<G1>{constant, middle, of_quotients});
  const std::vector<PreparedPairingInput> openings = {{affine[0], &columns_.one_2_prepared()},
                                                      {affine[1], &columns_.tau_2_prepared()},
                                                      {affine[2], &columns_.tau_squared_2_prepared()}};
  return key_.equation().hold_together(claims, openings);
}

void EngineVerifier::bisect(std::span<const Item> items, std::vector<size_t>& bad) const {
  if (items.empty()) return;
  if (items.size() == 1) {
    if (!verify(*items[0].statement, *items[0].proof)) bad.push_back(items[0].position);
    return;
  }
  if (hold_together(items)) return;
  const size_t half = items.size() / 2;
  bisect(items.first(half), bad);
  bisect(items.subspan(half), bad);
}

std::vector<size_t> EngineVerifier::failing(std::span<const Statement> statements, std::span<const EngineProof> proofs) const {
  if (statements.size() != proofs.size()) throw ParameterError("a batch has one proof for each statement");
  std::vector<Item> items;
  std::vector<groth16::Claim> claims;
  std::vector<size_t> bad;
  for (size_t i = 0; i < statements.size(); ++i) {
    std::optional<Combination> about = combination(statements[i], proofs[i]);
    if (about)
      items.push_back({i, &statements[i], &proofs[i], std::move(*about)});
    else
      bad.push_back(i);
  }
  for (const Item& item : items) claims.push_back({{&item.about.input, 1}, {}, &item.proof->groth16});
  const std::vector<uint8_t> fine = groth16::Equation::well_formed(claims);
  std::vector<Item> rest;
  for (size_t i = 0; i < items.size(); ++i) {
    if (fine[i])
      rest.push_back(std::move(items[i]));
    else
      bad.push_back(items[i].position);
  }
  bisect(rest, bad);
  std::sort(bad.begin(), bad.end());
  return bad;
}

}  // namespace pyzkfl::wrap

// See key_view.h.
#include "groth16/key_view.h"

#include <array>
#include <string>

#include "base/errors.h"
#include "groth16/key_checks.h"
#include "groth16/pairing_relations.h"
#include "poly/domain.h"

namespace pyzkfl::groth16 {
KeyView view_of(const KeyElements& key) {
  KeyView view;
  view.log_n = key.log_n;
  view.num_public = key.layout.num_public;
  view.num_wires = key.layout.num_wires();
  view.alpha_1 = key.alpha_1;
  view.beta_1 = key.beta_1;
  view.delta_1 = key.delta_1;
  view.beta_2 = key.beta_2;
  view.gamma_2 = g2_generator();
  view.delta_2 = key.delta_2;
  view.ic = std::span<const G1Affine>(key.ic);
  view.a = std::span<const G1Affine>(key.a);
  view.b_1 = std::span<const G1Affine>(key.b_1);
  view.l = std::span<const G1Affine>(key.l);
  view.h = std::span<const G1Affine>(key.h);
  view.b_2 = std::span<const G2Affine>(key.b_2);
  view.basis = QuotientBasis::powers;
  return view;
}

void check_key(const KeyView& key, UnfinishedKey unfinished) {
  const bool powers = key.basis == QuotientBasis::powers;
  if (key.log_n < 1 || key.log_n > Domain::kMostLogN - (powers ? 0 : 1))
    throw DecodeError("key: no domain has 2^" + std::to_string(key.log_n) + " points");
  if (key.num_wires <= key.num_public) throw DecodeError("key: it has no more wires than public inputs");
  expect_size(key.ic.count, 1 + size_t{key.num_public}, "IC");
  expect_size(key.a.count, key.num_wires, "A");
  expect_size(key.b_1.count, key.num_wires, "B in G1");
  expect_size(key.b_2.count, key.num_wires, "B in G2");
  expect_size(key.h.count, key.domain_size() - (powers ? 1 : 0), "H");
  if (key.l.count > key.num_wires - key.num_public - 1)
    throw DecodeError("key: L has more points than there are private wires");
  refuse_useless(key.alpha_1, "alpha");
  refuse_useless(key.beta_1, "beta in G1");
  refuse_useless(key.beta_2, "beta in G2");
  refuse_useless(key.gamma_2, "gamma");
  refuse_useless(key.delta_1, "delta in G1");
  refuse_useless(key.delta_2, "delta in G2");
  if (unfinished == UnfinishedKey::allowed) return;
  if (const auto problem = related_points(key.alpha_1, key.beta_2, key.gamma_2, key.delta_2))
    throw DecodeError("key: " + *problem);
}

std::optional<std::string> related_points(const G1Affine& alpha_1, const G2Affine& beta_2, const G2Affine& gamma_2,
                                          const G2Affine& delta_2) {
  // A point and its opposite have one x.
  if (delta_2.x == gamma_2.x)
    return "delta equals gamma: the second phase of the setup was skipped, so anyone could forge proofs";
  if (alpha_1.x == g1_generator().x || beta_2.x == g2_generator().x)
    return "alpha or beta is the generator: the first phase of the setup was skipped, so anyone could forge proofs";
  if (beta_2.x == gamma_2.x || beta_2.x == delta_2.x)
    return "beta equals gamma or delta, so anyone could forge proofs";
  return std::nullopt;
}

void check_both_groups(const KeyView& key) {
  const G1Affine g = g1_generator();
  const G2Affine h = g2_generator();
  const std::array<PairingRelation, 2> relations = {{
      {"delta in G1 is not delta in G2", {{key.delta_1, h}, {-g, key.delta_2}}},
      {"beta in G1 is not beta in G2", {{key.beta_1, h}, {-g, key.beta_2}}},
  }};
  if (const auto problem = first_false(relations)) throw DecodeError("key: " + *problem);
}

}  // namespace pyzkfl::groth16

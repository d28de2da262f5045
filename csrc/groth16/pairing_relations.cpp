// See pairing_relations.h.
#include "groth16/pairing_relations.h"

#include "curves/scalar_mul.h"
#include "kzg/random_weights.h"

namespace pyzkfl::groth16 {

std::optional<std::string> first_false(std::span<const PairingRelation> relations) {
  std::vector<PairingInput> all;
  for (const PairingRelation& relation : relations) {
    const Fr weight = random_weight();
    for (const PairingInput& term : relation.terms)
      all.push_back({mul_vartime(G1(term.p), weight).to_affine(), term.q});
  }
  if (pairing_product_is_one(all)) return std::nullopt;
  for (const PairingRelation& relation : relations)
    if (!pairing_product_is_one(relation.terms)) return relation.otherwise;
  return "the state is inconsistent";
}

}  // namespace pyzkfl::groth16

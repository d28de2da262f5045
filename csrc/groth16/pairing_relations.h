// Equations between points under construction, checked as products of pairings: what the verifiers of both
// phases of a setup share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pairing/pairing.h"

namespace pyzkfl::groth16 {

// One equation: the product of e(p, q) over its terms is 1.
struct PairingRelation {
  std::string otherwise;  // what is wrong if it does not hold
  std::vector<PairingInput> terms;
};

// The `otherwise` of the first relation that does not hold; nothing if all do. All are checked as one product
// with random weights; only if that fails, one by one.
[[nodiscard]] std::optional<std::string> first_false(std::span<const PairingRelation> relations);

}  // namespace pyzkfl::groth16

// See challenge.h.
#include "recursion/challenge.h"

#include <array>

#include "hash/poseidon2.h"
#include "recursion/hashed_points.h"

namespace pyzkfl::recursion {

Fr commitment_challenge(const Fr& statement, const G1Affine& commitment) {
  const std::array<Fr, 2> point = residues(commitment);
  return poseidon2_hash(std::array{statement, point[0], point[1]});
}

}  // namespace pyzkfl::recursion

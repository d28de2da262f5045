// See challenge.h.
#include "recursion/challenge.h"

#include <array>

#include "hash/poseidon2.h"
#include "transcript/transcript.h"

namespace pyzkfl::recursion {

Fr commitment_challenge(const Fr& statement, const G1Affine& commitment) {
  const std::array<Fr, 2> point = transcript::point_elements(commitment);
  return poseidon2_hash(std::array{statement, point[0], point[1]});
}

}  // namespace pyzkfl::recursion

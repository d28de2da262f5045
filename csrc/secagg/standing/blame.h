// Finding who spoilt a sum, with nothing of an honest member's vector shown (docs/secagg.md, "Blame").
//
// A masked vector is a residue modulo 2^b, and commitments know no such residues. So in the blame round masks get 60
// more bits, which follow from the seed of the mask as well, and a member shows its vector under these wide masks as
// integers. That hides it as well as before, and integers and commitments add up alike.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "secagg/standing/plan.h"

namespace pyzkfl::secagg::standing {

inline constexpr unsigned kLimbBits = 30;  // a limb and its sign fit 32 bits, which is what is committed fast
inline constexpr unsigned kWideBits = 2 * kLimbBits;  // by which a wide mask is wider

// Integers, coordinate for coordinate the sum of 2^exponent times a limb, and an element of Fr.
struct WideVector {
  struct Limb {
    unsigned exponent;
    std::vector<int64_t> values;
  };
  std::vector<Limb> limbs;
  std::array<uint8_t, 32> blinder;
};

// The round's seed of the pair with a member that was lost: no secret any more.
struct LostSeed {
  Index lost;
  std::array<uint8_t, 32> seed;
};

// Throws ParameterError for a plan of coordinates so wide that sums of masks do not fit 64 bits.
void check_blamable(const Plan& plan);

// Of a masked vector as it was sent.
Digest vector_digest(ByteSpan packed, std::span<const uint8_t, 32> blinder);

// The sum of whole masks as they are modulo 2^b, each centred: low part only.
struct SignedSeed {
  ByteSpan seed;
  bool negative;
};
WideVector sum_of_masks(const Plan& plan, std::span<const SignedSeed> masks);
// The wide mask of a pair.
WideVector wide_mask(const Plan& plan, ByteSpan pair_seed);

}  // namespace pyzkfl::secagg::standing

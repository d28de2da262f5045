// What snarkjs calls the circuit hash: it names the first key of a circuit, before any contribution to it, in
// section 10 of a .zkey.
#pragma once

#include <span>

#include "curves/bn254.h"
#include "formats/hashing/blake2b.h"
#include "formats/ptau/ptau_file.h"

namespace pyzkfl::formats {

// A key whose gamma and delta are one.
struct FirstKey {
  G1Affine alpha_1, beta_1;
  G2Affine beta_2;
  std::span<const G1Affine> ic, l, a, b_1;
  std::span<const G2Affine> b_2;
};

// The hash of a key over a domain of n points that was made from these powers, bit for bit as snarkjs 0.7
// computes it: header, IC, tau^(n + i) - tau^i, L, A, B, each array after its length (u32, big-endian),
// points uncompressed.
Blake2bDigest circuit_hash(const PtauFile& powers, size_t n, const FirstKey& key);

}  // namespace pyzkfl::formats

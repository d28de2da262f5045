// Arrays of points in the two byte forms that ceremonies hash them in: uncompressed (the EVM's, curves/
// encoding.h) and compressed (x big-endian; the top bit set for the larger y, 40 for infinity). Converted on
// the thread pool, hashed on the caller's.
#pragma once

#include <span>

#include "curves/bn254.h"
#include "formats/hashing/blake2b.h"

namespace pyzkfl::formats {

void hash_uncompressed(Blake2b& hash, std::span<const G1Affine> points);
void hash_uncompressed(Blake2b& hash, std::span<const G2Affine> points);
void hash_compressed(Blake2b& hash, std::span<const G1Affine> points);
void hash_compressed(Blake2b& hash, std::span<const G2Affine> points);

}  // namespace pyzkfl::formats

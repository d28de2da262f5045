// The byte forms of points. Each point has exactly one encoding in each form, and decoding accepts nothing
// else.
//
// EVM (EIP-196, EIP-197): coordinates of 32 bytes big-endian, x then y; in G2 the imaginary part c1 before
// c0. Infinity is all zeros.
//
// Compressed: x alone, big-endian as above, with two flag bits at the top of the first byte (a coordinate has
// 254 bits): 10 the lexicographically smaller y, 11 the larger, 01 infinity (then all other bits are zero),
// 00 refused. y is larger when it is above (p - 1) / 2; in G2, when c1 is, or when c1 = 0 and c0 is. This is
// gnark-crypto's form.
//
// Decoding throws DecodeError for a coordinate that is not below p, a point off the curve, a point of the
// twist outside G2, flags that do not belong, and for infinity unless the caller allows it. Encoding and
// decoding of public data: variable time.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "curves/bn254.h"

namespace pyzkfl {

enum class Infinity { refused, allowed };

inline constexpr size_t g1_evm_bytes = 64;
inline constexpr size_t g2_evm_bytes = 128;
inline constexpr size_t g1_compressed_bytes = 32;
inline constexpr size_t g2_compressed_bytes = 64;

void to_evm(std::span<uint8_t, g1_evm_bytes> out, const G1Affine& p);
void to_evm(std::span<uint8_t, g2_evm_bytes> out, const G2Affine& p);
std::array<uint8_t, g1_evm_bytes> to_evm(const G1Affine& p);
std::array<uint8_t, g2_evm_bytes> to_evm(const G2Affine& p);
G1Affine g1_from_evm(std::span<const uint8_t, g1_evm_bytes> in, Infinity infinity);
G2Affine g2_from_evm(std::span<const uint8_t, g2_evm_bytes> in, Infinity infinity);

void compress(std::span<uint8_t, g1_compressed_bytes> out, const G1Affine& p);
void compress(std::span<uint8_t, g2_compressed_bytes> out, const G2Affine& p);
std::array<uint8_t, g1_compressed_bytes> compress(const G1Affine& p);
std::array<uint8_t, g2_compressed_bytes> compress(const G2Affine& p);
G1Affine g1_decompress(std::span<const uint8_t, g1_compressed_bytes> in, Infinity infinity);
G2Affine g2_decompress(std::span<const uint8_t, g2_compressed_bytes> in, Infinity infinity);

}  // namespace pyzkfl

// Integers modulo the order L = 2^252 + 27742317777372353535851937790883648493 of Ed25519's base point, and their digits.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pyzkfl::edwards {

using Scalar = std::array<uint64_t, 4>;  // little-endian words

Scalar scalar_from_bytes(std::span<const uint8_t, 32> bytes);
// Whether it is below L, as RFC 8032 asks of a signature's second half.
bool is_reduced(const Scalar& s);
// 64 bytes, little-endian, modulo L.
Scalar reduce(std::span<const uint8_t, 64> bytes);
// The digits of a scalar below 2^253 in base 16, each from -8 to 8; and in base 256, each from -128 to 128.
std::array<int8_t, 64> digits16(const Scalar& s);
std::array<int16_t, 32> digits256(const Scalar& s);
// The digits of a scalar below 2^253 in base 2: each 0 or odd and from -15 to 15, and of five in a row at most one not 0
// (the non-adjacent form of width 5).
std::array<int8_t, 256> sparse_digits(const Scalar& s);

}  // namespace pyzkfl::edwards

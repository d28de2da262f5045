// Shamir's secret sharing over GF(2^16), for up to 65,535 holders (Shamir 1979).
//
// The same as shamir.h with wider elements: a secret of 32 bytes is 16 elements, shared each by itself, so a
// 256-bit secret goes in without loss and a share is as long as the secret. Secrets, coefficients and shares
// are secret: nothing branches on them or indexes memory by them. Points and weights are public.
//
// The field is GF(2)[x] / (x^16 + x^12 + x^3 + x + 1), in which x generates the multiplicative group;
// elements are little-endian.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace pyzkfl::secagg {

inline constexpr size_t kWideBlockBytes = 32;

// Shares `secret`, of a multiple of 32 bytes, so that any `threshold` give it back and fewer say nothing.
// `coefficients`: (threshold - 1) * secret.size() fresh random bytes. `shares`: points.size() * secret.size()
// bytes; that of points[i] begins at i * secret.size(). Points are distinct and not zero. Throws
// ParameterError for sizes that do not fit together. About 4 ns a coefficient, point and 32 bytes.
void wide_shamir_split(std::span<uint8_t> shares, ByteSpan secret, ByteSpan coefficients,
                       std::span<const uint16_t> points);

// The public weights with which shares at these points add up to the secret. Throws ParameterError for a point
// that is zero or there twice. O(N log N) for the least power of two N above the points: the logarithms of
// the products of differences are a convolution over XOR, done by Walsh-Hadamard transforms (Didier 2009).
std::vector<uint16_t> wide_shamir_weights_vartime(std::span<const uint16_t> points);

// secret = sum of weights[i] * shares[i]; all shares as long as `secret`, a multiple of 32 bytes.
void wide_shamir_combine(std::span<uint8_t> secret, std::span<const uint16_t> weights,
                         std::span<const ByteSpan> shares);

}  // namespace pyzkfl::secagg

// Shamir's secret sharing over GF(2^8), byte by byte (Shamir 1979).
//
// Why this field: 256-bit secrets go in without loss (they do not fit one element of Fr), shares are as long
// as the secret, uniform and independent of each other below the threshold, and 64 bytes travel together in
// vector registers. The points are 1..255, so at most 255 parties.
//
// The field is GF(2)[x] / (x^8 + x^4 + x^3 + x + 1), as in AES. Secrets, coefficients and shares are secret:
// nothing here branches on them or indexes memory by them. Points are public.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace pyzkfl::secagg {

// Shares `secret`, of kShamirBlockBytes or a multiple, so that any `threshold` of them give it back and fewer
// say nothing. `coefficients`: (threshold - 1) * secret.size() fresh random bytes. `shares`: points.size() *
// secret.size() bytes; the share of points[i] begins at i * secret.size(). Points are distinct and not zero.
// Throws ParameterError for sizes that do not fit together. Constant time; about 6 ns a coefficient, point
// and 64 bytes.
inline constexpr size_t kShamirBlockBytes = 32;
void shamir_split(std::span<uint8_t> shares, ByteSpan secret, ByteSpan coefficients,
                  std::span<const uint8_t> points);

// The public weights with which shares at these points add up to the secret: one set of points, one call,
// whatever the number of secrets. Throws ParameterError for a point that is zero or there twice.
std::vector<uint8_t> shamir_weights_vartime(std::span<const uint8_t> points);

// secret = sum of weights[i] * shares[i]; all shares as long as `secret`, a multiple of kShamirBlockBytes.
// Constant time in the shares.
void shamir_combine(std::span<uint8_t> secret, std::span<const uint8_t> weights,
                    std::span<const ByteSpan> shares);

}  // namespace pyzkfl::secagg

// Many inversions for one, on eight lanes (Montgomery's trick): a chain of products up, one inversion, and down again.
//
// Only for files named *_ifma.cpp (see fields/kernels/ifma_field.h), after ifma_g1.h or ifma_g2.h.
#pragma once

#include "curves/kernels/affine_ifma.h"
#include "curves/kernels/ifma_point_field.h"

namespace pyzkfl::ifma {
namespace {

// Two chains, for the even and the odd groups of eight: one product's latency is longer than its work.
constexpr size_t chains = 2;

// The lanes of `product` replaced by 2^518 over them, so that mul(x, inverse) is x 2^258 / product. False, and nothing
// said about the lanes, if one is zero.
[[nodiscard]] bool invert(V& product, InvertLanes invert_lanes) {
  alignas(64) uint8_t values[8 * coordinate_bytes];
  uint8_t* out[8];
  const uint8_t* in[8];
  for (size_t i = 0; i < 8; ++i) in[i] = out[i] = values + i * coordinate_bytes;
  scatter(out, 0, canonical(product));
  if (!invert_lanes(reinterpret_cast<uint64_t*>(values))) return false;
  product = unpacked(gather(in, 0));
  return true;
}

// Inverts both chains' products.
[[nodiscard]] bool invert(V (&product)[chains], InvertLanes invert_lanes) {
  V both = mul(product[0], product[1]);
  if (!invert(both, invert_lanes)) return false;
  const V second = mul(both, product[0]);
  product[0] = mul(both, product[1]);
  product[1] = second;
  return true;
}

}  // namespace
}  // namespace pyzkfl::ifma

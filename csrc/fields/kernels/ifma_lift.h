// What is added to a product of Fp2 before a product is taken from it, so that the difference is not negative: a multiple of
// p squared. Only for files named *_ifma.cpp; see ifma_field.h.
#pragma once

#include "fields/kernels/ifma_field.h"

namespace pyzkfl::ifma {
namespace {

// 43 p^2 in ten limbs of 52 bits.
struct Limbs52x10 {
  uint64_t l[10];
};
consteval Limbs52x10 lift_of_products() {
  constexpr Limbs52 p = p52.times[1], q = to_limbs52(prime64, 43);
  Limbs52x10 out{};
  for (int i = 0; i < 5; ++i) {
    Wide carry = 0;
    for (int j = 0; j < 5; ++j) {
      carry += static_cast<Wide>(p.l[i]) * q.l[j] + out.l[i + j];
      out.l[i + j] = static_cast<uint64_t>(carry) & mask52;
      carry >>= 52;
    }
    out.l[i + 5] = static_cast<uint64_t>(carry);
  }
  return out;
}
constexpr Limbs52x10 product_lift = lift_of_products();

}  // namespace
}  // namespace pyzkfl::ifma

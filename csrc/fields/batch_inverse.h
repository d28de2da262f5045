// Many inversions for the price of one and three multiplications each (Montgomery's trick).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/errors.h"

namespace pyzkfl {

// Replaces each element by its inverse; zeros stay zero. F is any field of ours (Fp, Fr, Fp2, ...). `scratch`
// is overwritten; it must be as long as `values` and not overlap. Constant time in the values.
template <class F>
void batch_inverse(std::span<F> values, std::span<F> scratch) {
  if (scratch.size() != values.size()) throw ParameterError("batch_inverse: scratch of another length");
  F product = F::one();
  for (size_t i = 0; i < values.size(); ++i) {
    scratch[i] = product;
    const uint64_t zero_mask = 0 - static_cast<uint64_t>(values[i].is_zero());
    product *= F::select(zero_mask, F::one(), values[i]);
  }
  F inverse = product.inverse();
  for (size_t i = values.size(); i-- > 0;) {
    const uint64_t zero_mask = 0 - static_cast<uint64_t>(values[i].is_zero());
    const F next = inverse * F::select(zero_mask, F::one(), values[i]);
    values[i] = F::select(zero_mask, F::zero(), inverse * scratch[i]);
    inverse = next;
  }
}

// The same with scratch memory of its own.
template <class F>
void batch_inverse(std::span<F> values) {
  std::vector<F> scratch(values.size());
  batch_inverse(values, std::span<F>(scratch));
}

}  // namespace pyzkfl

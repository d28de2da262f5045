// See power_products.h.
#include "he/power_products.h"

#include <algorithm>
#include <vector>

namespace pyzkfl::he {

Integer product_of_powers(std::span<const Integer> bases, std::span<const Integer> exponents, const Integer& m) {
  size_t bits = 0;
  for (const Integer& e : exponents) bits = std::max(bits, e.bits());
  // Pippenger: a window's digits sort bases into buckets, whose sums of suffixes give each its weight.
  const size_t window = bases.size() > 300 ? 7 : bases.size() > 30 ? 4 : 2, buckets = size_t{1} << window;
  Integer out(1), scratch;
  const auto multiply = [&](Integer& to, const Integer& by) {
    mpz_mul(scratch.get(), to.get(), by.get());
    mpz_tdiv_r(to.get(), scratch.get(), m.get());
  };
  for (size_t at = (bits + window - 1) / window; at-- > 0;) {
    for (size_t i = 0; i < window; ++i) multiply(out, Integer(out));
    std::vector<Integer> bucket(buckets, Integer(1));
    for (size_t i = 0; i < bases.size(); ++i) {
      size_t digit = 0;
      for (size_t k = 0; k < window; ++k)
        digit |= static_cast<size_t>(mpz_tstbit(exponents[i].get(), at * window + k)) << k;
      if (digit != 0) multiply(bucket[digit], bases[i]);
    }
    Integer suffix(1), sum(1);
    for (size_t digit = buckets; digit-- > 1;) {
      multiply(suffix, bucket[digit]);
      multiply(sum, suffix);
    }
    multiply(out, sum);
  }
  return out;
}

}  // namespace pyzkfl::he

// The integers modulo N^2, for an odd N: what Paillier's scheme computes in, with N = n for whoever encrypts and N =
// p, q for whoever holds the factors.
//
// A value is two digits of radix N, x0 + x1 N, each of words() 64-bit words, little-endian, below N: "digits". An
// integer modulo N^2 has 2 words() words. On processors with AVX-512 IFMA eight values are worked on at once, in
// digits (kernels/square_ring_ifma.cpp); elsewhere GMP's constant-time functions do it (mpn_sec_*). Both give the
// same values.
//
// Constant time in values, exponents and N, of which only sizes are public. Batches run on the pool.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/secret.h"

namespace pyzkfl::he {

using Words = SecretVector<uint64_t>;
using WordSpan = std::span<const uint64_t>;

// A vector of eight lanes, for buffers of the kernel.
struct alignas(64) LaneVector {
  uint64_t word[8];
};

class SquareRing {
 public:
  // N: odd, its top word not zero, at most 4096 bits. `kernel`: the best that may be used, for tests.
  explicit SquareRing(WordSpan n, CpuKernel kernel = selected_kernel());

  size_t words() const { return n_.size(); }
  WordSpan modulus() const { return n_; }
  // N^2.
  WordSpan square() const { return n2_; }

  // The digits of `integer` modulo N^2; it has at least 2 words() words.
  void split(std::span<uint64_t> digits, WordSpan integer) const;
  // x0 + x1 N, of 2 words() words.
  void join(std::span<uint64_t> integer, WordSpan digits) const;

  // out[i] = in[i]^exponent, for one exponent of `bits` bits (at least 1). Digits in and out, one after the other.
  void power(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const;
  // The same modulo N, in less than half the time: values of words() words below N, one after the other.
  void power_modulo_n(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const;

  // prod elements[j]^weights[j] modulo N^2, of 2 words() words: elements likewise, weights of weight_words words each.
  // NOT constant time: all of it is public. Elements are below N^2 (power_products.cpp).
  std::vector<uint64_t> product_of_powers(WordSpan elements, WordSpan weights, size_t weight_words) const;
  // The same modulo N, of words() words each.
  std::vector<uint64_t> product_of_powers_modulo_n(WordSpan elements, WordSpan weights, size_t weight_words) const;

 private:
  friend class FixedBase;
  // Values of `digits` digits: 2, or 1 for those modulo N.
  void power_all(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits, size_t digits) const;
  void power_portable(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits) const;
  void power_lanes(std::span<uint64_t> out, WordSpan in, WordSpan exponent, size_t bits, size_t digits) const;
  // Eight values of one or two digits to limbs in lanes; missing ones are zero. And back, reduced.
  void to_lanes(LaneVector* out, WordSpan values, size_t digits = 2) const;
  void from_lanes(std::span<uint64_t> values, const LaneVector* in, size_t digits = 2) const;
  std::vector<uint64_t> weighted_product(WordSpan elements, WordSpan weights, size_t weight_words,
                                         size_t digits) const;
  // Of that: the product for each window of `window` bits of the weights, from the lowest, as digits.
  Words window_products(WordSpan elements, WordSpan weights, size_t weight_words, size_t window, size_t digits) const;
  // The integer a b / 2^(128 words()) modulo N^2; a, b, out of 2 words() words.
  void montgomery(std::span<uint64_t> out, WordSpan a, WordSpan b) const;

  Words n_, n2_;
  bool lanes_;
  // Of the kernel: limbs of 52 bits of a digit, -1 / N modulo 2^52, N in lanes, 1 and R (to enter) in Montgomery
  // form.
  size_t limbs_ = 0;
  uint64_t n0_ = 0;
  SecretVector<LaneVector> n_lanes_, one_lanes_, enter_lanes_;
  // Of the portable path: -1 / N^2 modulo 2^64, and 1 and R^2 for R = 2^(128 words()).
  uint64_t n2_0_ = 0;
  Words one_, enter_;
};

// Powers of one base, from tables: windows of a few bits, each with all its powers, so that no squaring is left
// (Brickell, Gordon, McCurley, Wilson, Eurocrypt 1992). An entry is read by reading all of its window.
class FixedBase {
 public:
  // `base`: digits. Exponents have at most `exponent_bits` bits. `ring` must outlive this. 7 MB and 10 ms for N of
  // 2048 bits and exponents of 1024.
  FixedBase(const SquareRing& ring, WordSpan base, size_t exponent_bits);

  size_t exponent_words() const { return exponent_words_; }
  // out[i] = base^exponents[i] (1 + messages[i] N): digits out; exponents of exponent_words() words, messages of
  // words(), below N.
  void power_times(std::span<uint64_t> out, WordSpan exponents, WordSpan messages) const;

 private:
  void build_lanes(WordSpan base);
  void build_portable(WordSpan base);
  void lanes_range(std::span<uint64_t> out, WordSpan exponents, WordSpan messages, size_t begin, size_t end) const;
  void portable_one(std::span<uint64_t> out, WordSpan exponent, WordSpan message) const;

  const SquareRing& ring_;
  size_t exponent_bits_, exponent_words_, windows_;
  SecretVector<LaneVector> table_lanes_;
  Words table_;
};

}  // namespace pyzkfl::he

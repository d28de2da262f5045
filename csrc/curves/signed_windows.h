// Signed digits of a public scalar in fixed windows, for tables and buckets.
//
// k = sum_w d_w 2^(w c) with -2^(c-1) <= d_w < 2^(c-1), without a carry chain: adding 2^(c-1) to every window
// of k once, digit w is window w of the sum, minus 2^(c-1). For -k the same with 2^(c-1) - 1, from which the windows are
// taken: so the digits of both signs fit c bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fields/limbs.h"

namespace pyzkfl {

class SignedWindows {
 public:
  // For integers below 2^`bits` in absolute value, bits <= 254, 2 <= window_bits <= 24.
  constexpr SignedWindows(unsigned bits, unsigned window_bits)
      : window_bits_(window_bits), count_(window_count(bits, window_bits)) {
    for (size_t w = 0; w < count_; ++w) {
      const size_t at = w * window_bits + window_bits - 1;
      if (at < 256) offset_[at / 64] |= uint64_t{1} << (at % 64);
    }
    Limbs units{};
    for (size_t at = 0; at < 256 && at < count_ * window_bits; at += window_bits) {
      if (at + window_bits - 1 < 256) units[at / 64] |= uint64_t{1} << (at % 64);
    }
    limbs::sub(negative_offset_, offset_, units);
  }

  // Windows that integers below 2^`bits` take: one bit more than they have, for the sign.
  static constexpr size_t window_count(unsigned bits, unsigned window_bits) {
    return (bits + window_bits) / window_bits;
  }

  constexpr size_t count() const { return count_; }
  constexpr unsigned window_bits() const { return window_bits_; }

  // k + the offset, from which digit() reads; modulo 2^256, which is enough for k < 2^bits.
  constexpr Limbs shifted(const Limbs& k) const {
    Limbs out{};
    limbs::add(out, k, offset_);
    return out;
  }

  // The same for digits of -k, with negative_digit().
  constexpr Limbs negative_shifted(const Limbs& k) const {
    Limbs out{};
    limbs::add(out, k, negative_offset_);
    return out;
  }

  constexpr int32_t digit(const Limbs& shifted, size_t window) const {
    return value(shifted, window) - (stands_whole(window) ? half() : 0);
  }
  constexpr int32_t negative_digit(const Limbs& shifted, size_t window) const {
    return (stands_whole(window) ? half() - 1 : 0) - value(shifted, window);
  }

 private:
  constexpr int32_t half() const { return int32_t{1} << (window_bits_ - 1); }
  // The top window may reach past bit 255, where its own half is not stored.
  constexpr bool stands_whole(size_t window) const { return (window + 1) * window_bits_ <= 256; }
  constexpr int32_t value(const Limbs& shifted, size_t window) const {
    const size_t at = window * window_bits_;
    uint64_t v = shifted[at / 64] >> (at % 64);
    if (at % 64 + window_bits_ > 64 && at / 64 < 3) v |= shifted[at / 64 + 1] << (64 - at % 64);
    return static_cast<int32_t>(v & ((uint64_t{1} << window_bits_) - 1));
  }

  unsigned window_bits_;
  size_t count_;
  Limbs offset_{}, negative_offset_{};
};

}  // namespace pyzkfl

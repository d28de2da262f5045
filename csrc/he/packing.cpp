// See packing.h.
#include "he/packing.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/errors.h"

namespace pyzkfl::he {

Packing::Packing(uint64_t max_abs_, uint32_t summands_) : max_abs(max_abs_), summands(summands_), slot_bits(0) {
  if (max_abs == 0 || summands == 0) throw ParameterError("packing: max_abs and summands are at least 1");
  if (max_abs > ((uint64_t{1} << 62) - 1) / summands) {
    throw ParameterError("packing: summands * max_abs must be below 2^62; the sum would not fit 64 bits");
  }
  slot_bits = static_cast<unsigned>(std::bit_width(max_abs * summands)) + 1;
}

void check_range(std::span<const int64_t> values, uint64_t max_abs) {
  uint64_t wrong = 0;
  for (const int64_t v : values) {
    const uint64_t sign = static_cast<uint64_t>(v >> 63);
    const uint64_t magnitude = (static_cast<uint64_t>(v) ^ sign) - sign;
    wrong |= (max_abs - magnitude) >> 63 | magnitude >> 63;
  }
  if (wrong == 0) return;
  const auto out = std::ranges::find_if(
      values, [&](int64_t v) { return v > static_cast<int64_t>(max_abs) || v < -static_cast<int64_t>(max_abs); });
  throw ParameterError("the value at index " + std::to_string(out - values.begin()) + " is outside +-max_abs (" +
                       std::to_string(max_abs) + "): clip it, or agree on a larger max_abs");
}

void pack(std::span<uint64_t> words, std::span<const int64_t> values, unsigned slot_bits) {
  std::ranges::fill(words, 0);
  const uint64_t mask = (uint64_t{1} << slot_bits) - 1;
  int64_t borrow = 0;  // 0 or -1: a negative slot takes one from the next
  size_t bit = 0;
  for (const int64_t value : values) {
    const int64_t v = value + borrow;
    const uint64_t field = static_cast<uint64_t>(v) & mask;
    words[bit / 64] |= field << bit % 64;
    if (bit % 64 + slot_bits > 64) words[bit / 64 + 1] |= field >> (64 - bit % 64);
    borrow = v >> 63;
    bit += slot_bits;
  }
  for (; bit < 64 * words.size(); bit = (bit / 64 + 1) * 64) {
    words[bit / 64] |= static_cast<uint64_t>(borrow) << bit % 64;
  }
}

void unpack(std::span<int64_t> values, std::span<const uint64_t> words, unsigned slot_bits) {
  const uint64_t mask = (uint64_t{1} << slot_bits) - 1;
  uint64_t carry = 0;
  size_t bit = 0;
  for (int64_t& value : values) {
    uint64_t field = words[bit / 64] >> bit % 64;
    if (bit % 64 + slot_bits > 64) field |= words[bit / 64 + 1] << (64 - bit % 64);
    field &= mask;
    const uint64_t lent = field >> (slot_bits - 1);  // the next slot is one too low
    field = (field + carry) & mask;
    const uint64_t negative = field >> (slot_bits - 1);
    value = static_cast<int64_t>(field | ((0 - negative) & ~mask));
    carry = lent;
    bit += slot_bits;
  }
}

}  // namespace pyzkfl::he

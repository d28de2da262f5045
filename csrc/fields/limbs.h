// 256-bit integers as four 64-bit limbs, least significant first: carries, comparison, bytes.
//
// Everything here is constant time, and constexpr so that parameters can be derived by the compiler.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace pyzkfl {

using Limbs = std::array<uint64_t, 4>;
// A product before its reduction: 512 bits, also in two's complement.
using Limbs512 = std::array<uint64_t, 8>;

namespace limbs {

__extension__ typedef unsigned __int128 Wide;

// a + b + carry; carry (0 or 1) is replaced by the carry out.
constexpr uint64_t add_carry(uint64_t a, uint64_t b, uint64_t& carry) {
  const Wide sum = static_cast<Wide>(a) + b + carry;
  carry = static_cast<uint64_t>(sum >> 64);
  return static_cast<uint64_t>(sum);
}

// a - b - borrow; borrow (0 or 1) is replaced by the borrow out.
constexpr uint64_t sub_borrow(uint64_t a, uint64_t b, uint64_t& borrow) {
  const Wide difference = static_cast<Wide>(a) - b - borrow;
  borrow = static_cast<uint64_t>(difference >> 64) & 1;
  return static_cast<uint64_t>(difference);
}

// a * b + c + high, which cannot overflow 128 bits: the low word is returned, the high word replaces `high`.
constexpr uint64_t multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t& high) {
  // Carries by comparison: compilers make them "adc $0", where a sum of 128-bit integers costs them three instructions.
  const Wide product = static_cast<Wide>(a) * b;
  auto low = static_cast<uint64_t>(product), top = static_cast<uint64_t>(product >> 64);
  low += c;
  top += static_cast<uint64_t>(low < c);
  low += high;
  top += static_cast<uint64_t>(low < high);
  high = top;
  return low;
}

// out = a + b; returns the carry. Any aliasing.
constexpr uint64_t add(Limbs& out, const Limbs& a, const Limbs& b) {
  uint64_t carry = 0;
  out[0] = add_carry(a[0], b[0], carry);
  out[1] = add_carry(a[1], b[1], carry);
  out[2] = add_carry(a[2], b[2], carry);
  out[3] = add_carry(a[3], b[3], carry);
  return carry;
}

// out = a - b; returns the borrow. Any aliasing.
constexpr uint64_t sub(Limbs& out, const Limbs& a, const Limbs& b) {
  uint64_t borrow = 0;
  out[0] = sub_borrow(a[0], b[0], borrow);
  out[1] = sub_borrow(a[1], b[1], borrow);
  out[2] = sub_borrow(a[2], b[2], borrow);
  out[3] = sub_borrow(a[3], b[3], borrow);
  return borrow;
}

// Hides from the compiler that a mask has two values only, lest it turn a selection into a branch.
constexpr uint64_t barrier(uint64_t mask) {
  if (!std::is_constant_evaluated()) __asm__("" : "+r"(mask));
  return mask;
}

// mask ? a : b, for a mask of all ones or all zeros.
constexpr Limbs select(uint64_t mask, const Limbs& a, const Limbs& b) {
  mask = barrier(mask);
  return {b[0] ^ (mask & (a[0] ^ b[0])), b[1] ^ (mask & (a[1] ^ b[1])), b[2] ^ (mask & (a[2] ^ b[2])),
          b[3] ^ (mask & (a[3] ^ b[3]))};
}

constexpr bool less(const Limbs& a, const Limbs& b) {
  Limbs difference{};
  return sub(difference, a, b) != 0;
}

// a && b without a branch.
constexpr bool both(bool a, bool b) { return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0; }

constexpr bool is_zero(const Limbs& a) { return (a[0] | a[1] | a[2] | a[3]) == 0; }

constexpr Limbs from_bytes_le(std::span<const uint8_t, 32> in) {
  Limbs out{};
  for (size_t i = 0; i < 32; ++i) out[i / 8] |= static_cast<uint64_t>(in[i]) << (8 * (i % 8));
  return out;
}

constexpr Limbs from_bytes_be(std::span<const uint8_t, 32> in) {
  Limbs out{};
  for (size_t i = 0; i < 32; ++i) out[i / 8] |= static_cast<uint64_t>(in[31 - i]) << (8 * (i % 8));
  return out;
}

constexpr void to_bytes_le(std::span<uint8_t, 32> out, const Limbs& in) {
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(in[i / 8] >> (8 * (i % 8)));
}

constexpr void to_bytes_be(std::span<uint8_t, 32> out, const Limbs& in) {
  for (size_t i = 0; i < 32; ++i) out[31 - i] = static_cast<uint8_t>(in[i / 8] >> (8 * (i % 8)));
}

}  // namespace limbs
}  // namespace pyzkfl

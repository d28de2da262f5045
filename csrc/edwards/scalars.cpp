// Reduction modulo L, and signed digits (see scalars.h).
#include "edwards/scalars.h"

#include <cstddef>

namespace pyzkfl::edwards {
namespace {

using Wide = unsigned __int128;

constexpr Scalar kOrder{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
constexpr std::array<uint64_t, 2> kLow{kOrder[0], kOrder[1]};  // c = L - 2^252
constexpr uint64_t kTopBits = (uint64_t{1} << 60) - 1;

bool at_least(const Scalar& a, const Scalar& b) {
  for (size_t i = 4; i-- > 0;) {
    if (a[i] != b[i]) return a[i] > b[i];
  }
  return true;
}

// a + b, or a - b when subtract; no carry leaves the top.
Scalar plus(const Scalar& a, const Scalar& b) {
  Scalar r;
  Wide carry = 0;
  for (size_t i = 0; i < 4; ++i) {
    carry += Wide{a[i]} + b[i];
    r[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return r;
}

Scalar minus(const Scalar& a, const Scalar& b) {
  Scalar r;
  uint64_t borrow = 0;
  for (size_t i = 0; i < 4; ++i) {
    const Wide t = Wide{a[i]} - b[i] - borrow;
    r[i] = static_cast<uint64_t>(t);
    borrow = static_cast<uint64_t>(t >> 64) & 1;
  }
  return r;
}

// Splits a number at bit 252.
template <size_t N>
struct Split {
  Scalar low{};
  std::array<uint64_t, N - 3> high{};
};

template <size_t N>
Split<N> split(const std::array<uint64_t, N>& a) {
  Split<N> s;
  for (size_t i = 0; i < 4; ++i) s.low[i] = a[i];
  s.low[3] &= kTopBits;
  for (size_t i = 0; i < N - 3; ++i) s.high[i] = a[i + 3] >> 60 | (i + 4 < N ? a[i + 4] << 4 : 0);
  return s;
}

template <size_t N>
std::array<uint64_t, N + 2> times_low(const std::array<uint64_t, N>& a) {
  std::array<uint64_t, N + 2> r{};
  for (size_t i = 0; i < N; ++i) {
    Wide carry = 0;
    for (size_t j = 0; j < 2; ++j) {
      carry += Wide{a[i]} * kLow[j] + r[i + j];
      r[i + j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    r[i + 2] = static_cast<uint64_t>(carry);
  }
  return r;
}

uint64_t bits_at(const Scalar& s, size_t bit, size_t count) {
  return s[bit / 64] >> (bit % 64) & ((uint64_t{1} << count) - 1);
}

}  // namespace

Scalar scalar_from_bytes(std::span<const uint8_t, 32> bytes) {
  Scalar s{};
  for (size_t i = 0; i < 32; ++i) s[i / 8] |= uint64_t{bytes[i]} << (8 * (i % 8));
  return s;
}

bool is_reduced(const Scalar& s) { return !at_least(s, kOrder); }

Scalar reduce(std::span<const uint8_t, 64> bytes) {
  std::array<uint64_t, 8> x{};
  for (size_t i = 0; i < 64; ++i) x[i / 8] |= uint64_t{bytes[i]} << (8 * (i % 8));
  // 2^252 = -c, three times: x = low - (y = c high), y = low' - (z = c high'), z = low'' - c high''.
  const auto first = split(x);                      // high: 260 bits
  const auto second = split(times_low(first.high));   // y: 385 bits, high: 133
  const auto third = split(times_low(second.high));   // z: 258 bits, high: 6
  const auto last = times_low(third.high);            // 131 bits
  // x = low - low' + low'' - c high'', all below 2^252 < L: two L more keep it positive and below 2^255.
  Scalar r = plus(plus(first.low, third.low), plus(kOrder, kOrder));
  r = minus(minus(r, second.low), Scalar{last[0], last[1], last[2], 0});
  while (at_least(r, kOrder)) r = minus(r, kOrder);
  return r;
}

std::array<int8_t, 64> digits16(const Scalar& s) {
  std::array<int8_t, 64> out{};
  int carry = 0;
  for (size_t i = 0; i < 64; ++i) {
    const int digit = static_cast<int>(bits_at(s, 4 * i, 4)) + carry;
    carry = digit > 8 ? 1 : 0;
    out[i] = static_cast<int8_t>(digit - 16 * carry);
  }
  return out;
}

std::array<int16_t, 32> digits256(const Scalar& s) {
  std::array<int16_t, 32> out{};
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    const int digit = static_cast<int>(bits_at(s, 8 * i, 8)) + carry;
    carry = digit > 128 ? 1 : 0;
    out[i] = static_cast<int16_t>(digit - 256 * carry);
  }
  return out;
}

std::array<int8_t, 256> sparse_digits(const Scalar& s) {
  constexpr size_t kWidth = 5;
  std::array<int8_t, 256> out{};
  int carry = 0;
  for (size_t bit = 0; bit < 256;) {
    const size_t word = bit / 64, shift = bit % 64;
    uint64_t window = s[word] >> shift;
    if (shift > 64 - kWidth && word + 1 < s.size()) window |= s[word + 1] << (64 - shift);
    const int value = static_cast<int>(window & ((1U << kWidth) - 1)) + carry;
    if (value % 2 == 0) {
      ++bit;
      continue;
    }
    carry = value > 15 ? 1 : 0;
    out[bit] = static_cast<int8_t>(value - 32 * carry);
    bit += kWidth;
  }
  return out;
}

}  // namespace pyzkfl::edwards

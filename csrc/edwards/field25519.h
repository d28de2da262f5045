// The field of 2^255 - 19 in five limbs of 51 bits, for verifying Ed25519 signatures (Bernstein, Duif, Lange, Schwabe and
// Yang 2012, section 3). Public values only: nothing here is constant time on purpose.
//
// A value is the sum of v[i] 2^(51 i), modulo p. "Tight": every limb below 2^52. Products and squares take limbs below 2^54
// and are tight; a sum of two tight values has limbs below 2^53; a difference takes a minuend below 2^53 and a subtrahend
// below 2^53 - 76, and has limbs below 2^54.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pyzkfl::edwards {

struct Fe {
  std::array<uint64_t, 5> v{};
};

inline constexpr uint64_t kLimbMask = (uint64_t{1} << 51) - 1;
inline constexpr Fe kZero{};
inline constexpr Fe kOne{{1, 0, 0, 0, 0}};

inline Fe operator+(const Fe& a, const Fe& b) {
  Fe r;
  for (size_t i = 0; i < 5; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}

// a + 4p - b.
inline Fe operator-(const Fe& a, const Fe& b) {
  constexpr uint64_t kFourP0 = 0x1fffffffffffb4, kFourP = 0x1ffffffffffffc;
  Fe r;
  r.v[0] = a.v[0] + kFourP0 - b.v[0];
  for (size_t i = 1; i < 5; ++i) r.v[i] = a.v[i] + kFourP - b.v[i];
  return r;
}

namespace detail {

using Wide = unsigned __int128;

inline Fe carry(Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
  Fe r;
  r1 += static_cast<uint64_t>(r0 >> 51);
  r2 += static_cast<uint64_t>(r1 >> 51);
  r3 += static_cast<uint64_t>(r2 >> 51);
  r4 += static_cast<uint64_t>(r3 >> 51);
  const Wide top = (static_cast<Wide>(static_cast<uint64_t>(r0) & kLimbMask)) + (r4 >> 51) * 19;
  r.v[0] = static_cast<uint64_t>(top) & kLimbMask;
  r.v[1] = (static_cast<uint64_t>(r1) & kLimbMask) + static_cast<uint64_t>(top >> 51);
  r.v[2] = static_cast<uint64_t>(r2) & kLimbMask;
  r.v[3] = static_cast<uint64_t>(r3) & kLimbMask;
  r.v[4] = static_cast<uint64_t>(r4) & kLimbMask;
  return r;
}

}  // namespace detail

inline Fe operator*(const Fe& a, const Fe& b) {
  using detail::Wide;
  const auto& [a0, a1, a2, a3, a4] = a.v;
  const auto& [b0, b1, b2, b3, b4] = b.v;
  const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
  return detail::carry(Wide{a0} * b0 + Wide{a1} * c4 + Wide{a2} * c3 + Wide{a3} * c2 + Wide{a4} * c1,
                       Wide{a0} * b1 + Wide{a1} * b0 + Wide{a2} * c4 + Wide{a3} * c3 + Wide{a4} * c2,
                       Wide{a0} * b2 + Wide{a1} * b1 + Wide{a2} * b0 + Wide{a3} * c4 + Wide{a4} * c3,
                       Wide{a0} * b3 + Wide{a1} * b2 + Wide{a2} * b1 + Wide{a3} * b0 + Wide{a4} * c4,
                       Wide{a0} * b4 + Wide{a1} * b3 + Wide{a2} * b2 + Wide{a3} * b1 + Wide{a4} * b0);
}

inline Fe square(const Fe& a) {
  using detail::Wide;
  const auto& [a0, a1, a2, a3, a4] = a.v;
  const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, c3 = 19 * a3, c4 = 19 * a4;
  return detail::carry(Wide{a0} * a0 + Wide{d1} * c4 + Wide{d2} * c3,
                       Wide{d0} * a1 + Wide{d2} * c4 + Wide{a3} * c3,
                       Wide{d0} * a2 + Wide{a1} * a1 + Wide{2 * a3} * c4,
                       Wide{d0} * a3 + Wide{d1} * a2 + Wide{a4} * c4,
                       Wide{d0} * a4 + Wide{d1} * a3 + Wide{a2} * a2);
}

// The inverse; 0 for 0.
Fe invert(const Fe& a);
// a^((p - 5) / 8), for square roots.
Fe power_p58(const Fe& a);
// The 255 low bits, little-endian; the highest bit is left out, and a value of p or more is read modulo p.
Fe from_bytes(std::span<const uint8_t, 32> bytes);
// The one encoding below p, little-endian.
std::array<uint8_t, 32> to_bytes(const Fe& a);
bool is_zero(const Fe& a);
// Whether the canonical encoding is odd: RFC 8032 calls such an x negative.
bool is_negative(const Fe& a);

}  // namespace pyzkfl::edwards

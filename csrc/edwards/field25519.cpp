// Inversion, powers and encodings in the field of 2^255 - 19 (see field25519.h).
#include "edwards/field25519.h"

namespace pyzkfl::edwards {
namespace {

Fe square_times(Fe a, int n) {
  for (int i = 0; i < n; ++i) a = square(a);
  return a;
}

// a^(2^250 - 1), and a^11 beside it: the addition chain of Bernstein's ref10.
Fe power_250(const Fe& a, Fe& a11) {
  const Fe a2 = square(a);
  const Fe a9 = square_times(a2, 2) * a;
  a11 = a9 * a2;
  const Fe x5 = square(a11) * a9;  // 2^5 - 1
  const Fe x10 = square_times(x5, 5) * x5;
  const Fe x20 = square_times(x10, 10) * x10;
  const Fe x40 = square_times(x20, 20) * x20;
  const Fe x50 = square_times(x40, 10) * x10;
  const Fe x100 = square_times(x50, 50) * x50;
  const Fe x200 = square_times(x100, 100) * x100;
  return square_times(x200, 50) * x50;
}

}  // namespace

Fe invert(const Fe& a) {
  Fe a11;
  const Fe x250 = power_250(a, a11);
  return square_times(x250, 5) * a11;  // 2^255 - 32 + 11 = p - 2
}

Fe power_p58(const Fe& a) {
  Fe a11;
  const Fe x250 = power_250(a, a11);
  return square_times(x250, 2) * a;  // 2^252 - 4 + 1 = 2^252 - 3
}

Fe from_bytes(std::span<const uint8_t, 32> bytes) {
  std::array<uint64_t, 4> w{};
  for (size_t i = 0; i < 32; ++i) w[i / 8] |= uint64_t{bytes[i]} << (8 * (i % 8));
  return {{w[0] & kLimbMask, (w[0] >> 51 | w[1] << 13) & kLimbMask, (w[1] >> 38 | w[2] << 26) & kLimbMask,
           (w[2] >> 25 | w[3] << 39) & kLimbMask, (w[3] >> 12) & kLimbMask}};
}

std::array<uint8_t, 32> to_bytes(const Fe& a) {
  std::array<uint64_t, 5> v = a.v;
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < 4; ++i) {
      v[i + 1] += v[i] >> 51;
      v[i] &= kLimbMask;
    }
    v[0] += 19 * (v[4] >> 51);
    v[4] &= kLimbMask;
  }
  // Now v is below 2^255 + 2^13: whether it is at least p shows in the carry out of v + 19.
  uint64_t out = (v[0] + 19) >> 51;
  for (size_t i = 1; i < 5; ++i) out = (v[i] + out) >> 51;
  v[0] += 19 * out;
  for (size_t i = 0; i < 4; ++i) {
    v[i + 1] += v[i] >> 51;
    v[i] &= kLimbMask;
  }
  v[4] &= kLimbMask;
  const std::array<uint64_t, 4> w{v[0] | v[1] << 51, v[1] >> 13 | v[2] << 38, v[2] >> 26 | v[3] << 25,
                                  v[3] >> 39 | v[4] << 12};
  std::array<uint8_t, 32> bytes{};
  for (size_t i = 0; i < 32; ++i) bytes[i] = static_cast<uint8_t>(w[i / 8] >> (8 * (i % 8)));
  return bytes;
}

bool is_zero(const Fe& a) { return to_bytes(a) == std::array<uint8_t, 32>{}; }

bool is_negative(const Fe& a) { return (to_bytes(a)[0] & 1) != 0; }

}  // namespace pyzkfl::edwards

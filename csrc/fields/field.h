// Prime fields of at most 254 bits: one template, one parameter struct a field (fp.h, fr.h).
//
// An element is held in Montgomery form (v stands for v / 2^256 mod p) and always fully reduced, so equality
// is equality of limbs and there is one representation of each element. Every function takes and returns
// elements in that form unless it says canonical. All are constant time unless their name ends in _vartime;
// any aliasing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fields/kernels/montgomery.h"
#include "fields/limbs.h"
#include "fields/modulus.h"

namespace pyzkfl {

template <class Params>
class Field {
 public:
  using M = Modulus<Params>;
  static constexpr Limbs modulus = M::p;
  static constexpr const char* name = Params::name;

  Limbs l{};  // Montgomery form, < modulus; public for kernels and tables

  constexpr Field() = default;

  static constexpr Field zero() { return {}; }
  static constexpr Field one() { return from_montgomery_limbs(M::r); }
  static constexpr Field from_u64(uint64_t v) { return from_canonical(Limbs{v, 0, 0, 0}); }
  static constexpr Field from_i64(int64_t v) {
    const auto sign = static_cast<uint64_t>(v >> 63);  // all ones if negative
    const Field magnitude = from_u64((static_cast<uint64_t>(v) ^ sign) - sign);
    return select(sign, -magnitude, magnitude);
  }
  // The element with these canonical limbs; they must be below the modulus (not checked).
  static constexpr Field from_canonical(const Limbs& v) {
    return from_montgomery_limbs(kernel::mul<M>(v, M::r2));
  }
  // The element whose Montgomery form these limbs are; they must be below the modulus (not checked).
  static constexpr Field from_montgomery_limbs(const Limbs& v) {
    Field out;
    out.l = v;
    return out;
  }
  // Canonical encodings of 32 bytes. Throw DecodeError for an integer that is not below the modulus.
  static Field from_bytes_le(std::span<const uint8_t, 32> in);
  static Field from_bytes_be(std::span<const uint8_t, 32> in);
  // The residue of a 512-bit big-endian integer: uniform to within 2^-256 for uniform bytes.
  static Field from_bytes_wide_be(std::span<const uint8_t, 64> in);
  // A uniform element from the cryptographic generator (base/random.h).
  static Field random();

  void to_bytes_le(std::span<uint8_t, 32> out) const { limbs::to_bytes_le(out, to_canonical()); }
  void to_bytes_be(std::span<uint8_t, 32> out) const { limbs::to_bytes_be(out, to_canonical()); }
  std::array<uint8_t, 32> to_bytes_le() const {
    std::array<uint8_t, 32> out;
    to_bytes_le(out);
    return out;
  }
  std::array<uint8_t, 32> to_bytes_be() const {
    std::array<uint8_t, 32> out;
    to_bytes_be(out);
    return out;
  }
  // The integer in [0, p) that this element is, little-endian limbs.
  constexpr Limbs to_canonical() const { return kernel::mul<M>(l, Limbs{1, 0, 0, 0}); }
  constexpr bool is_odd_canonical() const { return (to_canonical()[0] & 1) != 0; }

  constexpr bool is_zero() const { return limbs::is_zero(l); }
  constexpr bool is_one() const { return *this == one(); }
  // Constant time in itself; what the caller does with the answer may not be.
  friend constexpr bool operator==(const Field& a, const Field& b) {
    return ((a.l[0] ^ b.l[0]) | (a.l[1] ^ b.l[1]) | (a.l[2] ^ b.l[2]) | (a.l[3] ^ b.l[3])) == 0;
  }

  friend constexpr Field operator+(const Field& a, const Field& b) {
    return from_montgomery_limbs(kernel::add<M>(a.l, b.l));
  }
  friend constexpr Field operator-(const Field& a, const Field& b) {
    return from_montgomery_limbs(kernel::sub<M>(a.l, b.l));
  }
  friend constexpr Field operator*(const Field& a, const Field& b) {
    return from_montgomery_limbs(kernel::mul<M>(a.l, b.l));
  }
  constexpr Field operator-() const { return from_montgomery_limbs(kernel::sub<M>(Limbs{}, l)); }
  constexpr Field& operator+=(const Field& b) { return *this = *this + b; }
  constexpr Field& operator-=(const Field& b) { return *this = *this - b; }
  constexpr Field& operator*=(const Field& b) { return *this = *this * b; }
  constexpr Field square() const { return from_montgomery_limbs(kernel::square<M>(l)); }
  constexpr Field dbl() const { return *this + *this; }

  // mask ? a : b, for a mask of all ones or all zeros.
  static constexpr Field select(uint64_t mask, const Field& a, const Field& b) {
    return from_montgomery_limbs(limbs::select(mask, a.l, b.l));
  }

  // 1 / this; 0 for 0.
  Field inverse() const;
  // The same, faster; for public values.
  Field inverse_vartime() const;
  // this ^ exponent (little-endian limbs, any length). The time depends on the exponent only, never on the
  // base.
  constexpr Field pow_vartime(std::span<const uint64_t> exponent) const;
  // Whether a square root exists (0 has one). Euler's criterion.
  bool is_square() const;
  // A square root into `out` if there is one, else false and `out` unchanged. Which of the two roots is
  // unspecified. For moduli that are 3 modulo 4.
  [[nodiscard]] bool sqrt_vartime(Field& out) const
    requires((Params::modulus[0] & 3) == 3);
};

// Sliding windows of four bits: at each run that ends in a one, multiply by an odd power below 16.
template <class Params>
constexpr Field<Params> Field<Params>::pow_vartime(std::span<const uint64_t> exponent) const {
  constexpr size_t window = 4;
  const auto bit = [&](size_t i) { return (exponent[i / 64] >> (i % 64) & 1) != 0; };
  size_t top = exponent.size() * 64;
  while (top > 0 && !bit(top - 1)) --top;
  if (top == 0) return one();

  std::array<Field, (size_t{1} << window) / 2> odd_powers{};  // this^1, this^3, ...
  odd_powers[0] = *this;
  const Field this_squared = square();
  if (top > 1) {
    for (size_t i = 1; i < odd_powers.size(); ++i) odd_powers[i] = odd_powers[i - 1] * this_squared;
  }
  Field out = one();
  for (size_t i = top; i > 0;) {
    if (!bit(i - 1)) {
      out = out.square();
      --i;
      continue;
    }
    size_t end = i > window ? i - window : 0;  // the run is bits end .. i - 1
    while (!bit(end)) ++end;
    size_t value = 0;
    for (size_t j = i; j-- > end;) {
      value = value << 1 | static_cast<size_t>(bit(j));
      out = out.square();
    }
    out = out * odd_powers[value >> 1];
    i = end;
  }
  return out;
}

}  // namespace pyzkfl

// Integer arithmetic for hints.
#include "r1cs/signed_value.h"

namespace pyzkfl {

SignedValue SignedValue::of(const Fr& v) {
  SignedValue out;
  out.magnitude = v.to_canonical();
  Limbs negated{};
  limbs::sub(negated, Fr::modulus, out.magnitude);
  if (limbs::less(negated, out.magnitude)) {
    out.negative = true;
    out.magnitude = negated;
  }
  return out;
}

Fr SignedValue::to_field() const {
  const Fr v = Fr::from_canonical(magnitude);
  return negative ? -v : v;
}

SignedValue floor_shift(const SignedValue& v, unsigned shift) {
  SignedValue out;
  out.negative = v.negative;
  const unsigned words = shift / 64;
  const unsigned bits = shift % 64;
  bool lost = false;
  for (unsigned i = 0; i < words; ++i) lost |= v.magnitude[i] != 0;
  if (bits != 0) lost |= (v.magnitude[words] << (64 - bits)) != 0;
  for (unsigned i = 0; i + words < 4; ++i) {
    out.magnitude[i] = v.magnitude[i + words] >> bits;
    if (bits != 0 && i + words + 1 < 4) out.magnitude[i] |= v.magnitude[i + words + 1] << (64 - bits);
  }
  if (v.negative && lost) limbs::add(out.magnitude, out.magnitude, Limbs{1, 0, 0, 0});
  return out;
}

Int128 to_int128(const Fr& v) {
  const SignedValue s = SignedValue::of(v);
  const uint64_t high = s.magnitude[1] & ~(uint64_t{1} << 63);
  const UInt128 magnitude = static_cast<UInt128>(high) << 64 | s.magnitude[0];
  return s.negative ? -static_cast<Int128>(magnitude) : static_cast<Int128>(magnitude);
}

Fr from_int128(Int128 v) {
  SignedValue s;
  s.negative = v < 0;
  const UInt128 magnitude = s.negative ? UInt128{0} - static_cast<UInt128>(v) : static_cast<UInt128>(v);
  s.magnitude = {static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64), 0, 0};
  return s.to_field();
}

Int128 floor_divide(Int128 v, Int128 m) {
  if (m == 0) return 0;
  const Int128 quotient = v / m;
  const Int128 remainder = v % m;
  return remainder != 0 && (remainder < 0) != (m < 0) ? quotient - 1 : quotient;
}

Int128 integer_sqrt(Int128 v) {
  if (v <= 0) return 0;
  // Digit by digit, base 4 (two bits of v give one of the root).
  UInt128 rest = static_cast<UInt128>(v);
  UInt128 root = 0;
  UInt128 digit = UInt128{1} << 126;
  while (digit > rest) digit >>= 2;
  for (; digit != 0; digit >>= 2) {
    if (rest >= root + digit) {
      rest -= root + digit;
      root = (root >> 1) + digit;
    } else {
      root >>= 1;
    }
  }
  return static_cast<Int128>(root);
}

}  // namespace pyzkfl

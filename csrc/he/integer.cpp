// See integer.h.
#include "he/integer.h"

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"

namespace pyzkfl::he {

Integer Integer::random_bits(size_t bits) {
  SecretBytes bytes = SecretBytes::random((bits + 7) / 8);
  if (bits % 8 != 0) bytes.span().back() &= static_cast<uint8_t>((1U << bits % 8) - 1);
  return from_bytes(bytes.span());
}

Integer Integer::random_below(const Integer& bound) {
  for (;;) {
    Integer candidate = random_bits(bound.bits());
    if (candidate < bound) return candidate;
  }
}

void Integer::to_words(std::span<uint64_t> words) const {
  if (mpz_size(v_) > words.size()) throw ParameterError("an integer is longer than its field");
  std::ranges::fill(words, 0);
  std::copy_n(mpz_limbs_read(v_), mpz_size(v_), words.begin());
}

Bytes Integer::to_bytes(size_t count) const {
  if ((bits() + 7) / 8 > count) throw ParameterError("an integer is longer than its field");
  Bytes out(count);
  mpz_export(out.data(), nullptr, -1, 1, 0, 0, v_);
  return out;
}

Integer power_vartime(const Integer& base, const Integer& exponent, const Integer& m) {
  Integer out;
  mpz_powm(out.get(), base.get(), exponent.get(), m.get());
  return out;
}

Integer gcd(const Integer& a, const Integer& b) {
  Integer out;
  mpz_gcd(out.get(), a.get(), b.get());
  return out;
}

Integer inverse(const Integer& a, const Integer& m) {
  Integer out;
  if (mpz_invert(out.get(), a.get(), m.get()) == 0) throw ParameterError("a number has no inverse");
  return out;
}

}  // namespace pyzkfl::he

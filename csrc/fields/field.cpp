// The parts of a field that need not be inlined (see field.h).
#include "fields/field.h"

#include <string>

#include "base/errors.h"
#include "base/random.h"
#include "base/secret.h"
#include "fields/fp.h"
#include "fields/fr.h"
#include "fields/inversion.h"

namespace pyzkfl {
namespace {

template <class F>
F decode(const Limbs& v) {
  if (!limbs::less(v, F::modulus)) {
    throw DecodeError(std::string(F::name) + " element is not below the modulus");
  }
  return F::from_canonical(v);
}

}  // namespace

template <class Params>
Field<Params> Field<Params>::from_bytes_le(std::span<const uint8_t, 32> in) {
  return decode<Field>(limbs::from_bytes_le(in));
}

template <class Params>
Field<Params> Field<Params>::from_bytes_be(std::span<const uint8_t, 32> in) {
  return decode<Field>(limbs::from_bytes_be(in));
}

template <class Params>
Field<Params> Field<Params>::from_bytes_wide_be(std::span<const uint8_t, 64> in) {
  // (high 2^256 + low) in Montgomery form is high R^2 + low R; the multiplication takes any first operand.
  const Limbs high = limbs::from_bytes_be(in.template first<32>());
  const Limbs low = limbs::from_bytes_be(in.template last<32>());
  return from_montgomery_limbs(kernel::mul<M>(high, M::r3)) +
         from_montgomery_limbs(kernel::mul<M>(low, M::r2));
}

template <class Params>
Field<Params> Field<Params>::random() {
  std::array<uint8_t, 64> bytes;
  random_bytes(bytes);
  const Field out = from_bytes_wide_be(bytes);
  wipe(bytes);
  return out;
}

// The inverse of a R is a^-1 R^-1; a multiplication by R^3 (and the R^-1 that it brings) makes it a^-1 R.
template <class Params>
Field<Params> Field<Params>::inverse() const {
  static constexpr InversionModulus p(modulus);
  return from_montgomery_limbs(kernel::mul<M>(invert(l, p), M::r3));
}

template <class Params>
Field<Params> Field<Params>::inverse_vartime() const {
  static constexpr InversionModulus p(modulus);
  return from_montgomery_limbs(kernel::mul<M>(invert_vartime(l, p), M::r3));
}

template <class Params>
bool Field<Params>::is_square() const {
  const Field legendre = pow_vartime(M::p_minus_1_half);
  return legendre.is_zero() || legendre.is_one();
}

template <class Params>
bool Field<Params>::sqrt_vartime(Field& out) const
  requires((Params::modulus[0] & 3) == 3)
{
  // this^((p+1)/4) squares to this^((p-1)/2) this, which is this exactly if this is a square.
  const Field root = pow_vartime(M::p_plus_1_quarter);
  if (root.square() != *this) return false;
  out = root;
  return true;
}

template class Field<FpParams>;
template class Field<FrParams>;

}  // namespace pyzkfl

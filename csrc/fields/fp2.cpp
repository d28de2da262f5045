// Multiplication, inversion and square roots in Fp2 (see fp2.h).
#include "fields/fp2.h"

#include "fields/fp2_product.h"

namespace pyzkfl {

Fp2 Fp2::multiply_lazily(const Fp2& a, const Fp2& b) {
  lazy::Fp2Product product;
  lazy::multiply(product, a, b);
  return lazy::reduced(product);
}

Fp2 Fp2::inverse() const {
  const Fp t = norm().inverse();
  return {c0 * t, -(c1 * t)};
}

Fp2 Fp2::inverse_vartime() const {
  const Fp t = norm().inverse_vartime();
  return {c0 * t, -(c1 * t)};
}

// The complex method (Scott, "Implementing cryptographic pairings", 2007): if x^2 = a then x0^2 = (a0 +- |a|)
// / 2 for the right sign, where |a|^2 = a0^2 + a1^2, and x1 = a1 / (2 x0).
bool Fp2::sqrt_vartime(Fp2& out) const {
  Fp root;
  if (c1.is_zero()) {
    // -1 is not a square in Fp, so one of c0 and -c0 is; u^2 = -1 does the rest.
    if (c0.sqrt_vartime(root)) {
      out = {root, Fp::zero()};
      return true;
    }
    if (!(-c0).sqrt_vartime(root)) return false;
    out = {Fp::zero(), root};
    return true;
  }
  Fp length;
  if (!norm().sqrt_vartime(length)) return false;
  constexpr Fp half = Fp::from_canonical([] {
    Limbs v = Fp::M::p_minus_1_half;
    limbs::add(v, v, Limbs{1, 0, 0, 0});
    return v;
  }());
  if (!((c0 + length) * half).sqrt_vartime(root) && !((c0 - length) * half).sqrt_vartime(root)) return false;
  out = {root, c1 * root.dbl().inverse_vartime()};
  return out.square() == *this;
}

}  // namespace pyzkfl

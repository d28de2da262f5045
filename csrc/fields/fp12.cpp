// Arithmetic in Fp12 (see fp12.h).
#include "fields/fp12.h"

#include "fields/fp2_product.h"
#include "fields/frobenius.h"

namespace pyzkfl {

Fp12 operator*(const Fp12& a, const Fp12& b) {
  const Fp6 v0 = a.c0 * b.c0, v1 = a.c1 * b.c1;
  return {v0 + v1.mul_by_v(), (a.c0 + a.c1) * (b.c0 + b.c1) - v0 - v1};
}

Fp12 Fp12::square() const {
  const Fp6 cross = c0 * c1;
  return {(c0 + c1) * (c0 + c1.mul_by_v()) - cross - cross.mul_by_v(), cross.dbl()};
}

Fp12 Fp12::inverse() const {
  const Fp6 t = (c0.square() - c1.square().mul_by_v()).inverse();
  return {c0 * t, -(c1 * t)};
}

Fp12 Fp12::inverse_vartime() const {
  const Fp6 t = (c0.square() - c1.square().mul_by_v()).inverse_vartime();
  return {c0 * t, -(c1 * t)};
}

Fp12 Fp12::frobenius(unsigned power) const {
  const Fp6 b = c1.frobenius(power);
  return {c0.frobenius(power), b * frobenius_factor(power, 1)};
}

namespace {

struct Fp4 {
  Fp2 a, b;  // a + b s, s^2 = xi
};

Fp4 square_fp4(const Fp2& a, const Fp2& b) {
  const Fp2 a2 = a.square(), b2 = b.square();
  return {a2 + b2.mul_by_xi(), (a + b).square() - a2 - b2};
}

Fp2 triple_minus_double(const Fp2& t, const Fp2& z) { return (t - z).dbl() + t; }
Fp2 triple_plus_double(const Fp2& t, const Fp2& z) { return (t + z).dbl() + t; }

}  // namespace

Fp12 Fp12::cyclotomic_square() const {
  const Fp4 s = square_fp4(c0.c0, c1.c1), t = square_fp4(c1.c0, c0.c2), r = square_fp4(c0.c1, c1.c2);
  return {{triple_minus_double(s.a, c0.c0), triple_minus_double(t.a, c0.c1), triple_minus_double(r.a, c0.c2)},
          {triple_plus_double(r.b.mul_by_xi(), c1.c0), triple_plus_double(s.b, c1.c1),
           triple_plus_double(t.b, c1.c2)}};
}

namespace lazy {
namespace {

struct Fp6Product {
  Fp2Product c0, c1, c2;
};

void subtract_each(Fp6Product& out, const Fp6Product& a) {
  subtract(out.c0, a.c0);
  subtract(out.c1, a.c1);
  subtract(out.c2, a.c2);
}

// a (b0 + b1 v) with v^3 = xi, but for xi_b1 = xi b1 in place of a product times xi.
void multiply_by_01(Fp6Product& out, const Fp6& a, const Fp2& b0, const Fp2& b1, const Fp2& xi_b1) {
  Fp2Product v0, v1;
  multiply(v0, a.c0, b0);
  multiply(v1, a.c1, b1);
  multiply(out.c1, unreduced_sum(a.c0, a.c1), unreduced_sum(b0, b1));
  subtract(out.c1, v0);
  subtract(out.c1, v1);
  multiply(out.c0, a.c2, xi_b1);
  add(out.c0, v0);
  multiply(out.c2, a.c2, b0);
  add(out.c2, v1);
}

// Every component of the result is a sum of three products, of which at most two are multiplied by xi after a reduction:
// seven pairs of reductions instead of eleven.
Fp12 product_by_034(const Fp12& a, const Fp2& b0, const Fp2& b3, const Fp2& b4) {
  const Fp2 xi_b4 = b4.mul_by_xi();
  Fp6Product v0, v1, cross;
  multiply(v0.c0, a.c0.c0, b0);
  multiply(v0.c1, a.c0.c1, b0);
  multiply(v0.c2, a.c0.c2, b0);
  multiply_by_01(v1, a.c1, b3, b4, xi_b4);
  multiply_by_01(cross, a.c0 + a.c1, b0 + b3, b4, xi_b4);
  Fp12 out;
  // With s and t the reduced sums x + y and b + d, s t - x b - y d is above -p^2: so all are between -4 p^2 and 4 p^2.
  subtract_each(cross, v0);
  subtract_each(cross, v1);
  out.c1 = {reduced(cross.c0), reduced(cross.c1), reduced(cross.c2)};
  add(v0.c1, v1.c0);
  lower(v0.c1);
  add(v0.c2, v1.c1);
  lower(v0.c2);
  out.c0 = {reduced(v0.c0) + reduced(v1.c2).mul_by_xi(), reduced(v0.c1), reduced(v0.c2)};
  return out;
}

}  // namespace
}  // namespace lazy

Fp12 Fp12::mul_by_034(const Fp2& b0, const Fp2& b3, const Fp2& b4) const {
  if (kernel::lazy_selected()) return lazy::product_by_034(*this, b0, b3, b4);
  const Fp6 v0 = c0 * b0, v1 = c1.mul_by_01(b3, b4);
  return {v0 + v1.mul_by_v(), (c0 + c1).mul_by_01(b0 + b3, b4) - v0 - v1};
}

Fp12 Fp12::mul_by_34(const Fp2& b3, const Fp2& b4) const {
  const Fp6 v1 = c1.mul_by_01(b3, b4);
  return {c0 + v1.mul_by_v(), (c0 + c1).mul_by_01(Fp2::one() + b3, b4) - c0 - v1};
}

Fp12 Fp12::pow_vartime(std::span<const uint64_t> exponent) const {
  Fp12 out = one();
  for (size_t i = exponent.size() * 64; i-- > 0;) {
    out = out.square();
    if ((exponent[i / 64] >> (i % 64) & 1) != 0) out *= *this;
  }
  return out;
}

}  // namespace pyzkfl

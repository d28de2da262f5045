// Multiplication, squaring and inversion in Fp6 (see fp6.h).
#include "fields/fp6.h"

#include "fields/fp2_product.h"
#include "fields/frobenius.h"

namespace pyzkfl {

namespace lazy {
namespace {

Fp6 product_of(const Fp6& a, const Fp6& b) {
  Fp2Product v0, v1, v2, cross;
  multiply(v0, a.c0, b.c0);
  multiply(v1, a.c1, b.c1);
  multiply(v2, a.c2, b.c2);
  Fp6 out;
  multiply(cross, unreduced_sum(a.c1, a.c2), unreduced_sum(b.c1, b.c2));
  subtract(cross, v1);
  subtract(cross, v2);
  out.c0 = reduced(v0) + reduced(cross).mul_by_xi();
  multiply(cross, unreduced_sum(a.c0, a.c1), unreduced_sum(b.c0, b.c1));
  subtract(cross, v0);
  subtract(cross, v1);
  out.c1 = reduced(cross) + reduced(v2).mul_by_xi();
  multiply(cross, unreduced_sum(a.c0, a.c2), unreduced_sum(b.c0, b.c2));
  subtract(cross, v0);
  subtract(cross, v2);
  add(cross, v1);
  lower(cross);  // three products
  out.c2 = reduced(cross);
  return out;
}

Fp6 product_by_01(const Fp6& a, const Fp2& b0, const Fp2& b1) {
  Fp2Product v0, v1, other;
  multiply(v0, a.c0, b0);
  multiply(v1, a.c1, b1);
  Fp6 out;
  multiply(other, a.c2, b1);
  out.c0 = reduced(v0) + reduced(other).mul_by_xi();
  multiply(other, a.c2, b0);
  add(other, v1);
  out.c2 = reduced(other);
  multiply(other, unreduced_sum(a.c0, a.c1), unreduced_sum(b0, b1));
  subtract(other, v0);
  subtract(other, v1);
  out.c1 = reduced(other);
  return out;
}

}  // namespace
}  // namespace lazy

Fp6 operator*(const Fp6& a, const Fp6& b) {
  if (kernel::lazy_selected()) return lazy::product_of(a, b);
  const Fp2 v0 = a.c0 * b.c0, v1 = a.c1 * b.c1, v2 = a.c2 * b.c2;
  return {v0 + ((a.c1 + a.c2) * (b.c1 + b.c2) - v1 - v2).mul_by_xi(),
          (a.c0 + a.c1) * (b.c0 + b.c1) - v0 - v1 + v2.mul_by_xi(),
          (a.c0 + a.c2) * (b.c0 + b.c2) - v0 - v2 + v1};
}

Fp6 Fp6::square() const {
  const Fp2 s0 = c0.square(), s1 = (c0 * c1).dbl(), s2 = (c0 - c1 + c2).square();
  const Fp2 s3 = (c1 * c2).dbl(), s4 = c2.square();
  return {s0 + s3.mul_by_xi(), s1 + s4.mul_by_xi(), s1 + s2 + s3 - s0 - s4};
}

Fp6 Fp6::mul_by_01(const Fp2& b0, const Fp2& b1) const {
  if (kernel::lazy_selected()) return lazy::product_by_01(*this, b0, b1);
  const Fp2 v0 = c0 * b0, v1 = c1 * b1;
  return {v0 + (c2 * b1).mul_by_xi(), (c0 + c1) * (b0 + b1) - v0 - v1, c2 * b0 + v1};
}

namespace {

// The adjugate: this times it is the norm to Fp2.
Fp6 adjugate(const Fp6& a) {
  return {a.c0.square() - (a.c1 * a.c2).mul_by_xi(), a.c2.square().mul_by_xi() - a.c0 * a.c1,
          a.c1.square() - a.c0 * a.c2};
}

Fp2 norm(const Fp6& a, const Fp6& adj) {
  return a.c0 * adj.c0 + (a.c2 * adj.c1 + a.c1 * adj.c2).mul_by_xi();
}

}  // namespace

Fp6 Fp6::inverse() const {
  const Fp6 adj = adjugate(*this);
  return adj * norm(*this, adj).inverse();
}

Fp6 Fp6::inverse_vartime() const {
  const Fp6 adj = adjugate(*this);
  return adj * norm(*this, adj).inverse_vartime();
}

Fp6 Fp6::frobenius(unsigned power) const {
  return {c0.frobenius(power), c1.frobenius(power) * frobenius_factor(power, 2),
          c2.frobenius(power) * frobenius_factor(power, 4)};
}

}  // namespace pyzkfl

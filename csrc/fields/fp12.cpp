// Arithmetic in Fp12 (see fp12.h).
#include "fields/fp12.h"

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

Fp12 Fp12::mul_by_034(const Fp2& b0, const Fp2& b3, const Fp2& b4) const {
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

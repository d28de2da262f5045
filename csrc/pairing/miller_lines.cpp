// Steps of the Miller loop (see miller_lines.h).
#include "pairing/miller_lines.h"

namespace pyzkfl {
namespace {

struct Loop {
  std::array<int8_t, ate_loop_length> digits{};
  size_t lines = 0;
};

constexpr Loop loop = [] {
  Loop out;
  limbs::Wide n = limbs::Wide{6} * endomorphism::x + 2;
  out.lines = ate_loop_length + 2;
  for (size_t i = 0; i < ate_loop_length; ++i) {
    int digit = 0;
    if ((n & 1) != 0) {
      digit = (n & 3) == 1 || n == 3 ? 1 : -1;
      if (digit == 1)
        n -= 1;
      else
        n += 1;
      ++out.lines;
    }
    out.digits[ate_loop_length - 1 - i] = static_cast<int8_t>(digit);
    n >>= 1;
  }
  if (n != 1) throw "the loop has another length";  // at compile time
  return out;
}();

}  // namespace

const std::array<int8_t, ate_loop_length> ate_loop = loop.digits;
const size_t ate_line_count = loop.lines;

LineCoefficients MillerPoint::double_step() {
  const Fp2 xy = x_ * y_;
  const Fp2 b = y_.square();
  const Fp2 c = z_.square();
  const Fp2 e = (c.dbl() + c) * CurveCoefficient<Fp2>::b();
  const Fp2 f = e.dbl() + e;
  const Fp2 h = (y_ + z_).square() - b - c;
  const Fp2 xx = x_.square();
  const Fp2 ff = e.square().dbl().dbl();
  x_ = (b - f) * xy.dbl();
  y_ = (b + f).square() - (ff.dbl() + ff);
  z_ = b * h.dbl().dbl();
  return {-h, xx.dbl() + xx, e - b};
}

LineCoefficients MillerPoint::add_step(const G2Affine& q) {
  const Fp2 theta = y_ - q.y * z_;
  const Fp2 lambda = x_ - q.x * z_;
  const Fp2 d = lambda.square();
  const Fp2 e = lambda * d;
  const Fp2 f = z_ * theta.square();
  const Fp2 g = x_ * d;
  const Fp2 h = e + f - g.dbl();
  x_ = lambda * h;
  y_ = (g - h) * theta - y_ * e;
  z_ = z_ * e;
  return {lambda, -theta, theta * q.x - lambda * q.y};
}

}  // namespace pyzkfl

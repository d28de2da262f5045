// See twist_walk.h.
#include "recursion/twist_walk.h"

#include "fields/frobenius.h"

namespace pyzkfl::recursion {

TwistWalk::TwistWalk(Tower& tower, const Fp2Operand& x, const Fp2Operand& y) : t_(tower), qx_(x), qy_(y), x_(x), y_(y) {
  const Fp2Operand square = t_.reduce({{{1, x, x}}, {}});
  t_.assert_zero({{{1, y, y}, {-1, square, x}}, -Fp2Operand(CurveCoefficient<Fp2>::b())});
}

TwistLine TwistWalk::double_step() {
  const Fp2 x = t_.element(x_), y = t_.element(y_), xx = x.square();
  const Fp2Operand slope = t_.value((xx.dbl() + xx) * y.dbl().inverse_vartime());
  t_.assert_zero({{{2, y_, slope}, {-3, x_, x_}}, {}});
  const TwistLine line = {slope, t_.reduce({{{1, slope, x_}}, -y_})};
  move(line, t_.reduce({{{1, slope, slope}}, -2 * x_}));
  return line;
}

// Through T and (x, y).
TwistLine TwistWalk::chord(const Fp2Operand& x, const Fp2Operand& y) {
  t_.base().assert_different(x_.c0, x.c0);
  const Fp2 run = t_.element(x_ - x), rise = t_.element(y_ - y);
  const Fp2Operand slope = t_.value(rise * run.inverse_vartime());
  t_.assert_zero({{{1, slope, x_ - x}}, y - y_});
  return {slope, t_.reduce({{{1, slope, x_}}, -y_})};
}

void TwistWalk::move(const TwistLine& line, const Fp2Operand& x) {
  y_ = t_.reduce({{{-1, line.slope, x}}, line.intercept});
  x_ = x;
}

TwistLine TwistWalk::add_step(bool negative) {
  const TwistLine line = chord(qx_, negative ? -qy_ : qy_);
  move(line, t_.reduce({{{1, line.slope, line.slope}}, -x_ - qx_}));
  return line;
}

std::array<TwistLine, 2> TwistWalk::finish() {
  const auto psi_x = [&](unsigned power) {
    return Fp2Product{1, power % 2 == 1 ? qx_.conjugate() : qx_, Fp2Operand(frobenius_factor(power, 2))};
  };
  const auto psi_y = [&](unsigned power) {
    return Fp2Product{1, power % 2 == 1 ? qy_.conjugate() : qy_, Fp2Operand(frobenius_factor(power, 3))};
  };
  const Fp2Operand x1 = t_.reduce({{psi_x(1)}, {}}), y1 = t_.reduce({{psi_y(1)}, {}});
  const TwistLine first = chord(x1, y1);
  move(first, t_.reduce({{{1, first.slope, first.slope}}, -x_ - x1}));

  // -pi^2(Q) is (x2, y_Q), as the factor of y is -1.
  const Fp2Operand x2 = t_.reduce({{psi_x(2)}, {}});
  const TwistLine second = chord(x2, qy_);

  // The sum of T and -pi^2(Q) is (x3, -y3): both coordinates by what add_step would compute.
  const Fp2Operand x3 = t_.reduce({{psi_x(3)}, {}});
  t_.assert_zero({{{1, second.slope, second.slope}}, -x_ - x2 - x3});
  t_.assert_zero({{{-1, second.slope, x3}, psi_y(3)}, second.intercept});
  return {first, second};
}

}  // namespace pyzkfl::recursion

// See g1_points.h.
#include "recursion/g1_points.h"

#include "base/errors.h"
#include "curves/endomorphism_constants.h"

namespace pyzkfl::recursion {

G1Point G1Points::point(const G1Affine& hint) {
  const Operand x = fp_.value(hint.x), y = fp_.value(hint.y);
  const Operand square = fp_.product(x, x);
  fp_.assert_zero({{{1, y, y}, {-1, square, x}}, -Operand(CurveCoefficient<Fp>::b())});
  return {x, y};
}

// What a line through a with this slope, which meets the curve at b too, makes of a + b.
G1Point G1Points::third(const G1Point& a, const Operand& x_of_b, const Operand& slope) {
  const Operand x = fp_.reduce({{{1, slope, slope}}, -a.x() - x_of_b});
  const Operand y = fp_.reduce({{{1, slope, a.x() - x}}, -a.y()});
  return {x, y};
}

G1Point G1Points::constant(const G1Affine& point) const {
  if (point.is_infinity()) throw ParameterError(fp_.builder().path("infinity as a constant point"));
  return {Operand(point.x), Operand(point.y)};
}

G1Point G1Points::endomorphism(const G1Point& a) {
  return {fp_.product(a.x(), Operand(Fp::from_canonical(std::to_array(endomorphism::beta)))), a.y()};
}

// beta^2 = -1 - beta.
G1Point G1Points::sum_with_endomorphism(const G1Point& a, const G1Point& phi_a) {
  return {fp_.reduce({{}, -a.x() - phi_a.x()}), -a.y()};
}

G1Point G1Points::choose(const CommittedBit& bit, const G1Point& a, const G1Point& b) {
  const Operand x = fp_.choose(bit, a.x(), b.x());
  return {x, fp_.choose(bit, a.y(), b.y())};
}

G1Point G1Points::choose_sign(const CommittedBit& bit, const G1Point& a) { return {a.x(), fp_.choose(bit, a.y(), -a.y())}; }

G1Point G1Points::values(const G1Point& a) {
  const Operand x = fp_.reduce({{}, a.x()});
  return {x, fp_.reduce({{}, a.y()})};
}

G1Point G1Points::add(const G1Point& a, const G1Point& b) {
  fp_.assert_different(a.x(), b.x());
  return add_apart(a, b);
}

G1Point G1Points::add_apart(const G1Point& a, const G1Point& b) {
  const Fp run = fp_.element(b.x() - a.x()), rise = fp_.element(b.y() - a.y());
  const Operand slope = fp_.value(rise * run.inverse_vartime());
  fp_.assert_zero({{{1, slope, b.x() - a.x()}}, a.y() - b.y()});
  return third(a, b.x(), slope);
}

G1Point G1Points::twice(const G1Point& a) {
  const Fp x = fp_.element(a.x()), square = x.square();
  const Operand slope = fp_.value((square.dbl() + square) * fp_.element(a.y()).dbl().inverse_vartime());
  fp_.assert_zero({{{2, a.y(), slope}, {-3, a.x(), a.x()}}, {}});
  return third(a, a.x(), slope);
}

void G1Points::assert_equal(const G1Point& a, const G1Point& b) {
  fp_.assert_zero({{}, a.x() - b.x()});
  fp_.assert_zero({{}, a.y() - b.y()});
}

}  // namespace pyzkfl::recursion

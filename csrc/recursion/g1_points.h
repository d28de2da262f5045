// Points of G1 in a circuit, affine: on the curve, sums of points with different x, doubles. docs/recursion.md, section 4.
//
// No slope is free: a sum asks that the x differ, which refuses equal and opposite points, and a double's 2 y is not 0, as the group
// has odd order. There is no form for infinity: (0, 0) is not on the curve. G1 is the whole curve, so a point on it lies in G1.
#pragma once

#include "curves/bn254.h"
#include "recursion/base_field.h"

namespace pyzkfl::recursion {

// Coordinates are values, constants, or choices among such (y may be the negative of one); made by G1Points alone, so the point is
// on the curve.
class G1Point {
 public:
  const Operand& x() const { return x_; }
  const Operand& y() const { return y_; }

 private:
  friend class G1Points;
  G1Point(Operand x, Operand y) : x_(std::move(x)), y_(std::move(y)) {}
  Operand x_, y_;
};

class G1Points {
 public:
  explicit G1Points(BaseField& fp) : fp_(fp) {}

  // New values, proven to be a point of the curve. 131 constraints.
  G1Point point(const G1Affine& hint);
  // No constraint. Not infinity (ParameterError).
  G1Point constant(const G1Affine& point) const;
  // a + b, values. Three reductions and 4 constraints more: 169, and the choices' integers.
  G1Point add(const G1Point& a, const G1Point& b);
  // The same without the check that the x differ: the caller knows, from the order of G1, that a is neither b nor -b. 165.
  G1Point add_apart(const G1Point& a, const G1Point& b);
  G1Point negative(const G1Point& a) const { return {a.x(), -a.y()}; }
  // phi(a) = lambda a, x times a root of unity of order 3. A reduction: 55.
  G1Point endomorphism(const G1Point& a);
  // -phi^2(a) = a + phi(a), of a and phi(a). A reduction: 54.
  G1Point sum_with_endomorphism(const G1Point& a, const G1Point& phi_a);
  // bit ? a : b, as choices. Two constraints.
  G1Point choose(const CommittedBit& bit, const G1Point& a, const G1Point& b);
  // bit ? a : -a. One constraint.
  G1Point choose_sign(const CommittedBit& bit, const G1Point& a);
  // The same point with coordinates that are values. Two reductions: 108.
  G1Point values(const G1Point& a);
  // Where the builder computes.
  G1Affine element(const G1Point& a) const { return {fp_.element(a.x()), fp_.element(a.y())}; }
  // 2 a. Three reductions: 166.
  G1Point twice(const G1Point& a);
  // Proves that a and b are one point.
  void assert_equal(const G1Point& a, const G1Point& b);

 private:
  G1Point third(const G1Point& a, const Operand& x_of_b, const Operand& slope);

  BaseField& fp_;
};

}  // namespace pyzkfl::recursion

// Points of G1 in a circuit, affine: on the curve, sums of points with different x, doubles. docs/recursion.md, section 4.
//
// No slope is free: a sum asks that the x differ, which refuses equal and opposite points, and a double's 2 y is not 0, as the group
// has odd order. There is no form for infinity: (0, 0) is not on the curve. G1 is the whole curve, so a point on it lies in G1.
#pragma once

#include "curves/bn254.h"
#include "recursion/base_field.h"

namespace pyzkfl::recursion {

// Coordinates are values; made by G1Points alone, so the point is on the curve.
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
  // a + b. Three reductions and 4 constraints more: 169.
  G1Point add(const G1Point& a, const G1Point& b);
  // 2 a. Three reductions: 166.
  G1Point twice(const G1Point& a);
  // Proves that a and b are one point.
  void assert_equal(const G1Point& a, const G1Point& b);

 private:
  G1Point third(const G1Point& a, const Operand& x_of_b, const Operand& slope);

  BaseField& fp_;
};

}  // namespace pyzkfl::recursion

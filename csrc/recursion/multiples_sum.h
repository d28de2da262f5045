// Sums of multiples of points of G1 in a circuit: windows of signed scalars, doublings shared, every addition refuses points with
// the same x, so no slope is free. docs/recursion.md, section 4 (Straus 1964; Strauss-Shamir).
//
//   MultiplesSum sum(points);
//   sum.add(p, scalar);            // any point, any scalar
//   sum.add(q);                    // once
//   const G1Point total = sum.total();
//
// The accumulator starts at a constant point of which nobody knows a relation with others, so an honest sum meets equal points
// with a probability of 2^-240 or so, whatever the points and scalars: equal, opposite, 0 or small multiples. Two sums have no form and
// are refused: infinity, and what makes the start its last addend.
#pragma once

#include <array>
#include <vector>

#include "recursion/g1_points.h"
#include "recursion/signed_scalar.h"

namespace pyzkfl::recursion {

class MultiplesSum {
 public:
  explicit MultiplesSum(G1Points& points) : points_(points) {}

  // scalar * point. A table of eight points: 1,535 constraints (none for a constant), and 191 a window.
  void add(const G1Point& point, SignedScalar scalar);
  void add(const G1Affine& constant, SignedScalar scalar);
  // The point itself. 169.
  void add(const G1Point& point) { once_.push_back(point); }

  // Doublings: 332 for each window of the longest scalar. Not for an empty sum (ParameterError).
  G1Point total();

 private:
  // [s_three + 2 t_three + 4 t_same].
  using Table = std::array<G1Point, 8>;
  struct Term {
    Table table;
    SignedScalar scalar;
  };
  G1Point entry(const Term& term, size_t window);

  G1Points& points_;
  std::vector<Term> terms_;
  std::vector<G1Point> once_;
};

// The accumulator's first value: x is the least integer from a hash of its name on that is on the curve, y the lesser root.
const G1Affine& sum_start();

}  // namespace pyzkfl::recursion

// That a product of pairings is 1, in a circuit: lines of fixed points of G2 as constants, of a proof's points by a walk,
// one Miller loop for all, and a residue witness in place of the final exponentiation. docs/recursion.md, section 3.
//
//   PairingProduct product(tower);
//   product.add(ax, ay, bx, by);              // e(A, B), B from a proof
//   product.add(cx, cy, G2Prepared(-delta));  // e(C, -delta)
//   product.assert_one();
//
// That the points of G1 are on their curve is for whoever makes them. The point at infinity has no form here: y = 0 is refused.
#pragma once

#include <memory>
#include <vector>

#include "pairing/pairing.h"
#include "recursion/twist_walk.h"

namespace pyzkfl::recursion {

class PairingProduct {
 public:
  explicit PairingProduct(Tower& tower) : t_(tower) {}

  // e(P, Q) for a constant Q, not infinity (ParameterError).
  void add(const Operand& x, const Operand& y, std::shared_ptr<const G2Prepared> q);
  // e(P, Q) for values Q, which are proven to be a point of G2.
  void add(const Operand& x, const Operand& y, const Fp2Operand& qx, const Fp2Operand& qy);
  // Proves that the product of all is 1. Once.
  void assert_one();

 private:
  struct Pair {
    G1Affine p;                            // where the builder computes
    Operand x_over_y, one_over_y;
    std::shared_ptr<const G2Prepared> q;   // constant, or empty
    std::optional<TwistWalk> walk;
    Fp2Operand qx, qy;
    size_t next = 0;                       // of a constant's lines
  };
  enum class Step { tangent, plus, minus };

  Pair& add_point(const Operand& x, const Operand& y);
  Fp12 miller_value() const;
  Fp12Operand line(const Pair& pair, const Fp2Operand& slope, const Fp2Operand& intercept);
  Fp12Operand next_constant_line(Pair& pair);
  void lines_of_step(std::vector<Fp12Operand>& out, Step step);
  Fp12Operand two_lines(const Fp12Operand& a, const Fp12Operand& b);
  Fp12Operand times_lines(Fp12Operand f, std::vector<Fp12Operand> lines);

  Tower& t_;
  std::vector<Pair> pairs_;
};

}  // namespace pyzkfl::recursion

// A proof's point of G2 in a circuit: the walk of the optimal ate loop over it, its lines, and that it lies in G2.
// docs/recursion.md, section 3; the loop is that of pairing/miller_lines.h.
//
// All points are affine. The tangent at T has slope l with 2 y l = 3 x^2 (y is not 0: the twist's group has odd order), a chord
// l (x_T - x_R) = y_T - y_R with x_T and x_R different in their first coordinate, which is proven: so no slope is free, and
// equal, opposite or infinite points are refused. (An honest walk meets none; that first coordinates agree by chance
// has probability 2^-247.)
#pragma once

#include "curves/bn254.h"
#include "recursion/tower.h"

namespace pyzkfl::recursion {

// A line through points of the twist: y_P - slope x_P w + intercept w^3 at P.
struct TwistLine {
  Fp2Operand slope, intercept;
};

class TwistWalk {
 public:
  // Proves that (x, y) is on the twist; both must be values.
  TwistWalk(Tower& tower, const Fp2Operand& x, const Fp2Operand& y);

  // T = 2 T; the tangent. Eight reductions.
  TwistLine double_step();
  // T = T + Q or T - Q; the chord. Eight reductions and 4 constraints.
  TwistLine add_step(bool negative);
  // The last two chords, through pi(Q) and -pi^2(Q), and the proof that Q lies in G2: T ends at -pi^3(Q).
  std::array<TwistLine, 2> finish();

 private:
  TwistLine chord(const Fp2Operand& x, const Fp2Operand& y);
  Fp2Operand next_x(const TwistLine& line, const Fp2Operand& x);
  void move(const TwistLine& line, const Fp2Operand& x);

  Tower& t_;
  Fp2Operand qx_, qy_, x_, y_;
};

}  // namespace pyzkfl::recursion

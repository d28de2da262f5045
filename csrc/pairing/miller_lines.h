// The points and lines of the Miller loop: a running point T on the twist, doubled or added to, and the line
// through the points involved, evaluated later at P.
//
// Homogeneous coordinates (X / Z, Y / Z) and the formulas of Costello, Lange, Naehrig (PKC 2010) as in Aranha
// et al., eprint 2010/526, section 4. With the untwist (x, y) -> (x w^2, y w^3) a line is, up to a factor
// from a subfield that the final exponentiation removes, c0 y_P + (c3 x_P) w + c4 w^3. Doubling gives four times the
// coordinates of that paper, so that nothing is halved.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "curves/bn254.h"

namespace pyzkfl {

struct LineCoefficients {
  Fp2 c0, c3, c4;
};

class MillerPoint {
 public:
  explicit MillerPoint(const G2Affine& q) : x_(q.x), y_(q.y), z_(Fp2::one()) {}

  // T = 2 T; returns the tangent at the old T.
  LineCoefficients double_step();
  // T = T + Q; returns the line through the old T and Q. T and Q are not equal or opposite (in the loop they
  // are not, for Q of order r).
  LineCoefficients add_step(const G2Affine& q);

 private:
  Fp2 x_, y_, z_;
};

// 6x + 2 in non-adjacent form (but 11 at the top instead of 10-1, which is a digit shorter) without its
// leading 1, most significant digit first: the loop doubles for each digit, then adds or subtracts Q where it
// is not zero.
inline constexpr size_t ate_loop_length = 64;
extern const std::array<int8_t, ate_loop_length> ate_loop;
// Lines in one loop: a double step a digit, an add step for each digit that is not zero, and the last two.
extern const size_t ate_line_count;

}  // namespace pyzkfl

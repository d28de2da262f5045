// The two elements by which a transcript absorbs a point (transcript::point_elements), from a point's digits in a circuit.
#pragma once

#include <array>

#include "recursion/g1_points.h"

namespace pyzkfl::recursion {

// x mod 2^128, and floor(x / 2^128) + 2^127 [y > (p - 1) / 2], of a point whose coordinates are values: they are proven to be
// canonical. 81 constraints.
std::array<LC, 2> transcript_elements(BaseField& fp, const G1Point& point);

}  // namespace pyzkfl::recursion

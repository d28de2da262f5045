// The knots of the piecewise linear sigmoid on [-8, 8], unit 2^-20 (docs/protocol.md section 1, step 4).
// Written by scripts/sigmoid_knots.py; do not edit.
#pragma once

#include <array>
#include <cstdint>

namespace pyzkfl {

// K[j] = 128 round(2^13 sigmoid(-8 + j / 2)).
inline constexpr std::array<int64_t, 33> kSigmoidKnots = {
    384, 640, 896, 1536, 2560, 4224, 7040, 11520,
    18816, 30720, 49792, 79488, 125056, 191232, 281984, 395904,
    524288, 652672, 766592, 857344, 923520, 969088, 998784, 1017856,
    1029760, 1037056, 1041536, 1044352, 1046016, 1047040, 1047680, 1047936,
    1048192,
};

}  // namespace pyzkfl

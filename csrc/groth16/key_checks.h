// What every reader of a key asks of its points (docs/protocol.md, section 3): DecodeError names the one that fails.
#pragma once

#include <cstddef>
#include <string>

#include "base/errors.h"
#include "curves/bn254.h"

namespace pyzkfl::groth16 {

// Not infinity, on the curve, in the subgroup of order r.
template <class Point>
void refuse_useless(const Point& point, const char* name) {
  if (point.is_infinity()) throw DecodeError(std::string("key: ") + name + " is infinity");
  if (!point.is_on_curve() || !is_in_subgroup(point))
    throw DecodeError(std::string("key: ") + name + " is no point of its group");
}

inline void expect_size(size_t found, size_t expected, const char* name) {
  if (found != expected)
    throw DecodeError(std::string("key: ") + name + " has " + std::to_string(found) +
                      " points, its layout asks for " + std::to_string(expected));
}

}  // namespace pyzkfl::groth16

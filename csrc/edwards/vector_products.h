// Products on the curve and powers in the field, eight at a time where the processor has a kernel for them.
#pragma once

#include <span>

#include "edwards/points.h"
#include "edwards/scalars.h"

namespace pyzkfl::edwards {

// Whether there is a kernel (AVX-512 IFMA).
bool vector_products_selected();
// sums[i] = [k[i]] points[i] + [s[i]] B, without its T, for affine points (Z = 1) and scalars below 2^253. Only with a
// kernel. Eight take the time of one.
void sums_of_two(std::span<Point> sums, std::span<const Point> points, std::span<const Scalar> k,
                 std::span<const Scalar> s);
// Each tight value's ((p - 5) / 8)-th power, in place. With a kernel or without.
void powers_p58(std::span<Fe> values);

}  // namespace pyzkfl::edwards

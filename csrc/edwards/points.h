// The curve of Ed25519, -x^2 + y^2 = 1 + d x^2 y^2, in extended coordinates (Hisil, Wong, Carter and Dawson 2008, sections
// 3.1 and 3.2). The formulas are complete: they hold for every pair of points, those of small order included.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "edwards/field25519.h"
#include "edwards/scalars.h"

namespace pyzkfl::edwards {

// x = X / Z, y = Y / Z, T = X Y / Z; all tight.
struct Point {
  Fe X, Y, Z, T;
};

// An affine point as additions take it.
struct Niels {
  Fe sum, difference, product;  // y + x, y - x, 2 d x y; the first two below 2^54
};

inline constexpr Point kNeutral{kZero, kOne, kOne, kZero};

// -121665 / 121666.
const Fe& curve_d();
// The base point B: y = 4 / 5, x even.
const Point& base_point();

Point add(const Point& p, const Point& q);
Point add(const Point& p, const Niels& q);
Point subtract(const Point& p, const Niels& q);
Point twice(const Point& p);
Point negate(const Point& p);
// [k] p for k below 2^253, with nothing precomputed.
Point multiply(const Point& p, const Scalar& k);

// RFC 8032, section 5.1.3, but as OpenSSL reads it: a y of p or more is taken modulo p, and x = 0 with the sign bit set is
// x = 0. Nothing for what is not on the curve.
std::optional<Point> decompress(std::span<const uint8_t, 32> bytes);
// The same for many, side by side where the processor can.
std::vector<std::optional<Point>> decompress(std::span<const std::array<uint8_t, 32>> encodings);
// Affine forms of all points, with one inversion.
std::vector<Niels> normalise(std::span<const Point> points);
// The encodings of all points, with one inversion.
std::vector<std::array<uint8_t, 32>> compress(std::span<const Point> points);

}  // namespace pyzkfl::edwards

// Points of Ed25519's curve (see points.h).
#include "edwards/points.h"

#include <cstdlib>

#include "edwards/vector_products.h"

namespace pyzkfl::edwards {
namespace {

Fe small(uint64_t n) { return {{n, 0, 0, 0, 0}}; }

// The square root of -1: 2^((p - 1) / 4) = (2^((p - 5) / 8))^2 * 2.
const Fe& root_of_minus_one() {
  static const Fe value = square(power_p58(small(2))) * small(2);
  return value;
}

// The y of an encoding, and x^2 = u / v, whose root is u v^3 base^((p - 5) / 8) with base = u v^7.
struct Encoded {
  Fe y, u, v, v3, base;
  bool negative;

  explicit Encoded(std::span<const uint8_t, 32> bytes) : y(from_bytes(bytes)), negative(bytes[31] >> 7 == 1) {
    const Fe yy = square(y);
    u = (yy - kOne) * kOne;
    v = yy * curve_d() + kOne;
    v3 = square(v) * v;
    base = square(v3) * v * u;
  }

  std::optional<Point> point(const Fe& power) const {
    Fe x = u * v3 * power;  // the root of u / v, or of -u / v
    const Fe check = square(x) * v;
    if (!is_zero(check - u)) {
      if (!is_zero(check + u)) return std::nullopt;
      x = x * root_of_minus_one();
    }
    if (is_negative(x) != negative) x = (kZero - x) * kOne;
    return Point{x, y, kOne, x * y};
  }
};

Point finish(const Fe& e, const Fe& f, const Fe& g, const Fe& h) { return {e * f, g * h, f * g, e * h}; }

// 2 p; its T only where an addition follows, as doublings do not ask for it.
Point doubled(const Point& p, bool with_t) {
  const Fe a = square(p.X);
  const Fe b = square(p.Y);
  const Fe c = square(p.Z);
  const Fe h = a + b;
  const Fe e = h - square(p.X + p.Y);
  const Fe g = a - b;
  const Fe f = c + c + g;
  return {e * f, g * h, f * g, with_t ? e * h : kZero};
}

// A point as the additions of multiply() take it.
struct Addend {
  Fe sum, difference, product, twice_z;  // Y + X, Y - X, 2 d T, 2 Z

  explicit Addend(const Point& p)
      : sum(p.Y + p.X), difference(p.Y - p.X), product(p.T * (curve_d() + curve_d())), twice_z(p.Z + p.Z) {}
};

Point combined(const Point& p, const Addend& q, bool minus) {
  const Fe a = (p.Y - p.X) * (minus ? q.sum : q.difference);
  const Fe b = (p.Y + p.X) * (minus ? q.difference : q.sum);
  const Fe c = p.T * q.product;
  const Fe d = p.Z * q.twice_z;
  return minus ? finish(b - a, d + c, d - c, b + a) : finish(b - a, d - c, d + c, b + a);
}

// 1 / Z of every point, by Montgomery's trick; no Z is zero on a complete curve.
std::vector<Fe> inverses(std::span<const Point> points) {
  std::vector<Fe> out(points.size());
  Fe product = kOne;
  for (size_t i = 0; i < points.size(); ++i) {
    out[i] = product;
    product = product * points[i].Z;
  }
  Fe inverse = invert(product);
  for (size_t i = points.size(); i-- > 0;) {
    out[i] = out[i] * inverse;
    inverse = inverse * points[i].Z;
  }
  return out;
}

}  // namespace

const Fe& curve_d() {
  static const Fe value = (kZero - small(121665)) * invert(small(121666));
  return value;
}

const Point& base_point() {
  static const Point value = [] {
    const std::array<uint8_t, 32> y = to_bytes(small(4) * invert(small(5)));
    return *decompress(y);  // the sign bit is 0
  }();
  return value;
}

Point add(const Point& p, const Point& q) {
  const Fe a = (p.Y - p.X) * (q.Y - q.X);
  const Fe b = (p.Y + p.X) * (q.Y + q.X);
  const Fe c = p.T * q.T * (curve_d() + curve_d());
  const Fe d = p.Z * (q.Z + q.Z);
  return finish(b - a, d - c, d + c, b + a);
}

Point add(const Point& p, const Niels& q) {
  const Fe a = (p.Y - p.X) * q.difference;
  const Fe b = (p.Y + p.X) * q.sum;
  const Fe c = p.T * q.product;
  const Fe d = p.Z + p.Z;
  return finish(b - a, d - c, d + c, b + a);
}

Point subtract(const Point& p, const Niels& q) {
  const Fe a = (p.Y - p.X) * q.sum;
  const Fe b = (p.Y + p.X) * q.difference;
  const Fe c = p.T * q.product;
  const Fe d = p.Z + p.Z;
  return finish(b - a, d + c, d - c, b + a);
}

Point twice(const Point& p) { return doubled(p, /*with_t=*/true); }

Point multiply(const Point& p, const Scalar& k) {
  const std::array<int8_t, 256> digits = sparse_digits(k);
  size_t place = digits.size();
  while (place > 0 && digits[place - 1] == 0) --place;
  if (place == 0) return kNeutral;
  const Point two_p = twice(p);
  const Addend two(two_p);
  std::vector<Addend> odd;  // 1, 3, .., 15 times p
  odd.reserve(8);
  Point multiple = p;
  odd.emplace_back(multiple);
  while (odd.size() < 8) {
    multiple = combined(multiple, two, /*minus=*/false);
    odd.emplace_back(multiple);
  }
  Point sum = kNeutral;
  while (place-- > 0) {
    const int digit = digits[place];
    sum = doubled(sum, /*with_t=*/digit != 0 || place == 0);
    if (digit != 0) sum = combined(sum, odd[static_cast<size_t>(std::abs(digit)) / 2], digit < 0);
  }
  return sum;
}

Point negate(const Point& p) { return {(kZero - p.X) * kOne, p.Y, p.Z, (kZero - p.T) * kOne}; }

std::optional<Point> decompress(std::span<const uint8_t, 32> bytes) {
  const Encoded encoded(bytes);
  return encoded.point(power_p58(encoded.base));
}

std::vector<std::optional<Point>> decompress(std::span<const std::array<uint8_t, 32>> encodings) {
  std::vector<Encoded> encoded;
  std::vector<Fe> powers;
  for (const auto& bytes : encodings) {
    encoded.emplace_back(bytes);
    powers.push_back(encoded.back().base);
  }
  powers_p58(powers);
  std::vector<std::optional<Point>> out;
  for (size_t i = 0; i < encoded.size(); ++i) out.push_back(encoded[i].point(powers[i]));
  return out;
}

std::vector<Niels> normalise(std::span<const Point> points) {
  const std::vector<Fe> inverse = inverses(points);
  std::vector<Niels> out(points.size());
  const Fe d2 = curve_d() + curve_d();
  for (size_t i = 0; i < points.size(); ++i) {
    const Fe x = points[i].X * inverse[i];
    const Fe y = points[i].Y * inverse[i];
    out[i] = {y + x, y - x, x * y * d2};
  }
  return out;
}

std::vector<std::array<uint8_t, 32>> compress(std::span<const Point> points) {
  const std::vector<Fe> inverse = inverses(points);
  std::vector<std::array<uint8_t, 32>> out(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    out[i] = to_bytes(points[i].Y * inverse[i]);
    out[i][31] |= is_negative(points[i].X * inverse[i]) ? 0x80 : 0;
  }
  return out;
}

}  // namespace pyzkfl::edwards

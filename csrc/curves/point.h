// Points of a curve y^2 = x^3 + b over a field F, affine and Jacobian, for public data.
//
// Affine: (0, 0) stands for the point at infinity (it is on none of our curves, since b != 0). Jacobian: (X,
// Y, Z) stands for (X / Z^2, Y / Z^3), and any Z = 0 for infinity. Every function accepts every pair of
// points: equal, opposite, infinite, any aliasing. The case analysis branches on the operands, so the time
// depends on them: code on secrets uses complete.h. Formulas: Bernstein, Lange, Explicit-Formulas Database,
// short Weierstrass, a = 0 (dbl-2009-l, madd-2007-bl, add-2007-bl).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/errors.h"
#include "fields/batch_inverse.h"

namespace pyzkfl {

// The b of the curve over F; specialised where a curve is defined (bn254.h).
template <class F>
struct CurveCoefficient;

template <class F>
struct Affine {
  using Field = F;

  F x{}, y{};

  static constexpr Affine infinity() { return {}; }
  constexpr bool is_infinity() const { return x.is_zero() & y.is_zero(); }
  // Infinity counts as on the curve.
  constexpr bool is_on_curve() const {
    return is_infinity() || y.square() == x.square() * x + CurveCoefficient<F>::b();
  }
  constexpr Affine operator-() const { return {x, -y}; }
  friend constexpr bool operator==(const Affine& a, const Affine& b) { return a.x == b.x && a.y == b.y; }
};

template <class F>
struct Jacobian {
  using Field = F;

  F x{}, y{}, z{};

  constexpr Jacobian() = default;  // infinity
  constexpr Jacobian(const F& x_, const F& y_, const F& z_) : x(x_), y(y_), z(z_) {}
  constexpr Jacobian(const Affine<F>& p)  // without a branch
      : x(p.x), y(p.y), z(F::select(0 - static_cast<uint64_t>(p.is_infinity()), F::zero(), F::one())) {}

  static constexpr Jacobian infinity() { return {}; }
  constexpr bool is_infinity() const { return z.is_zero(); }
  constexpr Jacobian operator-() const { return {x, -y, z}; }

  // 2M + 5S.
  constexpr Jacobian dbl() const {
    const F a = x.square();
    const F b = y.square();
    const F c = b.square();
    const F d = ((x + b).square() - a - c).dbl();
    const F e = a.dbl() + a;
    const F x3 = e.square() - d.dbl();
    const F y3 = e * (d - x3) - c.dbl().dbl().dbl();
    return {x3, y3, (y * z).dbl()};  // no point of ours has order two, but z = 0 stays z = 0
  }

  // 7M + 4S.
  friend constexpr Jacobian operator+(const Jacobian& p, const Affine<F>& q) {
    if (q.is_infinity()) return p;
    if (p.is_infinity()) return q;
    const F zz = p.z.square();
    const F u2 = q.x * zz;
    const F s2 = q.y * p.z * zz;
    const F h = u2 - p.x;
    const F s = s2 - p.y;
    if (h.is_zero()) return s.is_zero() ? p.dbl() : infinity();
    const F hh = h.square();
    const F i = hh.dbl().dbl();
    const F j = h * i;
    const F rr = s.dbl();
    const F v = p.x * i;
    const F x3 = rr.square() - j - v.dbl();
    const F y3 = rr * (v - x3) - (p.y * j).dbl();
    return {x3, y3, (p.z + h).square() - zz - hh};
  }

  // 11M + 5S.
  friend constexpr Jacobian operator+(const Jacobian& p, const Jacobian& q) {
    if (q.is_infinity()) return p;
    if (p.is_infinity()) return q;
    const F z1z1 = p.z.square();
    const F z2z2 = q.z.square();
    const F u1 = p.x * z2z2;
    const F u2 = q.x * z1z1;
    const F s1 = p.y * q.z * z2z2;
    const F s2 = q.y * p.z * z1z1;
    const F h = u2 - u1;
    const F s = s2 - s1;
    if (h.is_zero()) return s.is_zero() ? p.dbl() : infinity();
    const F i = h.dbl().square();
    const F j = h * i;
    const F rr = s.dbl();
    const F v = u1 * i;
    const F x3 = rr.square() - j - v.dbl();
    const F y3 = rr * (v - x3) - (s1 * j).dbl();
    return {x3, y3, ((p.z + q.z).square() - z1z1 - z2z2) * h};
  }

  friend constexpr Jacobian operator-(const Jacobian& p, const Jacobian& q) { return p + (-q); }
  friend constexpr Jacobian operator-(const Jacobian& p, const Affine<F>& q) { return p + (-q); }
  constexpr Jacobian& operator+=(const Jacobian& q) { return *this = *this + q; }
  constexpr Jacobian& operator+=(const Affine<F>& q) { return *this = *this + q; }
  constexpr Jacobian& operator-=(const Jacobian& q) { return *this = *this - q; }
  constexpr Jacobian& operator-=(const Affine<F>& q) { return *this = *this - q; }

  // Equality of the points, whatever their coordinates.
  friend constexpr bool operator==(const Jacobian& p, const Jacobian& q) {
    if (p.is_infinity() || q.is_infinity()) return p.is_infinity() && q.is_infinity();
    const F z1z1 = p.z.square();
    const F z2z2 = q.z.square();
    return p.x * z2z2 == q.x * z1z1 && p.y * q.z * z2z2 == q.y * p.z * z1z1;
  }

  // One constant-time inversion; the selection of infinity follows from inverse(0) = 0, without a branch.
  Affine<F> to_affine() const { return scaled(z.inverse()); }
  // The point (x s^2, y s^3): affine coordinates when s = 1 / z, and (0, 0) when s = 0.
  constexpr Affine<F> scaled(const F& s) const {
    const F ss = s.square();
    return {x * ss, y * ss * s};
  }
};

// Affine coordinates of many points for one inversion. `out` is as long as `points` and may not overlap it.
template <class F>
void batch_to_affine(std::span<Affine<F>> out, std::span<const Jacobian<F>> points) {
  if (out.size() != points.size()) throw ParameterError("batch_to_affine: output of another length");
  std::vector<F> inverses(points.size());
  for (size_t i = 0; i < points.size(); ++i) inverses[i] = points[i].z;
  batch_inverse(std::span<F>(inverses));
  for (size_t i = 0; i < points.size(); ++i) out[i] = points[i].scaled(inverses[i]);
}

template <class F>
std::vector<Affine<F>> batch_to_affine(const std::vector<Jacobian<F>>& points) {
  std::vector<Affine<F>> out(points.size());
  batch_to_affine(std::span<Affine<F>>(out), std::span<const Jacobian<F>>(points));
  return out;
}

}  // namespace pyzkfl

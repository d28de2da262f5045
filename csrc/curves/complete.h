// Points in homogeneous coordinates with complete addition, for secret scalars.
//
// Renes, Costello, Batina 2016 (eprint 2015/1060), algorithms 7 (addition) and 9 (doubling) for a = 0:
// correct for every pair of points of a curve without points of order two (both of ours), with no case
// analysis, so the sequence of field operations never depends on the operands. (X : Y : Z) stands for (X / Z,
// Y / Z); infinity is (0 : 1 : 0).
#pragma once

#include "curves/point.h"

namespace pyzkfl {

template <class F>
struct CompletePoint {
  F x = F::zero(), y = F::one(), z = F::zero();

  // From Jacobian coordinates, without a branch.
  static CompletePoint from(const Jacobian<F>& p) {
    const uint64_t infinite = 0 - static_cast<uint64_t>(p.z.is_zero());
    return {F::select(infinite, F::zero(), p.x * p.z), F::select(infinite, F::one(), p.y),
            p.z.square() * p.z};
  }
  Jacobian<F> to_jacobian() const { return {x * z, y * z.square(), z}; }

  CompletePoint operator-() const { return {x, -y, z}; }

  friend CompletePoint operator+(const CompletePoint& p, const CompletePoint& q) {
    const F xx = p.x * q.x;
    const F yy = p.y * q.y;
    const F zz = p.z * q.z;
    const F xy = (p.x + p.y) * (q.x + q.y) - xx - yy;
    const F yz = (p.y + p.z) * (q.y + q.z) - yy - zz;
    const F xz = (p.x + p.z) * (q.x + q.z) - xx - zz;
    const F xx3 = xx.dbl() + xx;
    const F bzz = times_3b(zz);
    const F bxz = times_3b(xz);
    const F plus = yy + bzz;
    const F minus = yy - bzz;
    return {xy * minus - yz * bxz, bxz * xx3 + minus * plus, plus * yz + xx3 * xy};
  }

  CompletePoint dbl() const {
    const F yy = y.square();
    const F yy8 = yy.dbl().dbl().dbl();
    const F bzz = times_3b(z.square());
    const F t = yy - (bzz.dbl() + bzz);
    return {(t * (x * y)).dbl(), bzz * yy8 + t * (yy + bzz), y * z * yy8};
  }

  static CompletePoint select(uint64_t mask, const CompletePoint& a, const CompletePoint& b) {
    return {F::select(mask, a.x, b.x), F::select(mask, a.y, b.y), F::select(mask, a.z, b.z)};
  }

 private:
  static F times_3b(const F& v) {
    const F bv = v * CurveCoefficient<F>::b();
    return bv.dbl() + bv;
  }
};

}  // namespace pyzkfl

// The groups of BN254 (alt_bn128, EIP-196 and EIP-197).
//
// G1: y^2 = x^3 + 3 over Fp, of prime order r. G2: the subgroup of order r of y^2 = x^3 + 3 / (9 + u) over
// Fp2; the cofactor 2p - r has the small factor 10069, so points from outside must pass is_in_subgroup.
// Generators as in EIP-196 and EIP-197.
#pragma once

#include "curves/endomorphism_constants.h"
#include "curves/point.h"
#include "fields/fp.h"
#include "fields/fp2.h"
#include "fields/fr.h"

namespace pyzkfl {

template <>
struct CurveCoefficient<Fp> {
  static constexpr Fp b() { return Fp::from_u64(3); }
};

template <>
struct CurveCoefficient<Fp2> {
  static constexpr Fp2 b() { return value; }

 private:
  static constexpr Fp2 value = {Fp::from_canonical(std::to_array(endomorphism::twist_b[0])),
                                Fp::from_canonical(std::to_array(endomorphism::twist_b[1]))};
};

using G1Affine = Affine<Fp>;
using G1 = Jacobian<Fp>;
using G2Affine = Affine<Fp2>;
using G2 = Jacobian<Fp2>;

const G1Affine& g1_generator();
const G2Affine& g2_generator();

// phi(x, y) = (beta x, y): multiplication by lambda on G1 (endomorphism_constants.h).
G1Affine phi(const G1Affine& p);
G1 phi(const G1& p);
// psi^power for power in 1..3, on the whole curve of G2; on G2 itself, multiplication by p^power.
G2Affine psi(const G2Affine& q, unsigned power = 1);
G2 psi(const G2& q, unsigned power = 1);

// Whether a point on the curve has order dividing r. G1: always true. G2: Dai, Lin, Zhao, Zhou, eprint
// 2022/348, section 4.3: [x + 1] Q + psi([x] Q) + psi^2([x] Q) = psi^3([2x] Q). The point must be on the
// curve (not checked).
constexpr bool is_in_subgroup(const G1Affine&) { return true; }
bool is_in_subgroup(const G2Affine& q);

}  // namespace pyzkfl

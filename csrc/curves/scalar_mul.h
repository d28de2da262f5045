// Multiplication of one point by one scalar. Many points: batch_mul.h; a sum of products: msm.h; a fixed
// point: fixed_base.h.
#pragma once

#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl {

// k P in constant time: neither branches nor addresses depend on k or P. Any point of the curve, in the
// subgroup or not. Signed windows of four bits over complete.h.
G1 mul(const G1& p, const Fr& k);
G2 mul(const G2& p, const Fr& k);

// k P for public k. The point must be of order r: in G2 the result is meaningless for points outside the
// subgroup. Interleaved width-5 NAFs of the parts of decomposition.h.
G1 mul_vartime(const G1& p, const Fr& k);
G2 mul_vartime(const G2& p, const Fr& k);

}  // namespace pyzkfl

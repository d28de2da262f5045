// Generators, endomorphisms and the subgroup check of BN254 (see bn254.h).
#include "curves/bn254.h"

#include <array>

#include "base/errors.h"

namespace pyzkfl {
namespace {

constexpr Fp fp(const uint64_t (&limbs)[4]) { return Fp::from_canonical(std::to_array(limbs)); }
constexpr Fp2 fp2(const uint64_t (&limbs)[2][4]) { return {fp(limbs[0]), fp(limbs[1])}; }

constexpr Fp beta = fp(endomorphism::beta);
constexpr Fp2 psi_x = fp2(endomorphism::psi_x);
constexpr Fp2 psi_y = fp2(endomorphism::psi_y);
constexpr Fp psi2_x = fp(endomorphism::psi2_x[0]);  // psi^2 multiplies y by -1
constexpr Fp2 psi3_x = fp2(endomorphism::psi3_x);
constexpr Fp2 psi3_y = fp2(endomorphism::psi3_y);

constexpr G1Affine generator1 = {Fp::one(), Fp::from_u64(2)};
constexpr G2Affine generator2 = {
    {Fp::from_canonical({0x46debd5cd992f6ed, 0x674322d4f75edadd, 0x426a00665e5c4479, 0x1800deef121f1e76}),
     Fp::from_canonical({0x97e485b7aef312c2, 0xf1aa493335a9e712, 0x7260bfb731fb5d25, 0x198e9393920d483a})},
    {Fp::from_canonical({0x4ce6cc0166fa7daa, 0xe3d1e7690c43d37b, 0x4aab71808dcb408f, 0x12c85ea5db8c6deb}),
     Fp::from_canonical({0x55acdadcd122975b, 0xbc4b313370b38ef3, 0xec9e99ad690c3395, 0x090689d0585ff075})}};
static_assert(generator1.is_on_curve() && generator2.is_on_curve());

// x Q by double-and-add: the BN parameter has 63 bits.
G2 times_x(const G2& q) {
  G2 sum = q;
  for (int i = 61; i >= 0; --i) {
    sum = sum.dbl();
    if ((endomorphism::x >> i & 1) != 0) sum += q;
  }
  return sum;
}

}  // namespace

const G1Affine& g1_generator() { return generator1; }
const G2Affine& g2_generator() { return generator2; }

G1Affine phi(const G1Affine& p) { return {beta * p.x, p.y}; }
G1 phi(const G1& p) { return {beta * p.x, p.y, p.z}; }

G2Affine psi(const G2Affine& q, unsigned power) {
  switch (power) {
    case 1:
      return {q.x.conjugate() * psi_x, q.y.conjugate() * psi_y};
    case 2:
      return {q.x * psi2_x, -q.y};
    case 3:
      return {q.x.conjugate() * psi3_x, q.y.conjugate() * psi3_y};
    default:
      throw ParameterError("psi: power out of 1..3");
  }
}

G2 psi(const G2& q, unsigned power) {
  const G2Affine image = psi(G2Affine{q.x, q.y}, power);
  return {image.x, image.y, power == 2 ? q.z : q.z.conjugate()};
}

bool is_in_subgroup(const G2Affine& q) {
  const G2 xq = times_x(q);
  return xq + q + psi(xq, 1) + psi(xq, 2) == psi(xq.dbl(), 3);
}

}  // namespace pyzkfl

// See residue_witness.h.
#include "recursion/residue_witness.h"

#include "recursion/residue_constants.h"

namespace pyzkfl::recursion {
namespace {

// Of order 27: the first of 1 + w, 2 + w, .. whose power is.
Fp12 find_root() {
  for (uint64_t i = 1;; ++i) {
    Fp12 z = {Fp6::zero(), Fp6::one()};
    z.c0.c0.c0 = Fp::from_u64(i);
    const Fp12 root = z.pow_vartime(residue::order_27);
    const Fp12 cube = root.square() * root;
    if (!(cube.square() * cube).is_one()) return root;
  }
}

}  // namespace

const std::array<Fp12, 3>& residue_scales() {
  static const std::array<Fp12, 3> scales = [] {
    const Fp12 root = find_root();
    return std::array{Fp12::one(), root, root.square()};
  }();
  return scales;
}

std::optional<ResidueWitness> residue_witness(const Fp12& f) {
  if (f.is_zero()) return std::nullopt;
  for (unsigned scale = 0; scale < 3; ++scale) {
    const Fp12 g = f * residue_scales()[scale];
    const Fp12 prime_to_3 = g.pow_vartime(residue::lambda_inverse);
    Fp12 root = Fp12::one();
    for (unsigned j = 0; j < 27; ++j) {
      // The part of c of order 27 is one of the roots: few enough to try, once the part is known to fit.
      const Fp12 c = prime_to_3 * root;
      if (j == 0) {
        const Fp12 part = g.pow_vartime(residue::three_part);
        const Fp12 cube = part.square() * part;
        if (!(cube.square() * cube).is_one()) break;  // not a cube: another scale
      }
      if (c.pow_vartime(residue::lambda) == g) return ResidueWitness{c, c.inverse_vartime(), scale};
      root *= residue_scales()[1];
    }
  }
  return std::nullopt;
}

}  // namespace pyzkfl::recursion

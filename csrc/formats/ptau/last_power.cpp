// See last_power.h.
#include "formats/ptau/last_power.h"

#include <vector>

#include "curves/msm.h"
#include "groth16/pairing_relations.h"
#include "poly/domain.h"

namespace pyzkfl::formats {

G1Affine last_power_of(PointBytes<Fp> basis, unsigned log_n) {
  std::vector<Fr> scalars(size_t{1} << log_n);
  scalars.back() = Fr::one();
  Domain(log_n).ntt(scalars);
  return msm(basis, std::span<const Fr>(scalars)).to_affine();
}

bool follows(const G1Affine& power, const G1Affine& before, const G2Affine& tau_2) {
  const groth16::PairingRelation relation{"", {{power, g2_generator()}, {-before, tau_2}}};
  return !groth16::first_false({&relation, 1});
}

}  // namespace pyzkfl::formats

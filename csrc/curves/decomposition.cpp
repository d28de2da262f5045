// Scalar decomposition (see decomposition.h).
#include "curves/decomposition.h"

#include "curves/endomorphism_constants.h"
#include "fields/limbs.h"

namespace pyzkfl {
namespace {

using limbs::Wide;

// round(k g / 2^256) modulo 2^128.
Wide rounded_product(const Limbs& k, const uint64_t (&g)[4]) {
  std::array<uint64_t, 8> product{};
  for (size_t i = 0; i < 4; ++i) {
    uint64_t high = 0;
    for (size_t j = 0; j < 4; ++j) product[i + j] = limbs::multiply_add(k[i], g[j], product[i + j], high);
    product[i + 4] = high;
  }
  const Wide quotient = static_cast<Wide>(product[5]) << 64 | product[4];
  return quotient + (product[3] >> 63);
}

// The parts are below 2^127 in absolute value, so arithmetic modulo 2^128 finds them exactly.
template <size_t N>
std::array<SignedPart, N> split(const Fr& k, const uint64_t (&rounding)[N][4], const bool (&negative)[N],
                                const uint64_t (&basis)[N][N][2]) {
  const Limbs canonical = k.to_canonical();
  std::array<Wide, N> part{};
  part[0] = static_cast<Wide>(canonical[1]) << 64 | canonical[0];
  for (size_t i = 0; i < N; ++i) {
    Wide c = rounded_product(canonical, rounding[i]);
    if (negative[i]) c = -c;  // known to the compiler
    for (size_t j = 0; j < N; ++j) part[j] -= c * (static_cast<Wide>(basis[i][j][1]) << 64 | basis[i][j][0]);
  }
  std::array<SignedPart, N> out{};
  for (size_t j = 0; j < N; ++j) {
    const uint64_t sign = limbs::barrier(0 - static_cast<uint64_t>(part[j] >> 127));
    const Wide mask = static_cast<Wide>(sign) << 64 | sign;
    const Wide abs = (part[j] ^ mask) - mask;
    out[j] = {{static_cast<uint64_t>(abs), static_cast<uint64_t>(abs >> 64)}, sign};
  }
  return out;
}

}  // namespace

std::array<SignedPart, 2> split_phi(const Fr& k) {
  return split(k, endomorphism::phi_rounding, endomorphism::phi_rounding_negative, endomorphism::phi_basis);
}

std::array<SignedPart, 4> split_psi(const Fr& k) {
  return split(k, endomorphism::psi_rounding, endomorphism::psi_rounding_negative, endomorphism::psi_basis);
}

}  // namespace pyzkfl

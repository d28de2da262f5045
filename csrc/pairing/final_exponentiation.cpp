// The final exponentiation: f^((p^6 - 1)(p^2 + 1)) by Frobenius maps and one inversion, then the power
// c (p^4 - p^2 + 1) / r = l0 + l1 p + l2 p^2 + l3 p^3 with
//   l0 = 1 + 6x + 12x^2 + 12x^3, l1 = 4x + 6x^2 + 12x^3, l2 = 6x + 6x^2 + 12x^3, l3 = l1 - 1
// (Fuentes-Castaneda, Knapp, Rodriguez-Henriquez, SAC 2011, section 4.2, for x > 0).
#include <array>

#include "curves/endomorphism_constants.h"
#include "curves/wnaf.h"
#include "pairing/paths.h"

namespace pyzkfl {
namespace {

constexpr unsigned window = 4;

// f^x for f in the cyclotomic subgroup, where the inverse is the conjugate.
Fp12 power_x(const Fp12& f) {
  static const auto recoded = [] {
    std::pair<std::array<int8_t, 65>, size_t> out;
    const std::array<uint64_t, 1> x = {endomorphism::x};
    out.second = wnaf_vartime(out.first, x, window, false);
    return out;
  }();
  const auto& [digits, length] = recoded;
  std::array<Fp12, 1 << (window - 2)> odd;  // f, f^3, f^5, f^7
  odd[0] = f;
  const Fp12 ff = f.cyclotomic_square();
  for (size_t i = 1; i < odd.size(); ++i) odd[i] = odd[i - 1] * ff;
  Fp12 out = odd[static_cast<size_t>(digits[length - 1]) / 2];  // the leading digit is positive
  for (size_t i = length - 1; i-- > 0;) {
    out = out.cyclotomic_square();
    const int d = digits[i];
    if (d > 0) out *= odd[static_cast<size_t>(d) / 2];
    if (d < 0) out *= odd[static_cast<size_t>(-d) / 2].conjugate();
  }
  return out;
}

}  // namespace

Fp12 hard_part_generic(const Fp12& g) {
  const Fp12 x2 = power_x(g).cyclotomic_square();       // 2x
  const Fp12 x6 = x2.cyclotomic_square() * x2;          // 6x
  const Fp12 xx6 = power_x(x6);                         // 6x^2
  const Fp12 xxx12 = power_x(xx6).cyclotomic_square();  // 12x^3
  const Fp12 l2 = xxx12 * xx6 * x6;
  const Fp12 l1 = l2 * x2.conjugate();
  const Fp12 l0 = l2 * xx6 * g;
  const Fp12 l3 = l1 * g.conjugate();
  return l0 * l1.frobenius(1) * l2.frobenius(2) * l3.frobenius(3);
}

Fp12 final_exponentiation(const Fp12& f) {
  const Fp12 g = f.conjugate() * f.inverse_vartime();
  return pairing_path().hard_part(g.frobenius(2) * g);
}

}  // namespace pyzkfl

// See multiples_sum.h.
#include "recursion/multiples_sum.h"

#include <algorithm>
#include <string_view>

#include "base/errors.h"
#include "base/sha256.h"

namespace pyzkfl::recursion {

const G1Affine& sum_start() {
  static const G1Affine start = [] {
    constexpr std::string_view name = "pyzkfl recursion: start of sums of multiples";
    const Digest digest = sha256({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
    std::array<uint8_t, 64> wide{};
    std::copy(digest.begin(), digest.end(), wide.begin() + 32);
    G1Affine out;
    out.x = Fp::from_bytes_wide_be(wide);
    while (!(out.x.square() * out.x + CurveCoefficient<Fp>::b()).sqrt_vartime(out.y)) out.x += Fp::one();
    if (limbs::less(Modulus<FpParams>::p_minus_1_half, out.y.to_canonical())) out.y = -out.y;
    return out;
  }();
  return start;
}

// Within a table x never agree: a P + b phi(P) and c P + d phi(P) with small a .. d would be equal or opposite only if a small number were
// 0 modulo r, as lambda^2 + lambda + 1 = 0 and G1 has prime order.
void MultiplesSum::add(const G1Point& point, SignedScalar scalar) {
  const G1Point triple = points_.add_apart(points_.twice(point), point);
  const G1Point phi = points_.endomorphism(point), phi_triple = points_.endomorphism(triple);
  const auto plus = [&](const G1Point& a, const G1Point& b) { return points_.add_apart(a, b); };
  const auto minus = [&](const G1Point& a, const G1Point& b) { return points_.add_apart(a, points_.negative(b)); };
  const G1Point m0 = minus(point, phi), m1 = minus(triple, phi), m2 = minus(point, phi_triple), m3 = minus(triple, phi_triple);
  const G1Point p0 = points_.sum_with_endomorphism(point, phi), p1 = plus(triple, phi), p2 = plus(point, phi_triple),
                p3 = points_.sum_with_endomorphism(triple, phi_triple);
  terms_.push_back({{m0, m1, m2, m3, p0, p1, p2, p3}, std::move(scalar)});
}

void MultiplesSum::add(const G1Affine& constant, SignedScalar scalar) {
  const G1 one(constant), three = one.dbl() + one, phi_one(phi(constant)), phi_three = phi_one.dbl() + phi_one;
  const auto entry = [&](const G1& a, const G1& b) { return points_.constant((a + b).to_affine()); };
  terms_.push_back({{entry(one, -phi_one), entry(three, -phi_one), entry(one, -phi_three), entry(three, -phi_three),
                     entry(one, phi_one), entry(three, phi_one), entry(one, phi_three), entry(three, phi_three)},
                    std::move(scalar)});
}

G1Point MultiplesSum::entry(const Term& term, size_t window) {
  const ScalarWindow& w = term.scalar.windows()[window];
  const auto pair = [&](size_t i) { return points_.choose(w.s_three, term.table[i + 1], term.table[i]); };
  const auto half = [&](size_t i) {
    const G1Point one = pair(i);
    return points_.choose(w.t_three, pair(i + 2), one);
  };
  const G1Point opposite = half(0);
  return points_.choose_sign(w.sign, points_.choose(w.t_same, half(4), opposite));
}

G1Point MultiplesSum::total() {
  size_t windows = 0;
  for (const Term& term : terms_) windows = std::max(windows, term.scalar.windows().size());
  if (windows == 0 && once_.empty()) throw ParameterError("a sum of multiples without terms");
  G1 start(sum_start());
  G1Point sum = points_.constant(sum_start());
  for (size_t window = windows; window-- > 0;) {
    if (window + 1 != windows) {
      for (int i = 0; i < 2; ++i) {
        sum = points_.twice(sum);
        start = start.dbl();
      }
    }
    for (const Term& term : terms_) {
      if (window < term.scalar.windows().size()) sum = points_.add(sum, entry(term, window));
    }
  }
  for (const G1Point& point : once_) sum = points_.add(sum, point);
  return points_.add(sum, points_.constant((-start).to_affine()));
}

}  // namespace pyzkfl::recursion

// See pairing_product.h.
#include "recursion/pairing_product.h"

#include "base/errors.h"
#include "pairing/miller_lines.h"
#include "recursion/residue_witness.h"

namespace pyzkfl::recursion {

PairingProduct::Pair& PairingProduct::add_point(const Operand& x, const Operand& y) {
  BaseField& fp = t_.base();
  Pair pair;
  const Fp y_element = fp.element(y);
  pair.p = {fp.element(x), y_element};
  const Operand inverse = fp.value(y_element.inverse_vartime());
  fp.assert_zero({{{1, y, inverse}}, -Operand(Fp::one())});
  pair.one_over_y = inverse;
  pair.x_over_y = fp.product(x, inverse);
  pairs_.push_back(std::move(pair));
  return pairs_.back();
}

void PairingProduct::add(const Operand& x, const Operand& y, std::shared_ptr<const G2Prepared> q) {
  if (q->is_infinity()) throw ParameterError(t_.base().builder().path("a pairing with infinity as a constant"));
  add_point(x, y).q = std::move(q);
}

void PairingProduct::add(const Operand& x, const Operand& y, const Fp2Operand& qx, const Fp2Operand& qy) {
  Pair& pair = add_point(x, y);
  pair.walk.emplace(t_, qx, qy);
  pair.qx = qx;
  pair.qy = qy;
}

// What the loop below multiplies up without the witness: lines scaled as G2Prepared scales them.
Fp12 PairingProduct::miller_value() const {
  std::vector<G2Prepared> made;
  made.reserve(pairs_.size());
  std::vector<PreparedPairingInput> inputs;
  for (const Pair& pair : pairs_) {
    const G2Prepared* q = pair.q.get();
    if (q == nullptr) q = &made.emplace_back(G2Affine{t_.element(pair.qx), t_.element(pair.qy)});
    inputs.push_back({pair.p, q});
  }
  return multi_miller_loop({}, inputs);
}

// 1 - slope x/y w + intercept / y w^3.
Fp12Operand PairingProduct::line(const Pair& pair, const Fp2Operand& slope, const Fp2Operand& intercept) {
  Fp12Operand out;
  out.w[0] = Fp2Operand(Fp2::one());
  out.w[1] = t_.scale(-slope, pair.x_over_y);
  out.w[3] = t_.scale(intercept, pair.one_over_y);
  return out;
}

Fp12Operand PairingProduct::next_constant_line(Pair& pair) {
  const G2Prepared::Line& coefficients = pair.q->lines()[pair.next++];
  return line(pair, Fp2Operand(-coefficients.c3), Fp2Operand(coefficients.c4));
}

void PairingProduct::lines_of_step(std::vector<Fp12Operand>& out, Step step) {
  for (Pair& pair : pairs_) {
    if (!pair.walk) {
      out.push_back(next_constant_line(pair));
      continue;
    }
    const TwistLine next = step == Step::tangent ? pair.walk->double_step() : pair.walk->add_step(step == Step::minus);
    out.push_back(line(pair, next.slope, next.intercept));
  }
}

// (1 + a w + b w^3)(1 + c w + d w^3): six reductions.
Fp12Operand PairingProduct::two_lines(const Fp12Operand& a, const Fp12Operand& b) {
  Fp12Operand out;
  out.w[0] = t_.reduce({{{1, a.w[3], b.w[3], true}}, Fp2Operand(Fp2::one())});
  out.w[1] = a.w[1] + b.w[1];
  out.w[2] = t_.reduce({{{1, a.w[1], b.w[1]}}, {}});
  out.w[3] = a.w[3] + b.w[3];
  out.w[4] = t_.reduce({{{1, a.w[1], b.w[3]}, {1, a.w[3], b.w[1]}}, {}});
  return out;
}

Fp12Operand PairingProduct::times_lines(Fp12Operand f, std::vector<Fp12Operand> lines) {
  for (size_t i = 0; i + 1 < lines.size(); i += 2) f = t_.product(f, two_lines(lines[i], lines[i + 1]));
  if (lines.size() % 2 == 1) f = t_.product(f, lines.back());
  return f;
}

// With L the product of lines, loop powers included: L s = c^lambda, that is
// L (1/c)^(6x+2) s (1/c)^p (1/c)^(p^3) = (1/c)^(p^2).
void PairingProduct::assert_one() {
  BaseField& fp = t_.base();
  ResidueWitness witness{Fp12::one(), Fp12::one(), 0};
  if (fp.builder().computes()) {
    if (const auto found = residue_witness(miller_value())) witness = *found;
  }
  const Fp12Operand c = t_.value(witness.c), inverse = t_.value(witness.c_inverse);
  // Without this c = 1/c = 0 would prove anything.
  t_.assert_product(c, inverse, Fp12Operand(Fp12::one()));

  Fp12Operand f = inverse;
  for (const int8_t digit : ate_loop) {
    f = t_.product(f, f);
    std::vector<Fp12Operand> lines;
    lines_of_step(lines, Step::tangent);
    if (digit != 0) {
      f = t_.product(f, digit > 0 ? inverse : c);
      lines_of_step(lines, digit > 0 ? Step::plus : Step::minus);
    }
    f = times_lines(std::move(f), std::move(lines));
  }
  std::vector<Fp12Operand> lines;
  for (Pair& pair : pairs_) {
    if (pair.walk) {
      for (const TwistLine& last : pair.walk->finish()) lines.push_back(line(pair, last.slope, last.intercept));
    } else {
      for (int i = 0; i < 2; ++i) lines.push_back(next_constant_line(pair));
    }
  }
  f = times_lines(std::move(f), std::move(lines));

  const std::array<Fp12, 3>& scales = residue_scales();
  const CommittedBit first = fp.bit(witness.scale == 1), second = fp.bit(witness.scale == 2);
  const Fp12Operand scale =
      t_.choose(second, Fp12Operand(scales[2]), t_.choose(first, Fp12Operand(scales[1]), Fp12Operand(scales[0])));
  const Fp12Operand powers = t_.product(t_.frobenius(inverse, 1), t_.frobenius(inverse, 3));
  t_.assert_product(t_.product(f, scale), powers, t_.frobenius(inverse, 2));
}

}  // namespace pyzkfl::recursion

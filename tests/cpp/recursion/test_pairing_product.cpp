// Products of pairings in a circuit: true ones, false ones, points outside G2, residue witnesses that are none.
#include "recursion/pairing_product.h"

#include <doctest/doctest.h>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "field_circuit.h"
#include "pairing/miller_lines.h"
#include "recursion/residue_constants.h"
#include "recursion/residue_witness.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

G1Affine g1(uint64_t k) { return mul_vartime(G1(g1_generator()), Fr::from_u64(k)).to_affine(); }
G2Affine g2(uint64_t k) { return mul_vartime(G2(g2_generator()), Fr::from_u64(k)).to_affine(); }

// e(P1, Q1) e(P2, Q2) = 1 with Q1 from the witness and Q2 a constant. `before`: how many digits there are before the residue
// witness, if anybody asks.
Circuit product_of(const G1Affine& p1, const G2Affine& q1, const G1Affine& p2, const G2Affine& q2, size_t* before = nullptr) {
  return [=](BaseField& fp) {
    Tower tower(fp);
    PairingProduct product(tower);
    const Operand x1 = fp.value(p1.x), y1 = fp.value(p1.y), x2 = fp.value(p2.x), y2 = fp.value(p2.y);
    const Fp2Operand qx = tower.value(q1.x);
    product.add(x1, y1, qx, tower.value(q1.y));
    product.add(x2, y2, std::make_shared<const G2Prepared>(q2));
    if (before != nullptr) *before = fp.num_digits();
    product.assert_one();
  };
}

// The walk of the loop over one point, alone.
Circuit walk_over(const G2Affine& q, bool to_the_end = true) {
  return [=](BaseField& fp) {
    Tower tower(fp);
    const Fp2Operand x = tower.value(q.x);
    TwistWalk walk(tower, x, tower.value(q.y));
    for (const int8_t digit : ate_loop) {
      walk.double_step();
      if (digit != 0) walk.add_step(digit < 0);
    }
    if (to_the_end) walk.finish();
  };
}

// A point of the twist that is not in G2.
G2Affine outside() {
  for (uint64_t i = 1;; ++i) {
    G2Affine q{{Fp::from_u64(i), Fp::one()}, {}};
    if ((q.x.square() * q.x + CurveCoefficient<Fp2>::b()).sqrt_vartime(q.y) && !is_in_subgroup(q)) return q;
  }
}

// r Q, whose order divides the cofactor of G2.
G2 times_r(const G2Affine& q) {
  G2 out;
  for (size_t i = 256; i-- > 0;) {
    out = out.dbl();
    if ((Fr::modulus[i / 64] >> (i % 64) & 1) != 0) out = out + G2(q);
  }
  return out;
}

}  // namespace

TEST_CASE("a residue witness exists exactly where the final exponentiation gives 1") {
  const std::array<Fp12, 3>& scales = residue_scales();
  CHECK_FALSE((scales[1].square() * scales[1]).square().is_one());
  std::array<bool, 3> used{};
  for (uint64_t k = 1; k < 12; ++k) {
    const G2Prepared q1(g2(3 * k)), q2(g2(k));
    const std::vector<PreparedPairingInput> inputs = {{g1(5), &q1}, {-g1(15), &q2}};
    const Fp12 f = multi_miller_loop({}, inputs);
    REQUIRE(final_exponentiation(f).is_one());
    const auto witness = residue_witness(f);
    REQUIRE(witness.has_value());
    CHECK(witness->c.pow_vartime(residue::lambda) == f * scales[witness->scale]);
    CHECK((witness->c * witness->c_inverse).is_one());
    used[witness->scale] = true;
    CHECK_FALSE(residue_witness(f * pairing(g1(k), g2(1))).has_value());
  }
  CHECK((used[0] && used[1] && used[2]));
  CHECK_FALSE(residue_witness(Fp12::zero()).has_value());
  // s of order 27 vanishes in the final exponentiation; a root of another order does not.
  CHECK(final_exponentiation(scales[1]).is_one());
  CHECK(final_exponentiation(scales[2]).is_one());
}

TEST_CASE("a product of pairings that is one is accepted, whichever scale it needs; one that is not has no witness") {
  for (const uint64_t k : {1u, 2u, 7u}) {
    CHECK(verdict(product_of(g1(3), g2(k), -g1(1), g2(3 * k))).empty());
  }
  CHECK_FALSE(verdict(product_of(g1(3), g2(2), -g1(1), g2(5))).empty());
  CHECK_FALSE(verdict(product_of(g1(3), g2(2), g1(1), g2(6))).empty());
}

TEST_CASE("the all-zero residue witness is refused, for true and for false products") {
  for (const uint64_t false_by : {0u, 1u}) {
    size_t before = 0;
    const Circuit circuit = product_of(g1(3), g2(2), -g1(1), g2(6 + false_by), &before);
    CHECK(verdict(circuit).empty() == (false_by == 0));
    Forgery zeros;
    for (uint32_t i = 0; i < 24 * value_digits; ++i) zeros.committed[static_cast<uint32_t>(before) + i] = Fr();
    CHECK_FALSE(verdict(circuit, zeros).empty());
  }
}

TEST_CASE("a point of the twist outside G2, and a point off the twist, are refused by the walk") {
  CHECK(verdict(walk_over(g2(1))).empty());
  CHECK(verdict(walk_over(-g2(12345))).empty());
  const G2Affine q = outside();
  REQUIRE(q.is_on_curve());
  CHECK_FALSE(verdict(walk_over(q)).empty());
  CHECK(verdict(walk_over(q, false)).empty());  // it is the end that tells
  // Of an order that divides the cofactor alone.
  const G2 torsion = times_r(q);
  REQUIRE_FALSE(torsion.is_infinity());
  CHECK_FALSE(verdict(walk_over(torsion.to_affine())).empty());
  CHECK_FALSE(verdict(walk_over((torsion + G2(g2(5))).to_affine())).empty());
  G2Affine off = g2(1);
  off.y.c0 += Fp::one();
  CHECK_FALSE(verdict(walk_over(off)).empty());
  CHECK_FALSE(verdict(walk_over({})).empty());
}

TEST_CASE("a point of G1 with y = 0 is refused, and so is infinity as a constant") {
  CHECK_FALSE(verdict(product_of({Fp::one(), Fp()}, g2(2), -g1(1), g2(6))).empty());
  CHECK_THROWS_AS(verdict(product_of(g1(3), g2(2), -g1(1), {})), ParameterError);
}

TEST_CASE("chords through equal and opposite points are refused") {
  for (const bool negative : {false, true}) {
    CHECK(verdict([&](BaseField& fp) {
            Tower tower(fp);
            const Fp2Operand x = tower.value(g2(1).x);
            TwistWalk(tower, x, tower.value(g2(1).y)).add_step(negative);
          }) == "difference");
  }
}

TEST_CASE("a wire of a product of pairings, here and there, changed and carried on, is refused") {
  const Circuit circuit = product_of(g1(3), g2(2), -g1(1), g2(6));
  Builder b(Builder::Mode::witness, 1);
  run(b, circuit);
  const std::span<const Fr> values = b.committed_values(0);
  const size_t digits = values.size() - digit_rows - 1;
  for (size_t i = 5; i < digits; i += digits / 9) {
    CAPTURE(i);
    Forgery forgery;
    forgery.committed[static_cast<uint32_t>(i)] = values[i] + Fr::one();
    CHECK_FALSE(verdict(circuit, forgery).empty());
  }
}

// Points of G1 in a circuit: sums and doubles of the native group, and what is refused.
#include "recursion/g1_points.h"

#include <doctest/doctest.h>

#include "curves/scalar_mul.h"
#include "field_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

G1Affine g1(const Fr& k) { return mul_vartime(G1(g1_generator()), k).to_affine(); }
G1Affine g1(uint64_t k) { return g1(Fr::from_u64(k)); }

Circuit sum_is(const G1Affine& a, const G1Affine& b, const G1Affine& sum) {
  return [=](BaseField& fp) {
    G1Points points(fp);
    const G1Point x = points.point(a);
    points.assert_equal(points.add(x, points.point(b)), points.point(sum));
  };
}

Circuit double_is(const G1Affine& a, const G1Affine& sum) {
  return [=](BaseField& fp) {
    G1Points points(fp);
    points.assert_equal(points.twice(points.point(a)), points.point(sum));
  };
}

}  // namespace

TEST_CASE("sums and doubles are those of the group, and no others") {
  for (int round = 0; round < 3; ++round) {
    const Fr a = Fr::random(), b = Fr::random();
    CHECK(verdict(sum_is(g1(a), g1(b), g1(a + b))).empty());
    CHECK_FALSE(verdict(sum_is(g1(a), g1(b), -g1(a + b))).empty());
    CHECK_FALSE(verdict(sum_is(g1(a), g1(b), g1(a + b + Fr::one()))).empty());
    CHECK(verdict(double_is(g1(a), g1(a.dbl()))).empty());
    CHECK_FALSE(verdict(double_is(g1(a), -g1(a.dbl()))).empty());
  }
  CHECK(verdict(sum_is(g1(1), g1(2), g1(3))).empty());
  CHECK(verdict(double_is(g1(1), g1(2))).empty());
}

TEST_CASE("equal and opposite points are refused by an addition") {
  for (const G1Affine& b : {g1(5), -g1(5)}) CHECK(verdict(sum_is(g1(5), b, g1(10))) == "difference");
}

TEST_CASE("(0, 0) is on no curve, nor is a point beside it") {
  const auto point = [](const G1Affine& p) { return verdict([=](BaseField& fp) { G1Points(fp).point(p); }); };
  CHECK(point(g1(7)).empty());
  CHECK_FALSE(point({}).empty());
  CHECK_FALSE(point({g1(7).x, g1(7).y + Fp::one()}).empty());
  CHECK_FALSE(point({g1(7).x + Fp::one(), g1(7).y}).empty());
}

TEST_CASE("a digit of a sum or a double, changed and carried on, is refused") {
  // Digits of the inputs are not free either: the point would leave the curve.
  for (const Circuit& circuit : {sum_is(g1(3), g1(8), g1(11)), double_is(g1(4), g1(8))}) {
    Builder b(Builder::Mode::witness, 1);
    run(b, circuit);
    REQUIRE_FALSE(b.failure().has_value());
    const std::span<const Fr> values = b.committed_values(0);
    const size_t digits = values.size() - digit_rows - 1;
    for (size_t i = 0; i < digits; i += 11) {
      CAPTURE(i);
      Forgery forgery;
      forgery.committed[static_cast<uint32_t>(i)] = values[i].is_zero() ? Fr::one() : values[i] - Fr::one();
      CHECK_FALSE(verdict(circuit, forgery).empty());
    }
  }
}

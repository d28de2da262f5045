// Sums of multiples in a circuit: those of the group for any scalars and points; each wire of a scalar, wires of a sum.
#include "recursion/multiples_sum.h"

#include <doctest/doctest.h>

#include "base/errors.h"
#include "curves/endomorphism_constants.h"
#include "curves/scalar_mul.h"
#include "field_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

const Fr lambda = Fr::from_canonical(std::to_array(endomorphism::lambda));

G1Affine g1(const Fr& k) { return mul_vartime(G1(g1_generator()), k).to_affine(); }
G1Affine g1(uint64_t k) { return g1(Fr::from_u64(k)); }

struct Multiple {
  Fr scalar;
  G1Affine point;
  bool constant = false;
};

G1Affine native_sum(const std::vector<Multiple>& terms) {
  G1 out;
  for (const Multiple& term : terms) out += mul_vartime(G1(term.point), term.scalar);
  return out.to_affine();
}

Circuit sum_is(const std::vector<Multiple>& terms, const G1Affine& total) {
  return [=](BaseField& fp) {
    G1Points points(fp);
    MultiplesSum sum(points);
    for (const Multiple& term : terms) {
      SignedScalar scalar = SignedScalar::of(fp, fp.builder().private_wire(term.scalar));
      if (term.constant)
        sum.add(term.point, std::move(scalar));
      else
        sum.add(points.point(term.point), std::move(scalar));
    }
    points.assert_equal(sum.total(), points.point(total));
  };
}

// w p + q for a weight from a hash.
Circuit weighted_is(const Fr& hash, const G1Affine& p, const G1Affine& q, const G1Affine& total) {
  return [=](BaseField& fp) {
    G1Points points(fp);
    MultiplesSum sum(points);
    sum.add(points.point(p), SignedScalar::weight(fp, fp.builder().private_wire(hash)));
    sum.add(points.point(q));
    points.assert_equal(sum.total(), points.point(total));
  };
}

size_t committed_wires(const Circuit& circuit) {
  Builder b(Builder::Mode::witness, 1);
  run(b, circuit);
  return b.committed_values(0).size() - digit_rows - 1;
}

}  // namespace

TEST_CASE("a sum of multiples is that of the group, for small, large, equal and opposite scalars and points") {
  const Fr one = Fr::one(), a = Fr::random(), b = Fr::random();
  const G1Affine p = g1(Fr::random()), q = g1(Fr::random());
  const std::vector<std::vector<Multiple>> sums = {
      {{a, p}, {b, q, true}},
      {{one, p}, {-one, q}},
      {{Fr(), p}, {lambda, q}},           // 0 times a point
      {{one, p}, {one, p}},               // equal points
      {{a, p}, {one, -p}, {b, phi(p)}},   // opposite ones, and one of the table
      {{lambda, g1(1), true}, {-lambda - one, g1(2)}},
  };
  for (const std::vector<Multiple>& terms : sums) {
    const G1Affine total = native_sum(terms);
    CHECK(verdict(sum_is(terms, total)).empty());
    CHECK_FALSE(verdict(sum_is(terms, -total)).empty());
  }
}

TEST_CASE("a sum that is infinity has no witness") {
  const G1Affine p = g1(5);
  CHECK(verdict(sum_is({{Fr::one(), p}, {-Fr::one(), p}}, g1(1))) == "difference");
  CHECK(verdict(sum_is({{Fr(), p}}, g1(1))) == "difference");
  CHECK_THROWS_AS(verdict(sum_is({}, g1(1))), ParameterError);
  CHECK_THROWS_AS(verdict(sum_is({{Fr::one(), {}, true}}, g1(1))), ParameterError);
}

TEST_CASE("the start of a sum, given as a point, is no way around the check") {
  // What makes the accumulator meet its addend: refused, not free.
  CHECK(verdict([](BaseField& fp) {
          G1Points points(fp);
          MultiplesSum sum(points);
          sum.add(points.point(sum_start()));
          sum.total();
        }) == "difference");
}

TEST_CASE("a scalar's bits give the scalar, whatever it is") {
  std::vector<Fr> scalars = {Fr(), Fr::one(), -Fr::one(), lambda, -lambda, lambda + Fr::one(), Fr::from_u64(2), Fr::one().dbl().inverse()};
  for (int i = 0; i < 50; ++i) scalars.push_back(Fr::random());
  for (const Fr& k : scalars) {
    const auto scalar = [&](const Fr& shown) {
      return Circuit([=](BaseField& fp) {
        const SignedScalar s = SignedScalar::of(fp, fp.builder().private_wire(k));
        CHECK(s.windows().size() == SignedScalar::full_windows);
        fp.builder().constrain(s.value(), 1, shown, "shown");
      });
    };
    CHECK(verdict(scalar(k)).empty());
    CHECK(verdict(scalar(k + Fr::one())) == "shown");
  }
}

TEST_CASE("a weight is read from a hash, is never 0, and two hashes of equal low bits have one") {
  const Fr high = Fr::from_canonical({0, 0, 5, 0});
  for (const Fr& hash : {Fr(), Fr::one(), -Fr::one(), Fr::random(), Fr::random()}) {
    const auto weight = [](const Fr& h, const Fr& shown) {
      return Circuit([=](BaseField& fp) {
        const SignedScalar s = SignedScalar::weight(fp, fp.builder().private_wire(h));
        fp.builder().constrain(s.value(), 1, shown, "shown");
      });
    };
    CHECK(verdict(weight(hash, weight_of_hash(hash))).empty());
    CHECK(verdict(weight(hash, weight_of_hash(hash) + Fr::one())) == "shown");
    CHECK_FALSE(weight_of_hash(hash).is_zero());
  }
  CHECK(weight_of_hash(Fr::from_u64(9)) == weight_of_hash(Fr::from_u64(9) + high));
  CHECK(weight_of_hash(Fr::from_u64(9)) != weight_of_hash(Fr::from_u64(8)));
}

TEST_CASE("every wire of a scalar and of a weight, changed and carried on, is refused") {
  const Fr k = Fr::from_canonical({0x9e3779b97f4a7c15, 0xf39cc0605cedc834, 0x1082276bf3a27251, 0x0123456789abcdef});
  const std::vector<Circuit> circuits = {
      [=](BaseField& fp) { SignedScalar::of(fp, k); },
      [=](BaseField& fp) { SignedScalar::weight(fp, k); },
  };
  for (const Circuit& circuit : circuits) {
    const auto [cs, witness] = build(circuit);
    REQUIRE_FALSE(cs.check(witness.span()).has_value());
    const size_t wires = committed_wires(circuit);
    const auto first = cs.layout().first_committed(0);
    // The constraint that names the scalar is what refuses: ranges and bits hold.
    std::vector<Fr> values(witness.span().begin(), witness.span().end());
    for (size_t i = 0; i < wires; ++i) {
      CAPTURE(i);
      Forgery forgery;
      const Fr& honest = values[first + i];
      forgery.committed[static_cast<uint32_t>(i)] = honest.is_zero() ? Fr::one() : honest - Fr::one();
      const std::string label = verdict(circuit, forgery);
      CHECK((label == "scalar" || label == "weight"));
    }
  }
}

TEST_CASE("a weighted sum is that of the group; its digits, here and there, changed and carried on, are refused") {
  const Fr hash = Fr::random();
  const G1Affine p = g1(Fr::random()), q = g1(Fr::random());
  const G1Affine total = (mul_vartime(G1(p), weight_of_hash(hash)) + q).to_affine();
  const Circuit circuit = weighted_is(hash, p, q, total);
  CHECK(verdict(circuit).empty());
  CHECK_FALSE(verdict(weighted_is(hash + Fr::one(), p, q, total)).empty());
  Builder b(Builder::Mode::witness, 1);
  run(b, circuit);
  const std::vector<Fr> values(b.committed_values(0).begin(), b.committed_values(0).end());
  const size_t wires = values.size() - digit_rows - 1;
  for (size_t i = 3; i < wires; i += wires / 60) {
    CAPTURE(i);
    Forgery forgery;
    forgery.committed[static_cast<uint32_t>(i)] = values[i].is_zero() ? Fr::one() : values[i] - Fr::one();
    CHECK_FALSE(verdict(circuit, forgery).empty());
  }
}

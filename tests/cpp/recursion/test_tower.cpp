// The tower in a circuit against the native one, and false products.
#include "recursion/tower.h"

#include <doctest/doctest.h>

#include "base/errors.h"
#include "field_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

Fp12 edge() { return from_coefficients({Fp2{-Fp::one(), -Fp::one()}, Fp2{-Fp::one(), -Fp::one()}, Fp2{}, Fp2::one(),
                                        Fp2{-Fp::one(), Fp()}, Fp2{Fp(), -Fp::one()}}); }

}  // namespace

TEST_CASE("coefficients of powers of w are those of the native tower") {
  const Fp12 f = Fp12::random();
  CHECK(from_coefficients(coefficients(f)) == f);
  const Fp12 w = {Fp6::zero(), Fp6::one()};
  Fp12 sum, power = Fp12::one();
  for (const Fp2& c : coefficients(f)) {
    sum += Fp12{{c, {}, {}}, {}} * power;
    power *= w;
  }
  CHECK(sum == f);
}

TEST_CASE("products, squares, sparse products, constants, Frobenius maps and choices in Fp12") {
  for (int round = 0; round < 2; ++round) {
    const Fp12 f = round == 0 ? edge() : Fp12::random(), g = round == 0 ? edge() : Fp12::random();
    const Fp2 a = Fp2::random(), b = Fp2::random();
    CHECK(verdict([&](BaseField& fp) {
            Tower t(fp);
            const Fp12Operand x = t.value(f), y = t.value(g);
            const Fp12Operand product = t.product(x, y);
            CHECK(t.element(product) == f * g);
            CHECK(t.element(t.product(x, x)) == f.square());
            Fp12Operand line;
            line.w[0] = Fp2Operand(Fp2::one());
            line.w[1] = t.value(a);
            line.w[3] = t.value(b);
            CHECK(t.element(t.product(x, line)) == f.mul_by_34(a, b));
            CHECK(t.element(t.product(line, line)) == Fp12::one().mul_by_34(a, b).square());
            CHECK(t.element(t.product(x, Fp12Operand(g))) == f * g);
            for (unsigned power = 1; power <= 3; ++power)
              CHECK(t.element(t.frobenius(x, power)) == f.frobenius(power));
            CHECK(t.element(t.choose(fp.bit(true), x, y)) == f);
            const Fp12Operand second = t.choose(fp.bit(false), x, y);
            CHECK(t.element(second) == g);
            t.assert_product(x, second, product);
            t.assert_product(Fp12Operand(f), y, Fp12Operand(f * g));
          }).empty());
  }
}

TEST_CASE("sums of products in Fp2, with factors in Fp and times xi") {
  const Fp2 a = Fp2::random(), b = Fp2::random(), c = Fp2::random();
  const Fp2 expected = (a * b).dbl() - (c * a).mul_by_xi() + c.square().mul_by_xi() + b * c.c1 - a;
  CHECK(verdict([&](BaseField& fp) {
          Tower t(fp);
          const Fp2Operand x = t.value(a), y = t.value(b), z = t.value(c);
          const Fp2Sum sum = {{{2, x, y}, {-1, z, x, true}, {1, z, z, true}, {1, Fp2Operand(z.c1, Operand()), y}}, -x};
          const Fp2Operand out = t.reduce(sum);
          CHECK(t.element(out) == expected);
          t.assert_zero({sum.products, sum.linear - out});
          CHECK(t.element(t.scale(x, z.c0)) == a * c.c0);
        }).empty());
}

TEST_CASE("the matrices of a product in Fp12 hold for its witness, and for no other first coordinate") {
  const auto [cs, witness] = build([](BaseField& fp) {
    Tower t(fp);
    const Fp12Operand x = t.value(edge());
    t.product(x, t.frobenius(x, 1));
  });
  CHECK_FALSE(cs.check(witness).has_value());
  Witness bad = witness.clone();
  bad[cs.layout().first_committed(0)] += Fr::one();
  CHECK(cs.check(bad).has_value());
}

TEST_CASE("a product in Fp12 that is wrong in one coordinate is refused") {
  const Fp12 f = Fp12::random(), g = Fp12::random();
  for (size_t k = 0; k < 12; ++k) {
    std::array<Fp2, 6> wrong = coefficients(f * g);
    (k % 2 == 0 ? wrong[k / 2].c0 : wrong[k / 2].c1) += Fp::one();
    CHECK_FALSE(verdict([&](BaseField& fp) {
                  Tower t(fp);
                  t.assert_product(t.value(f), t.value(g), Fp12Operand(from_coefficients(wrong)));
                }).empty());
    // The same from a prover that carries a false coordinate on: digit 0 of coordinate k, behind 24 values of 17 digits.
    // Every reduction is 17 + 18 + 12 digits.
    Forgery forgery;
    forgery.committed[24 * 17 + static_cast<uint32_t>(k) * 47] = Fr::from_u64(77);
    CHECK_FALSE(verdict([&](BaseField& fp) {
                  Tower t(fp);
                  const Fp12Operand x = t.value(f);
                  t.product(x, t.value(g));
                },
                forgery).empty());
  }
}

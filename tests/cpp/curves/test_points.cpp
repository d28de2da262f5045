// Group laws, endomorphisms, the subgroup check.
#include <doctest/doctest.h>

#include "curves/complete.h"
#include "curves/endomorphism_constants.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

constexpr Limbs r = Fr::modulus;

template <class F>
void check_group_laws(const Affine<F>& generator, const std::vector<Affine<F>>& random) {
  const Affine<F> p = random[0], q = random[1], s = random[2];
  const Affine<F> o = Affine<F>::infinity();
  using J = Jacobian<F>;
  CHECK(p.is_on_curve());
  CHECK(o.is_on_curve());
  CHECK(o.is_infinity());
  CHECK(J(o).is_infinity());
  CHECK(J(o).to_affine() == o);
  CHECK(J(p).to_affine() == p);
  CHECK(J(p) + q == J(q) + p);
  CHECK((J(p) + q) + s == J(p) + (J(q) + s));
  CHECK((J(p) + q).to_affine().is_on_curve());
  CHECK(naive::mul(J(generator), r).is_infinity());

  // Every case of the addition: infinite, equal, opposite operands; equal points with different Z.
  const J p2 = J(p).dbl();
  CHECK(p2.to_affine().is_on_curve());
  const J scaled = {p.x * (p2.z * p2.z), p.y * (p2.z * p2.z * p2.z), p2.z};
  CHECK(scaled == J(p));
  for (const J& a : {J(p), scaled}) {
    CHECK(a + p == p2);
    CHECK(a + scaled == p2);
    CHECK(a + J(p) == p2);
    CHECK((a + (-p)).is_infinity());
    CHECK((a - scaled).is_infinity());
    CHECK(a + o == a);
    CHECK(a + J() == a);
    CHECK(J() + a == a);
    CHECK_FALSE(a == p2);
    CHECK_FALSE(a == J());
    CHECK_FALSE(J() == a);
  }
  CHECK(J() + p == J(p));
  CHECK((J() + J()).is_infinity());
  CHECK((J() + o).is_infinity());
  CHECK(J().dbl().is_infinity());
  CHECK(p2 - p == J(p));
  J accumulated = p;
  accumulated += accumulated;
  accumulated -= p;
  CHECK(accumulated == J(p));

  // Complete formulas agree on the same cases.
  using C = CompletePoint<F>;
  const std::vector<J> operands = {J(p), -J(p), scaled, p2, -p2, J(q), J(), {F::one(), F::one(), F::zero()}};
  for (const J& a : operands) {
    CHECK(C::from(a).to_jacobian() == a);
    CHECK(C::from(a).dbl().to_jacobian() == a.dbl());
    for (const J& b : operands) CHECK((C::from(a) + C::from(b)).to_jacobian() == a + b);
  }
}

}  // namespace

TEST_CASE("addition is right for every pair of points, in both coordinate systems") {
  check_group_laws(g1_generator(), naive::points<G1Affine>(3));
  check_group_laws(g2_generator(), naive::points<G2Affine>(3));
}

TEST_CASE("a batch of points becomes affine, points at infinity included") {
  const auto points = naive::points<G1Affine>(5);
  std::vector<G1> jacobian;
  for (const auto& p : points) jacobian.push_back(G1(p).dbl());
  jacobian[2] = G1();
  const auto affine = batch_to_affine(jacobian);
  REQUIRE(affine.size() == 5);
  for (size_t i = 0; i < 5; ++i) CHECK(affine[i] == jacobian[i].to_affine());
  CHECK(batch_to_affine(std::vector<G1>{}).empty());
}

TEST_CASE("a point off the curve is seen as such") {
  G1Affine p = g1_generator();
  p.y += Fp::one();
  CHECK_FALSE(p.is_on_curve());
  G2Affine q = g2_generator();
  q.x.c1 += Fp::one();
  CHECK_FALSE(q.is_on_curve());
  CHECK_FALSE(G1Affine{Fp::zero(), Fp::one()}.is_on_curve());
}

TEST_CASE("phi is multiplication by lambda, psi by p") {
  const Fr lambda = Fr::from_canonical(std::to_array(endomorphism::lambda));
  CHECK(lambda.square() + lambda + Fr::one() == Fr::zero());
  for (const auto& p : naive::points<G1Affine>(3)) {
    CHECK(G1(phi(p)) == naive::mul(p, lambda));
    CHECK(phi(G1(p).dbl()) == G1(phi(p)).dbl());
  }
  Limbs p_mod_r{};
  limbs::sub(p_mod_r, Fp::modulus, Fr::modulus);
  const Fr mu = Fr::from_canonical(p_mod_r);
  for (const auto& q : naive::points<G2Affine>(3)) {
    CHECK(G2(psi(q)) == naive::mul(q, mu));
    CHECK(G2(psi(q, 2)) == naive::mul(q, mu * mu));
    CHECK(G2(psi(q, 3)) == naive::mul(q, mu * mu * mu));
    for (unsigned power = 1; power <= 3; ++power) {
      CHECK(psi(G2(q).dbl(), power) == G2(psi(q, power)).dbl());
    }
  }
  const G2Affine outside = naive::twist_point();
  CHECK(psi(outside).is_on_curve());
  CHECK(psi(psi(outside)) == psi(outside, 2));
  CHECK(psi(psi(psi(outside))) == psi(outside, 3));
  CHECK_THROWS_AS(psi(outside, 4), ParameterError);
}

TEST_CASE("the fast subgroup check agrees with multiplication by r") {
  CHECK(is_in_subgroup(G2Affine::infinity()));
  CHECK(is_in_subgroup(g2_generator()));
  for (const auto& q : naive::points<G2Affine>(8)) CHECK(is_in_subgroup(q));
  for (int i = 0; i < 20; ++i) {
    const G2Affine q = naive::twist_point();
    CHECK(is_in_subgroup(q) == naive::mul(G2(q), r).is_infinity());
    CHECK_FALSE(is_in_subgroup(q));
  }
}

TEST_CASE(
    "points of the cofactor's small order 10069 are outside the subgroup, alone or added to a point inside") {
  // The twist has r (2p - r) points, and 10069 divides 2p - r.
  Limbs cofactor{}, twice_p{};
  limbs::add(twice_p, Fp::modulus, Fp::modulus);
  limbs::sub(cofactor, twice_p, r);
  Limbs quotient{};
  limbs::Wide rest = 0;
  for (size_t i = 4; i-- > 0;) {
    rest = rest << 64 | cofactor[i];
    quotient[i] = static_cast<uint64_t>(rest / 10069);
    rest %= 10069;
  }
  REQUIRE(rest == 0);
  int found = 0;
  for (int i = 0; i < 4; ++i) {
    const G2 small = naive::mul(naive::mul(G2(naive::twist_point()), r), quotient);
    if (small.is_infinity()) continue;  // one in 10069
    ++found;
    const Limbs order = {10069, 0, 0, 0};
    CHECK(naive::mul(small, order).is_infinity());
    CHECK_FALSE(is_in_subgroup(small.to_affine()));
    CHECK_FALSE(is_in_subgroup((small + g2_generator()).to_affine()));
    // The part of large order, without the small one.
    const G2 large = naive::mul(naive::mul(G2(naive::twist_point()), r), order);
    CHECK_FALSE(is_in_subgroup(large.to_affine()));
    // Cleared of the whole cofactor, a point is inside.
    CHECK(is_in_subgroup(naive::mul(G2(naive::twist_point()), cofactor).to_affine()));
  }
  CHECK(found > 0);
}

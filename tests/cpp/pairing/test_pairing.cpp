// The pairing: bilinearity, products, prepared points, the final exponentiation against a plain power.
#include <doctest/doctest.h>

#include <array>

#include "curves/scalar_mul.h"
#include "fields/fr.h"
#include "pairing/pairing.h"

using namespace pyzkfl;

namespace {

G1Affine g1(const Fr& k) { return mul(g1_generator(), k).to_affine(); }
G2Affine g2(const Fr& k) { return mul(g2_generator(), k).to_affine(); }

// c (p^4 - p^2 + 1) / r, c = 2x (6x^2 + 3x + 1): from Python's integers.
constexpr std::array<uint64_t, 15> hard_exponent = {
    0xcaa4152366144ab4, 0x114dc0ec2cab7ffd, 0x0cf0888c7a0ff6cf, 0x65c5644e949b6a90, 0x1be2458885117085,
    0x5b35eb719e58db4b, 0x2566c550aeb7e0e2, 0x0c974024a316619f, 0xd147cb7d3a5203dc, 0x621d9bfed77c2ad0,
    0x26473fbcd1c3ec1e, 0xe86518527b5e4036, 0x29259e9712ca7b71, 0x1891045f68d15763, 0x00679dd974c68787};

}  // namespace

TEST_CASE("the pairing is bilinear and not degenerate") {
  const Fp12 e = pairing(g1_generator(), g2_generator());
  CHECK_FALSE(e.is_one());
  CHECK(e.pow_vartime(Fr::modulus).is_one());
  for (int i = 0; i < 4; ++i) {
    const Fr a = Fr::random(), b = Fr::random();
    CHECK(pairing(g1(a), g2(b)) == e.pow_vartime((a * b).to_canonical()));
    CHECK(pairing(g1(a), g2(b)) == pairing(g1(b), g2(a)));
    CHECK(pairing(g1(a + b), g2_generator()) ==
          pairing(g1(a), g2_generator()) * pairing(g1(b), g2_generator()));
    CHECK(pairing(-g1(a), g2(b)) == pairing(g1(a), g2(b)).conjugate());
  }
}

TEST_CASE("infinity on either side gives one") {
  CHECK(pairing(G1Affine::infinity(), g2_generator()).is_one());
  CHECK(pairing(g1_generator(), G2Affine::infinity()).is_one());
  CHECK(pairing(G1Affine::infinity(), G2Affine::infinity()).is_one());
  CHECK(pairing_product_is_one({}));
  const G2Prepared infinity{G2Affine::infinity()}, generator{g2_generator()};
  const std::array<PreparedPairingInput, 2> inputs = {
      {{g1_generator(), &infinity}, {G1Affine::infinity(), &generator}}};
  CHECK(pairing_product_is_one({}, inputs));
}

TEST_CASE("the final exponentiation is the power it says") {
  for (int i = 0; i < 3; ++i) {
    const Fp12 f = Fp12::random();
    Fp12 g = f.conjugate() * f.inverse();
    g = g.frobenius(2) * g;
    CHECK(final_exponentiation(f) == g.pow_vartime(hard_exponent));
  }
  CHECK(final_exponentiation(Fp12::one()).is_one());
  CHECK(final_exponentiation(Fp12::zero()).is_zero());
}

TEST_CASE(
    "products of pairings: shared, prepared, mixed, many; true ones are one, and a change makes them false") {
  for (size_t n : {1, 2, 3, 7, 8, 9, 20}) {
    std::vector<PairingInput> inputs;
    Fr total;
    for (size_t i = 0; i < n; ++i) {
      const Fr a = Fr::random(), b = Fr::random();
      inputs.push_back({g1(a), g2(b)});
      total += a * b;
    }
    CHECK_FALSE(pairing_product_is_one(inputs));
    inputs.push_back({g1(-total), g2_generator()});
    CHECK(pairing_product_is_one(inputs));

    Fp12 product = Fp12::one();
    for (const auto& input : inputs) product *= pairing(input.p, input.q);
    CHECK(product.is_one());

    std::vector<G2Prepared> points;
    for (const auto& input : inputs) points.emplace_back(input.q);
    for (size_t split = 0; split <= inputs.size(); ++split) {
      std::vector<PreparedPairingInput> prepared;
      for (size_t i = split; i < inputs.size(); ++i) prepared.push_back({inputs[i].p, &points[i]});
      CHECK(pairing_product_is_one(std::span(inputs).first(split), prepared));
      if (!prepared.empty()) {
        prepared.back().p = -prepared.back().p;
        CHECK_FALSE(pairing_product_is_one(std::span(inputs).first(split), prepared));
      }
      if (split > 4) break;
    }
    inputs.push_back({G1Affine::infinity(), g2(Fr::random())});
    inputs.push_back({g1(Fr::random()), G2Affine::infinity()});
    CHECK(pairing_product_is_one(inputs));
    inputs.back().q = g2_generator();
    CHECK_FALSE(pairing_product_is_one(inputs));
  }
}

TEST_CASE("a prepared point gives the value of the point") {
  const G1Affine p = g1(Fr::random());
  const G2Affine q = g2(Fr::random());
  const G2Prepared prepared(q);
  CHECK_FALSE(prepared.is_infinity());
  const PreparedPairingInput input = {p, &prepared};
  CHECK(final_exponentiation(multi_miller_loop({}, {&input, 1})) == pairing(p, q));
}

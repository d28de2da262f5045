// Groth16 without committed wires: keys in both quotient bases, proofs, and what must be refused.
#include <doctest/doctest.h>

#include <cstring>
#include <thread>

#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "kzg/symmetric_opening.h"
#include "pairing/pairing.h"
#include "plain_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

TEST_CASE("a proof with either basis of the quotient verifies, and no other statement does") {
  for (const QuotientBasis basis : {QuotientBasis::powers, QuotientBasis::odd_lagrange}) {
    const PlainFixture f(basis);
    const Proof proof = prove_plain(f.view(), f.rows(), f.witness);
    const PlainVerifyingKey key(f.view());
    std::vector<Fr> inputs = f.public_inputs();
    CHECK(verify(key, inputs, proof));
    std::swap(inputs[0], inputs[1]);
    CHECK_FALSE(verify(key, inputs, proof));
    std::swap(inputs[0], inputs[1]);
    inputs[0] += Fr::one();
    CHECK_FALSE(verify(key, inputs, proof));
    inputs.pop_back();
    CHECK_THROWS_AS((void)verify(key, inputs, proof), ParameterError);
  }
}

TEST_CASE("a proof and an opening are checked as one product, and neither hides the other's error") {
  const PlainFixture f(QuotientBasis::powers);
  const Proof proof = prove_plain(f.view(), f.rows(), f.witness);
  const PlainVerifyingKey key(f.view());
  const std::vector<Fr> inputs = f.public_inputs();
  const ColumnKey columns = ColumnKey::insecure(3);
  std::vector<Fr> g(9);
  for (Fr& v : g) v = Fr::random();
  const Fr z = Fr::random(), chi = Fr::random();
  const PairOpening opening = open_at_pair(columns, g, z);
  const G1Affine commitment = commit_polynomial(columns, g);
  const auto together = [&](const Proof& p, const G1Affine& c, const Fr& weight) {
    const auto others = pair_opening_inputs(columns.verifier(), c, opening, z, weight);
    REQUIRE(others.has_value());
    return key.equation().holds({inputs, {}, &p}, *others);
  };
  CHECK(together(proof, commitment, chi));
  CHECK(together(proof, commitment, Fr::one()));
  // C + X off by e(X, delta), the opening by its inverse: each false, and without a weight they cancel.
  Proof bad = proof;
  bad.c = (G1(proof.c) + g1_generator()).to_affine();
  const G1Affine other = (G1(commitment) + mul_vartime(G1(g1_generator()), f.trapdoor.delta)).to_affine();
  CHECK_FALSE(together(bad, commitment, chi));
  CHECK_FALSE(together(proof, other, chi));
  CHECK(together(bad, other, Fr::one()));
  CHECK_FALSE(together(bad, other, chi));
}

TEST_CASE("merged without a weight, anybody proves anything: the opening pays for Groth16's equation, and no secret is needed") {
  const PlainFixture f(QuotientBasis::powers);
  const KeyElements& key = f.elements;
  const ColumnKey columns = ColumnKey::insecure(3);
  const std::vector<Fr> lie = {Fr::from_u64(1), Fr::from_u64(2)};  // of no x
  const Proof forged{key.alpha_1, key.beta_2, g1_generator()};
  // e(alpha, beta) is there twice; what is left, e(IC(lie), [1]_2) e(C, [delta]_2), a commitment cancels.
  G1 rest = G1(key.ic[0]) + G1(key.delta_1);
  for (size_t i = 0; i < lie.size(); ++i) rest = rest + mul_vartime(G1(key.ic[i + 1]), lie[i]);
  const std::vector<Fr> g(9, Fr::from_u64(7));
  const Fr z = Fr::random();
  const PairOpening opening = open_at_pair(columns, g, z);
  const G1 commitment(commit_polynomial(columns, g));
  const PlainVerifyingKey verifier(f.view());
  const auto together = [&](const G1& c, const Fr& weight) {
    const auto others = pair_opening_inputs(columns.verifier(), c.to_affine(), opening, z, weight);
    REQUIRE(others.has_value());
    return verifier.equation().holds({lie, {}, &forged}, *others);
  };
  const bool sum = together(commitment + rest, Fr::one()), difference = together(commitment - rest, Fr::one());
  CHECK(sum != difference);  // one of the two signs: the forgery
  const Fr chi = Fr::random();
  CHECK_FALSE(together(commitment + rest, chi));
  CHECK_FALSE(together(commitment - rest, chi));
  CHECK_FALSE(verify(verifier, lie, forged));
}

TEST_CASE("points are read where they lie, at any alignment") {
  const PlainFixture f(QuotientBasis::odd_lagrange);
  KeyView view = f.view();
  std::vector<std::vector<uint8_t>> copies;
  const auto shift = [&](auto& points, size_t by) {
    using Bytes = std::remove_reference_t<decltype(points)>;
    const size_t size = points.count * (std::is_same_v<Bytes, PointBytes<Fp>> ? 64 : 128);
    copies.emplace_back(size + by);
    std::memcpy(copies.back().data() + by, points.data, size);
    points = Bytes(copies.back().data() + by, points.count);
  };
  shift(view.ic, 1);
  shift(view.a, 3);
  shift(view.b_1, 5);
  shift(view.b_2, 7);
  shift(view.l, 9);
  shift(view.h, 11);
  const Proof proof = prove_plain(view, f.rows(), f.witness);
  CHECK(verify(PlainVerifyingKey(view), f.public_inputs(), proof));
}

TEST_CASE("a witness that violates a constraint gives no proof") {
  const PlainFixture f(QuotientBasis::odd_lagrange);
  for (size_t wire = 1; wire < f.cs.num_wires(); ++wire) {
    Witness witness = f.witness.clone();
    witness[wire] += Fr::one();
    CHECK_THROWS_AS((void)prove_plain(f.view(), f.rows(witness), witness), WitnessInvalid);
  }
  Witness not_one = f.witness.clone();
  not_one[0] = Fr::from_u64(2);
  CHECK_THROWS_AS((void)prove_plain(f.view(), f.rows(), not_one), ParameterError);
  CHECK_THROWS_AS((void)prove_plain(f.view(), f.rows(), f.witness.span().first(3)), ParameterError);
  RowValues short_rows = f.rows();
  short_rows.b.pop_back();
  CHECK_THROWS_AS((void)prove_plain(f.view(), std::move(short_rows), f.witness), ParameterError);
}

TEST_CASE("several proofs are made at once, each of its own statement") {
  const PlainFixture f(QuotientBasis::odd_lagrange);
  const PlainVerifyingKey key(f.view());
  std::vector<PlainInstance> proven(6);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < proven.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto [cs, witness] = plain_circuit(Fr::from_u64(100 + i));
      const auto inputs = witness.span().subspan(1, cs.num_public());
      proven[i] = {{inputs.begin(), inputs.end()}, prove_plain(f.view(), f.rows(witness), witness)};
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(verify_batch(key, proven).empty());
}

TEST_CASE("a plain prover can be stopped, and reports in order") {
  const PlainFixture f(QuotientBasis::odd_lagrange);
  double last = 0;
  CHECK_THROWS_AS((void)prove_plain(f.view(), f.rows(), f.witness,
                                    [&](double fraction) {
                                      CHECK(fraction >= last);
                                      last = fraction;
                                      if (fraction > 0.3) throw Interrupted("stop");
                                    }),
                  Interrupted);
}

TEST_CASE("gamma may be any point of G2: keys of ceremonies that did not fix it to the generator") {
  const PlainFixture f(QuotientBasis::odd_lagrange);
  const Proof proof = prove_plain(f.view(), f.rows(), f.witness);
  const Fr gamma = Fr::random(), inverse = gamma.inverse();
  std::vector<G1Affine> ic = points_of(f.view().ic);
  for (G1Affine& p : ic) p = mul(G1(p), inverse).to_affine();
  const G2Affine gamma_2 = mul(G2(g2_generator()), gamma).to_affine();
  const KeyView v = f.view();
  const PlainVerifyingKey key(v.alpha_1, v.beta_2, gamma_2, v.delta_2, ic);
  CHECK(verify(key, f.public_inputs(), proof));
  CHECK(verify_batch(key, std::vector<PlainInstance>(3, {f.public_inputs(), proof})).empty());
  CHECK_FALSE(verify(PlainVerifyingKey(v.alpha_1, v.beta_2, gamma_2, v.delta_2, points_of(v.ic)),
                     f.public_inputs(), proof));
}

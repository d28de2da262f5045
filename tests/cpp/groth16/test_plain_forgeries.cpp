// Keys and proofs without committed wires that an attacker would send (SOUNDNESS, "Groth16, keys, formats").
#include <doctest/doctest.h>

#include <array>

#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "groth16/equation.h"
#include "pairing/pairing.h"
#include "plain_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

namespace {

G1Affine times(const G1Affine& p, const Fr& k) { return mul(G1(p), k).to_affine(); }
G2Affine times(const G2Affine& p, const Fr& k) { return mul(G2(p), k).to_affine(); }

// One key, proof and statement for all tests here.
struct Shared {
  PlainFixture f{QuotientBasis::odd_lagrange};
  KeyView view = f.view();
  PlainVerifyingKey key{view};
  std::vector<Fr> inputs = f.public_inputs();
  Proof proof = prove_plain(view, f.rows(), f.witness);
};

const Shared& shared() {
  static const Shared made;
  return made;
}

PlainVerifyingKey with_delta(const G2Affine& delta_2) {
  const KeyView& v = shared().view;
  return {v.alpha_1, v.beta_2, v.gamma_2, delta_2, points_of(v.ic)};
}

// A point of the twist outside G2; `small` asks for one whose order is the cofactor's least prime, 10069.
G2Affine stray_point(bool small) {
  for (uint64_t i = 0;; ++i) {
    const Fp2 x{Fp::from_u64(i), Fp::one()};
    Fp2 y;
    if (!(x.square() * x + CurveCoefficient<Fp2>::b()).sqrt_vartime(y)) continue;
    const G2Affine p{x, y};
    if (is_in_subgroup(p)) continue;
    if (!small) return p;
    const auto multiple = [](const G2& base, const Limbs& k) {
      G2 out;
      for (size_t bit = 256; bit-- > 0;) {
        out = out.dbl();
        if ((k[bit / 64] >> (bit % 64) & 1) != 0) out += base;
      }
      return out;
    };
    Limbs cofactor{};  // (2p - r) / 10069
    limbs::sub(cofactor, Fp::modulus, Fr::modulus);
    unsigned __int128 carry = 0, rest = 0;
    for (size_t l = 0; l < 4; ++l) {
      carry += static_cast<unsigned __int128>(cofactor[l]) + Fp::modulus[l];
      cofactor[l] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    for (size_t l = 4; l-- > 0;) {
      rest = rest << 64 | cofactor[l];
      cofactor[l] = static_cast<uint64_t>(rest / 10069);
      rest %= 10069;
    }
    REQUIRE(rest == 0);
    const G2 q = multiple(multiple(G2(p), Fr::modulus), cofactor);
    if (q.is_infinity()) continue;
    REQUIRE(multiple(q, Limbs{10069, 0, 0, 0}).is_infinity());
    return q.to_affine();
  }
}

}  // namespace

TEST_CASE("where delta is gamma anyone forges, so such a key neither verifies nor proves") {
  const Shared& s = shared();
  // A = alpha, B = beta, C = -(IC_0 + sum x_i IC_(i+1)): the equation holds for any statement.
  std::vector<Fr> lie = s.inputs;
  lie[0] += Fr::one();
  G1 rest(s.view.ic[0]);
  for (size_t i = 0; i < lie.size(); ++i) rest += mul(G1(s.view.ic[1 + i]), lie[i]);
  const Proof forged = {s.view.alpha_1, s.view.beta_2, (-rest).to_affine()};
  const std::vector<PairingInput> equation = {{forged.a, forged.b},
                                              {-s.view.alpha_1, s.view.beta_2},
                                              {(-rest).to_affine(), s.view.gamma_2},
                                              {-forged.c, s.view.gamma_2}};
  CHECK(pairing_product_is_one(equation));
  CHECK_THROWS_AS(with_delta(s.view.gamma_2), DecodeError);
  CHECK_FALSE(verify(s.key, lie, forged));

  Trapdoor trapdoor = s.f.trapdoor;
  trapdoor.delta = Fr::one();
  const KeyElements unfinished = insecure_elements(s.f.cs, trapdoor);
  const KeyView view = view_of(unfinished);
  CHECK_THROWS_AS(PlainVerifyingKey{view}, DecodeError);
  CHECK_THROWS_AS((void)prove_plain(view, s.f.rows(), s.f.witness), DecodeError);
  // Only who asks for it in so many words gets a proof, and nobody accepts it.
  const Proof proof = prove_plain(view, s.f.rows(), s.f.witness, {}, UnfinishedKey::allowed);
  CHECK_FALSE(verify(s.key, s.inputs, proof));
}

TEST_CASE("the forging attempt with one delta works under no other") {
  const Shared& s = shared();
  G1 rest(s.view.ic[0]);
  for (size_t i = 0; i < s.inputs.size(); ++i) rest += mul(G1(s.view.ic[1 + i]), s.inputs[i]);
  CHECK_FALSE(verify(s.key, s.inputs, {s.view.alpha_1, s.view.beta_2, (-rest).to_affine()}));
  CHECK_FALSE(verify(s.key, s.inputs, {-s.view.alpha_1, -s.view.beta_2, (-rest).to_affine()}));
  CHECK_FALSE(verify(s.key, s.inputs, {s.view.alpha_1, s.view.beta_2, s.proof.c}));
  CHECK_FALSE(verify(with_delta(times(s.view.delta_2, Fr::from_u64(2))), s.inputs, s.proof));
}

TEST_CASE("keys with points that are none, or that let inputs be swapped, are refused") {
  const KeyView& v = shared().view;
  const auto refused = [&](auto change) {
    struct {
      G1Affine alpha_1;
      G2Affine beta_2, gamma_2, delta_2;
      std::vector<G1Affine> ic;
    } k{v.alpha_1, v.beta_2, v.gamma_2, v.delta_2, points_of(v.ic)};
    change(k);
    CHECK_THROWS_AS((PlainVerifyingKey{k.alpha_1, k.beta_2, k.gamma_2, k.delta_2, k.ic}), DecodeError);
  };
  for (const G2Affine& bad :
       {G2Affine::infinity(), stray_point(false), stray_point(true), G2Affine{v.beta_2.x, v.beta_2.x}}) {
    refused([&](auto& k) { k.beta_2 = bad; });
    refused([&](auto& k) { k.gamma_2 = bad; });
    refused([&](auto& k) { k.delta_2 = bad; });
  }
  for (const G1Affine& bad : {G1Affine::infinity(), G1Affine{v.alpha_1.x, v.alpha_1.x}}) {
    refused([&](auto& k) { k.alpha_1 = bad; });
    refused([&](auto& k) { k.ic[0] = bad; });
    refused([&](auto& k) { k.ic[2] = bad; });
  }
  refused([](auto& k) { k.ic[1] = k.ic[2]; });
  refused([](auto& k) { k.ic.clear(); });
}

TEST_CASE("proving keys of other shapes, or with points that are none, are refused") {
  const Shared& s = shared();
  const auto refused = [&](auto change) {
    KeyView view = s.view;
    change(view);
    CHECK_THROWS_AS((void)prove_plain(view, s.f.rows(), s.f.witness), DecodeError);
  };
  refused([](KeyView& k) { k.delta_1 = G1Affine::infinity(); });
  refused([](KeyView& k) { k.beta_2 = stray_point(true); });
  refused([](KeyView& k) { k.delta_2 = stray_point(false); });
  refused([](KeyView& k) { k.delta_2 = G2Affine::infinity(); });
  refused([](KeyView& k) { k.alpha_1 = G1Affine{k.alpha_1.x, k.alpha_1.x}; });
  refused([](KeyView& k) { k.log_n = 0; });
  refused([](KeyView& k) { k.log_n = 28; });
  refused([](KeyView& k) { k.log_n = 64; });
  refused([](KeyView& k) { k.h.count -= 1; });
  refused([](KeyView& k) { k.a.count -= 1; });
  refused([](KeyView& k) { k.l.count -= 1; });
  refused([](KeyView& k) { k.ic.count -= 1; });
  refused([](KeyView& k) { k.basis = QuotientBasis::powers; });
  refused([](KeyView& k) { k.num_public = k.num_wires; });
  refused([](KeyView& k) { k.num_wires += 1; });
}

TEST_CASE("delta and beta must be the same in both groups for who imports a key") {
  const Shared& s = shared();
  CHECK_NOTHROW(check_both_groups(s.view));
  const Fr two = Fr::from_u64(2);
  const auto refused = [&](auto change) {
    KeyView view = s.view;
    change(view);
    CHECK_THROWS_AS(check_both_groups(view), DecodeError);
  };
  refused([&](KeyView& k) { k.delta_1 = times(k.delta_1, two); });
  refused([&](KeyView& k) { k.delta_2 = times(k.delta_2, two); });
  refused([&](KeyView& k) { k.beta_1 = times(k.beta_1, two); });
  refused([&](KeyView& k) { k.beta_2 = times(k.beta_2, two); });
}

TEST_CASE("no key takes the randomness out of a proof that verifies") {
  // Against a prover that adds r delta to A, in G1: without delta there, and without B in G1, its proofs
  // verify and A tells witnesses apart. Ours does not use these points.
  const Shared& s = shared();
  KeyElements blind = s.f.elements;
  blind.delta_1 = blind.beta_1 = G1Affine::infinity();
  for (G1Affine& p : blind.b_1) p = G1Affine::infinity();
  KeyView view = view_of(blind);
  view.basis = s.view.basis;
  const Proof one = make_proof(view, s.f.rows(), s.f.witness, {});
  const Proof two = make_proof(view, s.f.rows(), s.f.witness, {});
  CHECK(verify(s.key, s.inputs, one));
  CHECK(verify(s.key, s.inputs, two));
  CHECK(one.a != two.a);
  CHECK(one.b != two.b);
  CHECK(one.c != two.c);
}

TEST_CASE("the randomness of a proof reaches each of its points on its own") {
  // A = k A0, B = (B0 + t delta) / k: neither the points nor the pairings that an observer can form between
  // two proofs of one witness repeat.
  const Shared& s = shared();
  const Proof other = prove_plain(s.view, s.f.rows(), s.f.witness);
  CHECK(other.a != s.proof.a);
  CHECK(other.b != s.proof.b);
  CHECK(other.c != s.proof.c);
  CHECK(pairing(other.a, other.b) != pairing(s.proof.a, s.proof.b));  // k alone would leave it
  CHECK(pairing(other.a, s.view.delta_2) != pairing(s.proof.a, s.view.delta_2));
}

TEST_CASE("a proving key with one element changed makes the prover stop, not give out a proof") {
  const Shared& s = shared();
  const auto stops = [&](auto change) {
    KeyElements elements = s.f.elements;
    change(elements);
    KeyView view = view_of(elements);
    view.basis = s.view.basis;
    CHECK_THROWS_AS((void)prove_plain(view, s.f.rows(), s.f.witness), WitnessInvalid);
  };
  const auto double_first = [&](auto& points, size_t from = 0) {
    for (size_t i = from; i < points.size(); ++i)
      if (!points[i].is_infinity()) {
        using Point = std::remove_reference_t<decltype(points[i])>;
        points[i] = Jacobian<typename Point::Field>(points[i]).dbl().to_affine();
        return;
      }
    FAIL("no such element");
  };
  stops([&](KeyElements& k) { double_first(k.a); });
  stops([&](KeyElements& k) { double_first(k.b_2); });
  stops([&](KeyElements& k) { double_first(k.l); });
  stops([&](KeyElements& k) { double_first(k.h, 1); });
  stops([&](KeyElements& k) { double_first(k.ic); });
  stops([&](KeyElements& k) { std::swap(k.h[1], k.h[2]); });
  // Points that are on no curve of ours, or in no group of ours.
  const size_t used = 3;
  stops([&](KeyElements& k) { k.a[used].y = k.a[used].x; });
  stops([&](KeyElements& k) { k.l[0].y += Fp::one(); });
  stops([&](KeyElements& k) { k.b_2[used] = stray_point(false); });
  stops([&](KeyElements& k) { k.b_2[used] = (G2(k.b_2[used]) + stray_point(true)).to_affine(); });
}

TEST_CASE("proofs with points that are none are refused") {
  const Shared& s = shared();
  const auto refused = [&](auto change) {
    Proof proof = s.proof;
    change(proof);
    CHECK_FALSE(verify(s.key, s.inputs, proof));
    for (const size_t count : {1, 3}) {
      const std::vector<PlainInstance> batch(count, PlainInstance{s.inputs, proof});
      CHECK(verify_batch(s.key, batch).size() == count);
    }
  };
  CHECK(verify(s.key, s.inputs, s.proof));
  refused([](Proof& p) { p.a = G1Affine::infinity(); });
  refused([](Proof& p) { p.b = G2Affine::infinity(); });
  refused([](Proof& p) { p.c = G1Affine::infinity(); });
  refused([](Proof& p) { p = {}; });
  refused([](Proof& p) { p.a.y = p.a.x; });
  refused([](Proof& p) { p.b.y = p.b.x; });
  refused([](Proof& p) { p.c.y += Fp::one(); });
  refused([](Proof& p) { p.b = stray_point(false); });
  refused([](Proof& p) { p.b = stray_point(true); });
  refused([](Proof& p) { p.b = (G2(p.b) + stray_point(true)).to_affine(); });
  refused([](Proof& p) { p.a = -p.a; });
  refused([](Proof& p) { std::swap(p.a, p.c); });
}

TEST_CASE("B with a point of order 10069 added is refused by decoders and verifiers") {
  const Shared& s = shared();
  Proof proof = s.proof;
  proof.b = (G2(proof.b) + stray_point(true)).to_affine();
  CHECK(proof.b.is_on_curve());
  CHECK_THROWS_AS(Proof::from_bytes(proof.to_evm()), DecodeError);
  CHECK_THROWS_AS(Proof::from_bytes(proof.to_compressed()), DecodeError);
  CHECK_FALSE(verify(s.key, s.inputs, proof));
}

TEST_CASE("a claim is well formed only where B lies in the subgroup, alone and among others") {
  const Shared& s = shared();
  Proof small = s.proof, other = s.proof;
  small.b = (G2(small.b) + stray_point(true)).to_affine();
  other.b = stray_point(false);
  const std::vector<Claim> claims = {{s.inputs, {}, &small}, {s.inputs, {}, &s.proof}, {s.inputs, {}, &other}};
  CHECK(Equation::well_formed(claims) == std::vector<uint8_t>{0, 1, 0});
  for (const Claim& claim : claims) {
    const bool good = claim.proof == &s.proof;
    CHECK(Equation::well_formed({&claim, 1}) == std::vector<uint8_t>(1, good));
    CHECK(s.key.equation().failing({&claim, 1}).empty() == good);
  }
}

TEST_CASE("a re-randomised proof verifies: proof bytes are never an identifier") {
  const Shared& s = shared();
  // A / k, k B; and B + t delta with C + t A (Groth 2016: proofs of one statement are all alike).
  const Fr k = Fr::random(), t = Fr::random();
  const Proof other = {times(s.proof.a, k.inverse()),
                       (mul(G2(s.proof.b), k) + mul(G2(s.view.delta_2), k * t)).to_affine(),
                       (G1(s.proof.c) + mul(G1(s.proof.a), t)).to_affine()};
  CHECK(other.to_evm() != s.proof.to_evm());
  CHECK(verify(s.key, s.inputs, other));
  std::vector<Fr> swapped = s.inputs;
  std::swap(swapped[0], swapped[1]);
  CHECK_FALSE(verify(s.key, swapped, other));
}

TEST_CASE("the public input x + r is no public input") {
  const Shared& s = shared();
  std::array<uint8_t, 32> bytes = s.inputs[0].to_bytes_le();
  unsigned carry = 0;
  const auto r = (-Fr::one()).to_bytes_le();  // r - 1, so 1 more is carried in
  carry = 1;
  for (size_t i = 0; i < 32; ++i) {
    carry += bytes[i] + r[i];
    bytes[i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_THROWS_AS(Fr::from_bytes_le(bytes), DecodeError);
}

TEST_CASE("one bad proof among a thousand is named, and so are two whose errors cancel") {
  const Shared& s = shared();
  std::vector<PlainInstance> many(1000, PlainInstance{s.inputs, s.proof});
  CHECK(verify_batch(s.key, many).empty());
  many[777].public_inputs[1] += Fr::one();
  CHECK(verify_batch(s.key, many) == std::vector<size_t>{777});
  many[777] = many[0];
  const G1Affine g = g1_generator();
  many[3].proof.c = (G1(s.proof.c) + g).to_affine();
  many[900].proof.c = (G1(s.proof.c) - g).to_affine();
  CHECK(verify_batch(s.key, many) == std::vector<size_t>{3, 900});
  many[500].proof.b = stray_point(true);
  many[501].proof.a = G1Affine::infinity();
  CHECK(verify_batch(s.key, many) == std::vector<size_t>{3, 500, 501, 900});
  many[10].public_inputs.pop_back();
  CHECK_THROWS_AS((void)verify_batch(s.key, many), ParameterError);
}

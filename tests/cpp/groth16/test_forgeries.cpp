// What an attacker would send, and the check that refuses it (SOUNDNESS, "Groth16, keys, formats").
#include <doctest/doctest.h>

#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "pairing/pairing.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

namespace {

G1Affine add(const G1Affine& p, const G1Affine& q) { return (G1(p) + q).to_affine(); }
G2Affine add(const G2Affine& p, const G2Affine& q) { return (G2(p) + q).to_affine(); }
G1Affine times(const G1Affine& p, const Fr& k) { return mul(G1(p), k).to_affine(); }
G2Affine times(const G2Affine& p, const Fr& k) { return mul(G2(p), k).to_affine(); }

// The proof A = alpha, B = beta, with a C that makes up for the rest where delta is gamma.
Proof skipped_phase_forgery(const KeyElements& key, std::span<const Fr> inputs,
                            std::span<const Commitment> commitments) {
  G1 rest(key.ic[0]);
  for (size_t i = 0; i < inputs.size(); ++i) rest += mul(G1(key.ic[1 + i]), inputs[i]);
  for (const Commitment& commitment : commitments) rest += commitment.point;
  return {key.alpha_1, key.beta_2, (-rest).to_affine()};
}

// A point of the twist that is not in G2.
G2Affine outside_subgroup() {
  for (uint64_t i = 0;; ++i) {
    const Fp2 x{Fp::from_u64(i), Fp::one()};
    const Fp2 rhs = x.square() * x + CurveCoefficient<Fp2>::b();
    Fp2 y;
    if (!rhs.sqrt_vartime(y)) continue;
    const G2Affine p{x, y};
    if (!is_in_subgroup(p)) return p;
  }
}

}  // namespace

TEST_CASE("a key whose second phase was skipped would let anyone forge, and is refused") {
  const Fixture& f = Fixture::shared();
  Trapdoor trapdoor = f.trapdoor;
  trapdoor.delta = Fr::one();
  const KeyElements skipped = insecure_elements(f.cs, trapdoor);
  const auto inputs = f.public_inputs();
  const auto& commitments = f.proved.commitments;
  const Proof forged = skipped_phase_forgery(skipped, inputs, commitments);
  // The equation itself holds: e(A, B) e(-alpha, beta) e(-(IC + sum C_g), H2) e(-C, delta) = 1.
  G1 rest(-forged.c);
  const std::vector<PairingInput> equation = {{forged.a, forged.b},
                                              {-skipped.alpha_1, skipped.beta_2},
                                              {rest.to_affine(), skipped.delta_2},
                                              {forged.c, g2_generator()}};
  CHECK(pairing_product_is_one(equation));
  CHECK_THROWS_AS(VerifyingKey{skipped}, DecodeError);
  CHECK_THROWS_AS(ProvingKey{skipped}, DecodeError);
  // With a key that went through its second phase the same attempt fails.
  CHECK_FALSE(
      verify(f.verifying_key(), inputs, commitments, skipped_phase_forgery(f.elements, inputs, commitments)));
}

TEST_CASE("keys with a trivial or shared sigma, or points that are none, are refused") {
  const Fixture& f = Fixture::shared();
  const auto refused = [&](auto change) {
    KeyElements key = f.elements;
    change(key);
    CHECK_THROWS_AS(VerifyingKey{key}, DecodeError);
  };
  refused([](KeyElements& k) { k.groups[0].sigma_2 = g2_generator(); });
  refused([](KeyElements& k) { k.groups[1].sigma_2 = k.groups[0].sigma_2; });
  refused([](KeyElements& k) { k.groups[1].sigma_2 = k.delta_2; });
  refused([](KeyElements& k) { k.groups[1].sigma_2 = G2Affine::infinity(); });
  refused([](KeyElements& k) { k.delta_2 = G2Affine::infinity(); });
  refused([](KeyElements& k) { k.delta_2 = outside_subgroup(); });
  refused([](KeyElements& k) { k.beta_2 = outside_subgroup(); });
  refused([](KeyElements& k) { k.beta_2 = G2Affine::infinity(); });
  refused([](KeyElements& k) { k.alpha_1 = G1Affine::infinity(); });
  refused([](KeyElements& k) { k.alpha_1.x += Fp::one(); });
  refused([](KeyElements& k) { k.ic[1] = G1Affine::infinity(); });
  refused([](KeyElements& k) { k.ic[2].y += Fp::one(); });
  refused([](KeyElements& k) { k.ic[2] = k.ic[1]; });
  refused([](KeyElements& k) { k.ic.clear(); });
  const auto refused_for_proving = [&](auto change) {
    KeyElements key = f.elements;
    change(key);
    CHECK_THROWS_AS(ProvingKey{key}, DecodeError);
  };
  refused_for_proving([](KeyElements& k) { k.delta_1 = G1Affine::infinity(); });
  refused_for_proving([](KeyElements& k) { k.groups[0].basis.back() = G1Affine::infinity(); });
  refused_for_proving([](KeyElements& k) { k.groups[0].basis[0] = k.groups[0].basis[1]; });
  refused_for_proving([](KeyElements& k) { k.h.pop_back(); });
  refused_for_proving([](KeyElements& k) { k.a.pop_back(); });
  refused_for_proving([](KeyElements& k) { k.groups.pop_back(); });
}

TEST_CASE(
    "a commitment that absorbs a foreign term is refused by its proof of knowledge, and by nothing else") {
  const Fixture& f = Fixture::shared();
  const auto inputs = f.public_inputs();
  Proof forged = f.proved.proof;
  forged.b = add(forged.b, g2_generator());
  std::vector<Commitment> commitments = f.proved.commitments;
  commitments[1].point = add(commitments[1].point, forged.a);  // C_D + A: e(A, B + H2) = e(A, B) e(A, H2)
  CHECK_FALSE(verify(f.verifying_key(), inputs, commitments, forged));
  CHECK_FALSE(verify_commitment(f.verifying_key(), 1, commitments[1].point, *commitments[1].knowledge));
  commitments[1].knowledge = add(*commitments[1].knowledge, forged.a);
  CHECK_FALSE(verify(f.verifying_key(), inputs, commitments, forged));
  // Why the check exists: without it the forgery passes.
  commitments[1] = Commitment::already_checked(commitments[1].point);
  CHECK(verify(f.verifying_key(), inputs, commitments, forged));
}

TEST_CASE("a term cannot move from one commitment to the other") {
  const Fixture& f = Fixture::shared();
  const auto inputs = f.public_inputs();
  const GroupElements& x = f.elements.groups[0];
  std::vector<Commitment> moved = f.proved.commitments;
  moved[0].point = add(moved[0].point, x.basis[0]);
  moved[0].knowledge = add(*moved[0].knowledge, x.knowledge[0]);  // available to anyone
  moved[1].point = add(moved[1].point, -x.basis[0]);
  CHECK(verify_commitment(f.verifying_key(), 0, moved[0].point, *moved[0].knowledge));
  CHECK_FALSE(verify(f.verifying_key(), inputs, moved, f.proved.proof));
  moved[1].knowledge = add(*moved[1].knowledge, -x.knowledge[0]);  // sigma_X in place of sigma_D
  CHECK_FALSE(verify(f.verifying_key(), inputs, moved, f.proved.proof));
  // Why each group has its own proof of knowledge: without D's the equation does not notice.
  moved[1] = Commitment::already_checked(moved[1].point);
  CHECK(verify(f.verifying_key(), inputs, moved, f.proved.proof));
}

TEST_CASE("commitments in each other's place are refused") {
  const Fixture& f = Fixture::shared();
  std::vector<Commitment> swapped = {f.proved.commitments[1], f.proved.commitments[0]};
  CHECK_FALSE(verify(f.verifying_key(), f.public_inputs(), swapped, f.proved.proof));
  for (size_t g = 0; g < 2; ++g)
    CHECK_FALSE(verify_commitment(f.verifying_key(), g, swapped[g].point, *swapped[g].knowledge));
}

TEST_CASE("a proof can be re-randomised, but not for another statement") {
  const Fixture& f = Fixture::shared();
  const Fr u = Fr::random(), t = Fr::random();
  Proof proof = f.proved.proof;
  proof.c = add(proof.c, times(proof.a, t));  // A (B + t delta) = A B + t delta A
  proof.b = add(proof.b, times(f.elements.delta_2, t));
  proof.a = times(proof.a, u);
  proof.b = times(proof.b, u.inverse());
  CHECK(proof.to_evm() != f.proved.proof.to_evm());
  auto inputs = f.public_inputs();
  CHECK(verify(f.verifying_key(), inputs, f.proved.commitments, proof));
  inputs[0] += Fr::one();  // another ctx
  CHECK_FALSE(verify(f.verifying_key(), inputs, f.proved.commitments, proof));
  inputs[0] -= Fr::one();
  std::vector<Commitment> shifted = f.proved.commitments;  // another D, with a right proof of knowledge
  shifted[1].point = add(shifted[1].point, f.elements.groups[1].basis[0]);
  shifted[1].knowledge = add(*shifted[1].knowledge, f.elements.groups[1].knowledge[0]);
  CHECK(verify_commitment(f.verifying_key(), 1, shifted[1].point, *shifted[1].knowledge));
  CHECK_FALSE(verify(f.verifying_key(), inputs, shifted, proof));
}

TEST_CASE("a public input moved into a commitment is refused") {
  const Fixture& f = Fixture::shared();
  auto inputs = f.public_inputs();
  inputs[0] += Fr::one();
  std::vector<Commitment> commitments = f.proved.commitments;
  commitments[1].point = add(commitments[1].point, -f.elements.ic[1]);
  CHECK_FALSE(verify(f.verifying_key(), inputs, commitments, f.proved.proof));
  commitments[1] = Commitment::already_checked(commitments[1].point);
  CHECK(verify(f.verifying_key(), inputs, commitments,
               f.proved.proof));  // only the proof of knowledge stands between
}

TEST_CASE("every byte of a proof and of its commitments counts") {
  const Fixture& f = Fixture::shared();
  const auto inputs = f.public_inputs();
  const auto accepted = [&](std::span<const uint8_t> bytes) {
    try {
      return verify(f.verifying_key(), inputs, f.proved.commitments, Proof::from_bytes(bytes));
    } catch (const DecodeError&) {
      return false;
    }
  };
  const auto check_every_byte = [&](auto bytes) {
    CHECK(accepted(bytes));
    for (size_t i = 0; i < bytes.size(); ++i) {
      auto changed = bytes;
      changed[i] ^= static_cast<uint8_t>(1u << (i % 8));
      if (accepted(changed)) FAIL("byte " << i << " does not count");
    }
  };
  check_every_byte(f.proved.proof.to_evm());
  check_every_byte(f.proved.proof.to_compressed());
  for (size_t g = 0; g < 2; ++g)
    for (const bool of_knowledge : {false, true}) {
      std::vector<Commitment> commitments = f.proved.commitments;
      G1Affine& point = of_knowledge ? *commitments[g].knowledge : commitments[g].point;
      const auto bytes = compress(point);
      for (size_t i = 0; i < bytes.size(); ++i) {
        auto changed = bytes;
        changed[i] ^= static_cast<uint8_t>(1u << (i % 8));
        try {
          point = g1_decompress(changed, Infinity::refused);
        } catch (const DecodeError&) {
          continue;
        }
        if (verify(f.verifying_key(), inputs, commitments, f.proved.proof))
          FAIL("byte " << i << " does not count");
      }
    }
}

TEST_CASE("proof bytes are decoded strictly") {
  const Fixture& f = Fixture::shared();
  const auto evm = f.proved.proof.to_evm();
  CHECK(Proof::from_bytes(evm) == f.proved.proof);
  CHECK(Proof::from_bytes(f.proved.proof.to_compressed()) == f.proved.proof);
  Bytes bytes(evm.begin(), evm.end());
  bytes.push_back(0);
  CHECK_THROWS_AS(Proof::from_bytes(bytes), DecodeError);
  bytes.resize(255);
  CHECK_THROWS_AS(Proof::from_bytes(bytes), DecodeError);
  CHECK_THROWS_AS(Proof::from_bytes({}), DecodeError);
  for (const size_t zeroed : {0, 64, 192}) {  // A, B, C at infinity
    bytes.assign(evm.begin(), evm.end());
    std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(zeroed), zeroed == 64 ? 128 : 64, uint8_t{0});
    CHECK_THROWS_AS(Proof::from_bytes(bytes), DecodeError);
  }
  bytes.assign(evm.begin(), evm.end());
  to_evm(std::span<uint8_t>(bytes).subspan<64, 128>(), outside_subgroup());
  CHECK_THROWS_AS(Proof::from_bytes(bytes), DecodeError);
}

TEST_CASE("the verifier checks points again, wherever they come from") {
  const Fixture& f = Fixture::shared();
  const auto inputs = f.public_inputs();
  const auto refused = [&](auto change) {
    Proof proof = f.proved.proof;
    std::vector<Commitment> commitments = f.proved.commitments;
    change(proof, commitments);
    CHECK_FALSE(verify(f.verifying_key(), inputs, commitments, proof));
    CHECK(verify_batch(f.verifying_key(), std::vector<Instance>{{inputs, commitments, proof}}) ==
          std::vector<size_t>{0});
  };
  refused([](Proof& p, auto&) { p.a = G1Affine::infinity(); });
  refused([](Proof& p, auto&) { p.b = G2Affine::infinity(); });
  refused([](Proof& p, auto&) { p.c = G1Affine::infinity(); });
  refused([](Proof& p, auto&) { p.a.x += Fp::one(); });
  refused([](Proof& p, auto&) { p.b = outside_subgroup(); });
  refused([](Proof& p, auto&) { p = {G1Affine::infinity(), G2Affine::infinity(), G1Affine::infinity()}; });
  refused([](Proof&, auto& c) { c[0].point = G1Affine::infinity(); });
  refused(
      [](Proof&, auto& c) { c[1] = Commitment::with_knowledge(G1Affine::infinity(), G1Affine::infinity()); });
  CHECK_FALSE(verify_commitment(f.verifying_key(), 0, G1Affine::infinity(), G1Affine::infinity()));
}

TEST_CASE("a commitment at infinity is refused even where the equations hold: it hides nothing") {
  const Fixture& f = Fixture::shared();
  ToyInputs inputs;
  inputs.x = {};
  inputs.blinder_x = Fr::zero();
  const Witness witness = toy_witness(f.cs, inputs);
  const Proved proved = prove_unverified(f.key, f.cs, witness);
  CHECK(proved.commitments[0].point.is_infinity());
  const std::vector<Fr> publics = {inputs.ctx, inputs.w};
  CHECK_FALSE(verify(f.verifying_key(), publics, proved.commitments, proved.proof));
  CHECK(verify_batch(f.verifying_key(), std::vector<Instance>{{publics, proved.commitments, proved.proof}}) ==
        std::vector<size_t>{0});
  CHECK_THROWS_AS((void)prove(f.key, f.cs, witness), WitnessInvalid);
  inputs.blinder_x = Fr::random();
  const Proved hidden = prove(f.key, f.cs, toy_witness(f.cs, inputs));
  CHECK(verify(f.verifying_key(), publics, hidden.commitments, hidden.proof));
}

TEST_CASE("another key, other inputs or another number of them are refused") {
  const Fixture& f = Fixture::shared();
  const ProvingKey other = insecure_setup(f.cs);
  auto inputs = f.public_inputs();
  CHECK_FALSE(verify(other.verifying_key(), inputs, f.proved.commitments, f.proved.proof));
  for (Fr& input : inputs) {
    const Fr kept = input;
    input += Fr::one();
    CHECK_FALSE(verify(f.verifying_key(), inputs, f.proved.commitments, f.proved.proof));
    input = kept;
  }
  std::swap(inputs[0], inputs[1]);
  CHECK_FALSE(verify(f.verifying_key(), inputs, f.proved.commitments, f.proved.proof));
  inputs.pop_back();
  CHECK_THROWS_AS((void)verify(f.verifying_key(), inputs, f.proved.commitments, f.proved.proof),
                  ParameterError);
  CHECK_THROWS_AS((void)verify(f.verifying_key(), f.public_inputs(), {}, f.proved.proof), ParameterError);
}

TEST_CASE("a proof of knowledge checked before need not come again") {
  const Fixture& f = Fixture::shared();
  std::vector<Commitment> commitments = f.proved.commitments;
  CHECK(verify_commitment(f.verifying_key(), 0, commitments[0].point, *commitments[0].knowledge));
  commitments[0] = Commitment::already_checked(commitments[0].point);
  CHECK(verify(f.verifying_key(), f.public_inputs(), commitments, f.proved.proof));
  CHECK_THROWS_AS((void)verify_commitment(f.verifying_key(), 2, commitments[0].point, commitments[0].point),
                  ParameterError);
}

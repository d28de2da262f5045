// The prover: what it refuses to prove, what it never gives away.
#include <doctest/doctest.h>

#include "curves/scalar_mul.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

TEST_CASE("a witness that violates a constraint is named, not proven") {
  const Fixture& f = Fixture::shared();
  for (size_t wire = 1; wire < f.cs.num_wires(); ++wire) {
    Witness witness = f.witness.clone();
    witness[wire] += Fr::one();
    const auto violated = f.cs.check(witness);
    CAPTURE(wire);
    if (!violated) {  // ctx and the blinders are free: nothing in this circuit reads them
      CHECK((wire == 1 || wire == 6 || wire == 9));
      continue;
    }
    CHECK_THROWS_WITH_AS((void)prove(f.key, f.cs, witness), doctest::Contains(f.cs.label(*violated).c_str()),
                         WitnessInvalid);
    // What an attacker gets who proves it all the same.
    const Proved forged = prove_unverified(f.key, f.cs, witness);
    const auto inputs = witness.span().subspan(1, f.cs.num_public());
    CHECK_FALSE(verify(f.verifying_key(), inputs, forged.commitments, forged.proof));
  }
}

TEST_CASE("a key with one element changed makes the prover stop, not give out a proof") {
  const Fixture& f = Fixture::shared();
  const auto stops = [&](auto change) {
    KeyElements elements = f.elements;
    change(elements);
    const ProvingKey key(elements);
    CHECK_THROWS_AS((void)prove(key, f.cs, f.witness), WitnessInvalid);
  };
  const auto double_it = [](auto& point) {
    using Point = std::remove_reference_t<decltype(point)>;
    point = Jacobian<typename Point::Field>(point).dbl().to_affine();
  };
  const auto nonzero = [&](const auto& points, size_t from) {
    for (size_t i = from; i < points.size(); ++i)
      if (!points[i].is_infinity() && !f.witness[i].is_zero()) return i;
    FAIL("no such element");
    return size_t{0};
  };
  stops([&](KeyElements& k) { double_it(k.alpha_1); });
  const auto refused = [&](auto change) {
    KeyElements elements = f.elements;
    change(elements);
    CHECK_THROWS_AS(ProvingKey{elements}, DecodeError);
  };
  refused([&](KeyElements& k) { double_it(k.beta_1); });
  refused([&](KeyElements& k) { double_it(k.beta_2); });
  refused([&](KeyElements& k) { double_it(k.delta_1); });
  refused([&](KeyElements& k) { double_it(k.delta_2); });
  stops([&](KeyElements& k) { double_it(k.beta_1), double_it(k.beta_2); });
  stops([&](KeyElements& k) { double_it(k.delta_1), double_it(k.delta_2); });
  stops([&](KeyElements& k) { double_it(k.a[nonzero(k.a, 3)]); });
  stops([&](KeyElements& k) { double_it(k.b_2[nonzero(k.b_2, 3)]); });
  stops([&](KeyElements& k) { double_it(k.l[0]); });
  stops([&](KeyElements& k) { double_it(k.h[0]); });
  stops([&](KeyElements& k) { double_it(k.ic[1]); });
  stops([&](KeyElements& k) { double_it(k.groups[0].basis[0]); });
  stops([&](KeyElements& k) { double_it(k.groups[1].knowledge[0]); });
  stops([&](KeyElements& k) { double_it(k.groups[1].knowledge.back()); });
  stops([&](KeyElements& k) { double_it(k.groups[0].sigma_2); });
}

TEST_CASE("proofs and commitments are fresh each time, and commitments only where the blinder is") {
  const Fixture& f = Fixture::shared();
  const Proved again = prove(f.key, f.cs, f.witness);
  CHECK(again.proof.a != f.proved.proof.a);
  CHECK(again.proof.b != f.proved.proof.b);
  CHECK(again.proof.c != f.proved.proof.c);
  CHECK(again.commitments == f.proved.commitments);  // same values, same blinders
  Witness blinded = f.witness.clone();
  blinded[6] += Fr::one();  // the blinder of group 0
  const Proved other = prove(f.key, f.cs, blinded);
  CHECK(other.commitments[0].point != f.proved.commitments[0].point);
  CHECK(other.commitments[1] == f.proved.commitments[1]);
}

TEST_CASE("a witness's commitment is the one that the commitment key makes from values and blinder") {
  const Fixture& f = Fixture::shared();
  const std::vector<int64_t> x = {-3, 2, 100};
  const Fr blinder = f.witness[6];
  CHECK(f.key.commitment_key(0).commit(x, blinder) == f.proved.commitments[0].point);
  CHECK(f.key.prove_knowledge(0, x, blinder) == *f.proved.commitments[0].knowledge);
  CHECK(commit_group(f.key, 0, f.witness) == f.proved.commitments[0]);
  CHECK_THROWS_AS((void)f.key.commitment_key(2), ParameterError);
  CHECK_THROWS_AS((void)f.key.commitment_key(0).commit(std::vector<int64_t>{1, 2}, blinder), ParameterError);
  CHECK_THROWS_AS((void)f.key.prove_knowledge(0, std::vector<int64_t>{1, 2}, blinder), ParameterError);
}

TEST_CASE("commitments add up: the sum opens to the sum of values and blinders") {
  const Fixture& f = Fixture::shared();
  const CommitmentKey& key = f.key.commitment_key(1);
  const Fr b1 = Fr::random(), b2 = Fr::random();
  const std::vector<int64_t> v1 = {5, -1000000}, v2 = {-70000, 3}, total = {-69995, -999997};
  const G1 sum = G1(key.commit(v1, b1)) + key.commit(v2, b2);
  CHECK(sum.to_affine() == key.commit(total, b1 + b2));
  CHECK(sum.to_affine() != key.commit(total, b1 + b2 + Fr::one()));
  CHECK(sum.to_affine() != key.commit(v1, b1 + b2));
}

TEST_CASE("keys, systems and witnesses that do not belong together are refused") {
  const Fixture& f = Fixture::shared();
  Builder builder(Builder::Mode::both);
  const Wire x = builder.public_input(Fr::from_u64(4));
  builder.constrain(x, 1, 4, "four");
  const auto [other, other_witness] = builder.take_both();
  CHECK_THROWS_AS((void)prove(f.key, other, other_witness), ParameterError);
  CHECK_THROWS_AS((void)prove(f.key, f.cs, other_witness), ParameterError);
  Witness not_one = f.witness.clone();
  not_one[0] = Fr::from_u64(2);
  CHECK_THROWS_AS((void)prove(f.key, f.cs, not_one), ParameterError);
}

TEST_CASE("a progress callback can stop the prover") {
  const Fixture& f = Fixture::shared();
  double last = 0;
  CHECK_THROWS_AS((void)prove(f.key, f.cs, f.witness,
                              [&](double fraction) {
                                CHECK(fraction >= last);
                                last = fraction;
                                if (fraction > 0.3) throw Interrupted("stop");
                              }),
                  Interrupted);
}

TEST_CASE("a circuit whose commitments would not bind gets no key") {
  Builder builder(Builder::Mode::shape, 1);
  const Wire a = builder.committed(0), b = builder.committed(0);
  builder.committed_blinder(0);
  builder.constrain(LC(a) + b, 1, 3, "only the sum");
  const ConstraintSystem cs = builder.take_constraint_system();
  CHECK_THROWS_AS((void)insecure_setup(cs), ParameterError);
}

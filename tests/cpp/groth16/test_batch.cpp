// Batch verification names exactly the proofs that fail.
#include <doctest/doctest.h>

#include "curves/scalar_mul.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

namespace {

std::vector<Instance> honest(size_t count) {
  const Fixture& f = Fixture::shared();
  std::vector<Instance> instances;
  for (size_t i = 0; i < count; ++i) {
    ToyInputs inputs;
    inputs.ctx = Fr::from_u64(1000 + i);
    inputs.w = Fr::from_i64(-static_cast<int64_t>(i));
    const Witness witness = toy_witness(f.cs, inputs);
    Proved proved = prove(f.key, f.cs, witness);
    if (i % 2 == 0) proved.commitments[0] = Commitment::already_checked(proved.commitments[0].point);
    instances.push_back({{inputs.ctx, inputs.w}, proved.commitments, proved.proof});
  }
  return instances;
}

}  // namespace

TEST_CASE("a batch of honest proofs verifies, and so do the empty one and the single one") {
  const Fixture& f = Fixture::shared();
  const auto instances = honest(5);
  CHECK(verify_batch(f.verifying_key(), instances).empty());
  CHECK(verify_batch(f.verifying_key(), std::span(instances).first(1)).empty());
  CHECK(verify_batch(f.verifying_key(), {}).empty());
}

TEST_CASE("a batch names the bad proofs, whatever is wrong with them") {
  const Fixture& f = Fixture::shared();
  const auto good = honest(6);
  const auto named = [&](auto change) {
    auto instances = good;
    change(instances);
    return verify_batch(f.verifying_key(), instances);
  };
  using Positions = std::vector<size_t>;
  CHECK(named([](auto& i) { i[3].public_inputs[0] += Fr::one(); }) == Positions{3});
  CHECK(named([](auto& i) { std::swap(i[0].proof, i[5].proof); }) == Positions{0, 5});
  CHECK(named([](auto& i) { i[1].proof.c = G1Affine::infinity(); }) == Positions{1});
  CHECK(named([](auto& i) { i[2].commitments[1].knowledge = i[4].commitments[1].knowledge; }) ==
        Positions{2});
  CHECK(named([](auto& i) {
          for (auto& instance : i) instance.proof.a = -instance.proof.a;
        }) == Positions{0, 1, 2, 3, 4, 5});
  CHECK_THROWS_AS(named([](auto& i) { i[1].public_inputs.pop_back(); }), ParameterError);
}

TEST_CASE("errors that cancel in an unweighted sum do not cancel in a batch") {
  const Fixture& f = Fixture::shared();
  auto instances = honest(2);
  const G1Affine g = g1_generator();
  instances[0].proof.c = (G1(instances[0].proof.c) + g).to_affine();
  instances[1].proof.c = (G1(instances[1].proof.c) - g).to_affine();
  CHECK(verify_batch(f.verifying_key(), instances) == std::vector<size_t>{0, 1});
  // The same between two proofs of knowledge, and between a proof and a proof of knowledge.
  instances = honest(2);
  instances[0].commitments[1].knowledge = (G1(*instances[0].commitments[1].knowledge) + g).to_affine();
  instances[1].commitments[1].knowledge = (G1(*instances[1].commitments[1].knowledge) - g).to_affine();
  CHECK(verify_batch(f.verifying_key(), instances) == std::vector<size_t>{0, 1});
  instances = honest(1);
  instances[0].commitments[0].point = (G1(instances[0].commitments[0].point) + g).to_affine();
  instances[0].commitments[1].knowledge = (G1(*instances[0].commitments[1].knowledge) - g).to_affine();
  CHECK(verify_batch(f.verifying_key(), instances) == std::vector<size_t>{0});
}

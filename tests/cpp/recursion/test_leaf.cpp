// Leaves: two client proofs of the engine become one, and what makes a leaf refuse. The program is a layer of two by two; each client has
// blinders of its own. Whole proofs and the longer list are for test-deep.
#include "recursion/leaf_circuit.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "../wrap/sample_programs.h"
#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "field_circuit.h"
#include "recursion/transcript_point.h"
#include "transcript/transcript.h"
#include "verdict.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

bool deep() { return std::getenv("PYZKFL_DEEP") != nullptr; }

G1Affine g1(uint64_t k) { return mul_vartime(G1(g1_generator()), Fr::from_u64(k)).to_affine(); }

const Fr tag = Fr::from_canonical({0, 5, 0, 0});

struct Setting {
  std::shared_ptr<const wrap::Engine> engine = std::make_shared<const wrap::Engine>(wrap::testing::everything().program);
  std::shared_ptr<const ColumnKey> columns = std::make_shared<const ColumnKey>(ColumnKey::insecure(engine->program().log_height));
  std::shared_ptr<const groth16::ProvingKey> key =
      std::make_shared<const groth16::ProvingKey>(groth16::insecure_setup(engine->circuit()));
  wrap::EngineProver prover{engine, key, columns};
  groth16::PlainVerifyingKey verifying{groth16::view_of(key->elements())};
  G1Affine tables = engine->commit(*columns, 1, wrap::testing::everything().values.columns[1]);
  LeafCircuit leaf{engine, verifying, columns->verifier(), tables, tag};
  ClientProof left = client(4), right = client(9);

  ClientProof client(uint32_t number, uint32_t round = 3) const {
    wrap::testing::Sample sample = wrap::testing::everything();
    wrap::testing::finish(sample);
    return prove(sample, number, round);
  }

  ClientProof prove(wrap::testing::Sample& sample, uint32_t number, uint32_t round) const {
    ClientProof out;
    ClientStatement& said = out.statement;
    said.client = number;
    said.round = round;
    said.session = Fr::from_u64(11);
    said.choice = Fr::from_u64(100 + number);
    said.rows = sample.values.rows;
    const auto commit = [&](uint32_t c) { return engine->commit(*columns, c, sample.values.columns[c]); };
    said.weights = commit(0);
    said.tables = commit(1);
    said.data = {commit(2)};
    said.update = commit(3);
    out.proof = prover.prove(sample.values, said.engine_statement(tag).context).proof;
    return out;
  }

  LeafInputs inputs() const { return {left, right, g1(77), Merge::within_round}; }

  std::string verdict(const LeafInputs& inputs) const { return recursion::testing::verdict(leaf, inputs); }
};

const Setting& setting() {
  static const Setting made;
  return made;
}

}  // namespace

TEST_CASE("a point's elements are those that a transcript absorbs") {
  const auto shown = [](const G1Affine& p, const std::array<Fr, 2>& expected) {
    return Circuit([=](BaseField& fp) {
      const std::array<LC, 2> elements = transcript_elements(fp, G1Points(fp).point(p));
      for (size_t i = 0; i < 2; ++i) fp.builder().constrain(elements[i], 1, expected[i], "shown");
    });
  };
  std::vector<G1Affine> list = {g1(1), -g1(1)};
  for (int i = 0; i < 6; ++i) list.push_back(mul_vartime(G1(g1_generator()), Fr::random()).to_affine());
  for (const G1Affine& p : list) {
    const std::array<Fr, 2> native = transcript::point_elements(p);
    CHECK(verdict(shown(p, native)).empty());
    CHECK(verdict(shown(p, transcript::point_elements(-p))) == "shown");
    CHECK(verdict(shown(p, {native[0] + Fr::one(), native[1]})) == "shown");
  }
}

TEST_CASE("digits and bits of a point's elements (each in test-deep), changed and carried on, is refused") {
  const G1Affine p = g1(12345);
  const std::array<Fr, 2> native = transcript::point_elements(p);
  const Circuit circuit = [&](BaseField& fp) {
    const std::array<LC, 2> elements = transcript_elements(fp, G1Points(fp).point(p));
    for (size_t i = 0; i < 2; ++i) fp.builder().constrain(elements[i], 1, native[i], "shown");
  };
  Builder b(Builder::Mode::witness, 1);
  run(b, circuit);
  REQUIRE_FALSE(b.failure().has_value());
  const std::vector<Fr> values(b.committed_values(0).begin(), b.committed_values(0).end());
  for (size_t i = 0; i + digit_rows + 1 < values.size(); i += deep() ? 1 : 3) {
    CAPTURE(i);
    Forgery forgery;
    forgery.committed[static_cast<uint32_t>(i)] = values[i].is_zero() ? Fr::one() : values[i] - Fr::one();
    CHECK_FALSE(verdict(circuit, forgery).empty());
  }
}

TEST_CASE("a leaf accepts two client proofs") { CHECK(setting().verdict(setting().inputs()).empty()); }

TEST_CASE("a leaf whose dataset is not that of its statement is refused") {
  LeafInputs inputs = setting().inputs();
  inputs.left.statement.data[0] = g1(5);
  CHECK_FALSE(setting().verdict(inputs).empty());
  CHECK_FALSE(setting().prover.verifier().verify(inputs.left.statement.engine_statement(tag), inputs.left.proof));
}

TEST_CASE("one proof does not count for a second client in a round that carries into its number") {
  // 2^32 client + round is one number in ctx: client 4 of round 3 is client 3 of round 2^32 + 3, but for the ranges of both.
  LeafInputs inputs = setting().inputs();
  for (ClientStatement* said : {&inputs.left.statement, &inputs.right.statement}) {
    const Fr before = said->context(tag);
    said->client -= 1;
    said->round += uint64_t{1} << 32;
    CHECK(said->context(tag) == before);
    REQUIRE(setting().prover.verifier().verify(said->engine_statement(tag), said == &inputs.left.statement ? inputs.left.proof : inputs.right.proof));
  }
  CHECK(setting().verdict(inputs) == "client/round");
  inputs = setting().inputs();
  inputs.left.statement.client += uint64_t{1} << 32;
  CHECK(setting().verdict(inputs) == "client/client");
}

TEST_CASE("tables of a prover's own are refused: no composed statement names them") {
  const LeafCircuit other(setting().engine, setting().verifying, setting().columns->verifier(), g1(6), tag);
  Builder b(Builder::Mode::witness, 1);
  other.build(b, setting().inputs(), [](const Fr&, const Fr&) { return power_of_two(200); });  // proofs under T, a leaf of another T
  REQUIRE(b.failure().has_value());
  CHECK(b.failure()->second == "client/context");
  CHECK_THROWS_AS(LeafCircuit(setting().engine, setting().verifying, setting().columns->verifier(), {}, tag), ParameterError);
}

TEST_CASE("an opening at a point that is its own inverse is refused") {
  for (const Fr& z : {Fr(), Fr::one(), -Fr::one()}) {
    LeafInputs inputs = setting().inputs();
    inputs.left.proof.z = z;
    CHECK(setting().verdict(inputs) == (z.is_zero() ? "client/z is not 0" : "client/z is not 1/z"));
    if (!deep()) break;
  }
}

TEST_CASE("deep leaves: each point and scalar, each part of a statement" * doctest::skip(!deep())) {
  const Setting& s = setting();
  const G1Affine d = g1(31337);
  const auto moved = [&](G1Affine& p) { p = (G1(p) + d).to_affine(); };
  const auto refused = [&](const char* name, const std::function<void(LeafInputs&)>& change) {
    CAPTURE(name);
    LeafInputs inputs = s.inputs();
    change(inputs);
    const std::string verdict = s.verdict(inputs);
    CHECK_FALSE(verdict.empty());
    return verdict;
  };
  for (const bool right : {false, true}) {
    const auto side = [right](LeafInputs& i) -> ClientProof& { return right ? i.right : i.left; };
    refused("A", [&](LeafInputs& i) { moved(side(i).proof.groth16.a); });
    refused("B", [&](LeafInputs& i) { side(i).proof.groth16.b = -side(i).proof.groth16.b; });
    refused("C", [&](LeafInputs& i) { moved(side(i).proof.groth16.c); });
    refused("W", [&](LeafInputs& i) { moved(side(i).proof.quotient); });
    refused("digits", [&](LeafInputs& i) { moved(side(i).proof.digits[0]); });
    refused("mask", [&](LeafInputs& i) { moved(side(i).proof.mask); });
    refused("C_S", [&](LeafInputs& i) { moved(side(i).proof.symmetric); });
    for (Fr wrap::EngineProof::* scalar : {&wrap::EngineProof::rho, &wrap::EngineProof::z, &wrap::EngineProof::gamma,
                                           &wrap::EngineProof::i0, &wrap::EngineProof::i1})
      refused("scalar", [&](LeafInputs& i) { side(i).proof.*scalar += Fr::one(); });
    refused("update", [&](LeafInputs& i) { moved(side(i).statement.update); });
    refused("choice", [&](LeafInputs& i) { side(i).statement.choice += Fr::one(); });
    refused("session", [&](LeafInputs& i) { side(i).statement.session += Fr::one(); });
    refused("rows", [&](LeafInputs& i) { ++side(i).statement.rows[0]; });
    refused("round", [&](LeafInputs& i) { ++side(i).statement.round; });
    refused("infinity", [&](LeafInputs& i) { side(i).proof.mask = {}; });
  }
  refused("weights", [&](LeafInputs& i) { i.left.statement.weights = i.right.statement.weights = d; });
  CHECK(refused("order", [&](LeafInputs& i) { std::swap(i.left, i.right); }) == "clients in order");
  // The openings of both cancel; so do the equations of Groth16.
  refused("W of both", [&](LeafInputs& i) {
    moved(i.left.proof.quotient);
    i.right.proof.quotient = (G1(i.right.proof.quotient) + -d).to_affine();
  });
  refused("C of both", [&](LeafInputs& i) {
    moved(i.left.proof.groth16.c);
    i.right.proof.groth16.c = (G1(i.right.proof.groth16.c) + -d).to_affine();
  });
}

TEST_CASE("client proofs to leaves to one proof, deep" * doctest::skip(!deep())) {
  const Setting& s = setting();
  const ConstraintSystem leaf_cs = s.leaf.shape();
  MESSAGE("leaf: ", leaf_cs.num_constraints(), " constraints");
  CHECK(leaf_cs.num_constraints() <= 1u << 20);  // with two digits columns; each more is some 29,000
  const groth16::Trapdoor trapdoor = groth16::Trapdoor::random(1);
  const groth16::ProvingKey leaf_key(groth16::insecure_elements(leaf_cs, trapdoor));
  const G1Affine after = g1(77);
  const auto leaf = [&](const std::vector<ClientProof>& clients) { return s.leaf.prove(leaf_key, leaf_cs, clients, after); };
  const Composed first = leaf({s.left, s.right}), second = leaf({s.client(12)});
  CHECK(verify_leaf(leaf_key.verifying_key(), first));
  CHECK(verify_leaf(leaf_key.verifying_key(), second));
  CHECK(second.statement.count == 1);

  ClientProof lying = s.left;
  lying.statement.update = g1(8);
  CHECK_THROWS_AS(leaf({lying, s.right}), WitnessInvalid);
  CHECK_THROWS_AS(leaf({s.left, s.left}), WitnessInvalid);
  CHECK_THROWS_AS(leaf({s.right, s.left}), WitnessInvalid);
  CHECK_THROWS_AS(leaf({s.left, s.client(9, 4)}), WitnessInvalid);
  lying = s.left;
  lying.statement.tables = g1(8);
  CHECK_THROWS_AS(leaf({lying}), WitnessInvalid);
  lying = s.left;
  lying.statement.weights = {};
  CHECK_THROWS_AS(leaf({lying}), WitnessInvalid);
  CHECK_THROWS_AS(leaf({}), ParameterError);

  const NodeCircuit node(leaf_key.verifying_key());
  const ConstraintSystem node_cs = node.shape();
  MESSAGE("node: ", node_cs.num_constraints(), " constraints");
  CHECK(node_cs.num_constraints() <= 1u << 21);
  const groth16::ProvingKey node_key = insecure_node_setup(node_cs, trapdoor);
  const Composed all = node.prove(node_key, node_cs, {first, second}, true, Merge::within_round);
  CHECK(verify_node(node_key.verifying_key(), all));
  CHECK(all.statement.count == 3);
  CHECK(all.statement.sum == (G1(s.left.statement.update) + s.right.statement.update + second.statement.sum).to_affine());
}

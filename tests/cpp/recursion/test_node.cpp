// Nodes: two composed proofs become one, and what makes a node refuse. A node's whole circuit takes a second: the longer list, keys and
// proofs are for test-deep.
#include "recursion/node_circuit.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "small_leaf.h"
#include "verdict.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

struct Setting {
  groth16::Trapdoor trapdoor = groth16::Trapdoor::random(1);
  SmallLeaf leaf{trapdoor};
  NodeCircuit node{leaf.key()};
  Composed left = leaf.prove(statement_of(1)), right = leaf.prove(statement_of(2));

  NodeInputs inputs() const { return {true, left, right, Merge::within_round, Fr::from_u64(99), ComposedKey::of(leaf.key())}; }

  std::string verdict(const NodeInputs& inputs) const { return recursion::testing::verdict(node, inputs); }
};

const Setting& setting() {
  static const Setting made;
  return made;
}

G1Affine moved(const G1Affine& p, const G1Affine& by) { return (G1(p) + by).to_affine(); }

bool deep() { return std::getenv("PYZKFL_DEEP") != nullptr; }

}  // namespace

TEST_CASE("a node accepts two proofs of leaves") { CHECK(setting().verdict(setting().inputs()).empty()); }

TEST_CASE("two false proofs that cancel without weights are refused") {
  NodeInputs inputs = setting().inputs();
  const G1Affine d = statement_of(9).sum;
  inputs.left.proof.proof.c = moved(inputs.left.proof.proof.c, d);
  inputs.right.proof.proof.c = moved(inputs.right.proof.proof.c, -d);
  CHECK_FALSE(setting().verdict(inputs).empty());
}

TEST_CASE("a swapped verification key is refused, or shows in the statement") {
  // A forger knows another leaf key's secrets, or has another leaf circuit: proofs under it verify.
  const SmallLeaf other(groth16::Trapdoor{setting().trapdoor.tau, setting().trapdoor.alpha, setting().trapdoor.beta, Fr::random(), {Fr::random()}});
  NodeInputs inputs = setting().inputs();
  inputs.left = other.prove(statement_of(1));
  inputs.right = other.prove(statement_of(2));
  inputs.key = ComposedKey::of(other.key());
  CHECK(setting().verdict(inputs) == "key of the children");
  // The honest key's name for it does not help: the pairing is not one.
  if (deep()) {
    inputs.key = ComposedKey::of(setting().leaf.key());
    CHECK_FALSE(setting().verdict(inputs).empty());
  }
}

TEST_CASE("a false child is refused before any work, by a typed error that names it") {
  const Setting& s = setting();
  const groth16::VerifyingKey& key = s.leaf.key();
  CHECK(verify_leaf(key, s.left));
  Composed other = s.left;
  other.statement.count = 2;
  CHECK_FALSE(verify_leaf(key, other));
  other = s.left;
  other.proof.commitment.knowledge.reset();
  CHECK_FALSE(verify_leaf(key, other));
  other = s.left;
  other.statement.node_key = Fr::one();
  CHECK_FALSE(verify_leaf(key, other));
}

TEST_CASE("deep nodes: each point and scalar of a proof, leaves below a node, and whole proofs" * doctest::skip(!deep())) {
  const Setting& s = setting();
  const G1Affine d = statement_of(9).sum;
  const auto refused = [&](const char* name, const std::function<void(NodeInputs&)>& change) {
    CAPTURE(name);
    NodeInputs inputs = s.inputs();
    change(inputs);
    CHECK_FALSE(s.verdict(inputs).empty());
  };
  for (const bool right : {false, true}) {
    const auto side = [right](NodeInputs& i) -> ComposedProof& { return (right ? i.right : i.left).proof; };
    refused("A", [&](NodeInputs& i) { side(i).proof.a = moved(side(i).proof.a, d); });
    refused("B", [&](NodeInputs& i) { side(i).proof.b = -side(i).proof.b; });
    refused("C", [&](NodeInputs& i) { side(i).proof.c = moved(side(i).proof.c, d); });
    refused("C_0", [&](NodeInputs& i) { side(i).commitment.point = moved(side(i).commitment.point, d); });
    refused("P_0", [&](NodeInputs& i) { side(i).commitment.knowledge = moved(*side(i).commitment.knowledge, d); });
    refused("infinity", [&](NodeInputs& i) { side(i).commitment.knowledge = G1Affine(); });
    refused("off the curve", [&](NodeInputs& i) { side(i).proof.c.y += Fp::one(); });
    refused("statement", [&](NodeInputs& i) { (right ? i.right : i.left).statement.root += Fr::one(); });
  }
  // The knowledge equations of both cancel.
  refused("P_0 of both", [&](NodeInputs& i) {
    *i.left.proof.commitment.knowledge = moved(*i.left.proof.commitment.knowledge, d);
    *i.right.proof.commitment.knowledge = moved(*i.right.proof.commitment.knowledge, -d);
  });
  refused("A and C_0", [&](NodeInputs& i) { std::swap(i.left.proof, i.right.proof); });
  refused("leaves as nodes", [&](NodeInputs& i) { i.leaves = false; });
}

TEST_CASE("four proofs of leaves become one, deep" * doctest::skip(!deep())) {
  const Setting& s = setting();
  const ConstraintSystem cs = s.node.shape();
  MESSAGE("node: ", cs.num_constraints(), " constraints");
  CHECK(cs.num_constraints() <= 1u << 21);
  const groth16::ProvingKey key = insecure_node_setup(cs, s.trapdoor);
  std::vector<Composed> level;
  for (uint64_t client = 1; client <= 4; ++client) level.push_back(s.leaf.prove(statement_of(client)));
  bool leaves = true;
  while (level.size() > 1) {
    std::vector<Composed> next;
    for (size_t i = 0; i + 1 < level.size(); i += 2) {
      next.push_back(s.node.prove(key, cs, {level[i], level[i + 1]}, leaves, Merge::within_round));
      REQUIRE(verify_node(key.verifying_key(), next.back()));
    }
    level = std::move(next);
    leaves = false;
  }
  CHECK(level[0].statement.count == 4);
  CHECK(level[0].statement.last_client == 4);
  Composed lying = level[0];
  ++lying.statement.count;
  CHECK_FALSE(verify_node(key.verifying_key(), lying));

  // A chain under another node key shows in the statement.
  Composed foreign = level[0];
  foreign.statement.node_key += Fr::one();
  CHECK_FALSE(verify_node(key.verifying_key(), foreign));

  Composed bad = level[0];
  bad.proof.proof.c = -bad.proof.proof.c;
  CHECK_THROWS_AS(s.node.prove(key, cs, {bad}, false, Merge::single), WitnessInvalid);
  CHECK_THROWS_AS(s.node.prove(key, cs, {s.left, s.left}, true, Merge::within_round), WitnessInvalid);
  const Composed single = s.node.prove(key, cs, {s.left}, true, Merge::single);
  CHECK(verify_node(key.verifying_key(), single));
  CHECK(single.statement.count == 1);
}

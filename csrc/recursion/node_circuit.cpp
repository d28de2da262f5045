// See node_circuit.h.
#include "recursion/node_circuit.h"

#include "base/errors.h"
#include "groth16/verifier.h"
#include "r1cs/gadgets_bits.h"
#include "recursion/challenge.h"
#include "recursion/progress_part.h"

namespace pyzkfl::recursion {
namespace {

bool verifies(const groth16::VerifyingKey& key, const Composed& composed) {
  if (!composed.proof.commitment.knowledge) return false;
  const Fr x = composed.statement.hash();
  const std::array inputs = {x, commitment_challenge(x, composed.proof.commitment.point)};
  return groth16::verify(key, inputs, {&composed.proof.commitment, 1}, composed.proof.proof);
}

// A committed wire's blinder is the prover's to choose; nothing is secret here, but it keeps the keys' check of hiding honest.
Fr fresh_blinder(const Builder& b) { return b.computes() ? Fr::random() : Fr(); }

}  // namespace

bool verify_leaf(const groth16::VerifyingKey& leaf_key, const Composed& composed) {
  return composed.statement.node_key.is_zero() && verifies(leaf_key, composed);
}

bool verify_node(const groth16::VerifyingKey& node_key, const Composed& composed) {
  return composed.statement.node_key == ComposedKey::of(node_key).digest() && verifies(node_key, composed);
}

NodeCircuit::NodeCircuit(const groth16::VerifyingKey& leaf_key)
    : leaf_key_(leaf_key), leaf_points_(ComposedKey::of(leaf_key)), first_phase_(FirstPhase::of(leaf_key)) {}

void NodeCircuit::build(Builder& b, const NodeInputs& inputs, const Challenge& challenge) const {
  // The statement is public and known before the circuit is built.
  ComposedStatement claimed;
  if (b.computes() && !merge_problem(inputs.left.statement, inputs.right.statement, inputs.merge)) {
    claimed = merged(inputs.left.statement, inputs.right.statement, inputs.merge);
    claimed.node_key = inputs.node_key;
  }
  const Fr x_value = b.computes() ? claimed.hash() : Fr();
  const Wire x = b.public_input(x_value);

  BaseField fp(b, 0);
  G1Points points(fp);
  const CommittedBit nodes = fp.bit(!inputs.leaves);
  const LC node_key = b.private_wire(inputs.node_key);
  const StatementWires left = statement_wires(fp, points, inputs.left.statement);
  const StatementWires right = statement_wires(fp, points, inputs.right.statement);
  // 0 below a node of leaves.
  for (const StatementWires* child : {&left, &right})
    b.constrain(nodes.wire(), node_key, child->elements.node_key, "key of the nodes below");
  const LC left_hash = statement_hash(b, left.elements), right_hash = statement_hash(b, right.elements);
  const std::array hashes = {left_hash, right_hash};

  StatementElements<LC> result = merge_in_circuit(fp, points, left, right, hashes, inputs.merge).elements;
  result.node_key = node_key;
  gadgets::assert_equal(b, statement_hash(b, result), x, "statement");

  const LC digest = verify_composed(fp, first_phase_, inputs.key, {inputs.left.proof, inputs.right.proof}, hashes);
  const Fr leaf_digest = leaf_points_.digest();
  b.constrain(nodes.wire(), node_key - leaf_digest, digest - leaf_digest, "key of the children");

  const Fr blinder = fresh_blinder(b);
  fp.finish(blinder, [&] { return challenge(x_value, blinder); });
}

ConstraintSystem NodeCircuit::shape() const {
  Builder b(Builder::Mode::shape, 1);
  build(b, {}, {});
  return b.take_constraint_system();
}

Composed NodeCircuit::prove(const groth16::ProvingKey& key, const ConstraintSystem& cs, const std::vector<Composed>& children,
                            bool leaves, Merge merge, const Progress& progress) const {
  const groth16::VerifyingKey& own = key.verifying_key();
  if (!(FirstPhase::of(own) == first_phase_)) throw ParameterError("the node's key is of another first phase than the leaf's");
  if (children.size() != (merge == Merge::single ? 1u : 2u)) throw ParameterError("a node has two children, a single one has one");
  const ComposedKey own_points = ComposedKey::of(own);
  NodeInputs inputs{leaves, children.front(), children.back(), merge, own_points.digest(), leaves ? leaf_points_ : own_points};
  for (size_t i = 0; i < children.size(); ++i) {
    if (leaves ? !verify_leaf(leaf_key_, children[i]) : !verify_node(own, children[i]))
      throw WitnessInvalid(std::string("the ") + (i == 0 ? "left" : "right") + " proof does not verify under the key of " +
                           (leaves ? "leaves" : "nodes"));
  }
  ComposedStatement statement = merged(inputs.left.statement, inputs.right.statement, merge);
  statement.node_key = inputs.node_key;
  report(progress, 0.02);

  Builder b(Builder::Mode::witness, 1);
  build(b, inputs, [&](const Fr& x, const Fr& blinder) {
    const std::span<const Fr> values = b.committed_values(0);
    return commitment_challenge(x, key.commitment_key(0).commit(values.first(values.size() - 1), blinder));
  });
  if (b.failure()) throw WitnessInvalid("the node's circuit refuses its children: " + b.failure()->second);
  const Witness witness = b.take_witness(cs);
  report(progress, 0.2);
  const groth16::Proved proved = groth16::prove(key, cs, witness.span(), part_of(progress, 0.2, 0.8));
  return {statement, {proved.proof, proved.commitments[0]}};
}

groth16::ProvingKey insecure_node_setup(const ConstraintSystem& cs, const groth16::Trapdoor& leaf, const Progress& progress) {
  groth16::check_groups(cs);
  groth16::Trapdoor trapdoor = groth16::Trapdoor::random(cs.layout().num_groups());
  trapdoor.tau = leaf.tau;
  trapdoor.alpha = leaf.alpha;
  trapdoor.beta = leaf.beta;
  return groth16::ProvingKey(groth16::insecure_elements(cs, trapdoor, progress));
}

}  // namespace pyzkfl::recursion

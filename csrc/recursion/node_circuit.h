// The node of a tree of composed proofs: two proofs of leaves, or two of nodes, become one. docs/recursion.md, section 1.
//
// Public: x, the hash of the merged statement, and the challenge rho = Poseidon2(x, C_0). The key that the children were proven under is
// either the leaf's, a constant of the circuit, or one whose digest K is in x: whoever verifies compares K with the digest of the node's
// key that it holds, and every node below carries the same K.
#pragma once

#include <functional>

#include "base/progress.h"
#include "groth16/prover.h"
#include "groth16/setup.h"
#include "recursion/composed_statement.h"
#include "recursion/composed_verifier.h"

namespace pyzkfl::recursion {

// A composed proof with what it says.
struct Composed {
  ComposedStatement statement;
  ComposedProof proof;
};

// Whether the proof holds for its statement under this key, a leaf's or a node's; the statement's node_key too: 0 for a leaf's, the key's
// own digest for a node's.
[[nodiscard]] bool verify_leaf(const groth16::VerifyingKey& leaf_key, const Composed& composed);
[[nodiscard]] bool verify_node(const groth16::VerifyingKey& node_key, const Composed& composed);

// What a node is made from. Without a right child (Merge::single) left stands for it.
struct NodeInputs {
  bool leaves = false;  // children are proofs of leaves
  Composed left, right;
  Merge merge = Merge::within_round;
  Fr node_key;      // K
  ComposedKey key;  // of the children
};

class NodeCircuit {
 public:
  // Bound to one leaf circuit by its key, and to the first phase that both share.
  explicit NodeCircuit(const groth16::VerifyingKey& leaf_key);

  ConstraintSystem shape() const;
  // Builds the circuit. `challenge` gets the statement's hash x and the commitment's blinder when the committed wires are made.
  using Challenge = std::function<Fr(const Fr& statement, const Fr& blinder)>;
  void build(Builder& b, const NodeInputs& inputs, const Challenge& challenge) const;

  // A proof that the children verify and merge. WitnessInvalid, saying which, if one does not: before any work. ParameterError for a
  // key of another first phase or circuit.
  Composed prove(const groth16::ProvingKey& key, const ConstraintSystem& cs, const std::vector<Composed>& children, bool leaves,
                 Merge merge, const Progress& progress = {}) const;

 private:
  groth16::VerifyingKey leaf_key_;
  ComposedKey leaf_points_;
  FirstPhase first_phase_;
};

// The node's key must share the leaf's first phase: for tests and benchmarks, both from one party's secrets.
groth16::ProvingKey insecure_node_setup(const ConstraintSystem& cs, const groth16::Trapdoor& leaf, const Progress& progress = {});

}  // namespace pyzkfl::recursion

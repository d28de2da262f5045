// The statement of a client's proof in its second version, as elements: what the leaf hashes. docs/recursion.md, section 1.
//
//   ctx = poseidon2_hash(tag + 2^32 client + round, session, choice, C(W), C(T), C(X_1) .. C(X_S))    points as a transcript's two elements
//
// tag is a constant of the engine's shape (steps, velocities), session a hash of the job and its beacon, choice one of the dataset's root
// and the batches. C(D) and rows are in the proof's public input beside ctx.
#pragma once

#include <vector>

#include "recursion/composed_statement.h"
#include "wrap/engine.h"

namespace pyzkfl::recursion {

struct ClientStatement {
  uint64_t client = 0, round = 0;  // below 2^32, as the circuit checks
  Fr session, choice;
  std::vector<uint64_t> rows;  // of each step
  G1Affine weights, tables;
  std::vector<G1Affine> data;  // of each step
  G1Affine update;

  // ctx for a tag.
  Fr context(const Fr& tag) const;
  // For the engine's verifier: columns W, T, X.., D.
  wrap::Statement engine_statement(const Fr& tag) const;
  // What a leaf of this client alone says, for weights after the round that everybody names.
  ComposedStatement composed(const G1Affine& new_weights) const;
};

struct ClientProof {
  ClientStatement statement;
  wrap::EngineProof proof;
};

// A leaf of the root: a hash of client, choice, rows, C(X) and C(D).
Fr client_leaf(const ClientStatement& statement);
LC client_leaf(Builder& b, std::vector<LC> elements);

}  // namespace pyzkfl::recursion

// What a composed proof says, its hash, and how two statements become one. docs/recursion.md, section 1.
//
//   within a round    left's last client < right's first; counts and sums of C(D) add; C(W) before and after are those of both;
//                     root = hash(left.root, right.root)
//   between rounds    right begins one round after left's end, with the C(W) that left ended with; counts and sums add;
//                     root = hash(left's statement, right's statement), so that every round's own stays bound
//   single            left's statement alone: how an odd number of proofs goes up the tree
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "recursion/hashed_points.h"

namespace pyzkfl::recursion {

// T: Fr, or LC in a circuit. Points by their residues.
template <class T>
struct StatementElements {
  T node_key;  // digest of the key of the nodes below, 0 for a leaf's statement
  T job;
  T first_round, last_round, count, first_client, last_client;  // clients are integers below 2^64
  T root;
  std::array<T, 2> sum, old_weights, new_weights;

  std::vector<T> list() const {
    return {node_key, job,    first_round,    last_round,     count,          first_client,  last_client,
            root,     sum[0], sum[1],         old_weights[0], old_weights[1], new_weights[0], new_weights[1]};
  }
};

struct ComposedStatement {
  Fr node_key;
  Fr job;  // a hash of the job and its public randomness
  uint64_t first_round = 0, last_round = 0, count = 0, first_client = 0, last_client = 0;
  Fr root;
  G1Affine sum, old_weights, new_weights;

  StatementElements<Fr> elements() const;
  // The public input of its proof.
  Fr hash() const;
};

enum class Merge { within_round, between_rounds, single };

// Why the two do not merge so; none if they do.
std::optional<std::string> merge_problem(const ComposedStatement& left, const ComposedStatement& right, Merge merge);
// Both; keys as in left. WitnessInvalid with the problem if there is one.
ComposedStatement merged(const ComposedStatement& left, const ComposedStatement& right, Merge merge);

// A statement in a circuit, with its sum as a point too.
struct StatementWires {
  StatementElements<LC> elements;
  G1Point sum;
};

// New wires; the sum is proven to be a point with canonical coordinates, nothing else is known of them.
StatementWires statement_wires(BaseField& fp, G1Points& points, const ComposedStatement& hint);
LC statement_hash(Builder& b, const StatementElements<LC>& elements);

// Proves that the two merge; `hashes` are their statements' hashes. The result's key is left's.
StatementWires merge_in_circuit(BaseField& fp, G1Points& points, const StatementWires& left, const StatementWires& right,
                                const std::array<LC, 2>& hashes, Merge merge);

}  // namespace pyzkfl::recursion

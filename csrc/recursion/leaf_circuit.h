// The leaf of a tree of composed proofs: two client proofs of one job become one. docs/recursion.md, section 1.
//
//   e(A_j, B_j) = e(alpha, beta) e(IC_0 + x_j IC_1, H2) e(C_j, delta)
//   e(C_Gj - [i0_j] - i1_j [tau] - W_j, H2) e((z_j + 1/z_j) W_j, [tau]_2) e(-W_j, [tau^2]_2) = 1
//
// for j = 1, 2, with weights 1, w and u_1, u_2, as one product of seven pairings. The engine's keys are constants, and so is C(T), which is
// in no composed statement: a prover who could choose it would choose what the tables say. x_j and ctx_j are
// computed from the statement and the proof's points, so C_G is made of the commitments that the statement names.
//
// Public: x, the hash of the merged statement (its node_key is 0), and rho = Poseidon2(x, C_0).
#pragma once

#include <functional>
#include <span>

#include "base/progress.h"
#include "recursion/client_statement.h"
#include "recursion/node_circuit.h"

namespace pyzkfl::recursion {

struct LeafInputs {
  ClientProof left, right;
  G1Affine new_weights;
  Merge merge = Merge::within_round;
};

class LeafCircuit {
 public:
  // Columns must be W, T, X_1 .. X_S, D, digits.., mask; Groth16's gamma the generator; C(T) not infinity. ParameterError if not.
  LeafCircuit(std::shared_ptr<const wrap::Engine> engine, const groth16::PlainVerifyingKey& key, const ColumnKeyVerifier& columns,
              const G1Affine& tables, const Fr& statement_tag);

  ConstraintSystem shape() const;
  using Challenge = NodeCircuit::Challenge;
  void build(Builder& b, const LeafInputs& inputs, const Challenge& challenge) const;

  // One or two clients (ParameterError), in increasing order. WitnessInvalid, saying which and why, if a client's proof does not verify,
  // names other weights or another job, or a commitment of its statement is infinity: before any work.
  Composed prove(const groth16::ProvingKey& key, const ConstraintSystem& cs, std::span<const ClientProof> clients,
                 const G1Affine& new_weights, const Progress& progress = {}) const;

 private:
  struct Shared;
  struct Client;
  Client client(BaseField& fp, const ClientProof& hint, const Shared& shared) const;
  void verify_pairings(BaseField& fp, const Shared& shared, const std::array<Client, 2>& clients) const;

  std::shared_ptr<const wrap::Engine> engine_;
  groth16::PlainVerifyingKey key_;
  ColumnKeyVerifier columns_;
  wrap::EngineVerifier verifier_;
  G1Affine tables_;
  Fr tag_;
  size_t steps_, digits_;
};

}  // namespace pyzkfl::recursion

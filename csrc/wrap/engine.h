// Prover and verifier of a program: commitments, sumchecks, opening, Groth16 around them (docs/engine.md).
//
// The two checks of a verifier (Groth16's equation, the opening's) are made one after the other, or in batches as one
// product with an independent weight on each, never without: with keys and powers of one .ptau that would be a forgery
// (docs/engine.md, section 5).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/progress.h"
#include "base/sha256.h"
#include "groth16/keys.h"
#include "groth16/plain_verifier.h"
#include "kzg/column_key.h"
#include "r1cs/constraint_system.h"
#include "sumcheck/claims.h"
#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "wrap/engine_proof.h"

namespace pyzkfl::wrap {

// What a verifier brings from its own state and takes from the submission.
struct Statement {
  Digest context{};                  // SHA-256 of the canonical statement
  std::vector<uint64_t> rows;        // real rows of each local step
  std::vector<G1Affine> commitments;  // of the columns of the kinds weights, tables, data, update, in column order
};

// How many seconds the parts of a proof took.
struct ProofSeconds {
  double inner = 0;  // commitments, sumchecks, opening
  double wrap = 0;   // witness of the wrap circuit and Groth16, its own verification included
};

// A program with the constraint system of its wrap circuit; immutable, shared by keys, provers and verifiers.
class Engine {
 public:
  // Throws ParameterError for a program that does not pass its check(). Takes about a second for 2^17 constraints.
  explicit Engine(sumcheck::Program program);

  const sumcheck::Program& program() const { return program_; }
  const sumcheck::ClaimTable& claims() const { return claims_; }
  const ConstraintSystem& circuit() const { return circuit_; }
  size_t digits_columns() const;

  // The commitments of a Statement, made from a witness's columns: what a prover sends and registers. `column`: any
  // but the mask.
  G1Affine commit(const ColumnKey& key, uint32_t column, const sumcheck::ColumnValues& values) const;

 private:
  sumcheck::Program program_;
  sumcheck::ClaimTable claims_;
  ConstraintSystem circuit_;
};

class EngineVerifier {
 public:
  // Throws ParameterError if the key has not exactly one public input.
  EngineVerifier(std::shared_ptr<const Engine> engine, groth16::PlainVerifyingKey key, ColumnKeyVerifier columns);

  const Engine& engine() const { return *engine_; }
  const groth16::PlainVerifyingKey& key() const { return key_; }
  const ColumnKeyVerifier& columns() const { return columns_; }
  // Whether the proof holds for the statement. Throws ParameterError for a statement of another shape.
  [[nodiscard]] bool verify(const Statement& statement, const EngineProof& proof) const;

  // The positions of the proofs that do not hold, in order; empty if all do. One multi-pairing for all, with independent
  // random weights of 128 bits on the two equations of each; where it fails, the halves are tried, down to single proofs.
  // Wrong with probability at most 2^-127 for each product. Throws ParameterError as verify does.
  [[nodiscard]] std::vector<size_t> failing(std::span<const Statement> statements,
                                            std::span<const EngineProof> proofs) const;

 private:
  // What the two equations are about: the public input, and C_G as a combination. Nothing for a proof that is refused
  // without them.
  struct Combination {
    Fr input;
    std::vector<G1Affine> points;
    std::vector<Fr> weights;
  };
  struct Item;
  std::optional<Combination> combination(const Statement& statement, const EngineProof& proof) const;
  bool hold_together(std::span<const Item> items) const;
  void bisect(std::span<const Item> items, std::vector<size_t>& bad) const;

  std::shared_ptr<const Engine> engine_;
  groth16::PlainVerifyingKey key_;
  ColumnKeyVerifier columns_;
};

class EngineProver {
 public:
  // Throws ParameterError if key, powers and engine do not belong together.
  EngineProver(std::shared_ptr<const Engine> engine, std::shared_ptr<const groth16::ProvingKey> key,
               std::shared_ptr<const ColumnKey> columns);

  const Engine& engine() const { return *engine_; }
  // Proves that the values satisfy the program, in a context; verifies before it returns. Mask and blinders of digits
  // columns are drawn anew, into the values; the commitments of the statement are made here. `expected`: what they
  // must be, or nothing; ParameterError names the first that is another, before the proof is begun. Throws
  // WitnessInvalid naming what the values violate.
  struct Proved {
    EngineProof proof;
    Statement statement;
    ProofSeconds seconds;
  };
  Proved prove(sumcheck::ProgramValues& values, const Digest& context, const Progress& progress = {},
               std::span<const G1Affine> expected = {}) const;

  // What a forger with this very prover would send for false values: nothing is checked, so nobody should accept it.
  // For attackers in tests and in the demo.
  Proved forge(sumcheck::ProgramValues& values, const Digest& context) const;

  const EngineVerifier& verifier() const { return verifier_; }

 private:
  enum class Checks { all, none };
  Proved attempt(sumcheck::ProgramValues& values, const Digest& context, const Progress& progress, Checks checks,
                 std::span<const G1Affine> expected) const;

  std::shared_ptr<const Engine> engine_;
  std::shared_ptr<const groth16::ProvingKey> key_;
  std::shared_ptr<const ColumnKey> columns_;
  EngineVerifier verifier_;
};

// SHA-256 of a statement as two elements: its first and last 16 bytes, big-endian.
std::array<Fr, 2> context_elements(const Digest& context);

}  // namespace pyzkfl::wrap

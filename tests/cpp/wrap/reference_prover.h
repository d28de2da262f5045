// A prover of docs/engine.md by definition: every sum is taken over every index, every extension at every
// vertex. For programs of a few dozen cells. It shares nothing with the circuit but the numbering of claims
// (sumcheck/claims.h).
#pragma once

#include <functional>
#include <vector>

#include "sumcheck/claims.h"
#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "transcript/transcript.h"
#include "wrap/wrap_circuit.h"

namespace pyzkfl::wrap::testing {

struct Reference {
  WrapAssignment assignment;
  std::vector<G1Affine> points;  // of T0, then C_S: made up, for the circuit does not look inside
  std::vector<uint64_t> rows;
  OpeningScalars scalars;
  std::vector<Fr> challenges;  // up to gamma, in order
};

// What a cheating prover does otherwise.
struct Deviations {
  // Sees every list before it is sent, numbered from 0 in the order of the transcript, after T0 and before
  // C_S, and the challenges so far.
  std::function<void(size_t number, std::vector<Fr>& list, const std::vector<Fr>& challenges)> change_list;
  // Sees the evaluations before they are absorbed.
  std::function<void(std::array<Fr, 4>& evaluations)> change_evaluations;
  // F(1/z) is what makes the identity of the opening hold for whatever was sent: a lie that the circuit
  // cannot see and the opening of C_G refuses. So a forgery is refused where it is made and nowhere else.
  bool fit_identity = false;
  // A selector's values, by its number.
  std::function<std::vector<Fr>(uint32_t selector, size_t variables)> selected;
  std::vector<Fr> square_sums;   // instead of the true ones, unless empty
  std::vector<G1Affine> points;  // instead of fresh ones, unless empty
};

// The public input, from the assignment and the challenges.
Fr public_hash(const WrapAssignment& assignment, const OpeningScalars& scalars);

Reference reference_proof(const sumcheck::Program& program, const sumcheck::ProgramValues& values,
                          const Deviations& deviations = {});

// The extension of `values` at a point, by definition.
Fr extension(std::span<const Fr> values, std::span<const Fr> point);

}  // namespace pyzkfl::wrap::testing

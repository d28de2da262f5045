// A prover of docs/engine.md by definition: every sum is taken over every index, every extension at every vertex. For
// programs of a few dozen cells. It shares nothing with the circuit but the numbering of claims (sumcheck/claims.h).
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
};

// What a cheating prover does otherwise.
struct Deviations {
  // Called with every list before it is sent, numbered from 0 in the order of the transcript: after T0, before C_S.
  std::function<void(size_t number, std::vector<Fr>& list)> change_list;
  std::vector<Fr> square_sums, norm_squares;  // instead of the true ones, unless empty
};

Reference reference_proof(const sumcheck::Program& program, const sumcheck::ProgramValues& values,
                          const Deviations& deviations = {});

// The extension of `values` at a point, by definition.
Fr extension(std::span<const Fr> values, std::span<const Fr> point);

}  // namespace pyzkfl::wrap::testing

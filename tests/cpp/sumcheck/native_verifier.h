// A verifier of the inner proof, written from docs/engine.md: what the wrap circuit checks, without the circuit. It
// shares the claims' numbering with the prover (claims.h), and nothing else.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sumcheck/claims.h"
#include "sumcheck/prover.h"
#include "transcript/transcript.h"

namespace pyzkfl::sumcheck::testing {

struct Verdict {
  std::string refused_at;  // the equation that fails, or empty
  std::vector<Fr> point, column_values;
  std::optional<Transcript> transcript;  // after T6

  bool accepted() const { return refused_at.empty(); }
};

// T0 .. T6. Reads of the proof what those say.
Verdict verify_reduction(const Program& program, const InnerProof& proof);

// A column as a function of {0,1}^l, blinder included, at a point: index by index.
Fr column_at(const Program& program, const ProgramValues& values, size_t column, std::span<const Fr> point);

}  // namespace pyzkfl::sumcheck::testing

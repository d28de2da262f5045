// That weights which everybody knows label so many rows of committed batches as their owner does (docs/engine.md, section 7).
//
// A program without an update: weights, data, digits, mask. Its public numbers are the real rows of each batch, then the score:
// a prover shows as many counted rows as it says, so a score is a lower bound of how many are labelled correctly.
#pragma once

#include <cstdint>
#include <span>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "training/network_layout.h"
#include "training/network_spec.h"
#include "training/network_trainer.h"

namespace pyzkfl {

struct EvaluationProgram {
  static constexpr size_t most_batches = 4096;

  size_t batches;
  sumcheck::Program program;
  NetworkLayout layout;

  // Throws ParameterError for a network that does not classify, no batch, or too many.
  EvaluationProgram(const NetworkSpec& spec, size_t batches);
};

// How many rows have an output of their label above all others.
uint64_t correct_rows(const NetworkSpec& spec, std::span<const int64_t> flat_weights, std::span<const NetworkBatch> batches);

// The witness of `score` correct rows, the first ones. Throws WitnessInvalid when there are fewer, ParameterError for another
// number of batches or blinders or values out of range, and for a score of 0.
sumcheck::ProgramValues evaluation_values(const NetworkSpec& spec, const EvaluationProgram& program,
                                          std::span<const int64_t> flat_weights, std::span<const NetworkBatch> batches,
                                          std::span<const Fr> data_blinders, uint64_t score);

}  // namespace pyzkfl

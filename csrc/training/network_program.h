// A network's training step as a program for the sumcheck engine, and its witness (docs/engine.md, section 6).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "training/network_layout.h"
#include "training/network_spec.h"
#include "training/network_trainer.h"

namespace pyzkfl {

// The program of spec.steps() local steps. It passes its own check().
struct NetworkProgram {
  sumcheck::Program program;
  NetworkLayout layout;

  explicit NetworkProgram(const NetworkSpec& spec);
};

// The witness of a round: every cell, multiplicities included. `data_blinders`: one a step, as registered, and where
// momentum is carried those of the velocity and the next one; `update_blinder`: that of C(D). Throws ParameterError if the
// round is not of this spec.
sumcheck::ProgramValues network_values(const NetworkSpec& spec, const NetworkProgram& program,
                                       std::span<const int64_t> flat_weights, const NetworkRound& round,
                                       std::span<const Fr> data_blinders, const Fr& update_blinder);
// The same but for the multiplicities, which are zeros; of a false round too, whatever is false in it.
sumcheck::ProgramValues network_cells(const NetworkSpec& spec, const NetworkProgram& program,
                                      std::span<const int64_t> flat_weights, const NetworkRound& round,
                                      std::span<const Fr> data_blinders, const Fr& update_blinder);

// The cells of single columns: of weights or an update (flat, as NetworkWeights; ParameterError where a value does not
// fit 32 bits), of the tables, of a batch.
sumcheck::Cells weight_cells(const NetworkSpec& spec, const NetworkProgram& program, std::span<const int64_t> flat);
sumcheck::Cells table_cells(const NetworkSpec& spec, const NetworkProgram& program);
sumcheck::Cells batch_cells(const NetworkSpec& spec, const NetworkProgram& program, const NetworkBatch& batch);

}  // namespace pyzkfl

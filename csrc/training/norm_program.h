// "My update's L2 norm is within the bound", and nothing else, for updates of any dimension (docs/engine.md, section 7).
//
// For those who want bounded updates without saying how they were trained. Coordinates are signed 16-bit integers.
#pragma once

#include <cstdint>
#include <span>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"

namespace pyzkfl {

struct NormProgram {
  size_t dimension;
  uint64_t bound;  // of the norm, in units of a coordinate
  sumcheck::Program program;

  // Throws ParameterError for a dimension of 0 or above 2^27, or a bound of 0 or above 2^40.
  NormProgram(size_t dimension, uint64_t bound);

  // The update column; its commitment is additive over members.
  static constexpr uint32_t update_column = 0;
};

// The witness of an update. Throws ParameterError for another length or a coordinate of more than 16 bits, naming its
// index; WitnessInvalid if the norm is above the bound.
sumcheck::ProgramValues norm_values(const NormProgram& program, std::span<const int64_t> update, const Fr& blinder);

}  // namespace pyzkfl

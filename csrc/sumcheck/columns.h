// The values of a program's columns: small integers, with what hides them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fields/fr.h"
#include "r1cs/witness.h"
#include "sumcheck/program.h"

namespace pyzkfl::sumcheck {

using Cells = std::vector<int32_t, WipingAllocator<int32_t>>;

// Cells beyond the end of `cells` are zero. The blinder is the coefficient at position 2^log_height of the column (of
// its own height): for a column lower than the program it is a cell that evaluations at a point of n variables see.
struct ColumnValues {
  Cells cells;
  Fr blinder;
};

// A witness: one entry a column, in order, the mask's included (whose cells stay empty). Wiped on destruction.
struct ProgramValues {
  std::vector<ColumnValues> columns;
  std::array<Fr, 5> mask{};
  std::vector<uint64_t> rows;   // real rows of each local step
  std::vector<uint64_t> rates;  // of program.clips

  ProgramValues() = default;
  ProgramValues(ProgramValues&&) = default;
  ProgramValues& operator=(ProgramValues&&) = default;
  ~ProgramValues();
};

}  // namespace pyzkfl::sumcheck

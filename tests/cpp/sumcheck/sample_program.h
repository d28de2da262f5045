// Small programs with true witnesses, drawn from a seed: relations over random views, each closed by a block of its own
// whose cells are what the relation says they are.
#pragma once

#include <cstdint>
#include <random>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"

namespace pyzkfl::sumcheck::testing {

// How many relations of each kind a sample has.
struct SampleShape {
  unsigned linear = 3, products = 3, zeros = 3, squares = 2;
  bool clip = true, lookups = true, blocks_of_one_cell = true, windows = true;
};

struct Sample {
  Program program;
  ProgramValues values;
  // Blocks by what they are for.
  std::vector<uint32_t> linear_results, product_results, zero_results, square_parts;
  uint32_t ranged_block = 0, zero_block = 0, pair_keys = 0, pair_values = 0, clipped_block = 0;

  int32_t& cell(uint32_t block, uint64_t index);
};

Sample make_sample(uint64_t seed, const SampleShape& shape = {});

}  // namespace pyzkfl::sumcheck::testing

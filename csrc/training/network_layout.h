// Where a network's tensors lie in the columns of its program (docs/engine.md, sections 1 and 6).
//
// Weights and updates share one layout, the same for all clients: that makes C(D) additive. Everything that the prover
// alone commits to lies in four digits columns of the program's height, by falling size. Four and not two: the opening costs
// what a column is high, and a column more is 32 bytes of proof.
#pragma once

#include <cstdint>
#include <vector>

#include "sumcheck/program.h"
#include "training/network_spec.h"

namespace pyzkfl {

// Of every network, so that all proofs have one size.
inline constexpr uint32_t digits_columns = 4;

// Blocks by their number in the program.
using Digits = std::vector<uint32_t>;  // one a digit, the lowest first

// One for each part of the layer's inputs, and the biases.
struct MatrixBlocks {
  std::vector<uint32_t> parts;  // padded_out x 2^part
  uint32_t bias = 0;
};
struct MatrixDigits {
  std::vector<Digits> parts;
  Digits bias;
};

struct NetworkLayout {
  struct StepLayer {
    Digits quotient, remainder;
    uint32_t sign = 0, activation = 0, gradient = 0;  // no sign and activation in the last layer
    Digits back_quotient, back_remainder;             // none in the first layer
    Digits excess;                                    // where activations saturate
    uint32_t back = 0;                                // where gradients do, with these
    Digits back_over, back_under;
    MatrixDigits update_remainder;
    MatrixBlocks update;  // D_s; only where there are several steps
  };
  struct Step {
    std::vector<uint32_t> inputs;  // parts of the features
    uint32_t labels = 0;
    std::vector<StepLayer> layers;
    uint32_t most = 0, key = 0, hint = 0, exponential = 0;
    Digits excess, probability, remainder, rest;
  };

  std::vector<MatrixBlocks> weights, update;  // one a layer
  std::vector<Step> steps;
  // Tables of 2^16, 2^8, 2 keys, and {0}; EXP; that of 2^saturation_bits keys, where something saturates.
  uint32_t counts_16 = 0, counts_8 = 0, counts_1 = 0, counts_0 = 0, counts_exp = 0, exp_values = 0, counts_saturation = 0;
  std::vector<uint32_t> unused_update;  // aligned parts of the update column that belong to no tensor

  uint32_t weights_column = 0, tables_column = 1, first_data_column = 2, update_column = 0;
};

// The numbers of the program's tables.
enum NetworkTable : uint32_t { table_16, table_8, table_1, table_0, table_exp, table_saturation };

// Adds columns and blocks to an empty program. Throws ParameterError if the columns were higher than 2^28.
NetworkLayout place_network(const NetworkSpec& spec, sumcheck::Program& program);

}  // namespace pyzkfl

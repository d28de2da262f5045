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

inline constexpr uint32_t no_block = ~uint32_t{0};

// One for each part of the layer's taps, and the biases. Of a pool nothing.
struct MatrixBlocks {
  std::vector<uint32_t> parts;  // padded_units x 2^part
  uint32_t bias = no_block;
};
struct MatrixDigits {
  std::vector<Digits> parts;
  Digits bias;
};

struct NetworkLayout {
  struct StepLayer {
    Digits quotient, remainder;
    uint32_t sign = no_block, activation = no_block;  // of a ReLU
    Digits excess;                                    // where activations saturate
    uint32_t gradient = no_block;                     // where dZ is not what the layer above sends back, as it is
    Digits back_quotient, back_remainder;             // where something goes back
    uint32_t back = no_block;                         // where that saturates, with these
    Digits back_over, back_under;
    MatrixDigits update_remainder;
    MatrixBlocks update;  // D_s; only where there are several steps
    MatrixDigits update_bits;  // of D_s, or D: where everything is bits
  };
  struct Step {
    std::vector<uint32_t> inputs;  // parts of the features, or the image
    uint32_t labels = no_block;
    std::vector<StepLayer> layers;
    uint32_t most = no_block, key = no_block, hint = no_block, exponential = no_block;  // of the cross-entropy
    Digits excess, probability, remainder, rest;
    std::vector<Digits> input_bits;  // of each of `inputs`, and of targets: where everything is bits
    Digits target_bits;
    Digits loss_over, loss_under;  // of the mean squared error, where it saturates
    Digits lead;                   // of evaluations: what the row's best has over each class
  };

  std::vector<MatrixBlocks> weights, update;           // one a layer
  std::vector<MatrixBlocks> velocity, next_velocity;  // likewise, where momentum is carried
  std::vector<MatrixDigits> velocity_bits;            // and everything is bits
  std::vector<Step> steps;
  // Tables of 2^16, 2^8, 2 keys, and {0}; EXP, whose values every network commits to and whose counts are those of the
  // cross-entropy; that of 2^saturation_bits keys, where something saturates.
  uint32_t counts_16 = no_block, counts_8 = no_block, counts_1 = no_block, counts_0 = no_block;  // none in bits
  uint32_t exp_values = 0;
  uint32_t counts_exp = no_block, counts_saturation = no_block;
  std::vector<uint32_t> unused_update;  // aligned parts of the update column that belong to no tensor

  // Where momentum is carried, the velocities' columns are the two behind those of the batches, before the update's.
  uint32_t weights_column = 0, tables_column = 1, first_data_column = 2, update_column = 0;
};

// The numbers of the tables that every program has; EXP and saturation follow, where there are.
enum NetworkTable : uint32_t { table_16, table_8, table_1, table_0 };

// Adds columns and blocks to an empty program. Throws ParameterError if the columns were higher than 2^28.
NetworkLayout place_network(const NetworkSpec& spec, sumcheck::Program& program);

// The same for an evaluation of `batches` batches (evaluation_program.h): weights, data and what a forward pass needs. A data
// column is the one of training, so C(X) is too. There are no tables of values and no update.
NetworkLayout place_evaluation(const NetworkSpec& spec, size_t batches, sumcheck::Program& program);

}  // namespace pyzkfl

// The training step of a network, bit by bit: what a member computes, and what a proof speaks of (docs/engine.md,
// section 6). This is the definition.
//
// Tensors are padded as the proof's blocks are (network_shape.h), the inputs of a first linear layer to the sum of its
// parts. What is padded is computed like the rest; of positions of an image that only pad, nothing is ever read. Divisions
// by powers of two are floor((v + half) / 2^s).
//
// Time: depends on the data (table, division). It runs on the member's own machine, on its own data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1cs/witness.h"
#include "training/network_spec.h"

namespace pyzkfl {

// Row-major; wiped when it goes.
using SecretMatrix = std::vector<int64_t, WipingAllocator<int64_t>>;

// Weights or updates of all layers, padded.
struct NetworkWeights {
  struct Layer {
    SecretMatrix matrix;  // padded_units x padded_taps; empty of a pool
    SecretMatrix bias;    // padded_units, or empty
  };
  std::vector<Layer> layers;

  static NetworkWeights zeros(const NetworkSpec& spec);
  // From and to a flat vector of spec.dimension(): for each layer the weights (out, in) or (out, in, height, width), then
  // the bias (out), as torch keeps them. `from_flat` throws ParameterError for another length.
  static NetworkWeights from_flat(const NetworkSpec& spec, std::span<const int64_t> flat);
  std::vector<int64_t> to_flat(const NetworkSpec& spec) const;
};

// A batch as it is registered.
struct NetworkBatch {
  std::span<const int64_t> features;  // rows x features, or rows x channels x height x width
  std::span<const int64_t> labels;    // rows; 0 .. classes - 1. Of the mean squared error the targets: rows x outputs
};

// Every intermediate value of a step that has a cell. Tensors have padded_batch() rows.
struct NetworkStep {
  struct Layer {
    SecretMatrix quotient, remainder;            // q, rem, as the outputs
    SecretMatrix sign, activation, excess;       // g, a, g q - a; empty without a ReLU
    SecretMatrix gradient;                       // dZ; empty below the first layer with weights
    SecretMatrix back_quotient, back_remainder;  // of dA, the gradient of the layer's inputs, where it goes back; as the
                                                 // inputs, but of a pool as its outputs
    SecretMatrix back, back_over, back_under;    // q' saturated, and what is missing: q' = back + over - under

    const SecretMatrix& output() const { return activation.empty() ? quotient : activation; }
  };
  size_t rows = 0;
  SecretMatrix inputs;  // as the first layer's
  SecretMatrix labels;  // one-hot, or the targets: B x padded classes
  std::vector<Layer> layers;
  SecretMatrix most;                            // c: B
  SecretMatrix key, excess, hint, exponential;  // t, over, h, e: B x padded classes
  SecretMatrix probability, remainder, rest;    // p, rem, w
  SecretMatrix loss_over, loss_under;           // what dZ of the mean squared error lacks
  unsigned __int128 norm_square = 0;            // N2
  uint64_t rate = 0;
  NetworkWeights update, update_remainder;      // D, rem
};

// One step from these (padded) weights. Throws ParameterError for a batch of another shape, with more rows than the job's
// batch or none, or with values out of range; the message names row and column, never a value.
// `last`: the update of the step before in this round, the velocity that it goes on from, or none.
NetworkStep network_step(const NetworkSpec& spec, const NetworkWeights& weights, const NetworkBatch& batch,
                         const NetworkWeights* last = nullptr);

// The local steps of a round, one batch each, each from the weights that the last one left.
struct NetworkRound {
  std::vector<NetworkStep> steps;
  NetworkWeights update;         // the sum of the steps' updates
  NetworkWeights velocity;       // what the first step went on from, where momentum is carried
  NetworkWeights next_velocity;  // the last step's update: what the next round goes on from
};
// `velocity`: flat, of 16 bits; empty for none, and for spec.carries() alone. Throws ParameterError for another.
NetworkRound network_round(const NetworkSpec& spec, std::span<const int64_t> flat_weights,
                           std::span<const NetworkBatch> batches, std::span<const int64_t> velocity = {});

// A step of which only rows, inputs and labels are filled, checked as network_step does.
NetworkStep network_inputs(const NetworkSpec& spec, const NetworkBatch& batch);

// The parts of a step, in order, for who changes a value between them: each computes what follows from what `step` holds,
// true or not. q, rem, g, a of layers `first` and up, from the activations below;
void forward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t first);
// the same of layer `l` from its sums, in units of 2^-(a_frac + w_frac);
void activate(const NetworkSpec& spec, NetworkStep& step, size_t l, const SecretMatrix& sums);
// all of the loss, dZ of the last layer included, from its outputs;
void loss_of(const NetworkSpec& spec, NetworkStep& step);
// of the cross-entropy: c, t, over, h, e, p, rem, w and dZ;
void softmax_cross_entropy(const NetworkSpec& spec, NetworkStep& step);
// of these p, rem, w and dZ, from e;
void divide_exponentials(const NetworkSpec& spec, NetworkStep& step);
// of the mean squared error: dZ, and what it lacks;
void squared_error(const NetworkSpec& spec, NetworkStep& step);
// what goes back through layer `l`, from its own gradient;
void backward_through(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t l);
// the gradient of the layer below `l`, from that;
void gradient_below(const NetworkSpec& spec, NetworkStep& step, size_t l);
// gradients of the layers below `from`, from that layer's own;
void backward_from(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step, size_t from);
// G, the sums over the rows that a rate is multiplied with;
NetworkWeights weight_gradients(const NetworkSpec& spec, const NetworkStep& step);
// N2 and rate; D and its remainders at the step's rate.
void clip_rate(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step);
void round_update(const NetworkSpec& spec, const NetworkWeights& gradients, NetworkStep& step,
                  const NetworkWeights* last = nullptr);

// What follows from the gradient of the loss that `step` holds: gradients of the lower layers, rate, update.
void backward_and_update(const NetworkSpec& spec, const NetworkWeights& weights, NetworkStep& step,
                         const NetworkWeights* last = nullptr);

// sum += part.
void add_to(NetworkWeights& sum, const NetworkWeights& part);

// Outputs of the last layer, rows x classes, without any padding.
std::vector<int64_t> network_outputs(const NetworkSpec& spec, std::span<const int64_t> flat_weights,
                                     std::span<const int64_t> features, size_t rows);

}  // namespace pyzkfl

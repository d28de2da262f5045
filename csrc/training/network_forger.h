// The forger of a network's rounds: an honest round that may be bent anywhere and carried on from there. Its parts are in
// network_forgery.cpp (data, perceptrons, updates) and network_layer_forgeries.cpp (the other layers, losses, momentum). No
// other file includes it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "training/network_forgery.h"

namespace pyzkfl {

using sumcheck::ProgramValues;

class Forger {
 public:
  Forger(const NetworkSpec& spec, const NetworkProgram& program, std::span<const int64_t> flat_weights,
         std::span<const NetworkBatch> batches)
      : spec_(spec),
        program_(program),
        flat_(flat_weights),
        batches_(batches),
        weights_(NetworkWeights::from_flat(spec, flat_weights)),
        round_(network_round(spec, flat_weights, batches)),
        step_(round_.steps.front()),
        first_(step_.layers.front()),
        last_(step_.layers.back()),
        inputs_(step_.inputs.size() / spec.padded_batch()),
        classes_(spec.padded_classes()) {}

  ProgramValues forge(NetworkForgery forgery, std::span<const Fr> data_blinders, const Fr& update_blinder);

 private:
  struct Patch {
    uint32_t block;
    size_t index;
    int32_t amount;
  };

  void need(bool holds, const char* what) const {
    if (!holds) throw ParameterError(std::string("this forgery needs ") + what);
  }
  // The first index of a tensor of this shape, in a real row and no padding, that will do.
  size_t find(const TensorShape& shape, const std::function<bool(size_t)>& will_do, const char* what) const {
    for (size_t i = 0; i < step_.rows; ++i) {
      for (size_t k = 0; k < shape.size(); ++k) {
        const size_t in_row = shape.at(k / shape.area(), k % shape.area() / shape.width, k % shape.width);
        const size_t at = i * shape.padded_size() + in_row;
        if (will_do(at)) return at;
      }
    }
    need(false, what);
    return 0;
  }
  size_t find_unit(const std::function<bool(size_t)>& will_do, const char* what) const {
    need(spec_.layers().front().relu, "a hidden layer");
    return find(spec_.layers().front().out, will_do, what);
  }
  size_t find_class(const std::function<bool(size_t)>& will_do, const char* what) const {
    need(spec_.classifies(), "a network that classifies");
    return find(spec_.layers().back().out, will_do, what);
  }

  // What follows from what was bent.
  void from_inputs() {
    forward_from(spec_, weights_, step_, 0);
    from_outputs();
  }
  void from_first_layer() {
    forward_from(spec_, weights_, step_, 1);
    from_outputs();
  }
  void from_outputs() {
    loss_of(spec_, step_);
    from_losses();
  }
  void from_exponentials() {
    divide_exponentials(spec_, step_);
    from_losses();
  }
  void from_probabilities() {
    const int64_t one = int64_t{1} << spec_.parameters().g_frac;
    for (size_t at = 0; at < step_.rows * classes_; ++at)
      last_.gradient[at] = step_.probability[at] - one * step_.labels[at];
    from_losses();
  }
  void from_losses() { backward_and_update(spec_, weights_, step_); }
  void from_gradients() { update_from(weight_gradients(spec_, step_)); }
  void update_from(const NetworkWeights& gradients) {
    clip_rate(spec_, gradients, step_);
    round_update(spec_, gradients, step_);
  }
  // The later steps, honest from here on, and the sum.
  void finish() {
    NetworkWeights now = weights_;
    round_.update = NetworkWeights::zeros(spec_);
    for (size_t s = 0; s < round_.steps.size(); ++s) {
      if (s > 0 && !later_steps_stand_)
        round_.steps[s] = network_step(spec_, now, batches_[s], &round_.steps[s - 1].update);
      add_to(now, round_.steps[s].update);
      add_to(round_.update, round_.steps[s].update);
    }
    if (spec_.carries()) round_.next_velocity = round_.steps.back().update;
  }

  void bend_data(NetworkForgery forgery);
  void bend_products(NetworkForgery forgery);
  void bend_units(NetworkForgery forgery);
  void bend_distances(NetworkForgery forgery);
  void bend_probabilities(NetworkForgery forgery);
  void bend_backward(NetworkForgery forgery);
  void bend_gradients(NetworkForgery forgery);
  void bend_update(NetworkForgery forgery);
  void bend_convolution(NetworkForgery forgery);
  void bend_pool(NetworkForgery forgery);
  void bend_targets(NetworkForgery forgery);
  void bend_momentum(NetworkForgery forgery);
  void bend_velocity(NetworkForgery forgery);
  SecretMatrix first_sums(const NetworkParameters& other) const;
  void set_maximum(size_t row, int64_t value);

  const NetworkSpec& spec_;
  const NetworkProgram& program_;
  std::span<const int64_t> flat_;
  std::span<const NetworkBatch> batches_;
  const NetworkWeights weights_;
  NetworkRound round_;
  NetworkStep& step_;
  NetworkStep::Layer &first_, &last_;
  const size_t inputs_, classes_;
  bool later_steps_stand_ = false;
  bool sum_off_ = false;
  std::vector<Patch> patches_;
};

}  // namespace pyzkfl

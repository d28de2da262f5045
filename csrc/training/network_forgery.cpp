// One case a forgery, all over the same state: an honest round that may be bent anywhere and carried on from there.
#include "training/network_forgery.h"

#include <algorithm>
#include <string>

#include "sumcheck/direct_check.h"
#include "training/network_forger.h"

namespace pyzkfl {

void Forger::bend_data(NetworkForgery forgery) {
  if (forgery == NetworkForgery::feature_out_of_range) {
    step_.inputs[0] = 2 * spec_.feature_limit();
    from_inputs();
    return;
  }
  need(spec_.classifies(), "a network that classifies");
  const auto label = static_cast<size_t>(std::find(step_.labels.begin(), step_.labels.end(), 1) - step_.labels.begin());
  const size_t other = (label + 1) % spec_.classes();
  switch (forgery) {
    case NetworkForgery::two_labels: step_.labels[other] = 1; break;
    case NetworkForgery::no_label: step_.labels[label] = 0; break;
    case NetworkForgery::amplified_label:  // they still sum to 1
      step_.labels[label] = 3;
      step_.labels[other] = -2;
      break;
    case NetworkForgery::label_beyond_classes:
      need(classes_ > spec_.classes(), "a padded class");
      step_.labels[label] = 0;
      step_.labels[spec_.classes()] = 1;
      break;
    case NetworkForgery::padding_feature:
      need(!spec_.layers().front().in.is_image && inputs_ > spec_.features(), "a padded feature");
      for (size_t i = 0; i < step_.rows; ++i)
        step_.inputs[i * inputs_ + spec_.features()] = spec_.feature_limit() - 1;
      break;
    case NetworkForgery::dropped_row:
      need(step_.rows >= 2, "two rows");
      step_.rows -= 1;
      break;
    default: {  // trained_padding: one row more than is claimed
      need(step_.rows < spec_.padded_batch(), "a padded row");
      std::copy_n(step_.inputs.begin(), inputs_,
                  step_.inputs.begin() + static_cast<std::ptrdiff_t>(step_.rows * inputs_));
      forward_from(spec_, weights_, step_, 0);
      softmax_cross_entropy(spec_, step_);
      const size_t row = step_.rows * classes_;
      std::copy_n(step_.probability.begin() + static_cast<std::ptrdiff_t>(row), classes_,
                  last_.gradient.begin() + static_cast<std::ptrdiff_t>(row));
      last_.gradient[row] -= int64_t{1} << spec_.parameters().g_frac;
      from_losses();
      return;
    }
  }
  from_inputs();
}

// Matrix products with other operands, and divisions.
void Forger::bend_products(NetworkForgery forgery) {
  switch (forgery) {
    case NetworkForgery::other_batch: {
      const SecretMatrix committed = step_.inputs;
      for (int64_t& x : step_.inputs) x = -x / 2;
      forward_from(spec_, weights_, step_, 0);
      step_.inputs = committed;
      from_outputs();
      break;
    }
    case NetworkForgery::other_weights: {
      NetworkWeights other = weights_;
      for (int64_t& w : other.layers.front().matrix) w = -w / 2;
      forward_from(spec_, other, step_, 0);
      from_first_layer();
      break;
    }
    case NetworkForgery::stale_weights: {
      need(spec_.steps() > 1, "two local steps");
      NetworkWeights now = weights_;
      add_to(now, step_.update);
      NetworkStep& second = round_.steps[1];
      const SecretMatrix honest = second.layers.front().remainder;
      forward_from(spec_, weights_, second, 0);
      need(second.layers.front().remainder != honest, "a first step that moves the first layer");
      forward_from(spec_, now, second, 1);
      loss_of(spec_, second);
      backward_and_update(spec_, now, second, &step_.update);
      for (size_t s = 2; s < round_.steps.size(); ++s) {
        add_to(now, round_.steps[s - 1].update);
        round_.steps[s] = network_step(spec_, now, batches_[s], &round_.steps[s - 1].update);
      }
      later_steps_stand_ = true;
      break;
    }
    case NetworkForgery::forward_remainder: first_.remainder[0] += first_.remainder[0] == 0 ? 1 : -1; break;
    default: {  // forward_rounded: the remainder takes one unit of the quotient
      const auto& relu = spec_.layers().front().relu;
      const size_t at = find(spec_.layers().front().out,
                             [&](size_t i) { return !relu || (first_.quotient[i] >= 1 && first_.excess[i] == 0); },
                             "an active unit that does not saturate");
      first_.quotient[at] -= 1;
      first_.remainder[at] += int64_t{1} << spec_.parameters().w_frac;
      if (relu) {
        first_.sign[at] = first_.quotient[at] >= 1 ? 1 : 0;
        first_.activation[at] -= 1;
      }
      from_first_layer();
      break;
    }
  }
}

// The ReLU and its saturation, in the first layer.
void Forger::bend_units(NetworkForgery forgery) {
  const bool saturates = !spec_.layers().front().excess.empty();
  constexpr int64_t most = NetworkSpec::most_activation;
  const auto set = [&](size_t at, int64_t sign, int64_t activation) {
    first_.sign[at] = sign;
    first_.activation[at] = activation;
    first_.excess[at] = sign * first_.quotient[at] - activation;
  };
  const auto& q = first_.quotient;
  switch (forgery) {
    case NetworkForgery::dead_unit: set(find_unit([&](size_t i) { return q[i] > 1; }, "an active unit"), 0, 0); break;
    case NetworkForgery::live_unit: {
      need(!saturates, "a first layer that does not saturate");
      const size_t at = find_unit([&](size_t i) { return q[i] < 0; }, "an inactive unit");
      set(at, 1, q[at]);
      break;
    }
    case NetworkForgery::false_activation: {
      const size_t at =
          find_unit([&](size_t i) { return first_.activation[i] > 1 && first_.excess[i] == 0; }, "an active unit");
      first_.activation[at] -= 1;
      break;
    }
    case NetworkForgery::ignored_saturation: {
      need(saturates, "a first layer that saturates");
      const size_t at = find_unit([&](size_t i) { return q[i] > most; }, "a unit that saturates");
      set(at, 1, q[at]);
      break;
    }
    case NetworkForgery::saturated_early: {
      need(saturates, "a first layer that saturates");
      const size_t at = find_unit([&](size_t i) { return q[i] > 1; }, "an active unit");
      set(at, 1, std::min(q[at], most) / 2);
      break;
    }
    default: {  // negative_excess
      need(saturates, "a first layer that saturates");
      const size_t at =
          find_unit([&](size_t i) { return q[i] > 1 && q[i] < most; }, "an active unit that does not saturate");
      set(at, 1, most);
      break;
    }
  }
  from_first_layer();
}

// c of a row, and the distances that follow; a negative one stays in `excess`.
void Forger::set_maximum(size_t row, int64_t value) {
  const std::vector<int32_t> table = spec_.exp_table();
  const auto end = static_cast<int64_t>(table.size() - 1);
  step_.most[row] = value;
  for (size_t j = 0; j < spec_.classes(); ++j) {
    const size_t at = row * classes_ + j;
    const int64_t distance = value - last_.quotient[at];
    step_.key[at] = distance < 0 ? end : std::min(distance, end);
    step_.excess[at] = distance - step_.key[at];
    step_.exponential[at] = table[static_cast<size_t>(step_.key[at])];
  }
}

// c, t, over, h, e.
void Forger::bend_distances(NetworkForgery forgery) {
  need(spec_.classifies(), "a network that classifies");
  const std::vector<int32_t> table = spec_.exp_table();
  const auto end = static_cast<int64_t>(table.size() - 1);
  const auto set_key = [&](size_t at, int64_t key, int64_t excess) {
    step_.key[at] = key;
    step_.excess[at] = excess;
    step_.exponential[at] = key >= 0 && key <= end ? table[static_cast<size_t>(key)] : 0;
  };
  switch (forgery) {
    case NetworkForgery::maximum_too_small:
    case NetworkForgery::negative_key: {
      const size_t second =
          find_class([&](size_t i) { return step_.key[i] > 0 && step_.excess[i] == 0; }, "two logits that differ");
      const size_t row = second / classes_;
      set_maximum(row, last_.quotient[second]);
      for (size_t j = 0; j < classes_; ++j) {
        const size_t at = row * classes_ + j;
        step_.hint[at] = at == second ? 1 : 0;
        if (forgery == NetworkForgery::negative_key && step_.excess[at] < 0)
          set_key(at, step_.key[at] + step_.excess[at], 0);
      }
      break;
    }
    case NetworkForgery::maximum_too_large:
    case NetworkForgery::no_maximum:
      set_maximum(0, step_.most[0] + 5);
      if (forgery == NetworkForgery::no_maximum) std::fill_n(step_.hint.begin(), classes_, 0);
      break;
    case NetworkForgery::false_exponential:
      step_.exponential[find_class([&](size_t i) { return step_.hint[i] == 0; }, "a class that is not the largest")] += 50;
      break;
    case NetworkForgery::ignored_end: {
      const size_t at = find_class([&](size_t i) { return step_.excess[i] > 0; }, "a logit beyond the table");
      set_key(at, step_.key[at] + step_.excess[at], 0);
      break;
    }
    case NetworkForgery::early_end: {
      const size_t at = find_class([&](size_t i) { return step_.key[i] > 1; }, "a class that is not the largest");
      set_key(at, step_.key[at] / 2, step_.excess[at] + step_.key[at] - step_.key[at] / 2);
      break;
    }
    case NetworkForgery::false_distance: {
      const size_t at = find_class([&](size_t i) { return step_.hint[i] == 0 && step_.key[i] > 0; },
                                   "a class that is not the largest");
      set_key(at, 0, 0);
      break;
    }
    default:  // padded_class_counted
      need(classes_ > spec_.classes(), "a padded class");
      set_key(spec_.classes(), 0, 0);
      break;
  }
  from_exponentials();
}

// p, rem, w, dZ.
void Forger::bend_probabilities(NetworkForgery forgery) {
  const size_t at = find_class([&](size_t i) { return step_.probability[i] >= 1; }, "a class with some probability");
  const int64_t sum = step_.remainder[at] + step_.rest[at] + 1;
  const auto add = [&](int64_t p) {
    step_.probability[at] += p;
    step_.remainder[at] -= p * sum;
    step_.rest[at] += p * sum;
  };
  switch (forgery) {
    case NetworkForgery::swapped_labels: {
      const SecretMatrix committed = step_.labels;
      for (size_t i = 0; i < step_.rows; ++i) {
        const auto row = step_.labels.begin() + static_cast<std::ptrdiff_t>(i * classes_);
        std::rotate(row, row + 1, row + static_cast<std::ptrdiff_t>(spec_.classes()));
      }
      from_exponentials();
      step_.labels = committed;
      return;
    }
    case NetworkForgery::random_gradient:
      for (size_t i = 0; i < step_.rows * classes_; ++i)
        if (i % classes_ < spec_.classes()) last_.gradient[i] = (last_.gradient[i] * 7 + 77) % 1000;
      from_losses();
      return;
    case NetworkForgery::false_probability: step_.probability[at] += 1; break;
    case NetworkForgery::probability_rounded_up: add(1); break;
    case NetworkForgery::probability_rounded_down: add(-1); break;
    default:  // remainder_too_large
      add(-1);
      step_.rest[at] = 0;
      break;
  }
  from_probabilities();
}

// From the second layer to the first.
void Forger::bend_backward(NetworkForgery forgery) {
  need(spec_.layers().front().relu && spec_.goes_back(1) && spec_.layers()[1].has_weights(), "a hidden layer");
  NetworkStep::Layer& second = step_.layers[1];
  const LayerSpec& layer = spec_.layers()[1];
  const bool limited = !layer.backward_excess.empty();
  constexpr int64_t above = NetworkSpec::gradient_limit - 1, below = -NetworkSpec::gradient_limit;
  const auto& q = second.back_quotient;
  const auto set = [&](size_t at, int64_t back, int64_t over, int64_t under) {
    second.back[at] = back;
    second.back_over[at] = over;
    second.back_under[at] = under;
    first_.gradient[at] = first_.sign[at] * back;
  };
  const auto follow = [&](size_t at) {
    const int64_t back = limited ? std::clamp(q[at], below, above) : q[at];
    set(at, back, std::max<int64_t>(q[at] - back, 0), std::max<int64_t>(back - q[at], 0));
  };
  const auto active = [&](const std::function<bool(size_t)>& will_do, const char* what) {
    return find_unit([&](size_t i) { return first_.sign[i] == 1 && will_do(i); }, what);
  };
  switch (forgery) {
    case NetworkForgery::false_backward: {
      const size_t at = active([](size_t) { return true; }, "an active unit");
      second.back_quotient[at] = -q[at] + 3;
      follow(at);
      break;
    }
    case NetworkForgery::backward_remainder:
      second.back_remainder[0] += second.back_remainder[0] == 0 ? 1 : -1;
      break;
    case NetworkForgery::backward_rounded: {
      const size_t at = active([](size_t) { return true; }, "an active unit");
      second.back_quotient[at] += 1;
      second.back_remainder[at] -= int64_t{1} << spec_.parameters().w_frac;
      follow(at);
      break;
    }
    case NetworkForgery::gradient_of_inactive_unit: {
      const size_t at = find_unit([&](size_t i) { return first_.sign[i] == 0 && second.back[i] != 0; },
                                  "an inactive unit with a gradient");
      first_.gradient[at] = second.back[at];
      break;
    }
    case NetworkForgery::vanished_gradient:
      first_.gradient[active([&](size_t i) { return second.back[i] != 0; }, "an active unit with a gradient")] = 0;
      break;
    default: {
      need(limited, "a second layer whose gradients saturate");
      const auto inside = [&](size_t i) { return q[i] > below + 100 && q[i] < above - 100; };
      const size_t at = forgery == NetworkForgery::ignored_gradient_limit
                            ? active([&](size_t i) { return q[i] < below || q[i] > above; }, "a gradient that saturates")
                            : active(inside, "a gradient that does not saturate");
      if (forgery == NetworkForgery::ignored_gradient_limit) set(at, q[at], 0, 0);
      if (forgery == NetworkForgery::limited_early_above) set(at, q[at] - 100, 100, 0);
      if (forgery == NetworkForgery::limited_early_below) set(at, q[at] + 100, 0, 100);
      if (forgery == NetworkForgery::false_limited_gradient) set(at, q[at] - 7, 0, 0);
      if (forgery == NetworkForgery::negative_over) set(at, above, q[at] - above, 0);
      if (forgery == NetworkForgery::negative_under) set(at, below, 0, below - q[at]);
      break;
    }
  }
  from_gradients();
}

// Another sum over the rows than the true one, with a rate that would be right for it.
void Forger::bend_gradients(NetworkForgery forgery) {
  NetworkWeights gradients = weight_gradients(spec_, step_);
  const auto times = [&](int64_t factor) {
    for (NetworkWeights::Layer& layer : gradients.layers) {
      for (SecretMatrix* m : {&layer.matrix, &layer.bias}) {
        for (int64_t& g : *m) g *= factor;
      }
    }
  };
  const NetworkWeights honest = gradients;
  switch (forgery) {
    case NetworkForgery::no_update: times(0); break;
    case NetworkForgery::reversed_update: times(-1); break;
    case NetworkForgery::scaled_update: times(10); break;
    case NetworkForgery::half_batch: {
      need(step_.rows >= 2, "two rows");
      NetworkStep half = step_;
      for (size_t l = 0; l < half.layers.size(); ++l) {
        SecretMatrix& dz = half.layers[l].gradient;
        std::fill_n(dz.begin(), static_cast<std::ptrdiff_t>(step_.rows / 2 * spec_.layers()[l].out.padded_size()), 0);
      }
      gradients = weight_gradients(spec_, half);
      break;
    }
    case NetworkForgery::gradient_off_by_one: gradients.layers.front().matrix[0] += 1; break;
    default: {  // padded_unit_update
      const LayerSpec& layer = spec_.layers().front();
      need(layer.padded_units() > layer.out.channels, "a padded unit in the first layer");
      gradients.layers.front().matrix[layer.out.channels * layer.padded_taps()] =
          (int64_t{5} << spec_.parameters().eta_shift) / static_cast<int64_t>(step_.rate);
      break;
    }
  }
  bool differs = false;
  for (size_t l = 0; l < gradients.layers.size(); ++l) {
    differs = differs || gradients.layers[l].matrix != honest.layers[l].matrix ||
              gradients.layers[l].bias != honest.layers[l].bias;
  }
  need(differs, "gradients that are not 0");
  update_from(gradients);
  need(step_.norm_square >> spec_.norm_square_bits() == 0, "a gradient of a smaller norm");
}

// The rate, the rounding, and what lies beside the tensors.
void Forger::bend_update(NetworkForgery forgery) {
  const NetworkWeights gradients = weight_gradients(spec_, step_);
  const NetworkLayout::Step& layout = program_.layout.steps.front();
  const auto at_rate = [&](uint64_t rate) {
    step_.rate = rate;
    round_update(spec_, gradients, step_);
    for (const NetworkWeights::Layer& layer : step_.update.layers) {
      for (const SecretMatrix* m : {&layer.matrix, &layer.bias}) {
        for (const int64_t d : *m) need(d >= -(1 << 15) && d < 1 << 15, "an update of smaller entries");
      }
    }
  };
  switch (forgery) {
    case NetworkForgery::smaller_rate:
      need(step_.rate >= 2, "a rate above 1");
      at_rate(step_.rate / 2);
      break;
    case NetworkForgery::larger_rate: at_rate(step_.rate + step_.rate / 2 + 1); break;
    case NetworkForgery::unclipped:
      need(step_.rate < static_cast<uint64_t>(spec_.parameters().eta), "a step that clips");
      at_rate(static_cast<uint64_t>(spec_.parameters().eta));
      break;
    case NetworkForgery::update_rounded:
      step_.update.layers.front().matrix[0] += 1;
      step_.update_remainder.layers.front().matrix[0] += int64_t{1} << spec_.parameters().eta_shift;
      break;
    case NetworkForgery::carried_digit: {  // the same value, in digits that are none
      const Digits& digits = layout.layers.front().update_remainder.parts.front();
      need(digits.size() >= 2, "a remainder of two digits");
      patches_ = {{digits[0], 0, 1 << 16}, {digits[1], 0, -1}};
      const int64_t high = step_.update_remainder.layers.front().matrix[0] >> 16 & 255;
      need(high != 0, "a remainder with a second digit");
      break;
    }
    case NetworkForgery::unused_cell:
      need(!program_.layout.unused_update.empty(), "an update column with unused cells");
      patches_ = {{program_.layout.unused_update.front(), 0, 1}};
      break;
    default:  // false_sum
      need(spec_.steps() > 1, "two local steps");
      sum_off_ = true;
      break;
  }
}

ProgramValues Forger::forge(NetworkForgery forgery, std::span<const Fr> data_blinders, const Fr& update_blinder) {
  using F = NetworkForgery;
  need(spec_.first_trained() == 0, "weights in its first layer");
  if (forgery <= F::trained_padding)
    bend_data(forgery);
  else if (forgery <= F::random_gradient)
    bend_probabilities(forgery);
  else if (forgery <= F::forward_rounded)
    bend_products(forgery);
  else if (forgery <= F::negative_excess)
    bend_units(forgery);
  else if (forgery <= F::padded_class_counted)
    bend_distances(forgery);
  else if (forgery <= F::remainder_too_large)
    bend_probabilities(forgery);
  else if (forgery <= F::negative_under)
    bend_backward(forgery);
  else if (forgery <= F::padded_unit_update)
    bend_gradients(forgery);
  else if (forgery <= F::false_sum)
    bend_update(forgery);
  else if (forgery <= F::padded_position_update)
    bend_convolution(forgery);
  else if (forgery <= F::spread_on_one_linear)
    bend_pool(forgery);
  else if (forgery <= F::negative_loss_under)
    bend_targets(forgery);
  else if (forgery <= F::momentum_doubled)
    bend_momentum(forgery);
  else
    bend_velocity(forgery);
  finish();
  if (sum_off_) round_.update.layers.front().matrix[0] += 1;
  if (forgery == F::false_next_velocity) round_.next_velocity.layers.front().matrix[0] += 1;

  ProgramValues out = network_cells(spec_, program_, flat_, round_, data_blinders, update_blinder);
  for (const Patch& patch : patches_) {
    const sumcheck::Block& block = program_.program.blocks[patch.block];
    sumcheck::Cells& cells = out.columns[block.column].cells;
    cells.resize(std::max<size_t>(cells.size(), block.offset + patch.index + 1));
    cells[block.offset + patch.index] += patch.amount;
  }
  // What is in no table is not counted: the best that a prover can do.
  const NetworkForgeryInfo& info = network_forgeries()[static_cast<size_t>(forgery)];
  sumcheck::fill_multiplicities(without_relation(program_.program, info, out.rates), out);
  return out;
}

ProgramValues forged_network_values(const NetworkSpec& spec, const NetworkProgram& program,
                                    std::span<const int64_t> flat_weights, std::span<const NetworkBatch> batches,
                                    std::span<const Fr> data_blinders, const Fr& update_blinder, NetworkForgery forgery) {
  return Forger(spec, program, flat_weights, batches).forge(forgery, data_blinders, update_blinder);
}

}  // namespace pyzkfl

// Forgeries of convolutions, pools, the mean squared error and momentum, carried over rounds or not.
#include <algorithm>
#include <cstdlib>
#include <limits>

#include "training/network_forger.h"
#include "training/network_operations.h"

namespace pyzkfl {

// The first layer's sums by other parameters, on the registered cells, in the places of this network's outputs.
SecretMatrix Forger::first_sums(const NetworkParameters& other) const {
  // Its eta is of no use here, but must fit.
  const NetworkSpec spec(NetworkSpec::with_learning_rate(other, 0.01));
  const TensorShape &from = spec.layers().front().out, &to = spec_.layers().front().out;
  const SecretMatrix sums = forward_sums(spec, 0, weights_.layers.front(), step_.inputs);
  SecretMatrix out = forward_sums(spec_, 0, weights_.layers.front(), step_.inputs);
  for (size_t i = 0; i < spec_.padded_batch(); ++i) {
    for (size_t c = 0; c < to.channels; ++c) {
      for (size_t y = 0; y < to.height; ++y) {
        for (size_t x = 0; x < to.width; ++x)
          out[i * to.padded_size() + to.at(c, y, x)] = sums[i * from.padded_size() + from.at(c, y, x)];
      }
    }
  }
  return out;
}

void Forger::bend_convolution(NetworkForgery forgery) {
  const LayerSpec& layer = spec_.layers().front();
  need(layer.kind == LayerKind::conv2d, "a convolution as its first layer");
  const SecretMatrix honest = first_.quotient;
  NetworkParameters other = spec_.parameters();
  switch (forgery) {
    case NetworkForgery::shifted_window: {
      const SecretMatrix committed = step_.inputs;
      std::rotate(step_.inputs.begin(), step_.inputs.begin() + 1, step_.inputs.end());
      const SecretMatrix sums = forward_sums(spec_, 0, weights_.layers.front(), step_.inputs);
      step_.inputs = committed;
      activate(spec_, step_, 0, sums);
      break;
    }
    case NetworkForgery::other_stride:
      need(layer.stride[0] * layer.stride[1] > 1, "a stride above 1");
      other.layers = {other.layers.front(), LayerParameters::linear(2, false)};
      other.layers.front().stride = {1, 1};
      other.loss = NetworkLoss::cross_entropy;
      activate(spec_, step_, 0, first_sums(other));
      break;
    case NetworkForgery::padded_cell_read: {
      const size_t width = layer.in.width;
      need(layer.padding[1] > 0 && width < size_t{1} << layer.in.log_width, "a padded width within a kernel's reach");
      for (size_t i = 0; i < step_.rows; ++i)
        step_.inputs[i * inputs_ + layer.in.at(0, 0, width)] = spec_.feature_limit() - 1;
      other.input[2] += 1;
      other.layers = {other.layers.front(), LayerParameters::linear(2, false)};
      other.loss = NetworkLoss::cross_entropy;
      activate(spec_, step_, 0, first_sums(other));
      break;
    }
    case NetworkForgery::flipped_kernel: {
      NetworkWeights gradients = weight_gradients(spec_, step_);
      SecretMatrix& g = gradients.layers.front().matrix;
      const SecretMatrix upright = g;
      const TensorShape& taps = layer.taps;
      for (size_t j = 0; j < layer.out.channels; ++j) {
        for (size_t k = 0; k < taps.size(); ++k)
          g[j * layer.padded_taps() + layer.padded_tap(k)] =
              upright[j * layer.padded_taps() + layer.padded_tap(k / taps.area() * taps.area() + taps.area() - 1 - k % taps.area())];
      }
      need(g != upright, "a gradient that is not the same turned round");
      update_from(gradients);
      return;
    }
    case NetworkForgery::shifted_gradient: {
      need(spec_.layers()[1].kind == LayerKind::conv2d, "a convolution as its second layer");
      NetworkStep::Layer& second = step_.layers[1];
      const SecretMatrix gradient = second.gradient, back = second.back_quotient;
      std::rotate(second.gradient.begin(), second.gradient.begin() + 1, second.gradient.end());
      backward_through(spec_, weights_, step_, 1);
      second.gradient = gradient;
      need(second.back_quotient != back, "a gradient that is not the same one position off");
      pyzkfl::gradient_below(spec_, step_, 1);
      from_gradients();
      return;
    }
    default: {  // padded_position_update
      const LayerSpec& second = spec_.layers()[1];
      need(second.kind == LayerKind::linear, "a linear layer behind the convolution");
      NetworkWeights gradients = weight_gradients(spec_, step_);
      const SecretMatrix masked = gradients.layers[1].matrix;
      SecretMatrix& all = gradients.layers[1].matrix;
      std::fill(all.begin(), all.end(), 0);
      for (size_t i = 0; i < step_.rows; ++i) {
        for (size_t at = 0; at < all.size(); ++at)
          all[at] += step_.layers[1].gradient[i * second.padded_units() + at / second.padded_taps()] *
                     first_.output()[i * second.padded_taps() + at % second.padded_taps()];
      }
      need(all != masked, "a positive bias, and positions that only pad");
      update_from(gradients);
      need(step_.norm_square >> spec_.norm_square_bits() == 0, "a gradient of a smaller norm");
      return;
    }
  }
  need(first_.quotient != honest, "other values than these");
  from_first_layer();
}

void Forger::bend_pool(NetworkForgery forgery) {
  need(spec_.layers().size() > 1 && spec_.layers()[1].kind == LayerKind::avg_pool2d && !spec_.layers()[1].relu,
       "a pool as its second layer");
  const LayerSpec& layer = spec_.layers()[1];
  NetworkStep::Layer& pool = step_.layers[1];
  const int64_t unit = int64_t{1} << spec_.parameters().w_frac;
  const size_t at = find(layer.out, [](size_t) { return true; }, "an output");
  const auto from_pool = [&] {
    forward_from(spec_, weights_, step_, 2);
    from_outputs();
  };
  const auto from_back = [&] {
    pool.back = pool.back_quotient;
    pyzkfl::gradient_below(spec_, step_, 1);
    from_gradients();
  };
  switch (forgery) {
    case NetworkForgery::largest_of_a_pool: {
      // The quotient alone: the largest input is in the range of a mean.
      SecretMatrix largest(pool.quotient.size(), std::numeric_limits<int64_t>::min());
      for (size_t i = 0; i < step_.rows; ++i) {
        for (size_t c = 0; c < layer.out.channels; ++c) {
          for (size_t y = 0; y < layer.out.height * layer.kernel[0]; ++y) {
            for (size_t x = 0; x < layer.out.width * layer.kernel[1]; ++x) {
              int64_t& to = largest[i * layer.out.padded_size() + layer.out.at(c, y / layer.kernel[0], x / layer.kernel[1])];
              to = std::max(to, first_.output()[i * layer.in.padded_size() + layer.in.at(c, y, x)]);
            }
          }
        }
      }
      const size_t other = find(layer.out, [&](size_t i) { return largest[i] != pool.quotient[i]; }, "inputs that differ");
      pool.quotient[other] = largest[other];
      from_pool();
      break;
    }
    case NetworkForgery::false_pool:
      pool.quotient[at] += 1;
      from_pool();
      break;
    case NetworkForgery::pool_rounded:
      pool.quotient[at] -= 1;
      pool.remainder[at] += unit;
      from_pool();
      break;
    case NetworkForgery::false_pool_gradient:
      pool.back_quotient[at] += 3;
      from_back();
      break;
    case NetworkForgery::pool_gradient_rounded:
      pool.back_quotient[at] += 1;
      pool.back_remainder[at] -= unit;
      from_back();
      break;
    default: {
      const bool relu = spec_.layers().front().relu;
      need(relu == (forgery == NetworkForgery::spread_on_one), relu ? "a first layer without ReLU" : "a first layer with ReLU");
      need(layer.kernel[0] * layer.kernel[1] > 1, "windows of two inputs");
      bool differs = false;
      for (size_t i = 0; i < step_.rows; ++i) {
        for (size_t k = 0; k < layer.in.size(); ++k) {
          const size_t y = k % layer.in.area() / layer.in.width, x = k % layer.in.width;
          int64_t& g = first_.gradient[i * layer.in.padded_size() + layer.in.at(k / layer.in.area(), y, x)];
          if (y % layer.kernel[0] + x % layer.kernel[1] == 0) continue;
          differs = differs || g != 0;
          g = 0;
        }
      }
      need(differs, "a gradient that is not 0");
      from_gradients();
      break;
    }
  }
}

void Forger::bend_targets(NetworkForgery forgery) {
  need(!spec_.classifies(), "the mean squared error");
  const TensorShape& shape = spec_.layers().back().out;
  const bool limited = !spec_.loss_excess().empty();
  constexpr int64_t above = NetworkSpec::gradient_limit - 1, below = -NetworkSpec::gradient_limit;
  const int64_t unit = int64_t{1} << (spec_.parameters().g_frac - spec_.parameters().a_frac);
  const auto whole = [&](size_t at) { return (last_.quotient[at] - step_.labels[at]) * unit; };
  const auto set = [&](size_t at, int64_t gradient, int64_t over, int64_t under) {
    last_.gradient[at] = gradient;
    step_.loss_over[at] = over;
    step_.loss_under[at] = under;
  };
  switch (forgery) {
    case NetworkForgery::target_out_of_range:
      step_.labels[0] = NetworkSpec::target_limit;
      squared_error(spec_, step_);
      break;
    case NetworkForgery::target_beyond_outputs:
      need(classes_ > spec_.classes(), "a padded output");
      step_.labels[spec_.classes()] = 100;
      squared_error(spec_, step_);
      break;
    case NetworkForgery::swapped_targets: {
      const SecretMatrix committed = step_.labels, gradient = last_.gradient;
      for (size_t i = 0; i < step_.rows; ++i) {
        const auto row = step_.labels.begin() + static_cast<std::ptrdiff_t>(i * classes_);
        if (spec_.classes() == 1) *row = -*row;
        std::rotate(row, row + 1, row + static_cast<std::ptrdiff_t>(spec_.classes()));
      }
      squared_error(spec_, step_);
      step_.labels = committed;
      need(last_.gradient != gradient, "targets that differ");
      break;
    }
    case NetworkForgery::halved_loss_gradient: {
      const size_t at = find(shape, [&](size_t i) { return last_.gradient[i] > 1 && step_.loss_over[i] == 0; },
                             "a gradient that does not saturate");
      last_.gradient[at] /= 2;
      break;
    }
    case NetworkForgery::trained_padding_of_targets: {
      need(step_.rows < spec_.padded_batch(), "a padded row");
      last_.gradient[step_.rows * classes_] = 77;
      break;
    }
    default: {
      need(limited, "a loss that saturates");
      need(forgery != NetworkForgery::ignored_loss_limit || spec_.layers().size() == 1, "a single layer");
      const auto inside = [&](size_t i) { return whole(i) > below + 100 && whole(i) < above - 100; };
      // The least that saturates: the norm must stay in its range.
      int64_t least = std::numeric_limits<int64_t>::max();
      for (size_t i = 0; i < step_.rows * classes_; ++i) {
        if (i % classes_ < spec_.classes() && (whole(i) < below || whole(i) > above)) least = std::min(least, std::abs(whole(i)));
      }
      const size_t at = forgery == NetworkForgery::ignored_loss_limit
                            ? find(shape, [&](size_t i) { return std::abs(whole(i)) == least; }, "a loss that saturates")
                            : find(shape, inside, "a loss that does not saturate");
      const int64_t v = whole(at);
      if (forgery == NetworkForgery::ignored_loss_limit) set(at, v, 0, 0);
      if (forgery == NetworkForgery::loss_limited_early_above) set(at, v - 100, 100, 0);
      if (forgery == NetworkForgery::loss_limited_early_below) set(at, v + 100, 0, 100);
      if (forgery == NetworkForgery::negative_loss_over) set(at, above, v - above, 0);
      if (forgery == NetworkForgery::negative_loss_under) set(at, below, 0, below - v);
      break;
    }
  }
  from_losses();
  need(step_.norm_square >> spec_.norm_square_bits() == 0, "a gradient of a smaller norm");
}

// Later steps that keep of another update than the one before. The gradients are made to pay for it, as far as a rate
// divides: so the norm is one, and the sums over the rows alone are false.
void Forger::bend_momentum(NetworkForgery forgery) {
  need(spec_.momentum() != 0, "momentum and two local steps");
  const size_t bent = forgery == NetworkForgery::momentum_of_other_step ? 2 : 1;
  need(spec_.steps() > bent, "three local steps");
  NetworkStep& step = round_.steps[bent];
  const NetworkWeights honest = step.update, &last = round_.steps[bent - 1].update;
  NetworkWeights gradients = weight_gradients(spec_, step);
  const auto rate = static_cast<int64_t>(step.rate);
  const auto pay = [&](SecretMatrix& gradient, const SecretMatrix& kept, const SecretMatrix& first) {
    for (size_t i = 0; i < gradient.size(); ++i) {
      int64_t other = 0;  // of which the forger keeps
      if (forgery == NetworkForgery::momentum_of_other_step) other = first[i];
      if (forgery == NetworkForgery::momentum_doubled) other = 2 * kept[i];
      const __int128 lacks = static_cast<__int128>(spec_.momentum() * (kept[i] - other)) *
                             (int64_t{1} << (spec_.parameters().eta_shift - 16));
      gradient[i] += static_cast<int64_t>(lacks / rate);
    }
  };
  for (size_t l = 0; l < gradients.layers.size(); ++l) {
    pay(gradients.layers[l].matrix, last.layers[l].matrix, step_.update.layers[l].matrix);
    pay(gradients.layers[l].bias, last.layers[l].bias, step_.update.layers[l].bias);
  }
  clip_rate(spec_, gradients, step);
  need(step.rate == static_cast<uint64_t>(rate), "steps that do not clip");
  round_update(spec_, gradients, step, &last);
  need(step.update.to_flat(spec_) != honest.to_flat(spec_), "an update that is not 0");

  NetworkWeights now = weights_;
  for (size_t s = 0; s < round_.steps.size(); ++s) {
    if (s > bent) round_.steps[s] = network_step(spec_, now, batches_[s], &round_.steps[s - 1].update);
    add_to(now, round_.steps[s].update);
  }
  later_steps_stand_ = true;
}

// A round that goes on from a velocity, which the forger registered: that of a round that was as this one is.
void Forger::bend_velocity(NetworkForgery forgery) {
  need(spec_.carries(), "momentum that is carried over rounds");
  round_.velocity = round_.steps.back().update;
  if (forgery == NetworkForgery::velocity_out_of_range) {
    need(spec_.momentum() < 1 << 15, "a momentum below one half");
    round_.velocity.layers.front().matrix[0] = 40000;
  }
  NetworkWeights gradients = weight_gradients(spec_, step_);
  round_update(spec_, gradients, step_, &round_.velocity);
  if (forgery != NetworkForgery::velocity_left_out && forgery != NetworkForgery::velocity_doubled) return;
  // As for momentum within a round: the gradient is what would make the false update one of this velocity.
  const std::vector<int64_t> honest = step_.update.to_flat(spec_);
  const auto rate = static_cast<int64_t>(step_.rate);
  const auto pay = [&](SecretMatrix& gradient, const SecretMatrix& kept) {
    for (size_t i = 0; i < gradient.size(); ++i) {
      const int64_t lacks = forgery == NetworkForgery::velocity_left_out ? kept[i] : -kept[i];
      gradient[i] += static_cast<int64_t>(static_cast<__int128>(spec_.momentum() * lacks) *
                                          (int64_t{1} << (spec_.parameters().eta_shift - 16)) / rate);
    }
  };
  for (size_t l = 0; l < gradients.layers.size(); ++l) {
    pay(gradients.layers[l].matrix, round_.velocity.layers[l].matrix);
    pay(gradients.layers[l].bias, round_.velocity.layers[l].bias);
  }
  clip_rate(spec_, gradients, step_);
  need(step_.rate == static_cast<uint64_t>(rate), "steps that do not clip");
  round_update(spec_, gradients, step_, &round_.velocity);
  need(step_.update.to_flat(spec_) != honest, "an update that is not 0");
}

}  // namespace pyzkfl

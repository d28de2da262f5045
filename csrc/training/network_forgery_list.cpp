// The forgeries of a network by name, and the relations that refuse them.
#include <algorithm>
#include <string>

#include "base/errors.h"
#include "training/network_forgery.h"

namespace pyzkfl {
namespace {

using F = NetworkForgery;
using K = RelationKind;

constexpr NetworkForgeryInfo kNetworkForgeries[] = {
    {F::two_labels, "two_labels", K::linear_check, "step 1: one label a real row", "a row with two labels"},
    {F::no_label, "no_label", K::linear_check, "step 1: one label a real row", "a row without a label"},
    {F::amplified_label, "amplified_label", K::range_lookup, "step1.y", "labels 3 and -2, which sum to 1"},
    {F::label_beyond_classes, "label_beyond_classes", K::zero_check, "step 1: padded classes have no labels",
     "a label of a class that only pads"},
    {F::feature_out_of_range, "feature_out_of_range", K::range_lookup, "step1.x0", "a feature of twice the limit"},
    {F::padding_feature, "padding_feature", K::zero_check, "step 1: padded features are zero",
     "a feature that only pads, and an update of its weights"},
    {F::dropped_row, "dropped_row", K::linear_check, "step 1: one label a real row",
     "the last row is registered and not trained on"},
    {F::trained_padding, "trained_padding", K::zero_check, "step 1: gradient of the loss",
     "more rows trained on than claimed"},
    {F::swapped_labels, "swapped_labels", K::zero_check, "step 1: gradient of the loss",
     "other labels than the registered ones"},
    {F::random_gradient, "random_gradient", K::zero_check, "step 1: gradient of the loss",
     "an arbitrary gradient of the loss"},
    {F::other_batch, "other_batch", K::product_sum, "step 1: layer 1 forward", "other features than the registered ones"},
    {F::other_weights, "other_weights", K::product_sum, "step 1: layer 1 forward", "other weights than the round's"},
    {F::stale_weights, "stale_weights", K::product_sum, "step 2: layer 1 forward",
     "the second step starts from the first one's weights"},
    {F::forward_remainder, "forward_remainder", K::product_sum, "step 1: layer 1 forward",
     "a remainder of a layer off by one"},
    {F::forward_rounded, "forward_rounded", K::range_lookup, "step1.layer1.rem.*",
     "an output off by one, made up for by its remainder"},
    {F::dead_unit, "dead_unit", K::range_lookup, "step1.layer1.q.*", "an active unit with the ReLU's sign 0"},
    {F::live_unit, "live_unit", K::range_lookup, "step1.layer1.q.*", "an inactive unit with the ReLU's sign 1"},
    {F::false_activation, "false_activation", K::zero_check, "step 1: layer 1 ReLU", "an activation off by one"},
    {F::ignored_saturation, "ignored_saturation", K::range_lookup, "step1.layer1.a",
     "an activation that should saturate and does not"},
    {F::saturated_early, "saturated_early", K::zero_check, "step 1: layer 1 saturation",
     "an activation with an excess below the largest"},
    {F::negative_excess, "negative_excess", K::range_lookup, "step1.layer1.a_over.*",
     "the largest activation with a negative excess"},
    {F::maximum_too_small, "maximum_too_small", K::range_lookup, "step1.over.*",
     "a hint on a smaller logit; the largest is taken for far away"},
    {F::negative_key, "negative_key", K::pair_lookup, "step1.t", "a hint on a smaller logit, and a distance below 0"},
    {F::maximum_too_large, "maximum_too_large", K::zero_check, "step 1: the maximum is one of them",
     "a maximum above all logits"},
    {F::no_maximum, "no_maximum", K::linear_check, "step 1: one hint a row", "a maximum above all logits, without a hint"},
    {F::false_exponential, "false_exponential", K::pair_lookup, "step1.t", "an exponential that is not the table's"},
    {F::ignored_end, "ignored_end", K::pair_lookup, "step1.t", "a distance beyond the table's end, not cut off"},
    {F::early_end, "early_end", K::zero_check, "step 1: end of the table", "a distance cut off before the table's end"},
    {F::false_distance, "false_distance", K::zero_check, "step 1: distance to the maximum", "a distance of 0 that is none"},
    {F::padded_class_counted, "padded_class_counted", K::zero_check, "step 1: distance to the maximum",
     "a class that only pads has a probability"},
    {F::false_probability, "false_probability", K::zero_check, "step 1: softmax", "a probability off by one"},
    {F::probability_rounded_up, "probability_rounded_up", K::range_lookup, "step1.softmax_rem.*",
     "a probability off by one, made up for by its remainder"},
    {F::probability_rounded_down, "probability_rounded_down", K::range_lookup, "step1.w.*",
     "a probability off by minus one, with a remainder above the sum"},
    {F::remainder_too_large, "remainder_too_large", K::linear_check, "step 1: remainder of the softmax",
     "a remainder above the sum, and another rest"},
    {F::false_backward, "false_backward", K::product_sum, "step 1: layer 2 backward", "another gradient of a unit"},
    {F::backward_remainder, "backward_remainder", K::product_sum, "step 1: layer 2 backward",
     "a remainder of a gradient off by one"},
    {F::backward_rounded, "backward_rounded", K::range_lookup, "step1.layer2.rem'.*",
     "a gradient off by one, made up for by its remainder"},
    {F::gradient_of_inactive_unit, "gradient_of_inactive_unit", K::zero_check, "step 1: layer 2 gradient through the ReLU",
     "a gradient where the ReLU has none"},
    {F::vanished_gradient, "vanished_gradient", K::zero_check, "step 1: layer 2 gradient through the ReLU",
     "no gradient where the ReLU has one"},
    {F::ignored_gradient_limit, "ignored_gradient_limit", K::range_lookup, "step1.layer2.dA",
     "a gradient that should saturate and does not"},
    {F::limited_early_above, "limited_early_above", K::zero_check, "step 1: layer 2 saturation of the gradient above",
     "a gradient made smaller before its limit"},
    {F::limited_early_below, "limited_early_below", K::zero_check, "step 1: layer 2 saturation of the gradient below",
     "a gradient made larger before its limit"},
    {F::false_limited_gradient, "false_limited_gradient", K::linear_check, "step 1: layer 2 saturated gradient",
     "a gradient off by seven where it could saturate"},
    {F::negative_over, "negative_over", K::range_lookup, "step1.layer2.dA_over.*",
     "the largest gradient with a negative excess"},
    {F::negative_under, "negative_under", K::range_lookup, "step1.layer2.dA_under.*",
     "the least gradient with a negative excess"},
    {F::no_update, "no_update", K::product_sum, "step 1: layer * update*", "W' = W"},
    {F::reversed_update, "reversed_update", K::product_sum, "step 1: layer * update*", "an update of the opposite sign"},
    {F::scaled_update, "scaled_update", K::product_sum, "step 1: layer * update*", "ten times the gradient"},
    {F::half_batch, "half_batch", K::product_sum, "step 1: layer * update*", "the gradient of half of the rows"},
    {F::gradient_off_by_one, "gradient_off_by_one", K::product_sum, "step 1: layer 1 update", "a gradient off by one"},
    {F::padded_unit_update, "padded_unit_update", K::product_sum, "step 1: layer 1 update",
     "an update of a unit that only pads"},
    {F::smaller_rate, "smaller_rate", K::clip, "step 1: norm", "half of the learning rate"},
    {F::larger_rate, "larger_rate", K::clip, "step 1: norm", "more than the learning rate"},
    {F::unclipped, "unclipped", K::clip, "step 1: norm", "the full learning rate where the norm is above the bound"},
    {F::update_rounded, "update_rounded", K::range_lookup, "step1.layer1.update_rem.matrix0.*",
     "an update off by one, made up for by its remainder"},
    {F::carried_digit, "carried_digit", K::range_lookup, "step1.layer1.update_rem.matrix0.*",
     "digits out of range with the right sum"},
    {F::unused_cell, "unused_cell", K::range_lookup, "D.unused*", "something in the update that is no weight's"},
    {F::false_sum, "false_sum", K::linear_check, "layer 1 sum of the steps' updates",
     "a sum of the steps' updates off by one"},
    {F::shifted_window, "shifted_window", K::product_sum, "step 1: layer 1 forward", "a convolution one position off"},
    {F::other_stride, "other_stride", K::product_sum, "step 1: layer 1 forward", "a convolution of stride 1 instead"},
    {F::padded_cell_read, "padded_cell_read", K::product_sum, "step 1: layer 1 forward",
     "a convolution that reads what the image is padded with"},
    {F::flipped_kernel, "flipped_kernel", K::product_sum, "step 1: layer 1 update", "the gradient of the kernel turned round"},
    {F::shifted_gradient, "shifted_gradient", K::product_sum, "step 1: layer 2 backward",
     "a gradient through a convolution one position off"},
    {F::padded_position_update, "padded_position_update", K::product_sum, "step 1: layer 2 update",
     "an update of weights of positions that only pad"},
    {F::largest_of_a_pool, "largest_of_a_pool", K::linear_check, "step 1: layer 2 pool", "the largest of a window, not the mean"},
    {F::false_pool, "false_pool", K::linear_check, "step 1: layer 2 pool", "a mean off by one"},
    {F::pool_rounded, "pool_rounded", K::range_lookup, "step1.layer2.rem.*", "a mean off by one, made up for by its remainder"},
    {F::false_pool_gradient, "false_pool_gradient", K::linear_check, "step 1: layer 2 pool backward",
     "another gradient of a window"},
    {F::pool_gradient_rounded, "pool_gradient_rounded", K::range_lookup, "step1.layer2.rem'.*",
     "a gradient of a window off by one, made up for by its remainder"},
    {F::spread_on_one, "spread_on_one", K::zero_check, "step 1: layer 2 gradient through the ReLU",
     "the gradient of a window on one of its inputs alone"},
    {F::spread_on_one_linear, "spread_on_one_linear", K::linear_check, "step 1: layer 2 spread gradient",
     "the same, of a layer without ReLU"},
    {F::target_out_of_range, "target_out_of_range", K::range_lookup, "step1.y", "a target above its range"},
    {F::target_beyond_outputs, "target_beyond_outputs", K::zero_check, "step 1: padded outputs have no targets",
     "a target of an output that only pads"},
    {F::swapped_targets, "swapped_targets", K::zero_check, "step 1: gradient of the loss",
     "other targets than the registered ones"},
    {F::halved_loss_gradient, "halved_loss_gradient", K::zero_check, "step 1: gradient of the loss",
     "half of the squared error's gradient"},
    {F::trained_padding_of_targets, "trained_padding_of_targets", K::zero_check, "step 1: gradient of the loss",
     "more rows trained on than claimed"},
    {F::ignored_loss_limit, "ignored_loss_limit", K::range_lookup, "step1.layer*.dZ",
     "a gradient of the loss that should saturate and does not"},
    {F::loss_limited_early_above, "loss_limited_early_above", K::zero_check, "step 1: saturation of the loss above",
     "a gradient of the loss made smaller before its limit"},
    {F::loss_limited_early_below, "loss_limited_early_below", K::zero_check, "step 1: saturation of the loss below",
     "a gradient of the loss made larger before its limit"},
    {F::negative_loss_over, "negative_loss_over", K::range_lookup, "step1.dZ_over.*",
     "the largest gradient of the loss with a negative excess"},
    {F::negative_loss_under, "negative_loss_under", K::range_lookup, "step1.dZ_under.*",
     "the least gradient of the loss with a negative excess"},
    {F::momentum_left_out, "momentum_left_out", K::product_sum, "step 2: layer * update*",
     "the second step's update without momentum"},
    {F::momentum_of_other_step, "momentum_of_other_step", K::product_sum, "step 3: layer * update*",
     "the third step keeps of the first one's update"},
    {F::momentum_doubled, "momentum_doubled", K::product_sum, "step 2: layer * update*", "twice the momentum"},
    {F::velocity_left_out, "velocity_left_out", K::product_sum, "step 1: layer * update*",
     "an update that does not go on from the velocity"},
    {F::velocity_doubled, "velocity_doubled", K::product_sum, "step 1: layer * update*", "twice the velocity"},
    {F::velocity_out_of_range, "velocity_out_of_range", K::range_lookup, "V.layer*",
     "a registered velocity that is no signed integer of 16 bits"},
    {F::false_next_velocity, "false_next_velocity", K::linear_check, "layer * next velocity*",
     "a next velocity that is not the last update"},
};

// Whether the text is the pattern, in which * stands for any text.
bool matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  text.remove_prefix(star);
  for (size_t skip = 0; skip <= text.size(); ++skip) {
    if (matches(pattern, text.substr(skip))) return true;
  }
  return false;
}

template <class List>
void erase_at(List& list, const std::vector<size_t>& indices) {
  for (auto i = indices.rbegin(); i != indices.rend(); ++i)
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(*i));
}

}  // namespace

std::span<const NetworkForgeryInfo> network_forgeries() { return kNetworkForgeries; }

const NetworkForgeryInfo& find_network_forgery(std::string_view name) {
  for (const NetworkForgeryInfo& info : kNetworkForgeries) {
    if (info.name == name) return info;
  }
  throw ParameterError("no forgery of a network is called " + std::string(name));
}

const char* relation_kind_name(RelationKind kind) {
  switch (kind) {
    case K::linear_check: return "linear check";
    case K::product_sum: return "product sum";
    case K::zero_check: return "zero-check";
    case K::range_lookup: return "range lookup";
    case K::pair_lookup: return "pair lookup";
    default: return "clip";
  }
}

Refusal refusing_relations(const sumcheck::Program& program, const NetworkForgeryInfo& forgery) {
  Refusal out{forgery.kind, {}};
  const auto note = [&](const auto& list, const auto& name, const std::string& pattern) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (matches(pattern, name(list[i]))) out.relations.push_back(i);
    }
  };
  const auto own_name = [](const auto& relation) { return relation.name; };
  const auto block = [&](uint32_t b) { return program.blocks[b].name; };
  const std::string pattern = forgery.refused_by;
  switch (forgery.kind) {
    case K::linear_check: note(program.linear, own_name, pattern); break;
    case K::product_sum: note(program.products, own_name, pattern); break;
    case K::zero_check: note(program.zeros, own_name, pattern); break;
    case K::range_lookup:
      if (!program.ranges.empty()) {
        note(program.ranges, [&](const auto& r) { return block(r.block); }, pattern);
        break;
      }
      out.kind = K::zero_check;
      note(program.zeros, own_name, "cells of " + pattern + " are bits");
      note(program.zeros, own_name, "cells of " + pattern + "_bits.* are bits");
      if (!out.relations.empty()) break;
      out.kind = K::linear_check;
      note(program.linear, own_name, pattern + " is zero");
      break;
    case K::pair_lookup: note(program.pairs, [&](const auto& r) { return block(r.keys); }, pattern); break;
    case K::clip: note(program.clips, [&](const auto& c) { return program.squares[c.square_sum].name; }, pattern); break;
  }
  return out;
}

sumcheck::Program without_relation(const sumcheck::Program& program, const NetworkForgeryInfo& forgery,
                                   std::span<const uint64_t> rates) {
  sumcheck::Program out = program;
  const auto [kind, indices] = refusing_relations(program, forgery);
  switch (kind) {
    case K::linear_check: erase_at(out.linear, indices); break;
    case K::product_sum: erase_at(out.products, indices); break;
    case K::zero_check: erase_at(out.zeros, indices); break;
    case K::range_lookup: erase_at(out.ranges, indices); break;
    case K::pair_lookup: erase_at(out.pairs, indices); break;
    case K::clip:
      for (const size_t i : indices) {
        out.clips[i].eta = rates[i];
        out.clips[i].target_high = (uint64_t{1} << 56) - 1;
        out.clips[i].norm_square_bits = 120;
      }
      break;
  }
  return out;
}

sumcheck::Program provable_without_relation(const sumcheck::Program& program, const NetworkForgeryInfo& forgery) {
  if (forgery.kind == K::clip || refusing_relations(program, forgery).relations.empty())
    throw ParameterError(std::string("forgery ") + forgery.name + ": this network has no program without its relation");
  sumcheck::Program out = without_relation(program, forgery, {});
  for (size_t c = out.clips.size(); c-- > 0;) {
    const auto scaled = [&](const sumcheck::ProductSum& sum) { return sum.scalar == c; };
    if (std::any_of(out.products.begin(), out.products.end(), scaled)) continue;
    const uint32_t square = out.clips[c].square_sum;
    out.clips.erase(out.clips.begin() + static_cast<std::ptrdiff_t>(c));
    out.squares.erase(out.squares.begin() + square);
    for (sumcheck::ProductSum& sum : out.products) sum.scalar -= sum.scalar != sumcheck::no_scalar && sum.scalar > c ? 1 : 0;
    for (sumcheck::Clip& clip : out.clips) clip.square_sum -= clip.square_sum > square ? 1 : 0;
    for (sumcheck::NormBound& bound : out.bounds) bound.square_sum -= bound.square_sum > square ? 1 : 0;
  }
  out.check();
  return out;
}

}  // namespace pyzkfl

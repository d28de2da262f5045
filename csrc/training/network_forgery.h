// False witnesses of a network's round: what an attacker with the library's own trainer and prover would try.
//
// For tests and for the demo's attackers. Each forgery violates one relation of the program, or one family of them, and
// is consistent with all others: without that relation it is a witness. So each relation is seen to be what refuses.
//
// What is missing, because no forgery of integer cells can have it: range lookups that keep an identity from wrapping
// modulo r (of q', p, D and the last layer's q, each determined over the integers by its remainder; of the ReLU's sign,
// which a fraction could be). tests/cpp/wrap shows for lookups of any kind that nothing passes them. The range of the
// hint is not needed: hints that sum to 1 have a class where h is not 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "training/network_program.h"

namespace pyzkfl {

enum class NetworkForgery : uint8_t {
  // labels and features
  two_labels,
  no_label,
  amplified_label,
  label_beyond_classes,
  feature_out_of_range,
  padding_feature,
  dropped_row,
  trained_padding,
  swapped_labels,
  random_gradient,
  // forward
  other_batch,
  other_weights,
  stale_weights,
  forward_remainder,
  forward_rounded,
  dead_unit,
  live_unit,
  false_activation,
  ignored_saturation,
  saturated_early,
  negative_excess,
  // softmax
  maximum_too_small,
  negative_key,
  maximum_too_large,
  no_maximum,
  false_exponential,
  ignored_end,
  early_end,
  false_distance,
  padded_class_counted,
  false_probability,
  probability_rounded_up,
  probability_rounded_down,
  remainder_too_large,
  // backward
  false_backward,
  backward_remainder,
  backward_rounded,
  gradient_of_inactive_unit,
  vanished_gradient,
  ignored_gradient_limit,
  limited_early_above,
  limited_early_below,
  false_limited_gradient,
  negative_over,
  negative_under,
  // update
  no_update,
  reversed_update,
  scaled_update,
  half_batch,
  gradient_off_by_one,
  padded_unit_update,
  smaller_rate,
  larger_rate,
  unclipped,
  update_rounded,
  carried_digit,
  unused_cell,
  false_sum,
  // convolutions
  shifted_window,
  other_stride,
  padded_cell_read,
  flipped_kernel,
  shifted_gradient,
  padded_position_update,
  // pools
  largest_of_a_pool,
  false_pool,
  pool_rounded,
  false_pool_gradient,
  pool_gradient_rounded,
  spread_on_one,
  spread_on_one_linear,
  // mean squared error
  target_out_of_range,
  target_beyond_outputs,
  swapped_targets,
  halved_loss_gradient,
  trained_padding_of_targets,
  ignored_loss_limit,
  loss_limited_early_above,
  loss_limited_early_below,
  negative_loss_over,
  negative_loss_under,
  // momentum
  momentum_left_out,
  momentum_of_other_step,
  momentum_doubled,
  // momentum carried over rounds
  velocity_left_out,
  velocity_doubled,
  velocity_out_of_range,
  false_next_velocity,
};

enum class RelationKind : uint8_t { linear_check, product_sum, zero_check, range_lookup, pair_lookup, clip };

struct NetworkForgeryInfo {
  NetworkForgery forgery;
  const char* name;
  RelationKind kind;
  // The relation's name, of a lookup that of its block (its keys), of a clip that of its sum of squares. * is any text.
  const char* refused_by;
  const char* what;  // one line for a report
};

// All of them, in the order of the enumeration.
std::span<const NetworkForgeryInfo> network_forgeries();

// By name; throws ParameterError for a name that is none.
const NetworkForgeryInfo& find_network_forgery(std::string_view name);

// "zero-check", as errors of check_values have it.
const char* relation_kind_name(RelationKind kind);

// What refuses a forgery in a program: relations of one kind, by their numbers in the program's list. Where ranges are
// proven bit by bit, a zero-check or linear check stands for each range lookup.
struct Refusal {
  RelationKind kind;
  std::vector<size_t> relations;
};
Refusal refusing_relations(const sumcheck::Program& program, const NetworkForgeryInfo& forgery);

// The program without these relations. A clip remains, and takes the rate that is given. It passes check_form(), and no
// more: it is for check_values.
sumcheck::Program without_relation(const sumcheck::Program& program, const NetworkForgeryInfo& forgery,
                                   std::span<const uint64_t> rates);

// The same as a program that passes check(), to be proven: a clip whose products are gone goes with its sum of squares, and
// its rate is no longer told. ParameterError for a forgery that a clip refuses, or one without such relations here.
sumcheck::Program provable_without_relation(const sumcheck::Program& program, const NetworkForgeryInfo& forgery);

// The witness of a prover who forges in the first step of this round (in the second, where the weights are stale). What
// the forger registered, C(X), may differ from `batches`. Throws ParameterError when weights and batches give no occasion
// for it, saying what it needs.
sumcheck::ProgramValues forged_network_values(const NetworkSpec& spec, const NetworkProgram& program,
                                              std::span<const int64_t> flat_weights, std::span<const NetworkBatch> batches,
                                              std::span<const Fr> data_blinders, const Fr& update_blinder,
                                              NetworkForgery forgery);

}  // namespace pyzkfl

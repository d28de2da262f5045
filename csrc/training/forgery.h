// False witnesses for the real circuit: what an attacker with the library's own prover would try.
//
// For tests and for the demo's attackers. Each forgery breaks one relation and is consistent with all others,
// so that leaving out that relation lets it pass: the test that each check of the circuit is the one that
// refuses.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "training/logistic_circuit.h"

namespace pyzkfl {

enum class Forgery : uint8_t {
  feature_out_of_range,
  label_out_of_range,
  weighted_row,
  skipped_row,
  dropped_row,
  padding_used,
  false_logit_product,
  shifted_logit,
  logit_rounded_down,
  not_saturated,
  excess_of_no_sign,
  saturated_early,
  false_slope,
  false_interpolation,
  random_gradient,
  flipped_labels,
  false_gradient_product,
  remainder_off_by_one,
  reversed_update,
  other_learning_rate,
  rounded_down,
  half_units,
  false_square,
  false_root_square,
  false_root,
  false_comparison,
  false_maximum,
  false_clip_product,
  scaled_update,
  no_update,
  update_by_field_division,
};

struct ForgeryInfo {
  Forgery forgery;
  const char* name;
  Relation refused_by;
  const char* what;  // one line for a report
};

// All of them, in the order of the enumeration.
std::span<const ForgeryInfo> forgeries();

// By name; throws ParameterError for a name that is none.
const ForgeryInfo& find_forgery(std::string_view name);

// The assignment of a prover who forges on this batch. The forger's batch, and so its C(X), may differ from
// `in` (out-of-range values, padding). Throws ParameterError when the batch gives no occasion for it, saying
// which it needs.
LogisticAssignment forged_assignment(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                     const LogisticBatch& in, const Fr& blinder_x, const Fr& blinder_d,
                                     Forgery forgery);

}  // namespace pyzkfl

// Expressions as vectors over the variables of a sumcheck, with the other variables set to field elements.
#pragma once

#include <span>

#include "sumcheck/run_state.h"

namespace pyzkfl::sumcheck {

// Adds scale times the expression to out, a vector over the variables of the kind `kept` (2^their number elements).
// Variables of the other kind are set to the coordinates of `fixed` (only outer variables, where inner ones are kept).
void add_expression(const RunState& run, std::span<Fr> out, const Expression& expression, Source::Kind kept,
                    std::span<const Fr> fixed, const Fr& scale);

}  // namespace pyzkfl::sumcheck

// Which rows of a batch count in an evaluation (network_score_relations.cpp).
#pragma once

#include <cstdint>

#include "training/network_trainer.h"

namespace pyzkfl {

struct RowScores {
  SecretMatrix most;  // c: B
  SecretMatrix lead;  // t: B x padded classes
  SecretMatrix mark;  // h: B x padded classes
  uint64_t counted = 0;
};

// From the outputs that `step` holds. Marks the first correct rows, `limit` of them at most.
RowScores row_scores(const NetworkSpec& spec, const NetworkStep& step, uint64_t limit);

}  // namespace pyzkfl

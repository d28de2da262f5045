// The training step, bit by bit: what a member computes, and what a proof speaks of (docs/protocol.md section
// 1).
//
// This is the definition. Plain loops over 64-bit integers; LogisticSpec has shown that nothing overflows.
// Shifts of negative numbers are arithmetic (C++20), that is, floor towards minus infinity.
//
// Time: depends on the data (table, division). It runs on the member's own machine, on its own data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1cs/witness.h"
#include "training/logistic_spec.h"

namespace pyzkfl {

// The inputs of one step. Views: the caller keeps the arrays.
struct LogisticBatch {
  std::span<const int64_t> weights;   // features + 1, the bias last; signed, w_bits
  std::span<const int64_t> features;  // batch rows of `features` signed x_bits integers, row by row
  std::span<const int64_t> labels;    // batch of 0 or 1
  int64_t rows = 0;                   // real rows, 1 <= rows <= batch; the others are zero
};

using SecretIntegers = std::vector<int64_t, WipingAllocator<int64_t>>;

// Every intermediate value of a step that the statement names; the page's letters in the comments.
struct LogisticStep {
  SecretIntegers u, q, t, p, z;       // U, q, t, p, Z: one a row
  SecretIntegers gradient;            // G
  SecretIntegers raw, raw_remainder;  // R, and what its division leaves
  int64_t norm_squared = 0;           // N2
  int64_t root = 0;                   // n
  int64_t divisor = 0;                // m
  SecretIntegers update;              // D
};

// Throws ParameterError for lengths, values or rows out of range, or a padded row that is not zero, naming
// the place.
void check_batch(const LogisticSpec& spec, const LogisticBatch& in);

// Steps 1 to 8 with all intermediate values. Checks its input as above.
LogisticStep logistic_trace(const LogisticSpec& spec, const LogisticBatch& in);

// The same without the check: the caller answers for overflow. For values that only a forger would use.
LogisticStep logistic_trace_unchecked(const LogisticSpec& spec, const LogisticBatch& in);

// The tails of the step: each computes all that follows from the values it names, so that a change in the
// middle can be carried to the end. Sizes must be right.
void step_from_logits(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step);
void step_from_probabilities(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step);
void step_from_losses(const LogisticSpec& spec, const LogisticBatch& in, LogisticStep& step);
void step_from_gradient(const LogisticSpec& spec, int64_t eta, LogisticStep& step);
void step_from_raw(const LogisticSpec& spec, LogisticStep& step);
void step_from_root(const LogisticSpec& spec, LogisticStep& step);
void step_from_divisor(const LogisticSpec& spec, LogisticStep& step);

// The update D alone.
std::vector<int64_t> logistic_step(const LogisticSpec& spec, const LogisticBatch& in);

// W' = clamp(W + floor((2 S + n) / (2 n))), S the sum of the updates of n >= 1 survivors: the mean, rounded
// half up. Throws ParameterError for a sum that n updates within the bound cannot have.
std::vector<int64_t> next_weights(const LogisticSpec& spec, std::span<const int64_t> weights,
                                  std::span<const int64_t> update_sum, int64_t survivors);

// The sigmoid of the statement: t in [0, 4095] stands for the argument (t - 2048) / 256; unit 2^-20.
int64_t sigmoid(int64_t t);

}  // namespace pyzkfl

// The logistic step as a rank-1 constraint system (docs/protocol.md section 1).
//
// Wires: public inputs ctx_lo, ctx_hi, rows, W_0 .. W_d; committed group 0: features row by row, labels, one
// blinder; committed group 1: D_0 .. D_d, one blinder. eta, shifts, bounds and widths are constants of the
// circuit.
//
// Small integers are packed: 2^a-spaced sums of several rows' features (or of several features of a row) go
// through one multiplication, and the ranges of the digits make the sum's decomposition unique.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "r1cs/builder.h"
#include "r1cs/constraint_system.h"
#include "training/logistic_spec.h"
#include "training/relations.h"
#include "training/trainer.h"

namespace pyzkfl {

inline constexpr uint32_t kGroupX = 0;
inline constexpr uint32_t kGroupD = 1;

// What a prover may choose freely: the values of all wires that are not products. The circuit computes the
// rest. As field elements, because a forger's need not be small.
struct LogisticAssignment {
  using Values = Witness::Values;

  explicit LogisticAssignment(const LogisticSpec& spec);  // all zero

  Fr context_low, context_high, rows;
  Values weights;                                  // features + 1
  Values features, labels;                         // batch * features, batch
  Values real;                                     // s_1 .. s_(batch - 1); s_0 is the constant 1
  Values logit_remainder, argument, excess, loss;  // rem, t, q + 2048 - t, Z: one a row
  Values raw, raw_remainder;                       // R, rem: features + 1
  Fr root;                                         // n
  Values update;                                   // D
  Fr blinder_x, blinder_d;

  // A forger's change of a value that the circuit computes. For relations made of products: the index-th
  // product plus `amount`. For ranges: `amount` in place of the highest bit of the index-th range (the lowest
  // bit, which is no wire of its own, makes up for it).
  struct Shift {
    Relation relation;
    size_t index;
    Fr amount;
  };
  std::vector<Shift> shifts;
};

// SHA-256 of the statement as two public inputs: its first and last 16 bytes, big-endian.
std::array<Fr, 2> context_inputs(std::span<const uint8_t, 32> context);

// The honest assignment. `context`: SHA-256 of the statement. Throws ParameterError as check_batch.
LogisticAssignment honest_assignment(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                     const LogisticBatch& in, const Fr& blinder_x, const Fr& blinder_d);

// An assignment whose free values are those of `step`, honest or not; rounding remainders follow from the
// equations.
LogisticAssignment assignment_of(const LogisticSpec& spec, std::span<const uint8_t, 32> context,
                                 const LogisticBatch& in, const LogisticStep& step, const Fr& blinder_x,
                                 const Fr& blinder_d);

// The circuit. `omit` is for tests: constraints of those relations are left out; wires stay the same.
void logistic_circuit(Builder& builder, const LogisticSpec& spec, const LogisticAssignment& values,
                      RelationSet omit = {});

// Its shape: about 15 ms for 32 rows of 30 features.
ConstraintSystem logistic_constraint_system(const LogisticSpec& spec, RelationSet omit = {});

// The values of all wires. Never throws for a false assignment: ask `shape.check`.
Witness logistic_witness(const ConstraintSystem& shape, const LogisticSpec& spec,
                         const LogisticAssignment& values, RelationSet omit = {});

}  // namespace pyzkfl

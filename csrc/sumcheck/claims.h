// What a program's relations claim of its columns, in the order of the transcript (docs/engine.md, section 3, "Claims").
//
// Prover and wrap circuit walk the same table, so neither can number a claim otherwise than the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sumcheck/program.h"

namespace pyzkfl::sumcheck {

struct Coordinate {
  enum class Kind : uint8_t { tau, kappa, zeta, rho, zero, one, half, window, weight };  // window: of the claim's number `index`
  Kind kind = Kind::zero;
  uint8_t index = 0;

  auto operator<=>(const Coordinate&) const = default;
};

// A view's window, with coordinates for the variables of its two indices.
struct ClaimWindow {
  Window::Role role = Window::Role::input;
  uint32_t inputs = 1, outputs = 1, kernels = 1, stride = 1, padding = 0;
  std::vector<Coordinate> first, second;

  auto operator<=>(const ClaimWindow&) const = default;
  // The same without sources, for its numbers.
  Window form() const { return {role, inputs, outputs, kernels, stride, padding, {}, {}}; }
};

// The MLE of an aligned part of a column at a point; with windows a linear functional of it: the sum of the part's cells,
// each times eq at the variables that have coordinates, and for each window times the sum of eq(first, p) eq(second, q)
// over the p, q to which the cell's index belongs.
struct Claim {
  uint32_t column = 0;
  uint64_t offset = 0;
  unsigned log_size = 0;
  std::vector<Coordinate> point;  // log_size coordinates
  std::vector<ClaimWindow> windows;

  auto operator<=>(const Claim&) const = default;
};

// The claim of each term of an expression; no_claim for selectors.
inline constexpr uint32_t no_claim = ~uint32_t{0};
using ExpressionClaims = std::vector<uint32_t>;

struct ProductSumClaims {
  struct Pair {
    ExpressionClaims left, right;
  };
  ExpressionClaims result;
  std::vector<Pair> pairs;
};

struct ZeroCheckClaims {
  std::vector<std::vector<ExpressionClaims>> products;  // one a factor
};

// The leaves of the lookups' tree.
struct Segment {
  enum class Kind : uint8_t { column, table, pair_lookup };
  Kind kind = Kind::column;
  uint32_t index = 0;  // of the column, table or pair lookup
  unsigned log_size = 0;
  uint64_t offset = 0;  // leaves offset .. offset + 2^log_size, aligned
  // column: the cells. Table: multiplicities, and values of a pairs table. Pair lookup: keys, values.
  uint32_t first_claim = no_claim, second_claim = no_claim;
};

struct ClaimTable {
  // The phases in which claims are absorbed: T2, T3, T4, T5.
  enum Phase : size_t { outer, inner, zero, leaf };

  std::vector<Claim> claims;
  std::array<size_t, 4> phase_end{};  // claims of phase p: [p == 0 ? 0 : phase_end[p - 1], phase_end[p])

  std::vector<ExpressionClaims> linear;
  std::vector<ProductSumClaims> products;
  std::vector<std::vector<ExpressionClaims>> squares;  // one a part
  std::vector<ZeroCheckClaims> zeros;
  std::vector<Segment> segments;  // in order of their offsets

  unsigned tau_count = 0;    // t of T1
  unsigned kappa_count = 0;  // K of T3
  unsigned zeta_count = 0;   // V of T4
  unsigned tree_depth = 0;   // L of T5; 0 without tables

  size_t phase_begin(Phase phase) const { return phase == outer ? 0 : phase_end[phase - 1]; }

  // The program must pass its own check().
  explicit ClaimTable(const Program& program);
};

// A view's value is this times its claim: 2 for each variable summed over, 1 + w for one whose 1 weighs w = 2^(2^index).
Fr claim_factor(const View& view);
// The coordinate of such a variable: w / (1 + w).
Fr weight_coordinate(unsigned index);

}  // namespace pyzkfl::sumcheck

// The relations of the logistic statement: each constraint of the circuit belongs to exactly one
// (docs/protocol.md section 1, "Relations"). A test leaves one out and sees the forgery pass that it is there
// to refuse.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace pyzkfl {

enum class Relation : uint8_t {
  feature_range,     // X is signed, of x_bits bits
  label_boolean,     // y is 0 or 1
  row_boolean,       // s is 0 or 1
  row_order,         // s does not rise
  row_count,         // sum s = rows
  row_padding,       // rows that are not real are zero, labels too
  logit_product,     // W_j times packed features
  logit_sum,         // U + half = q 2^s + rem
  logit_remainder,   // rem in [0, 2^s)
  argument_range,    // t in [0, 4095], in bits
  excess_range,      // q + 2048 - t is signed, of few bits
  clamp_ends,        // it is positive only at t = 4095, negative only at t = 0
  segment,           // knot and slope are those of t's segment
  interpolation,     // slope times the low bits of t
  loss,              // Z = s (p - 2^20 y)
  gradient_product,  // Z times packed features
  update_sum,        // -eta G + half = R 2^k + rem
  update_remainder,  // rem in [0, 2^k)
  update_quotient,   // R is signed, of few bits
  norm_square,       // R^2
  root_square,       // n^2
  root_rest,         // N2 - n^2 and 2 n - (N2 - n^2) are not negative
  clip_difference,   // n + 1 - c is signed, of few bits: its sign
  clip_maximum,      // m = max(n + 1, c)
  clip_product,      // D m
  clip_remainder,    // R c - D m in [0, m)
  update_range,      // D is signed, of few bits
};

inline constexpr size_t kRelationCount = static_cast<size_t>(Relation::update_range) + 1;

// The name that the constraints carry as their label.
constexpr const char* relation_name(Relation relation) {
  constexpr std::array<const char*, kRelationCount> names = {
      "feature range",    "label boolean", "row boolean",      "row order",       "row count",
      "row padding",      "logit product", "logit sum",        "logit remainder", "argument range",
      "excess range",     "clamp ends",    "segment",          "interpolation",   "loss",
      "gradient product", "update sum",    "update remainder", "update quotient", "norm square",
      "root square",      "root rest",     "clip difference",  "clip maximum",    "clip product",
      "clip remainder",   "update range"};
  return names[static_cast<size_t>(relation)];
}

// By name; throws ParameterError for a name that is none.
Relation find_relation(std::string_view name);

// A set of relations, for leaving them out of a circuit in tests.
class RelationSet {
 public:
  constexpr RelationSet() = default;
  constexpr RelationSet(std::initializer_list<Relation> relations) {
    for (const Relation r : relations) insert(r);
  }
  constexpr void insert(Relation r) { bits_ |= uint32_t{1} << static_cast<unsigned>(r); }
  constexpr bool contains(Relation r) const { return (bits_ >> static_cast<unsigned>(r) & 1) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr auto operator<=>(const RelationSet&) const = default;

 private:
  uint32_t bits_ = 0;
};
static_assert(kRelationCount <= 32);

}  // namespace pyzkfl

// The leaves of the lookups' tree (docs/engine.md, T5), made from cells whenever they are read: they are never held.
#pragma once

#include <span>
#include <vector>

#include "sumcheck/run_state.h"

namespace pyzkfl::sumcheck {

class Leaves {
 public:
  // g, b: the challenges of T5.
  Leaves(const RunState& run, const Fr& g, const Fr& b);

  // Numerators and denominators of the leaves begin .. begin + p.size().
  void read(uint64_t begin, std::span<Fr> p, std::span<Fr> q) const;

 private:
  enum class Numerator : uint8_t { zero, one, minus_multiplicity };

  // Leaves with one constant: q = constant - key, less scale value if there are values.
  struct Run {
    uint64_t begin;
    Numerator numerator = Numerator::zero;
    bool keys_are_indices = false;  // key = index in the table
    std::span<const int32_t> keys{}, values{}, multiplicities{};  // where they end, zeros follow
    bool has_values = false;
    Fr constant;
  };

  void read_part(const Run& run, uint64_t at, std::span<Fr> p, std::span<Fr> q) const;

  std::vector<Run> runs_;  // in order; the last one has no end
  Fr value_scale_;         // -b^2
};

}  // namespace pyzkfl::sumcheck

// A view as a function of indices: which cell it reads where.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sumcheck/columns.h"
#include "sumcheck/program.h"

namespace pyzkfl::sumcheck {

// The first indices of which a selector is 1. Clear of overflow for rows of any value.
inline uint64_t selected_indices(const Selector& selector, const ProgramValues& values) {
  return selector.kind == Selector::Kind::first_constant ? selector.count : values.rows[selector.count];
}

class ViewReader {
 public:
  // Program and values must fit together (check_shape) and outlive this object.
  ViewReader(const Program& program, const ProgramValues& values, const View& view);

  // The view's value at an index of the relation: a sum of 2^(summed variables) cells, by their weights.
  int64_t at(uint64_t outer, uint64_t inner) const {
    uint64_t index = fixed_;
    for (const Variable& v : variables_) index += ((v.is_inner ? inner : outer) >> v.from & 1) << v.to;
    if (!windows_.empty()) return through_windows(index, outer, inner);
    if (summed_.empty()) return cell(index);
    int64_t sum = 0;
    for (uint64_t k = 0; k < uint64_t{1} << summed_.size(); ++k) {
      const Part part = summed_part(k);
      sum += cell(index + part.offset) * part.weight;
    }
    return sum;
  }

 private:
  struct Variable {
    bool is_inner;
    unsigned from, to;  // bit `from` of the relation's index is bit `to` of the cell's
  };

  // A window, the place of its variables in the block, and its two indices as bits of the relation's indices; of bits
  // that are summed over, `from` counts them, those of the block's own variables first.
  struct Side {
    uint64_t fixed = 0;
    std::vector<Variable> variables, summed;

    uint64_t index(uint64_t outer, uint64_t inner, uint64_t sums) const;
  };
  struct WindowReader {
    Window window;
    unsigned shift = 0;
    Side first, second;
  };

  // A variable that is summed over: its bit of the block's index, and the power of two that its 1 weighs.
  struct Summed {
    unsigned bit, exponent;
  };
  struct Part {
    uint64_t offset;
    int64_t weight;
  };
  // Of the k-th choice of all summed variables: k's bit j is that of variable j.
  Part summed_part(uint64_t k) const {
    Part out{0, 1};
    for (size_t j = 0; j < summed_.size(); ++j) {
      out.offset += (k >> j & 1) << summed_[j].bit;
      if ((k >> j & 1) != 0) out.weight <<= summed_[j].exponent;
    }
    return out;
  }

  int64_t through_windows(uint64_t index, uint64_t outer, uint64_t inner) const;

  int64_t cell(uint64_t index) const {
    if (is_selector_) return index < selected_ ? 1 : 0;
    return index < cells_.size() ? cells_[index] : 0;
  }

  bool is_selector_;
  uint64_t selected_ = 0;
  std::span<const int32_t> cells_;
  uint64_t fixed_ = 0;
  std::vector<Variable> variables_;
  std::vector<Summed> summed_;
  std::vector<WindowReader> windows_;
  unsigned sums_ = 0;  // summed variables, those of windows too
};

}  // namespace pyzkfl::sumcheck

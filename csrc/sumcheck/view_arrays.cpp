// Partial evaluation of views (see view_arrays.h).
//
// A view's variables are kept or set. Mostly the set ones are the lowest of the block, or the highest, or both: then
// the vector comes from the cells in one pass, by inner products of rows, or by combinations of them. Any other order
// goes through a vector of the block's size, one variable at a time.
#include "sumcheck/view_arrays.h"

#include <algorithm>
#include <map>

#include "sumcheck/vector_steps.h"
#include "sumcheck/view_reader.h"

namespace pyzkfl::sumcheck {
namespace {

// What the two halves along a variable are multiplied by before they are added.
struct ViewWeights {
  Fr zero, one;
};

constexpr unsigned view_row_variables = 9;

SecretElements weight_table(std::span<const ViewWeights> variables, const Fr& scale) {
  SecretElements table(size_t{1} << variables.size());
  table[0] = scale;
  for (size_t j = 0; j < variables.size(); ++j) {
    const size_t n = size_t{1} << j;
    const std::span<Fr> low(table.data(), n), high(table.data() + n, n);
    kernel_table<Fr>().scale(high, low, variables[j].one);
    kernel_table<Fr>().scale(low, low, variables[j].zero);
  }
  return table;
}

class PartialEvaluation {
 public:
  PartialEvaluation(const RunState& run, const View& view, Source::Kind kept, std::span<const Fr> fixed)
      : run_(run), block_(run.program.blocks[view.id]) {
    unsigned kept_variables = 0;
    for (const Source& source : view.variables) {
      if (source.kind == Source::Kind::window) {
        kept_.push_back(true);
        weights_.push_back({});
        if (source.index == windows_.size()) {
          windows_.push_back({kept_variables, 0, index_map(view.windows[source.index], kept, fixed)});
          for (const auto* list : {&view.windows[source.index].first, &view.windows[source.index].second}) {
            for (const Source& s : *list) {
              if (s.kind == kept) targets_.push_back(s.index);
            }
          }
        }
        ++windows_.back().variables;
        ++kept_variables;
        continue;
      }
      if (source.kind == kept) {
        kept_.push_back(true);
        weights_.push_back({});
        targets_.push_back(source.index);
        ++kept_variables;
        continue;
      }
      kept_.push_back(false);
      weights_.push_back(weights_of(source, fixed));
    }
  }

  // The relation's variables that the vector's variables are, from the lowest.
  const std::vector<uint8_t>& targets() const { return targets_; }

  SecretElements evaluate(const Fr& scale) const {
    SecretElements out = without_windows(scale);
    // From the highest on, so that the places of the others stay what they are.
    for (size_t w = windows_.size(); w-- > 0;) out = through(windows_[w], out);
    return out;
  }

 private:
  static ViewWeights weights_of(const Source& source, std::span<const Fr> fixed) {
    switch (source.kind) {
      case Source::Kind::sum: return {Fr::one(), Fr::one()};
      case Source::Kind::weight: return {Fr::one(), bit_weight(source.index)};
      case Source::Kind::bit:
        return source.index != 0 ? ViewWeights{Fr::zero(), Fr::one()} : ViewWeights{Fr::one(), Fr::zero()};
      default: return {Fr::one() - fixed[source.index], fixed[source.index]};
    }
  }

  // Row: an index of what a window keeps of its two indices, `first`'s lower. Entries: block indices with weights.
  struct Entry {
    uint64_t block;
    Fr weight;
  };
  using IndexMap = std::vector<std::vector<Entry>>;
  struct PlacedWindow {
    unsigned low;        // kept variables below it
    unsigned variables;  // its own
    IndexMap rows;
  };

  // For each index of a window's side: which index of the kept variables it is part of, and its weight.
  struct Side {
    std::vector<uint64_t> kept;
    std::vector<Fr> weight;
    unsigned kept_variables = 0;
  };
  static Side side_of(const std::vector<Source>& sources, uint64_t count, Source::Kind kept, std::span<const Fr> fixed) {
    Side out{std::vector<uint64_t>(count), std::vector<Fr>(count, Fr::one()), 0};
    for (unsigned j = 0; j < sources.size(); ++j) {
      const bool is_kept = sources[j].kind == kept;
      const ViewWeights w = is_kept ? ViewWeights{} : weights_of(sources[j], fixed);
      for (uint64_t i = 0; i < count; ++i) {
        const bool bit = (i >> j & 1) != 0;
        if (is_kept)
          out.kept[i] |= uint64_t{bit} << out.kept_variables;
        else
          out.weight[i] *= bit ? w.one : w.zero;
      }
      out.kept_variables += is_kept ? 1 : 0;
    }
    return out;
  }

  static IndexMap index_map(const Window& window, Source::Kind kept, std::span<const Fr> fixed) {
    const Side first = side_of(window.first, window.first_count(), kept, fixed);
    const Side second = side_of(window.second, window.second_count(), kept, fixed);
    std::vector<std::map<uint64_t, Fr>> sums(size_t{1} << (first.kept_variables + second.kept_variables));
    for (uint64_t p = 0; p < window.first_count(); ++p) {
      for (uint64_t q = 0; q < window.second_count(); ++q) {
        const uint64_t at = block_index(window, p, q);
        if (at == no_index) continue;
        const Fr weight = first.weight[p] * second.weight[q];
        if (!weight.is_zero()) sums[first.kept[p] | second.kept[q] << first.kept_variables][at] += weight;
      }
    }
    IndexMap out;
    for (const auto& row : sums) {
      out.emplace_back();
      for (const auto& [block, weight] : row) out.back().push_back({block, weight});
    }
    return out;
  }

  static SecretElements through(const PlacedWindow& window, const SecretElements& in) {
    const size_t low = size_t{1} << window.low, rows = window.rows.size();
    const size_t high = in.size() >> (window.low + window.variables);
    SecretElements out(high * rows * low);
    parallel_for(high * rows, 1 + 1024 / low, [&](size_t begin, size_t end) {
      SecretElements scaled(low);
      for (size_t i = begin; i < end; ++i) {
        const std::span<Fr> to = std::span(out).subspan(i * low, low);
        for (const Entry& entry : window.rows[i % rows]) {
          const std::span<const Fr> from =
              std::span(in).subspan(((i / rows << window.variables) + entry.block) * low, low);
          if (low == 1) {
            to[0] += entry.weight * from[0];
            continue;
          }
          const bool is_one = entry.weight == Fr::one();
          if (!is_one) kernel_table<Fr>().scale(scaled, from, entry.weight);
          kernel_table<Fr>().add(to, to, is_one ? from : std::span<const Fr>(scaled));
        }
      }
    });
    return out;
  }

  SecretElements without_windows(const Fr& scale) const {
    const unsigned all = block_.log_size;
    unsigned low = 0;
    while (low < all && !kept_[low]) ++low;
    unsigned middle = low;
    while (middle < all && kept_[middle]) ++middle;
    if (low == all) low = middle = std::min(all, view_row_variables);  // nothing is kept
    if (std::any_of(kept_.begin() + middle, kept_.end(), [](bool k) { return k; })) return one_by_one(scale);

    const unsigned high = all - middle;
    SecretElements out(size_t{1} << (middle - low));
    if (low == 0 && high == 0) {
      const std::span<const int32_t> cells = part(0, out.size());
      parallel_for(cells.size(), 4096, [&](size_t begin, size_t end) {
        from_cells(std::span(out).subspan(begin, end - begin), cells.subspan(begin, end - begin), scale, Fr::zero());
      });
      return out;
    }
    const SecretElements above = weight_table(std::span(weights_).subspan(middle), scale);
    if (low == 0) {
      const std::span<const int32_t> cells = part(0, uint64_t{1} << all);
      parallel_for((out.size() + 31) / 32, 1, [&](size_t begin, size_t end) {
        const size_t first = begin * 32, last = std::min(end * 32, out.size());
        if (first >= cells.size()) return;
        add_combination(std::span(out).subspan(first, last - first), cells.subspan(first), out.size(), above);
      });
      return out;
    }
    const SecretElements below = weight_table(std::span(weights_).first(low), Fr::one());
    parallel_for(out.size(), std::max<size_t>(1, size_t{4096} >> (low + high)), [&](size_t begin, size_t end) {
      for (size_t j = begin; j < end; ++j) {
        for (size_t i = 0; i < above.size(); ++i) {
          const uint64_t row = (uint64_t{i} << middle) + (uint64_t{j} << low);
          out[j] += above[i] * inner_product(part(row, below.size()), below);
        }
      }
    });
    return out;
  }

  std::span<const int32_t> part(uint64_t offset, uint64_t count) const {
    return present_cells(run_.values, block_.column, block_.offset + offset, count);
  }

  SecretElements one_by_one(const Fr& scale) const {
    SecretElements v(size_t{1} << block_.log_size);
    const std::span<const int32_t> cells = part(0, v.size());
    from_cells(std::span(v).first(cells.size()), cells, scale, Fr::zero());
    for (unsigned j = block_.log_size; j-- > 0;) {
      if (kept_[j]) continue;
      const size_t n = size_t{1} << j;
      size_t to = 0;
      for (size_t at = 0; at < v.size(); at += 2 * n) {
        for (size_t i = 0; i < n; ++i) v[to++] = weights_[j].zero * v[at + i] + weights_[j].one * v[at + n + i];
      }
      v.resize(v.size() / 2);
    }
    return v;
  }

  const RunState& run_;
  const Block& block_;
  std::vector<bool> kept_;
  std::vector<ViewWeights> weights_;  // of variables that are not kept
  std::vector<uint8_t> targets_;
  std::vector<PlacedWindow> windows_;
};

// out[x] += v[the bits of x that v's variables are].
void add_placed(std::span<Fr> out, std::span<const Fr> v, const std::vector<uint8_t>& targets) {
  bool in_place = true;
  for (size_t i = 0; i < targets.size(); ++i) in_place = in_place && targets[i] == i;
  if (in_place) {
    parallel_for(out.size() / v.size(), 1 + 4096 / v.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const std::span<Fr> part = out.subspan(i * v.size(), v.size());
        kernel_table<Fr>().add(part, part, v);
      }
    });
    return;
  }
  parallel_for(out.size(), 1024, [&](size_t begin, size_t end) {
    for (size_t x = begin; x < end; ++x) {
      size_t from = 0;
      for (size_t i = 0; i < targets.size(); ++i) from |= (x >> targets[i] & 1) << i;
      out[x] += v[from];
    }
  });
}

}  // namespace

void add_expression(const RunState& run, std::span<Fr> out, const Expression& expression, Source::Kind kept,
                    std::span<const Fr> fixed, const Fr& scale) {
  if (!expression.constant.is_zero()) {
    const Fr constant = scale * expression.constant;
    for (Fr& v : out) v += constant;
  }
  for (const Term& term : expression.terms) {
    const Fr coefficient = scale * term.coefficient;
    if (term.view.is_selector) {
      const ViewReader selector(run.program, run.values, term.view);  // zero-checks alone, which keep all they have
      for (size_t x = 0; x < out.size(); ++x) out[x] += coefficient * Fr::from_i64(selector.at(x, x));
      continue;
    }
    const PartialEvaluation view(run, term.view, kept, fixed);
    add_placed(out, view.evaluate(coefficient), view.targets());
  }
}

}  // namespace pyzkfl::sumcheck

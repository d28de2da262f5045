// T6: all claims, at their many points, to one claim a column at one point: a sumcheck of degree 2 of
// sum_c f_c(x) E_c(x), with E_c the weights of the claims on column c.
//
// A column lower than the program is zero above its own cells, but for its blinder, and its weights are zero there. So
// in the rounds of the variables above its own, it adds (1 - X)^2 times a constant; it is turned into vectors when its
// first variable comes. The MLE of the unit vector at index 2^h, where the blinder stands, is x_h times the product of
// 1 - x_j over the other j.
#include <algorithm>
#include <map>

#include "sumcheck/run_state.h"
#include "sumcheck/vector_steps.h"

namespace pyzkfl::sumcheck {
namespace {

constexpr unsigned row_variables = 7;  // a row: block_elements
static_assert(size_t{1} << row_variables == block_elements);

const KernelTable<Fr>& field_kernel() { return kernel_table<Fr>(); }

// The sum of scale_i eq(claim i, x) over the claims on one column, made row by row: eq is the product of a table over
// the low variables, which claims at the same point share, and a number for the row.
class Weights {
 public:
  Weights(const RunState& run, unsigned log_height)
      : run_(run), row_size_(size_t{1} << std::min(log_height, row_variables)) {}

  void add(const Claim& claim, const Fr& scale) {
    if (!claim.windows.empty()) {
      windows_.push_back({claim.offset, run_.weights(claim, row_variables, scale)});
      return;
    }
    std::vector<Fr> point;
    for (const Coordinate& c : claim.point) point.push_back(run_.coordinate(c));
    // Offset bits among the low variables are part of the table.
    const unsigned low = std::min<unsigned>(claim.log_size, row_variables);
    const std::vector<Coordinate> names(claim.point.begin(), claim.point.begin() + low);
    const size_t shift = claim.log_size < row_variables ? claim.offset % row_size_ : 0;
    const auto [at, fresh] = tables_.try_emplace(std::pair(names, shift), groups_.size());
    if (fresh) {
      groups_.push_back({SecretElements(row_size_), {}});
      eq_table(std::span(groups_.back().low).subspan(shift, size_t{1} << low), std::span(point).first(low), Fr::one());
    }
    Part part{claim.offset / row_size_, SecretElements(size_t{1} << (claim.log_size - low))};
    eq_table(part.rows, std::span(point).subspan(low), scale);
    groups_[at->second].parts.push_back(std::move(part));
  }

  // Sets out, whole rows from `first` on.
  void write(std::span<Fr> out, size_t first) const {
    Scratch<1> scratch;
    const std::span<Fr> scaled = scratch[0].first(row_size_);
    for (size_t i = 0; i < out.size() / row_size_; ++i) {
      const std::span<Fr> row = out.subspan(i * row_size_, row_size_);
      std::fill(row.begin(), row.end(), Fr::zero());
      for (const Group& group : groups_) {
        Fr factor;
        bool any = false;
        for (const Part& part : group.parts) {
          if (first + i < part.first || first + i - part.first >= part.rows.size()) continue;
          factor += part.rows[first + i - part.first];
          any = true;
        }
        if (!any) continue;
        field_kernel().scale(scaled, group.low, factor);
        field_kernel().add(row, row, scaled);
      }
    }
  }

  // Adds the claims with windows, whose tables end where their windows do, to the whole column.
  void add_windows(std::span<Fr> out) const {
    for (const WindowClaim& claim : windows_) {
      const std::span<const Fr> low = claim.weights.low, high = claim.weights.high;
      parallel_for(high.size(), 1 + 4096 / low.size(), [&](size_t begin, size_t end) {
        SecretElements scaled(low.size());
        for (size_t j = begin; j < end; ++j) {
          const std::span<Fr> part = out.subspan(claim.offset + j * low.size(), low.size());
          field_kernel().scale(scaled, low, high[j]);
          field_kernel().add(part, part, scaled);
        }
      });
    }
  }

  size_t row_size() const { return row_size_; }

 private:
  struct Part {
    size_t first;  // row
    SecretElements rows;
  };
  struct Group {
    SecretElements low;
    std::vector<Part> parts;
  };

  struct WindowClaim {
    uint64_t offset;
    ClaimWeights weights;
  };

  const RunState& run_;
  size_t row_size_;
  std::vector<WindowClaim> windows_;
  std::map<std::pair<std::vector<Coordinate>, size_t>, size_t> tables_;
  std::vector<Group> groups_;
};

struct ActiveColumn {
  uint32_t column;
  unsigned height;
  bool has_vectors = false;
  Fr sum;          // of f E over the column's own indices, nothing bound
  Fr weight_at_0;  // E at index 0, which the blinder's round needs
  std::span<Fr> f{}, e{};
};

class PointReduction {
 public:
  PointReduction(RunState& run, const Fr& a) : run_(run), point_(run.program.log_height) {
    std::vector<std::vector<size_t>> on_column(run.program.columns.size());
    scales_.resize(run.claims.claims.size());
    Fr power = Fr::one();
    for (size_t i = 0; i < scales_.size(); ++i, power *= a) {
      scales_[i] = power;
      on_column[run.claims.claims[i].column].push_back(i);
    }
    for (uint32_t c = 0; c < on_column.size(); ++c) {
      if (on_column[c].empty()) continue;
      ActiveColumn column{.column = c, .height = run.program.columns[c].log_height};
      for (const size_t i : on_column[c]) {
        const Claim& claim = run.claims.claims[i];
        column.sum += scales_[i] * run.claim_values[i];
        if (claim.offset == 0) column.weight_at_0 += scales_[i] * run.first_weight(claim);
      }
      value_ += column.sum;
      columns_.push_back(std::move(column));
    }
    on_column_ = std::move(on_column);
  }

  void prove() {
    for (auto j = static_cast<unsigned>(point_.size()); j-- > 0;) {
      std::array<Fr, 3> c{};
      for (ActiveColumn& column : columns_) {
        if (j + 1 == column.height && !column.has_vectors) make_vectors(column);
        add_round(c, column, j);
      }
      c[1] = value_ - c[0].dbl() - c[2];
      const Fr r = point_[j] = send_round(run_, c, value_);
      for (ActiveColumn& column : columns_) bind(column, j, r);
    }
  }

  const std::vector<Fr>& point() const { return point_; }
  SecretElements column_values();

 private:
  // The product of 1 - r_j over the variables from `begin` up.
  Fr zeros_from(unsigned begin) const {
    Fr out = Fr::one();
    for (unsigned j = begin; j < point_.size(); ++j) out *= Fr::one() - point_[j];
    return out;
  }

  void make_vectors(ActiveColumn& column);
  void add_round(std::array<Fr, 3>& c, const ActiveColumn& column, unsigned j) const;
  void bind(ActiveColumn& column, unsigned j, const Fr& r);

  RunState& run_;
  std::vector<Fr> point_, scales_;
  std::vector<std::vector<size_t>> on_column_;
  std::vector<ActiveColumn> columns_;
  Fr value_;
};

// f (as bound by the variables above) and its weights, with the factors of those variables.
void PointReduction::make_vectors(ActiveColumn& column) {
  const size_t n = size_t{1} << column.height;
  const Fr above = zeros_from(column.height);
  Weights weights(run_, column.height);
  for (const size_t i : on_column_[column.column]) weights.add(run_.claims.claims[i], scales_[i] * above);
  column.f = run_.workspace.take(n);
  column.e = run_.workspace.take(n);
  const size_t row = weights.row_size();
  parallel_for(n / row, 8, [&](size_t begin, size_t end) {
    const size_t at = begin * row, count = (end - begin) * row;
    weights.write(column.e.subspan(at, count), begin);
    const auto cells = present_cells(run_.values, column.column, at, count);
    from_cells(column.f.subspan(at, cells.size()), cells, above, Fr::zero());
    std::fill_n(column.f.begin() + static_cast<ptrdiff_t>(at + cells.size()), count - cells.size(), Fr::zero());
  });
  weights.add_windows(column.e);
  // The blinder, at index 0 once its own variable is bound.
  if (column.height < point_.size())
    column.f[0] += run_.values.columns[column.column].blinder * point_[column.height] * zeros_from(column.height + 1);
  column.has_vectors = true;
}

void PointReduction::add_round(std::array<Fr, 3>& c, const ActiveColumn& column, unsigned j) const {
  if (!column.has_vectors) {
    // (1 - X)^2 sum, and in the blinder's own round X (1 - X) blinder E(0).
    const Fr above = zeros_from(j + 1).square();
    const Fr sum = above * column.sum;
    c[0] += sum;
    c[2] += sum;
    if (j == column.height) c[2] -= above * run_.values.columns[column.column].blinder * column.weight_at_0;
    return;
  }
  const size_t half = size_t{1} << j;
  const size_t blocks = (half + block_elements - 1) / block_elements;
  const RoundSums sums = sum_rounds(blocks, 8, [&](size_t b, RoundSums& part, Nothing&) {
    const size_t at = b * block_elements, n = std::min(block_elements, half - at);
    const std::span<const Fr> f = column.f, e = column.e;
    add_pair_round(part, f.subspan(at, n), e.subspan(at, n), f.subspan(half + at, n), e.subspan(half + at, n));
  });
  c[0] += sums.at_0;
  c[2] += sums.quadratic;
}

void PointReduction::bind(ActiveColumn& column, unsigned j, const Fr& r) {
  if (!column.has_vectors) return;
  const size_t half = size_t{1} << j;
  parallel_for((half + block_elements - 1) / block_elements, 8, [&](size_t begin, size_t end) {
    const size_t at = begin * block_elements, n = std::min(end * block_elements, half) - at;
    for (const std::span<Fr> v : {column.f, column.e})
      fold(v.subspan(at, n), v.subspan(at, n), v.subspan(half + at, n), r);
  });
}

SecretElements PointReduction::column_values() {
  SecretElements out(run_.program.columns.size());
  for (uint32_t c = 0; c < out.size(); ++c) {
    const Column& column = run_.program.columns[c];
    const ColumnValues& values = run_.values.columns[c];
    const auto active =
        std::find_if(columns_.begin(), columns_.end(), [&](const ActiveColumn& a) { return a.column == c; });
    if (active != columns_.end() && active->has_vectors) {
      out[c] = active->f[0];
      continue;
    }
    // Columns that no relation reads, columns of one cell, and the mask.
    const bool is_mask = column.kind == ColumnKind::mask;
    const unsigned variables = is_mask ? 3 : column.log_height;
    SecretElements eq(size_t{1} << variables);
    large_eq_table(eq, std::span(point_).first(variables), zeros_from(variables));
    if (is_mask) {
      for (size_t i = 0; i < run_.values.mask.size(); ++i) out[c] += run_.values.mask[i] * eq[i];
      continue;
    }
    out[c] = inner_product(values.cells, eq);
    if (variables < point_.size()) {
      Fr at_blinder = values.blinder * point_[variables] * zeros_from(variables + 1);
      for (unsigned j = 0; j < variables; ++j) at_blinder *= Fr::one() - point_[j];
      out[c] += at_blinder;
    }
  }
  return out;
}

}  // namespace

SecretElements prove_claims(RunState& run, std::vector<Fr>& point) {
  const Fr a = run.transcript.challenge();
  run.workspace.restart();
  PointReduction reduction(run, a);
  reduction.prove();
  point = reduction.point();
  SecretElements values = reduction.column_values();
  run.send(values);
  return values;
}

}  // namespace pyzkfl::sumcheck

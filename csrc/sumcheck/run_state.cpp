// Claims' points and values.
#include "sumcheck/run_state.h"

#include <algorithm>
#include <stdexcept>

#include "sumcheck/vector_steps.h"

namespace pyzkfl::sumcheck {

Workspace::Workspace(const Program& program, const ClaimTable& claims) {
  // Levels 1 .. L-1 of the tree, p and q. The vectors f and E of every column with claims.
  const size_t lookups = claims.tree_depth == 0 ? 0 : 2 * ((size_t{1} << claims.tree_depth) - 2);
  std::vector<bool> claimed(program.columns.size());
  for (const Claim& claim : claims.claims) claimed[claim.column] = true;
  size_t vectors = 0;
  for (size_t c = 0; c < claimed.size(); ++c) {
    if (claimed[c]) vectors += size_t{2} << program.columns[c].log_height;
  }
  memory_ = SecretArray<Fr>(std::max<size_t>(std::max(lookups, vectors), 1));
}

std::span<Fr> Workspace::take(size_t n) {
  if (n > memory_.size() - used_) throw std::logic_error("a workspace is too small for its program");
  used_ += n;
  return memory_.span().subspan(used_ - n, n);
}

Fr RunState::coordinate(const Coordinate& c) const {
  static const Fr half = Fr::from_u64(2).inverse();
  switch (c.kind) {
    case Coordinate::Kind::tau: return tau[c.index];
    case Coordinate::Kind::kappa: return kappa[c.index];
    case Coordinate::Kind::zeta: return zeta[c.index];
    case Coordinate::Kind::rho: return rho[c.index];
    case Coordinate::Kind::one: return Fr::one();
    case Coordinate::Kind::half: return half;
    case Coordinate::Kind::weight: return weight_coordinate(c.index);
    case Coordinate::Kind::window:  // has a table, and no coordinate
    case Coordinate::Kind::zero: break;
  }
  return Fr::zero();
}

namespace {

// Tables of products, grown variable by variable: from the first on, each doubles the table, a window takes all of its
// variables at once.
class TableBuilder {
 public:
  TableBuilder(const RunState& run, const Claim& claim) : run_(run), claim_(claim) {}

  // Over the variables from `next` on, at least `count` of them; next becomes the first that is not among them.
  std::vector<Fr> table(unsigned& next, unsigned count, const Fr& scale) const {
    std::vector<Fr> out{scale};
    const unsigned end = std::min<unsigned>(next + count, claim_.log_size);
    while (next < end) grow(out, factors(next));
    return out;
  }

  Fr first_weight() const {
    Fr out = Fr::one();
    for (unsigned next = 0; next < claim_.log_size;) out *= factors(next).front();
    return out;
  }

 private:
  // What a variable, or all those of a window, multiply cells with; next is moved behind them.
  std::vector<Fr> factors(unsigned& next) const {
    const Coordinate& c = claim_.point[next++];
    if (c.kind != Coordinate::Kind::window) {
      const Fr x = run_.coordinate(c);
      return {Fr::one() - x, x};
    }
    unsigned size = 1;
    for (; next < claim_.log_size && claim_.point[next] == c; ++next) ++size;
    return window_weights(claim_.windows[c.index], size);
  }

  static void grow(std::vector<Fr>& table, std::span<const Fr> factors) {
    const std::vector<Fr> before(table);
    table.resize(before.size() * factors.size());
    for (size_t i = 0; i < factors.size(); ++i)
      kernel_table<Fr>().scale(std::span(table).subspan(i * before.size(), before.size()), before, factors[i]);
  }

  std::vector<Fr> equalities(const std::vector<Coordinate>& coordinates) const {
    std::vector<Fr> point, out(size_t{1} << coordinates.size());
    for (const Coordinate& c : coordinates) point.push_back(run_.coordinate(c));
    eq_table(out, point, Fr::one());
    return out;
  }

  std::vector<Fr> window_weights(const ClaimWindow& window, unsigned variables) const {
    const Window form = window.form();
    const std::vector<Fr> first = equalities(window.first), second = equalities(window.second);
    std::vector<Fr> out(size_t{1} << variables);
    for (uint64_t p = 0; p < form.first_count(); ++p) {
      for (uint64_t q = 0; q < form.second_count(); ++q) {
        const uint64_t at = block_index(form, p, q);
        if (at != no_index) out[at] += first[p] * second[q];
      }
    }
    return out;
  }

  const RunState& run_;
  const Claim& claim_;
};

}  // namespace

ClaimWeights RunState::weights(const Claim& claim, unsigned low_variables, const Fr& scale) const {
  const TableBuilder builder(*this, claim);
  unsigned next = 0;
  ClaimWeights out;
  out.low = builder.table(next, low_variables, Fr::one());
  out.high = builder.table(next, claim.log_size, scale);
  return out;
}

Fr RunState::first_weight(const Claim& claim) const { return TableBuilder(*this, claim).first_weight(); }

// A claim is cut into rows, whose values at the low variables are found one by one; the pool takes a few rows at a
// time.
void RunState::send_claims(ClaimTable::Phase phase) {
  constexpr unsigned row_variables = 9;
  constexpr size_t rows_a_unit = 16;
  struct Work {
    const Claim* claim;
    ClaimWeights weights;
    SecretElements rows;
  };
  struct Unit {
    Work* work;
    size_t begin;
  };
  const size_t begin = claims.phase_begin(phase), end = claims.phase_end[phase];
  std::vector<Work> works(end - begin);
  std::vector<Unit> units;
  for (size_t i = begin; i < end; ++i) {
    Work& work = works[i - begin];
    work.claim = &claims.claims[i];
    work.weights = weights(*work.claim, row_variables, Fr::one());
    work.rows.resize(work.weights.high.size());
    for (size_t row = 0; row < work.rows.size(); row += rows_a_unit) units.push_back({&work, row});
  }
  parallel_for(units.size(), 1, [&](size_t first, size_t last) {
    for (size_t u = first; u < last; ++u) {
      Work& work = *units[u].work;
      const size_t width = work.weights.low.size();
      for (size_t row = units[u].begin; row < std::min(units[u].begin + rows_a_unit, work.rows.size()); ++row) {
        work.rows[row] = inner_product(
            present_cells(values, work.claim->column, work.claim->offset + row * width, width), work.weights.low);
      }
    }
  });
  for (const Work& work : works) claim_values.push_back(kernel_table<Fr>().inner_product(work.rows, work.weights.high));
  send(std::span<const Fr>(claim_values).subspan(begin));
}

}  // namespace pyzkfl::sumcheck

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
    case Coordinate::Kind::zero: break;
  }
  return Fr::zero();
}

std::vector<Fr> RunState::point(const Claim& claim) const {
  std::vector<Fr> out;
  out.reserve(claim.point.size());
  for (const Coordinate& c : claim.point) out.push_back(coordinate(c));
  return out;
}

// A claim is cut into rows, whose values at the low variables are found one by one; the pool takes a few rows at a
// time.
void RunState::send_claims(ClaimTable::Phase phase) {
  constexpr unsigned row_variables = 9;
  constexpr size_t rows_a_unit = 16;
  struct Work {
    const Claim* claim;
    std::vector<Fr> low, high;  // eq tables
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
    const std::vector<Fr> at = point(*work.claim);
    const size_t low = std::min<size_t>(row_variables, at.size());
    work.low.resize(size_t{1} << low);
    eq_table(work.low, std::span(at).first(low), Fr::one());
    work.high.resize(size_t{1} << (at.size() - low));
    eq_table(work.high, std::span(at).subspan(low), Fr::one());
    work.rows.resize(work.high.size());
    for (size_t row = 0; row < work.rows.size(); row += rows_a_unit) units.push_back({&work, row});
  }
  parallel_for(units.size(), 1, [&](size_t first, size_t last) {
    for (size_t u = first; u < last; ++u) {
      Work& work = *units[u].work;
      const size_t width = work.low.size();
      for (size_t row = units[u].begin; row < std::min(units[u].begin + rows_a_unit, work.rows.size()); ++row) {
        work.rows[row] = inner_product(
            present_cells(values, work.claim->column, work.claim->offset + row * width, width), work.low);
      }
    }
  });
  for (const Work& work : works) claim_values.push_back(kernel_table<Fr>().inner_product(work.rows, work.high));
  send(std::span<const Fr>(claim_values).subspan(begin));
}

}  // namespace pyzkfl::sumcheck

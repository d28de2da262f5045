// Walks a program's relations in the order of the transcript and numbers what they claim.
#include "sumcheck/claims.h"

#include <algorithm>
#include <map>

namespace pyzkfl::sumcheck {
namespace {

// The coordinates that outer and inner variables stand for in a kind of relation.
struct PointNames {
  Coordinate::Kind outer, inner;
};

class Walker {
 public:
  Walker(const Program& program, ClaimTable& out) : program_(program), out_(out) {}

  ExpressionClaims expression(const Expression& e, PointNames names) {
    ExpressionClaims ids;
    ids.reserve(e.terms.size());
    for (const Term& term : e.terms) ids.push_back(view(term.view, names));
    return ids;
  }

  uint32_t whole_block(uint32_t block, Coordinate::Kind kind) {
    const Block& b = program_.blocks[block];
    return aligned_part(b.column, b.offset, b.log_size, kind);
  }

  uint32_t aligned_part(uint32_t column, uint64_t offset, unsigned log_size, Coordinate::Kind kind) {
    Claim claim{column, offset, log_size, {}, {}};
    for (unsigned j = 0; j < log_size; ++j) claim.point.push_back({kind, static_cast<uint8_t>(j)});
    return number(std::move(claim));
  }

 private:
  uint32_t view(const View& v, PointNames names) {
    if (v.is_selector) return no_claim;
    const Block& block = program_.blocks[v.id];
    Claim claim{block.column, block.offset, block.log_size, coordinates(v.variables, names), {}};
    for (const Window& w : v.windows)
      claim.windows.push_back({w.role, w.inputs, w.outputs, w.kernels, w.stride, w.padding, coordinates(w.first, names),
                               coordinates(w.second, names)});
    return number(std::move(claim));
  }

  static std::vector<Coordinate> coordinates(const std::vector<Source>& sources, PointNames names) {
    std::vector<Coordinate> out;
    for (const Source& source : sources) {
      switch (source.kind) {
        case Source::Kind::outer: out.push_back({names.outer, source.index}); break;
        case Source::Kind::inner: out.push_back({names.inner, source.index}); break;
        case Source::Kind::sum: out.push_back({Coordinate::Kind::half, 0}); break;
        case Source::Kind::window: out.push_back({Coordinate::Kind::window, source.index}); break;
        case Source::Kind::weight: out.push_back({Coordinate::Kind::weight, source.index}); break;
        case Source::Kind::bit:
          out.push_back({source.index != 0 ? Coordinate::Kind::one : Coordinate::Kind::zero, 0});
          break;
      }
    }
    return out;
  }

  uint32_t number(Claim claim) {
    const auto [at, fresh] = numbers_.try_emplace(claim, static_cast<uint32_t>(out_.claims.size()));
    if (fresh) out_.claims.push_back(std::move(claim));
    return at->second;
  }

  const Program& program_;
  ClaimTable& out_;
  std::map<Claim, uint32_t> numbers_;
};

// Columns with a range lookup, then tables, then pair lookups; by falling size, and one after the other.
std::vector<Segment> placed_segments(const Program& program) {
  std::vector<Segment> segments;
  std::vector<bool> looked_up(program.columns.size());
  for (const RangeLookup& r : program.ranges) looked_up[program.blocks[r.block].column] = true;
  for (uint32_t c = 0; c < program.columns.size(); ++c) {
    if (looked_up[c]) segments.push_back({Segment::Kind::column, c, program.columns[c].log_height});
  }
  for (uint32_t t = 0; t < program.tables.size(); ++t)
    segments.push_back({Segment::Kind::table, t, program.tables[t].log_size});
  for (uint32_t p = 0; p < program.pairs.size(); ++p)
    segments.push_back({Segment::Kind::pair_lookup, p, program.blocks[program.pairs[p].keys].log_size});
  std::stable_sort(segments.begin(), segments.end(),
                   [](const Segment& a, const Segment& b) { return a.log_size > b.log_size; });
  uint64_t next = 0;
  for (Segment& s : segments) {
    s.offset = next;
    next += uint64_t{1} << s.log_size;
  }
  return segments;
}

}  // namespace

ClaimTable::ClaimTable(const Program& program) {
  using Kind = Coordinate::Kind;
  Walker walk(program, *this);
  const auto most = [](unsigned& count, unsigned v) { count = std::max(count, v); };

  constexpr PointNames at_tau = {Kind::tau, Kind::kappa};
  for (const LinearCheck& check : program.linear) {
    most(tau_count, check.outer);
    linear.push_back(walk.expression(check.expression, at_tau));
  }
  for (const ProductSum& product : program.products) {
    most(tau_count, product.outer);
    products.push_back({walk.expression(product.result, at_tau), {}});
  }
  phase_end[outer] = claims.size();

  for (size_t m = 0; m < program.products.size(); ++m) {
    for (const ProductSum::Pair& pair : program.products[m].pairs) {
      most(kappa_count, pair.inner);
      ExpressionClaims left = walk.expression(pair.left, at_tau);
      products[m].pairs.push_back({std::move(left), walk.expression(pair.right, at_tau)});
    }
  }
  for (const SquareSum& square : program.squares) {
    squares.emplace_back();
    for (const SquareSum::Part& part : square.parts) {
      most(kappa_count, part.inner);
      squares.back().push_back(walk.expression(part.expression, at_tau));
    }
  }
  phase_end[inner] = claims.size();

  for (const ZeroCheck& check : program.zeros) {
    most(tau_count, check.outer);
    most(zeta_count, check.outer);
    zeros.emplace_back();
    for (const ZeroCheck::Product& product : check.products) {
      zeros.back().products.emplace_back();
      for (const Expression& factor : product.factors)
        zeros.back().products.back().push_back(walk.expression(factor, {Kind::zeta, Kind::zeta}));
    }
  }
  phase_end[zero] = claims.size();

  if (!program.tables.empty()) {
    segments = placed_segments(program);
    const uint64_t leaves = segments.back().offset + (uint64_t{1} << segments.back().log_size);
    tree_depth = 1;
    while ((uint64_t{1} << tree_depth) < leaves) ++tree_depth;
    for (Segment& s : segments) {
      switch (s.kind) {
        case Segment::Kind::column: s.first_claim = walk.aligned_part(s.index, 0, s.log_size, Kind::rho); break;
        case Segment::Kind::table: {
          const Table& table = program.tables[s.index];
          s.first_claim = walk.whole_block(table.multiplicities, Kind::rho);
          if (table.kind == Table::Kind::pairs) s.second_claim = walk.whole_block(table.values, Kind::rho);
          break;
        }
        case Segment::Kind::pair_lookup:
          s.first_claim = walk.whole_block(program.pairs[s.index].keys, Kind::rho);
          s.second_claim = walk.whole_block(program.pairs[s.index].values, Kind::rho);
          break;
      }
    }
  }
  phase_end[leaf] = claims.size();
}

Fr claim_factor(const View& view) {
  Fr out = Fr::one();
  const auto note = [&](const std::vector<Source>& sources) {
    for (const Source& s : sources) {
      if (s.kind == Source::Kind::sum) out = out.dbl();
      if (s.kind == Source::Kind::weight) out *= Fr::one() + bit_weight(s.index);
    }
  };
  note(view.variables);
  for (const Window& w : view.windows) {
    note(w.first);
    note(w.second);
  }
  return out;
}

Fr weight_coordinate(unsigned index) {
  const Fr w = bit_weight(index);
  return w * (Fr::one() + w).inverse_vartime();
}

}  // namespace pyzkfl::sumcheck

// T5: the tree of fractions over all lookups (Papini and Habock, eprint 2023/1284), from its root to its
// leaves.
#include "wrap/closed_forms.h"
#include "wrap/replay.h"

namespace pyzkfl::wrap {

using namespace sumcheck;

namespace {

// The extensions of the leaves' p and q at rho.
class Leaves {
 public:
  Leaves(Replay& r, const Wire& g, const Wire& b) : r_(r), g_(g), b_(b), parts_(r.b, r.rho) {
    b_squared_ = r_.b.product(b, b, "square of b");
  }

  void run(const LC& numerator, const LC& denominator) {
    LC p, q;
    LC outside = 1;  // leaves that no segment covers are 0/1
    for (const Segment& s : r_.table.segments) {
      const Factor here = parts_.at(s.log_size, s.offset, r_.table.tree_depth);
      const auto [leaf_p, leaf_q] = leaf(s);
      p += times(r_.b, here, leaf_p, "segment numerator").value;
      q += times(r_.b, here, {leaf_q}, "segment denominator").value;
      outside -= here.value;
    }
    r_.b.constrain(p - numerator, 1, 0, "leaf numerators");
    r_.b.constrain(q + outside - denominator, 1, 0, "leaf denominators");
  }

 private:
  std::pair<Factor, LC> leaf(const Segment& s) {
    switch (s.kind) {
      case Segment::Kind::column: return column(s);
      case Segment::Kind::table: {
        const LC key = index_value(std::span<const LC>(r_.rho).first(s.log_size));
        LC q = row(key, s.index);
        if (r_.program.tables[s.index].kind == Table::Kind::pairs) q -= with_value(s.second_claim);
        return {{-value(s.first_claim)}, std::move(q)};
      }
      case Segment::Kind::pair_lookup: break;
    }
    LC q = row(value(s.first_claim), r_.program.pairs[s.index].table) - with_value(s.second_claim);
    return {Factor::of(Fr::one()), std::move(q)};
  }

  std::pair<Factor, LC> column(const Segment& s) {
    LC covered, offsets, tables;
    for (const RangeLookup& range : r_.program.ranges) {
      const Block& block = r_.program.blocks[range.block];
      if (block.column != s.index) continue;
      const LC here = parts_.at(block.log_size, block.offset, s.log_size).value;
      covered += here;
      offsets.add_scaled(here, Fr::from_i64(range.offset));
      tables.add_scaled(here, Fr::from_u64(uint64_t{range.table} + 1));
    }
    LC q = LC(g_) - value(s.first_claim) - offsets - r_.b.product(b_, tables, "tables of a column");
    return {{std::move(covered)}, std::move(q)};
  }

  const LC& value(uint32_t claim) const { return r_.claim_values[claim]; }
  LC row(const LC& key, uint32_t table) const {
    return LC(g_) - key - LC(b_) * Fr::from_u64(uint64_t{table} + 1);
  }
  Wire with_value(uint32_t claim) { return r_.b.product(b_squared_, value(claim), "value of a pair"); }

  Replay& r_;
  Wire g_, b_, b_squared_;
  AlignedParts parts_;
};

}  // namespace

void check_lookups(Replay& r) {
  if (r.program.tables.empty()) return;
  const auto scope = r.b.scope("lookups");
  const Wire g = r.transcript.challenge();
  const Wire b = r.transcript.challenge();

  LC numerator, denominator;
  // Continues with one of two halves of p and q, by a challenge that is the point's next coordinate.
  const auto descend = [&](const std::vector<LC>& halves) {
    const LC mu = r.transcript.challenge();
    numerator = halves[0] + r.b.product(mu, halves[1] - halves[0], "halves");
    denominator = halves[2] + r.b.product(mu, halves[3] - halves[2], "halves");
    r.rho.push_back(mu);
  };

  {
    const std::vector<LC> root = r.receive(4);
    const Wire cross = r.b.product(root[0], root[3], "cross product");
    r.b.constrain(root[1], root[2], 0 - LC(cross), "root numerator");
    const Wire product = r.b.product(root[2], root[3], "root denominator");
    const Wire inverse = r.b.private_wire(product.value.inverse_vartime());
    r.b.constrain(product, inverse, 1, "root denominator is not 0");
    descend(root);
  }
  for (unsigned k = 1; k < r.table.tree_depth; ++k) {
    const auto layer = r.b.scope("layer", k);
    const LC lambda = r.transcript.challenge();
    LC value = numerator + r.b.product(lambda, denominator, "layer value");
    std::vector<LC> point = r.sumcheck(value, k, 3);
    const std::vector<LC> halves = r.receive(4);
    const Factor equal = equality(r.b, r.rho, point);
    // p0 q1 + (p1 + lambda q1) q0
    const LC mixed = halves[1] + r.b.product(lambda, halves[3], "mixed fraction");
    const LC sum = LC(r.b.product(halves[0], halves[3], "cross product")) +
                   r.b.product(mixed, halves[2], "cross product");
    r.b.constrain(equal.value, sum, value, "layer at its point");
    r.rho = std::move(point);
    descend(halves);
  }
  r.receive_claims(ClaimTable::leaf);
  Leaves(r, g, b).run(numerator, denominator);
}

}  // namespace pyzkfl::wrap

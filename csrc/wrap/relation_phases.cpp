// T1 to T4: linear checks, product sums, sums of squares, zero-checks.
#include "wrap/closed_forms.h"
#include "wrap/replay.h"

namespace pyzkfl::wrap {

using namespace sumcheck;

namespace {

// 2^-k.
Fr half_power(unsigned k) { return power_of_two(k).inverse_vartime(); }

}  // namespace

void draw_outer_point(Replay& r) {
  for (unsigned i = 0; i < r.table.tau_count; ++i) r.tau.push_back(r.transcript.challenge());
}

// product_values: V_m. With a scalar it is a wire of its own, determined because the rate is not 0
// (clip_gadget.h).
void check_outer_claims(Replay& r, std::vector<LC>& product_values) {
  const auto scope = r.b.scope("outer claims");
  r.receive_claims(ClaimTable::outer);
  for (size_t i = 0; i < r.program.linear.size(); ++i) {
    const LC sum = r.expression(r.program.linear[i].expression, r.table.linear[i], Coordinate::Kind::tau);
    r.b.constrain(sum, 1, 0, "linear check");
  }
  for (size_t m = 0; m < r.program.products.size(); ++m) {
    const ProductSum& product = r.program.products[m];
    LC result = r.expression(product.result, r.table.products[m].result, Coordinate::Kind::tau);
    if (product.scalar != no_scalar) {
      const LC& rate = r.scalars.rates[product.scalar];
      const Fr hint = r.b.computes() ? result.value() * rate.value().inverse_vartime() : Fr();
      const Wire unscaled = r.b.private_wire(hint);
      r.b.constrain(rate, unscaled, result, "scaled product");
      result = unscaled;
    }
    product_values.push_back(std::move(result));
  }
}

void check_product_sums(Replay& r, std::span<const LC> product_values) {
  const size_t products = r.program.products.size();
  if (products + r.program.squares.size() == 0) return;
  const auto scope = r.b.scope("product sums");
  const std::vector<Factor> weights =
      powers(r.b, r.transcript.challenge(), products + r.program.squares.size());
  LC value;
  for (size_t i = 0; i < weights.size(); ++i) {
    const LC& start = i < products ? product_values[i] : r.scalars.square_sums[i - products];
    value += times(r.b, weights[i], {start}, "weighted value").value;
  }
  r.kappa = r.sumcheck(value, r.table.kappa_count, 2);
  r.receive_claims(ClaimTable::inner);

  const auto add = [&](LC& sum, const LC& left, const LC& right, unsigned inner) {
    sum.add_scaled(r.b.product(left, right, "pair"), half_power(r.table.kappa_count - inner));
  };
  LC last;
  for (size_t i = 0; i < weights.size(); ++i) {
    LC sum;
    if (i < products) {
      const auto& pairs = r.program.products[i].pairs;
      for (size_t p = 0; p < pairs.size(); ++p) {
        const ProductSumClaims::Pair& claims = r.table.products[i].pairs[p];
        const LC left = r.expression(pairs[p].left, claims.left, Coordinate::Kind::tau);
        const LC right = r.expression(pairs[p].right, claims.right, Coordinate::Kind::tau);
        add(sum, left, right, pairs[p].inner);
      }
    } else {
      const size_t s = i - products;
      const auto& parts = r.program.squares[s].parts;
      for (size_t p = 0; p < parts.size(); ++p) {
        const LC part = r.expression(parts[p].expression, r.table.squares[s][p], Coordinate::Kind::tau);
        add(sum, part, part, parts[p].inner);
      }
    }
    last += times(r.b, weights[i], {sum}, "weighted pairs").value;
  }
  r.b.constrain(last - value, 1, 0, "product sums at their point");
}

void check_zero_checks(Replay& r) {
  if (r.program.zeros.empty()) return;
  const auto scope = r.b.scope("zero-checks");
  const std::vector<Factor> weights = powers(r.b, r.transcript.challenge(), r.program.zeros.size());
  LC value;
  r.zeta = r.sumcheck(value, r.table.zeta_count, 3);
  r.receive_claims(ClaimTable::zero);

  // Zero-checks of the same number of outer variables share their eq.
  std::map<unsigned, LC> by_variables;
  for (size_t m = 0; m < weights.size(); ++m) {
    const ZeroCheck& check = r.program.zeros[m];
    LC sum;
    for (size_t p = 0; p < check.products.size(); ++p) {
      const ZeroCheck::Product& product = check.products[p];
      const auto& claims = r.table.zeros[m].products[p];
      LC term = r.expression(product.factors[0], claims[0], Coordinate::Kind::zeta);
      if (product.factors.size() == 2) {
        const LC other = r.expression(product.factors[1], claims[1], Coordinate::Kind::zeta);
        term = r.b.product(term, other, "factors");
      }
      sum.add_scaled(term, product.coefficient);
    }
    by_variables[check.outer] += times(r.b, weights[m], {sum}, "weighted zero-check").value;
  }
  LC last;
  Factor equal = Factor::of(Fr::one());
  unsigned variables = 0;
  for (const auto& [outer, sum] : by_variables) {
    for (; variables < outer; ++variables) {
      const Factor here = equal_factor(r.b, {r.tau[variables]}, {r.zeta[variables]}, "equality");
      equal = times(r.b, equal, here, "equality");
    }
    last.add_scaled(times(r.b, equal, {sum}, "zero-checks of a size").value,
                    half_power(r.table.zeta_count - outer));
  }
  r.b.constrain(last - value, 1, 0, "zero-checks at their point");
}

}  // namespace pyzkfl::wrap

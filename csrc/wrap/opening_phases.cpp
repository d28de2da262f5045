// T6 and T7: all claims to one point, and the identity of the opening.
#include "r1cs/gadgets_bits.h"
#include "wrap/closed_forms.h"
#include "wrap/replay.h"

namespace pyzkfl::wrap {

using namespace sumcheck;

namespace {

// eq of claims' points with one point r. Claims that begin with the same coordinates share those products.
class ClaimEqualities {
 public:
  ClaimEqualities(Replay& r, std::span<const LC> point) : r_(r), point_(point), parts_(r.b, point) {}

  Factor at(const Claim& claim) {
    const Factor inside = claim.windows.empty() ? first(claim.point) : through_windows(claim);
    const Factor& outside = parts_.at(claim.log_size, claim.offset, r_.program.log_height);
    return times(r_.b, inside, outside, "claim equality");
  }

 private:
  // The extension of a claim's weights: those of its windows times those of the variables outside them.
  Factor through_windows(const Claim& claim) {
    Factor product = first(claim.point);
    for (unsigned j = 0; j < claim.log_size; ++j) {
      const Coordinate& c = claim.point[j];
      if (c.kind != Coordinate::Kind::window || (j > 0 && claim.point[j - 1] == c)) continue;
      unsigned size = 1;
      while (j + size < claim.log_size && claim.point[j + size] == c) ++size;
      product = times(r_.b, product, window(claim.windows[c.index], j, size), "claim equality");
    }
    return product;
  }

  // The sum over all indices b, p, q that belong together of eq(x, b) eq(first, p) eq(second, q), x the point's
  // coordinates from `low` on.
  const Factor& window(const ClaimWindow& claimed, unsigned low, unsigned size) {
    const auto key = std::tuple(claimed, low, size);
    const auto found = windows_.find(key);
    if (found != windows_.end()) return found->second;
    std::vector<Factor> x;
    for (unsigned j = low; j < low + size; ++j) x.push_back({point_[j]});
    const std::vector<Factor>& block = table(block_tables_, std::pair(low, size), x);
    const std::vector<Factor>& first = side(claimed.first);
    const std::vector<Factor>& second = side(claimed.second);
    const Window form = claimed.form();
    // One product a pair, and one an index of the shorter side.
    const bool by_first = form.first_count() <= form.second_count();
    const uint64_t outer = by_first ? form.first_count() : form.second_count();
    const uint64_t inner = by_first ? form.second_count() : form.first_count();
    Factor total = Factor::of(Fr::zero());
    for (uint64_t i = 0; i < outer; ++i) {
      Factor sum = Factor::of(Fr::zero());
      for (uint64_t k = 0; k < inner; ++k) {
        const uint64_t at = by_first ? block_index(form, i, k) : block_index(form, k, i);
        if (at != no_index) sum = plus(sum, times(r_.b, by_first ? second[k] : first[k], block[at], "window"));
      }
      total = plus(total, times(r_.b, by_first ? first[i] : second[i], sum, "window"));
    }
    if (r_.b.records()) total.value.normalise();
    return windows_.emplace(key, std::move(total)).first->second;
  }

  static Factor plus(const Factor& x, const Factor& y) { return {x.value + y.value, x.constant && y.constant}; }

  const std::vector<Factor>& side(const std::vector<Coordinate>& coordinates) {
    std::vector<Factor> x;
    for (const Coordinate& c : coordinates) x.push_back(r_.coordinate(c));
    return table(side_tables_, coordinates, x);
  }

  // eq(x, i) for all i.
  template <class Key>
  const std::vector<Factor>& table(std::map<Key, std::vector<Factor>>& known, const Key& key,
                                   const std::vector<Factor>& x) {
    const auto found = known.find(key);
    if (found != known.end()) return found->second;
    std::vector<Factor> out{Factor::of(Fr::one())};
    for (const Factor& v : x) {
      const size_t n = out.size();
      for (size_t i = 0; i < n; ++i) {
        const Factor high = times(r_.b, out[i], v, "equality table");
        out.push_back(high);
        out[i] = {out[i].value - high.value, out[i].constant && high.constant};
      }
    }
    return known.emplace(key, std::move(out)).first->second;
  }

  // The product over the first coordinates.
  const Factor& first(std::span<const Coordinate> coordinates) {
    std::vector<Coordinate> key(coordinates.begin(), coordinates.end());
    const auto found = prefixes_.find(key);
    if (found != prefixes_.end()) return found->second;
    Factor product = Factor::of(Fr::one());
    if (!coordinates.empty()) {
      const Factor& before = first(coordinates.first(coordinates.size() - 1));
      const Factor& here = single(coordinates.size() - 1, coordinates.back());
      product = times(r_.b, before, here, "claim equality");
    }
    return prefixes_.emplace(std::move(key), std::move(product)).first->second;
  }

  const Factor& single(size_t variable, const Coordinate& c) {
    const auto key = std::pair(variable, c);
    const auto found = singles_.find(key);
    if (found != singles_.end()) return found->second;
    const Factor x{point_[variable]};
    Factor factor;
    switch (c.kind) {
      case Coordinate::Kind::zero: factor = bit_factor(x, false); break;
      case Coordinate::Kind::one: factor = x; break;
      case Coordinate::Kind::half: factor = half(); break;  // the half of each bit, whatever x is
      case Coordinate::Kind::window: factor = Factor::of(Fr::one()); break;  // counted once for all its variables
      default: factor = equal_factor(r_.b, r_.coordinate(c), x, "claim equality");
    }
    return singles_.emplace(key, std::move(factor)).first->second;
  }

  Replay& r_;
  std::span<const LC> point_;
  AlignedParts parts_;
  std::map<std::vector<Coordinate>, Factor> prefixes_;
  std::map<std::pair<size_t, Coordinate>, Factor> singles_;
  std::map<std::tuple<ClaimWindow, unsigned, unsigned>, Factor> windows_;
  std::map<std::pair<unsigned, unsigned>, std::vector<Factor>> block_tables_;
  std::map<std::vector<Coordinate>, std::vector<Factor>> side_tables_;
};

}  // namespace

ColumnClaims check_batched_claims(Replay& r) {
  const auto scope = r.b.scope("batched claims");
  const std::vector<Factor> weights = powers(r.b, r.transcript.challenge(), r.table.claims.size());
  LC value;
  for (size_t i = 0; i < weights.size(); ++i) {
    value += times(r.b, weights[i], {r.claim_values[i]}, "weighted claim").value;
  }
  ColumnClaims out;
  out.point = r.sumcheck(value, r.program.log_height, 2);
  out.values = r.receive(r.program.columns.size());

  ClaimEqualities equalities(r, out.point);
  std::vector<LC> at_point(r.program.columns.size());  // E_c
  std::vector<bool> claimed(r.program.columns.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const Factor equal = equalities.at(r.table.claims[i]);
    at_point[r.table.claims[i].column] += times(r.b, weights[i], equal, "weighted equality").value;
    claimed[r.table.claims[i].column] = true;
  }
  LC last;
  for (size_t c = 0; c < at_point.size(); ++c) {
    if (claimed[c]) last += r.b.product(out.values[c], at_point[c], "claims of a column");
  }
  r.b.constrain(last - value, 1, 0, "claims at their point");
  return out;
}

OpeningChallenges check_opening(Replay& r, const ColumnClaims& columns, const OpeningWires& wires) {
  const auto scope = r.b.scope("opening");
  Builder& b = r.b;
  const Wire rho = r.transcript.challenge();
  // v = sum rho^c v_c, by Horner.
  LC value = columns.values.back();
  for (size_t c = columns.values.size() - 1; c-- > 0;) {
    value = columns.values[c] + b.product(rho, value, "batched value");
  }
  r.transcript.absorb_point(wires.symmetric_point);
  const Wire z = r.transcript.challenge();
  r.transcript.absorb(std::span<const LC>(wires.evaluations));
  const Wire gamma = r.transcript.challenge();

  const Wire inverse = b.private_wire(z.value.inverse_vartime());
  b.constrain(z, inverse, 1, "inverse of z");
  const LC difference = LC(z) - inverse;
  const Wire apart = b.private_wire(difference.value().inverse_vartime());
  b.constrain(difference, apart, 1, "z is not its inverse");

  // E(X) = prod_j (1 + r_j (X^(2^j) - 1)).
  const auto equality_at = [&](const Wire& x) {
    LC power = x;
    LC product = 1;
    for (size_t j = 0; j < columns.point.size(); ++j) {
      if (j > 0) power = b.product(power, power, "power of z");
      const LC factor = 1 + LC(b.product(columns.point[j], power - 1, "equality at z"));
      product = j == 0 ? factor : LC(b.product(product, factor, "equality at z"));
    }
    return product;
  };
  const LC at_z = equality_at(z);
  const LC at_inverse = equality_at(inverse);

  const auto& [f, f_inverse, s, s_inverse] = wires.evaluations;
  const LC right = value * 2 + b.product(z, s, "shifted S") + b.product(inverse, s_inverse, "shifted S");
  b.constrain(f_inverse, at_z, right - b.product(f, at_inverse, "F and E"), "opening identity");

  b.constrain(wires.i1, z, f + b.product(gamma, s, "weighted S") - wires.i0, "opened at z");
  b.constrain(wires.i1, inverse, f_inverse + b.product(gamma, s_inverse, "weighted S") - wires.i0,
              "opened at 1/z");
  return {rho, z, gamma};
}

}  // namespace pyzkfl::wrap

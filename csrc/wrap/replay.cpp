// Messages, rounds and expressions of the replayed transcript.
#include "wrap/replay.h"

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "sumcheck/prover.h"
#include "wrap/closed_forms.h"

namespace pyzkfl::wrap {

using namespace sumcheck;

Replay::Replay(Builder& builder, const Program& program_, const ClaimTable& table_,
               std::span<const Fr> messages)
    : b(builder),
      program(program_),
      table(table_),
      transcript(builder, transcript_domain(program_)),
      messages_(messages) {}

std::vector<LC> Replay::receive(size_t count) {
  if (count > messages_.size()) throw ParameterError("wrap circuit: too few messages for this program");
  std::vector<LC> list;
  list.reserve(count);
  for (const Fr& v : messages_.first(count)) list.push_back(b.private_wire(v));
  messages_ = messages_.subspan(count);
  transcript.absorb(list);
  return list;
}

void Replay::receive_claims(ClaimTable::Phase phase) {
  const size_t count = table.phase_end[phase] - table.phase_begin(phase);
  for (LC& v : receive(count)) claim_values.push_back(std::move(v));
}

std::vector<LC> Replay::sumcheck(LC& value, unsigned variables, unsigned degree) {
  std::vector<LC> point(variables);
  for (unsigned j = variables; j-- > 0;) {
    const std::vector<LC> sent = receive(degree);  // c_0, c_2, .., c_degree
    LC linear = value - sent[0] * 2;
    for (unsigned i = 1; i < degree; ++i) linear -= sent[i];
    const LC challenge = transcript.challenge();
    // Horner: c_0 + x (c_1 + x (c_2 + ..)).
    LC sum = sent[degree - 1];
    for (unsigned i = degree - 1; i-- > 1;) sum = sent[i] + b.product(challenge, sum, "round");
    sum = linear + b.product(challenge, sum, "round");
    value = sent[0] + b.product(challenge, sum, "round");
    point[j] = challenge;
  }
  return point;
}

Factor Replay::coordinate(const Coordinate& c) const {
  switch (c.kind) {
    case Coordinate::Kind::tau: return {tau[c.index]};
    case Coordinate::Kind::kappa: return {kappa[c.index]};
    case Coordinate::Kind::zeta: return {zeta[c.index]};
    case Coordinate::Kind::rho: return {rho[c.index]};
    case Coordinate::Kind::one: return Factor::of(Fr::one());
    case Coordinate::Kind::half: return half();
    case Coordinate::Kind::weight: return Factor::of(weight_coordinate(c.index));
    case Coordinate::Kind::window:
    case Coordinate::Kind::zero: break;
  }
  return Factor::of(Fr::zero());
}

LC Replay::expression(const Expression& e, const ExpressionClaims& claims, Coordinate::Kind outer) {
  LC sum = e.constant;
  for (size_t t = 0; t < e.terms.size(); ++t) {
    const View& view = e.terms[t].view;
    const Fr scale = e.terms[t].coefficient * claim_factor(view);
    sum.add_scaled(view.is_selector ? selector(view, outer).value : claim_values[claims[t]], scale);
  }
  if (b.records()) sum.normalise();
  return sum;
}

const Factor& Replay::selector(const View& view, Coordinate::Kind outer) {
  std::vector<Coordinate> names;
  for (const Source& source : view.variables) {
    switch (source.kind) {
      case Source::Kind::outer: names.push_back({outer, source.index}); break;
      case Source::Kind::sum: names.push_back({Coordinate::Kind::half, 0}); break;
      case Source::Kind::bit:
        names.push_back({source.index != 0 ? Coordinate::Kind::one : Coordinate::Kind::zero, 0});
        break;
      case Source::Kind::inner:
      case Source::Kind::window:
      case Source::Kind::weight: throw ParameterError("wrap circuit: a selector of an inner variable, a window or weights");
    }
  }
  const auto key = std::pair(view.id, names);
  const auto found = selectors_.find(key);
  if (found != selectors_.end()) return found->second;
  std::vector<Factor> point;
  for (const Coordinate& c : names) point.push_back(coordinate(c));
  const Selector& s = program.selectors[view.id];
  return selectors_
      .emplace(key, s.kind == Selector::Kind::first_constant ? below_constant(b, s.count, point)
                                                             : up_to_bits(b, row_bits[s.count], point))
      .first->second;
}

std::vector<Factor> powers(Builder& b, const Wire& x, size_t count) {
  std::vector<Factor> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(i == 0 ? Factor::of(Fr::one()) : times(b, out.back(), {x}, "power"));
  }
  return out;
}

void decompose_rows(Replay& r) {
  const auto scope = r.b.scope("rows");
  r.row_bits.resize(r.program.steps);
  std::vector<bool> done(r.program.steps);
  const auto note = [&](const Expression& e) {
    for (const Term& term : e.terms) {
      if (!term.view.is_selector) continue;
      const Selector& s = r.program.selectors[term.view.id];
      if (s.kind != Selector::Kind::first_rows || done[s.count]) continue;
      done[s.count] = true;
      const auto variables = static_cast<unsigned>(term.view.variables.size());
      r.row_bits[s.count] = gadgets::bits(r.b, r.scalars.rows[s.count] - 1, variables, "rows in range");
    }
  };
  for (const LinearCheck& check : r.program.linear) note(check.expression);
  for (const ProductSum& sum : r.program.products) note(sum.result);
  for (const ZeroCheck& check : r.program.zeros) {
    for (const ZeroCheck::Product& product : check.products) {
      for (const Expression& factor : product.factors) note(factor);
    }
  }
}

}  // namespace pyzkfl::wrap

// T0 .. T6 of docs/engine.md (see native_verifier.h).
#include "native_verifier.h"

#include <algorithm>

namespace pyzkfl::sumcheck::testing {
namespace {

struct Refused {
  std::string where;
};

Fr power_of_two(int k) {
  Fr out = Fr::one();
  for (int i = 0; i < k; ++i) out = out.dbl();
  return k >= 0 ? out : power_of_two(-k).inverse();
}

Fr eq(std::span<const Fr> p, std::span<const Fr> x) {
  Fr out = Fr::one();
  for (size_t i = 0; i < p.size(); ++i) out *= p[i] * x[i] + (Fr::one() - p[i]) * (Fr::one() - x[i]);
  return out;
}

// eq(point, index) for the bits of an index.
Fr eq_index(std::span<const Fr> point, uint64_t index) {
  Fr out = Fr::one();
  for (size_t i = 0; i < point.size(); ++i) out *= (index >> i & 1) != 0 ? point[i] : Fr::one() - point[i];
  return out;
}

class Verifier {
 public:
  Verifier(const Program& program, const InnerProof& proof)
      : p_(program), proof_(proof), claims_(program), transcript_(transcript_domain(program)) {}

  Verdict run() {
    Verdict out;
    try {
      start();
      outer_claims();
      products();
      zeros();
      lookups();
      out.column_values = claims_to_one_point();
      require(next_ == proof_.messages.size(), "length");
      out.point = point_;
      out.transcript = transcript_;
    } catch (const Refused& refused) {
      out.refused_at = refused.where;
    }
    return out;
  }

 private:
  static void require(bool condition, const std::string& where) {
    if (!condition) throw Refused{where};
  }

  std::span<const Fr> read(size_t n) {
    require(n <= proof_.messages.size() - next_, "length");
    const auto list = std::span<const Fr>(proof_.messages).subspan(next_, n);
    next_ += n;
    transcript_.absorb(list);
    return list;
  }
  void read_claims(ClaimTable::Phase phase) {
    const auto list = read(claims_.phase_end[phase] - claims_.phase_begin(phase));
    values_.insert(values_.end(), list.begin(), list.end());
  }

  // `variables` rounds of a sumcheck of a degree, the last variable first; value becomes the last one.
  std::vector<Fr> sumcheck(unsigned variables, unsigned degree, Fr& value) {
    std::vector<Fr> point(variables);
    for (unsigned j = variables; j-- > 0;) {
      const auto sent = read(degree);
      std::vector<Fr> c(degree + 1);
      c[0] = sent[0];
      for (unsigned i = 2; i <= degree; ++i) c[i] = sent[i - 1];
      c[1] = value - c[0].dbl();
      for (unsigned i = 2; i <= degree; ++i) c[1] -= c[i];
      point[j] = transcript_.challenge();
      value = Fr::zero();
      for (unsigned i = degree + 1; i-- > 0;) value = value * point[j] + c[i];
    }
    return point;
  }

  std::vector<Fr> coordinates(const std::vector<Coordinate>& named) const {
    std::vector<Fr> out;
    for (const Coordinate& c : named) {
      switch (c.kind) {
        case Coordinate::Kind::tau: out.push_back(tau_.at(c.index)); break;
        case Coordinate::Kind::kappa: out.push_back(kappa_.at(c.index)); break;
        case Coordinate::Kind::zeta: out.push_back(zeta_.at(c.index)); break;
        case Coordinate::Kind::rho: out.push_back(rho_.at(c.index)); break;
        case Coordinate::Kind::window:
        case Coordinate::Kind::zero: out.push_back(Fr::zero()); break;
        case Coordinate::Kind::one: out.push_back(Fr::one()); break;
        case Coordinate::Kind::half: out.push_back(power_of_two(-1)); break;
        case Coordinate::Kind::weight: {  // 2^(2^i) / (1 + 2^(2^i))
          const Fr w = Fr::from_u64(uint64_t{1} << (1U << c.index));
          out.push_back(w * (w + Fr::one()).inverse());
          break;
        }
      }
    }
    return out;
  }

  // The extension at point_ of what a claim weighs its cells with: by summing over every input, output and kernel index
  // of every window, and eq for the other variables.
  Fr weight_at_point(const Claim& claim) const {
    Fr weight = Fr::one();
    std::vector<Fr> at = coordinates(claim.point), x;
    for (unsigned j = claim.log_size; j < p_.log_height; ++j) at.push_back(Fr::from_u64(claim.offset >> j & 1));
    std::vector<std::vector<Fr>> groups(claim.windows.size());
    std::vector<Fr> plain;
    for (unsigned j = 0; j < p_.log_height; ++j) {
      if (j < claim.log_size && claim.point[j].kind == Coordinate::Kind::window) {
        groups.at(claim.point[j].index).push_back(point_[j]);
      } else {
        plain.push_back(at[j]);
        x.push_back(point_[j]);
      }
    }
    weight = eq(plain, x);
    for (size_t i = 0; i < groups.size(); ++i) {
      const ClaimWindow& w = claim.windows[i];
      Fr sum;
      for (uint64_t y = 0; y < w.outputs; ++y) {
        for (uint64_t k = 0; k < w.kernels; ++k) {
          if (y * w.stride + k < w.padding || y * w.stride + k - w.padding >= w.inputs) continue;
          const uint64_t v = y * w.stride + k - w.padding;
          const std::vector<Fr> first = coordinates(w.first), second = coordinates(w.second);
          switch (w.role) {
            case Window::Role::input: sum += eq_index(groups[i], v) * eq_index(first, y) * eq_index(second, k); break;
            case Window::Role::output: sum += eq_index(groups[i], y) * eq_index(first, v) * eq_index(second, k); break;
            case Window::Role::kernel: sum += eq_index(groups[i], k) * eq_index(first, v) * eq_index(second, y); break;
          }
        }
      }
      weight *= sum;
    }
    return weight;
  }

  Fr expression(const Expression& e, const ExpressionClaims& ids, std::span<const Fr> outer) const {
    Fr sum = e.constant;
    for (size_t i = 0; i < e.terms.size(); ++i) {
      const View& view = e.terms[i].view;
      Fr value;
      if (view.is_selector) {
        const Selector& s = p_.selectors[view.id];
        const uint64_t count = s.kind == Selector::Kind::first_constant ? s.count : proof_.rows.at(s.count);
        std::vector<Fr> point;
        for (const Source& source : view.variables) {
          if (source.kind == Source::Kind::outer) point.push_back(outer[source.index]);
          if (source.kind == Source::Kind::sum) point.push_back(power_of_two(-1));
          if (source.kind == Source::Kind::bit) point.push_back(Fr::from_u64(source.index));
        }
        for (uint64_t x = 0; x < std::min(count, uint64_t{1} << point.size()); ++x) value += eq_index(point, x);
      } else {
        value = values_.at(ids[i]);
      }
      std::vector<Source> named = view.variables;
      for (const Window& w : view.windows) {
        named.insert(named.end(), w.first.begin(), w.first.end());
        named.insert(named.end(), w.second.begin(), w.second.end());
      }
      for (const Source& source : named) {
        if (source.kind == Source::Kind::sum) value = value.dbl();
        if (source.kind == Source::Kind::weight) value *= Fr::from_u64(1 + (uint64_t{1} << (1U << source.index)));
      }
      sum += e.terms[i].coefficient * value;
    }
    return sum;
  }

  void start() {
    std::vector<Fr> list(proof_.context.begin(), proof_.context.end());
    for (const uint64_t rows : proof_.rows) list.push_back(Fr::from_u64(rows));
    list.insert(list.end(), proof_.square_sums.begin(), proof_.square_sums.end());
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      list.push_back(proof_.norm_squares.at(i));
      list.push_back(Fr::from_u64(proof_.rates.at(i)));
    }
    transcript_.absorb(std::span<const Fr>(list));
    for (const G1Affine& point : proof_.points) transcript_.absorb(point);
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      const Clip& clip = p_.clips[i];
      const Fr rate = Fr::from_u64(proof_.rates[i]);
      require(proof_.rates[i] >= 1 && proof_.square_sums.at(clip.square_sum) == proof_.norm_squares[i] * rate.square(),
              "clip");
      const Limbs n2 = proof_.norm_squares[i].to_canonical();
      require(n2[1] == 0 && n2[2] == 0 && n2[3] == 0 && n2[0] < uint64_t{1} << 40, "clip");  // samples are small
      uint64_t n = 0;
      while ((n + 1) * (n + 1) <= n2[0]) ++n;
      require(proof_.rates[i] == std::min(clip.eta, clip.target_low / (n + 1)), "clip");
    }
    for (const NormBound& bound : p_.bounds)
      require(!limbs::less(bound.bound, proof_.square_sums.at(bound.square_sum).to_canonical()), "bound");
    for (unsigned i = 0; i < claims_.tau_count; ++i) tau_.push_back(transcript_.challenge());
  }

  void outer_claims() {
    read_claims(ClaimTable::outer);
    for (size_t i = 0; i < p_.linear.size(); ++i)
      require(expression(p_.linear[i].expression, claims_.linear[i], tau_).is_zero(), "linear check");
  }

  void products() {
    if (p_.products.empty() && p_.squares.empty()) return;
    const Fr w = transcript_.challenge();
    Fr value, weight = Fr::one();
    for (size_t m = 0; m < p_.products.size(); ++m, weight *= w) {
      Fr v = expression(p_.products[m].result, claims_.products[m].result, tau_);
      if (p_.products[m].scalar != no_scalar) v *= Fr::from_u64(proof_.rates[p_.products[m].scalar]).inverse();
      value += weight * v;
    }
    for (size_t s = 0; s < p_.squares.size(); ++s, weight *= w) value += weight * proof_.square_sums[s];
    kappa_ = sumcheck(claims_.kappa_count, 2, value);
    read_claims(ClaimTable::inner);

    const auto above = [&](unsigned v) { return power_of_two(static_cast<int>(v) - static_cast<int>(kappa_.size())); };
    Fr sum;
    weight = Fr::one();
    for (size_t m = 0; m < p_.products.size(); ++m, weight *= w) {
      for (size_t i = 0; i < p_.products[m].pairs.size(); ++i) {
        const auto& pair = p_.products[m].pairs[i];
        const auto& ids = claims_.products[m].pairs[i];
        sum += weight * above(pair.inner) * expression(pair.left, ids.left, tau_) *
               expression(pair.right, ids.right, tau_);
      }
    }
    for (size_t s = 0; s < p_.squares.size(); ++s, weight *= w) {
      for (size_t i = 0; i < p_.squares[s].parts.size(); ++i) {
        const auto& part = p_.squares[s].parts[i];
        sum += weight * above(part.inner) * expression(part.expression, claims_.squares[s][i], tau_).square();
      }
    }
    require(sum == value, "product sums");
  }

  void zeros() {
    if (p_.zeros.empty()) return;
    const Fr y = transcript_.challenge();
    Fr value;
    zeta_ = sumcheck(claims_.zeta_count, 3, value);
    read_claims(ClaimTable::zero);
    Fr sum, weight = Fr::one();
    for (size_t m = 0; m < p_.zeros.size(); ++m, weight *= y) {
      const ZeroCheck& check = p_.zeros[m];
      Fr inside;
      for (size_t t = 0; t < check.products.size(); ++t) {
        Fr product = check.products[t].coefficient;
        for (size_t k = 0; k < check.products[t].factors.size(); ++k)
          product *= expression(check.products[t].factors[k], claims_.zeros[m].products[t][k], zeta_);
        inside += product;
      }
      const int above = static_cast<int>(zeta_.size() - check.outer);
      sum += weight * power_of_two(-above) *
             eq(std::span(tau_).first(check.outer), std::span(zeta_).first(check.outer)) * inside;
    }
    require(sum == value, "zero-checks");
  }

  void lookups() {
    if (p_.tables.empty()) return;
    const Fr g = transcript_.challenge(), b = transcript_.challenge();
    Fr p_value, q_value;
    const auto descend = [&](std::span<const Fr> children, std::vector<Fr> point) {
      const Fr mu = transcript_.challenge();
      p_value = children[0] + mu * (children[1] - children[0]);
      q_value = children[2] + mu * (children[3] - children[2]);
      rho_ = std::move(point);
      rho_.push_back(mu);
    };
    const auto top = read(4);
    require((top[0] * top[3] + top[1] * top[2]).is_zero(), "root numerator");
    require(!(top[2] * top[3]).is_zero(), "root denominator");
    descend(top, {});
    for (unsigned k = 1; k < claims_.tree_depth; ++k) {
      const Fr lambda = transcript_.challenge();
      Fr value = p_value + lambda * q_value;
      const std::vector<Fr> point = sumcheck(k, 3, value);
      const auto c = read(4);
      require(value == eq(rho_, point) * (c[0] * c[3] + c[1] * c[2] + lambda * c[2] * c[3]), "lookup level");
      descend(c, point);
    }
    read_claims(ClaimTable::leaf);

    // P and Q are the MLEs of the leaves, segment by segment.
    Fr p_sum, q_sum, covered;
    for (const Segment& s : claims_.segments) {
      const std::span<const Fr> low = std::span(rho_).first(s.log_size), high = std::span(rho_).subspan(s.log_size);
      const Fr here = eq_index(high, s.offset >> s.log_size);
      covered += here;
      const auto table_constant = [&](uint32_t table) { return g - b * Fr::from_u64(table + 1); };
      if (s.kind == Segment::Kind::column) {
        Fr q = g - values_[s.first_claim];
        for (const RangeLookup& range : p_.ranges) {
          const Block& block = p_.blocks[range.block];
          if (block.column != s.index) continue;
          const Fr inside = eq_index(low.subspan(block.log_size), block.offset >> block.log_size);
          p_sum += here * inside;
          q -= inside * (Fr::from_i64(range.offset) + b * Fr::from_u64(range.table + 1));
        }
        q_sum += here * q;
      } else if (s.kind == Segment::Kind::table) {
        Fr key;
        for (unsigned j = 0; j < s.log_size; ++j) key += low[j] * power_of_two(static_cast<int>(j));
        p_sum -= here * values_[s.first_claim];
        Fr q = table_constant(s.index) - key;
        if (p_.tables[s.index].kind == Table::Kind::pairs) q -= b.square() * values_[s.second_claim];
        q_sum += here * q;
      } else {
        p_sum += here;
        q_sum += here * (table_constant(p_.pairs[s.index].table) - values_[s.first_claim] -
                         b.square() * values_[s.second_claim]);
      }
    }
    q_sum += Fr::one() - covered;
    require(p_sum == p_value, "leaf numerators");
    require(q_sum == q_value, "leaf denominators");
  }

  std::vector<Fr> claims_to_one_point() {
    const Fr a = transcript_.challenge();
    Fr value, power = Fr::one();
    for (const Fr& v : values_) {
      value += power * v;
      power *= a;
    }
    point_ = sumcheck(p_.log_height, 2, value);
    const auto v = read(p_.columns.size());
    Fr sum;
    power = Fr::one();
    for (const Claim& claim : claims_.claims) {
      sum += power * v[claim.column] * weight_at_point(claim);
      power *= a;
    }
    require(sum == value, "claims to one point");
    return {v.begin(), v.end()};
  }

  const Program& p_;
  const InnerProof& proof_;
  ClaimTable claims_;
  Transcript transcript_;
  size_t next_ = 0;
  std::vector<Fr> values_, tau_, kappa_, zeta_, rho_, point_;
};

}  // namespace

Verdict verify_reduction(const Program& program, const InnerProof& proof) { return Verifier(program, proof).run(); }

Fr column_at(const Program& program, const ProgramValues& values, size_t column, std::span<const Fr> point) {
  Fr out;
  if (program.columns[column].kind == ColumnKind::mask) {
    for (size_t i = 0; i < values.mask.size(); ++i) out += values.mask[i] * eq_index(point, i);
    return out;
  }
  const ColumnValues& v = values.columns[column];
  for (size_t i = 0; i < v.cells.size(); ++i) out += Fr::from_i64(v.cells[i]) * eq_index(point, i);
  if (program.columns[column].log_height < program.log_height)
    out += v.blinder * eq_index(point, uint64_t{1} << program.columns[column].log_height);
  return out;
}

}  // namespace pyzkfl::sumcheck::testing

// Sections 1 to 3 of docs/engine.md, formula by formula.
#include "reference_prover.h"

#include <cmath>

#include "base/sha256.h"
#include "curves/scalar_mul.h"

namespace pyzkfl::wrap::testing {

using namespace sumcheck;
using Vector = std::vector<Fr>;

namespace {

Fr power(const Fr& x, size_t n) {
  Fr out = Fr::one();
  for (size_t i = 0; i < n; ++i) out *= x;
  return out;
}

Fr eq(std::span<const Fr> p, std::span<const Fr> x) {
  Fr out = Fr::one();
  for (size_t j = 0; j < p.size(); ++j) out *= p[j] * x[j] + (Fr::one() - p[j]) * (Fr::one() - x[j]);
  return out;
}

Vector vertex(uint64_t index, size_t variables) {
  Vector out;
  for (size_t j = 0; j < variables; ++j) out.push_back(Fr::from_u64(index >> j & 1));
  return out;
}

Fr half_power(size_t k) { return power(Fr::from_u64(2), k).inverse(); }

// The coefficients of the polynomial of degree n - 1 with these values at 0, 1, .., n - 1 (Lagrange).
Vector interpolate(const Vector& values) {
  Vector out(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    Vector basis = {Fr::one()};
    Fr scale = values[i];
    for (size_t k = 0; k < values.size(); ++k) {
      if (k == i) continue;
      Vector next(basis.size() + 1);
      for (size_t d = 0; d < basis.size(); ++d) {
        next[d + 1] += basis[d];
        next[d] -= basis[d] * Fr::from_u64(k);
      }
      basis = next;
      scale *= (Fr::from_u64(i) - Fr::from_u64(k)).inverse();
    }
    for (size_t d = 0; d < basis.size(); ++d) out[d] += basis[d] * scale;
  }
  return out;
}

class Prover {
 public:
  Prover(const Program& program, const ProgramValues& values, const Deviations& deviations)
      : p_(program),
        values_(values),
        deviations_(deviations),
        table_(program),
        transcript_(domain(program)) {}

  Reference run() {
    statement();
    for (unsigned i = 0; i < table_.tau_count; ++i) tau_.push_back(challenge());
    send_claims(ClaimTable::outer);
    products();
    zeros();
    lookups();
    opening();
    return std::move(out_);
  }

 private:
  static std::string domain(const Program& program) {
    std::string hex = "pyzkfl/engine/1/";
    for (const uint8_t byte : program.digest()) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", byte);
      hex += digits;
    }
    return hex;
  }

  Fr challenge() {
    out_.challenges.push_back(transcript_.challenge());
    return out_.challenges.back();
  }

  void send(Vector list) {
    if (deviations_.change_list) deviations_.change_list(lists_, list, out_.challenges);
    ++lists_;
    transcript_.absorb(list);
    out_.assignment.messages.insert(out_.assignment.messages.end(), list.begin(), list.end());
  }

  // ---- What a program's words mean ----

  Fr cell(uint32_t column, uint64_t index) const {
    const Cells& cells = values_.columns[column].cells;
    return index < cells.size() ? Fr::from_i64(cells[index]) : Fr();
  }
  Vector block_cells(uint32_t column, uint64_t offset, unsigned log_size) const {
    Vector out;
    for (uint64_t i = 0; i < uint64_t{1} << log_size; ++i) out.push_back(cell(column, offset + i));
    return out;
  }
  Vector selected(uint32_t id, size_t variables) const {
    if (deviations_.selected) return deviations_.selected(id, variables);
    const Selector& s = p_.selectors[id];
    Vector out;
    const uint64_t count = s.kind == Selector::Kind::first_rows ? values_.rows[s.count] : s.count;
    for (uint64_t i = 0; i < uint64_t{1} << variables; ++i) out.push_back(Fr::from_u64(i < count ? 1 : 0));
    return out;
  }
  // Summed variables by summing.
  Fr view(const View& v, std::span<const Fr> outer, std::span<const Fr> inner) const {
    const Vector cells = v.is_selector ? selected(v.id, v.variables.size())
                                       : block_cells(p_.blocks[v.id].column, p_.blocks[v.id].offset,
                                                     p_.blocks[v.id].log_size);
    if (!v.windows.empty()) return window_view(v, cells, outer, inner);
    std::vector<size_t> summed;
    Vector point, weights;  // of a summed variable's 1
    for (const Source& source : v.variables) {
      const bool weighs = source.kind == Source::Kind::weight;
      if (source.kind == Source::Kind::sum || weighs) {
        summed.push_back(point.size());
        weights.push_back(Fr::from_u64(weighs ? uint64_t{1} << (1U << source.index) : 1));
      }
      point.push_back(source.kind == Source::Kind::outer   ? outer[source.index]
                      : source.kind == Source::Kind::inner ? inner[source.index]
                                                           : Fr::from_u64(source.index));
    }
    Fr sum;
    for (uint64_t k = 0; k < uint64_t{1} << summed.size(); ++k) {
      Fr weight = Fr::one();
      for (size_t j = 0; j < summed.size(); ++j) {
        point[summed[j]] = Fr::from_u64(k >> j & 1);
        if ((k >> j & 1) != 0) weight *= weights[j];
      }
      sum += weight * extension(cells, point);
    }
    return sum;
  }
  // Cell by cell: what it is multiplied by at a point of the relation.
  Fr window_view(const View& v, const Vector& cells, std::span<const Fr> outer, std::span<const Fr> inner) const {
    const auto factor = [&](const Source& source, bool bit) {
      if (source.kind == Source::Kind::sum) return Fr::one();  // both values of the variable
      if (source.kind == Source::Kind::weight) return Fr::from_u64(bit ? uint64_t{1} << (1U << source.index) : 1);
      const Fr x = source.kind == Source::Kind::outer   ? outer[source.index]
                   : source.kind == Source::Kind::inner ? inner[source.index]
                                                        : Fr::from_u64(source.index);
      return bit ? x : Fr::one() - x;
    };
    const auto side = [&](const std::vector<Source>& sources, uint64_t index) {
      Fr out = Fr::one();
      for (size_t j = 0; j < sources.size(); ++j) out *= factor(sources[j], (index >> j & 1) != 0);
      return out;
    };
    Fr sum;
    for (uint64_t i = 0; i < cells.size(); ++i) {
      Fr weight = cells[i];
      std::vector<uint64_t> index(v.windows.size()), seen(v.windows.size());
      for (size_t j = 0; j < v.variables.size(); ++j) {
        const Source& source = v.variables[j];
        if (source.kind != Source::Kind::window)
          weight *= factor(source, (i >> j & 1) != 0);
        else
          index[source.index] += (i >> j & 1) << seen[source.index]++;
      }
      for (size_t w = 0; w < v.windows.size(); ++w) {
        Fr all;
        for (uint64_t p = 0; p < uint64_t{1} << v.windows[w].first.size(); ++p) {
          for (uint64_t q = 0; q < uint64_t{1} << v.windows[w].second.size(); ++q) {
            if (block_index(v.windows[w], p, q) == index[w]) all += side(v.windows[w].first, p) * side(v.windows[w].second, q);
          }
        }
        weight *= all;
      }
      sum += weight;
    }
    return sum;
  }
  Fr expression(const Expression& e, std::span<const Fr> outer, std::span<const Fr> inner) const {
    Fr sum = e.constant;
    for (const Term& t : e.terms) sum += t.coefficient * view(t.view, outer, inner);
    return sum;
  }

  Fr coordinate(const Coordinate& c) const {
    switch (c.kind) {
      case Coordinate::Kind::tau: return tau_[c.index];
      case Coordinate::Kind::kappa: return kappa_[c.index];
      case Coordinate::Kind::zeta: return zeta_[c.index];
      case Coordinate::Kind::rho: return rho_[c.index];
      case Coordinate::Kind::window:
      case Coordinate::Kind::zero: return Fr::zero();
      case Coordinate::Kind::one: return Fr::one();
      case Coordinate::Kind::weight: {
        const Fr w = Fr::from_u64(uint64_t{1} << (1U << c.index));
        return w * (w + Fr::one()).inverse();
      }
      case Coordinate::Kind::half: break;
    }
    return half_power(1);
  }
  // What a claim weighs each cell of its part with.
  Vector claim_weights(const Claim& claim) const {
    Vector out;
    const auto side = [&](const std::vector<Coordinate>& named, uint64_t index) {
      Fr product = Fr::one();
      for (size_t j = 0; j < named.size(); ++j) {
        const Fr x = coordinate(named[j]);
        product *= (index >> j & 1) != 0 ? x : Fr::one() - x;
      }
      return product;
    };
    for (uint64_t i = 0; i < uint64_t{1} << claim.log_size; ++i) {
      Fr weight = Fr::one();
      std::vector<uint64_t> index(claim.windows.size()), seen(claim.windows.size());
      for (unsigned j = 0; j < claim.log_size; ++j) {
        if (claim.point[j].kind == Coordinate::Kind::window) {
          index[claim.point[j].index] += (i >> j & 1) << seen[claim.point[j].index]++;
          continue;
        }
        const Fr x = coordinate(claim.point[j]);
        weight *= (i >> j & 1) != 0 ? x : Fr::one() - x;
      }
      for (size_t w = 0; w < claim.windows.size(); ++w) {
        const Window form = claim.windows[w].form();
        Fr all;
        for (uint64_t p = 0; p < form.first_count(); ++p) {
          for (uint64_t q = 0; q < form.second_count(); ++q) {
            if (block_index(form, p, q) == index[w])
              all += side(claim.windows[w].first, p) * side(claim.windows[w].second, q);
          }
        }
        weight *= all;
      }
      out.push_back(weight);
    }
    return out;
  }
  void send_claims(ClaimTable::Phase phase) {
    Vector list;
    for (size_t i = table_.phase_begin(phase); i < table_.phase_end[phase]; ++i) {
      const Claim& claim = table_.claims[i];
      const Vector cells = block_cells(claim.column, claim.offset, claim.log_size), weights = claim_weights(claim);
      Fr sum;
      for (size_t j = 0; j < cells.size(); ++j) sum += cells[j] * weights[j];
      list.push_back(sum);
    }
    send(list);
  }

  // ---- T0 ----

  G1Affine made_up_point() {
    const size_t i = out_.points.size();
    out_.points.push_back(deviations_.points.empty() ? mul(G1(g1_generator()), Fr::random()).to_affine()
                                                     : deviations_.points[i]);
    return out_.points.back();
  }

  void statement() {
    WrapAssignment& a = out_.assignment;
    a.context = {Fr::from_canonical({11, 12, 0, 0}), Fr::from_canonical({13, 14, 0, 0})};
    out_.rows = values_.rows;
    Vector list = {a.context[0], a.context[1]};
    for (const uint64_t rows : values_.rows) a.rows.push_back(Fr::from_u64(rows));
    for (const SquareSum& square : p_.squares) {
      Fr sum;
      for (const SquareSum::Part& part : square.parts) {
        for (uint64_t x = 0; x < uint64_t{1} << part.inner; ++x) {
          const Fr v = expression(part.expression, {}, vertex(x, part.inner));
          sum += v * v;
        }
      }
      a.square_sums.push_back(sum);
    }
    if (!deviations_.square_sums.empty())
      a.square_sums.assign(deviations_.square_sums.begin(), deviations_.square_sums.end());
    list.insert(list.end(), a.rows.begin(), a.rows.end());
    list.insert(list.end(), a.square_sums.begin(), a.square_sums.end());
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      a.rates.push_back(Fr::from_u64(values_.rates[i]));
      const Fr& q = a.square_sums[p_.clips[i].square_sum];
      a.norm_squares.push_back(q * (a.rates[i] * a.rates[i]).inverse());
      list.push_back(a.norm_squares[i]);
      list.push_back(a.rates[i]);
    }
    transcript_.absorb(list);
    for (const Column& column : p_.columns) {
      if (column.kind != ColumnKind::update && column.kind != ColumnKind::digits &&
          column.kind != ColumnKind::mask)
        continue;
      const G1Affine point = made_up_point();
      transcript_.absorb(point);
      a.points.push_back(transcript::point_elements(point));
    }
  }

  // ---- Sumchecks ----

  using Polynomial = std::function<Fr(const Vector&)>;

  // The point. `value` only grows wrong where a list was changed on the way; the circuit's is its own
  // business.
  Vector sumcheck(const Polynomial& f, unsigned variables, unsigned degree) {
    Vector point(variables);
    for (unsigned j = variables; j-- > 0;) {
      Vector values;
      for (unsigned x = 0; x <= degree; ++x) {
        Fr sum;
        point[j] = Fr::from_u64(x);
        for (uint64_t low = 0; low < uint64_t{1} << j; ++low) {
          for (unsigned i = 0; i < j; ++i) point[i] = Fr::from_u64(low >> i & 1);
          sum += f(point);
        }
        values.push_back(sum);
      }
      Vector coefficients = interpolate(values);
      coefficients.erase(coefficients.begin() + 1);
      send(coefficients);
      point[j] = challenge();
    }
    return point;
  }

  void products() {
    if (p_.products.empty() && p_.squares.empty()) return;
    const Fr w = challenge();
    const unsigned k = table_.kappa_count;
    kappa_ = sumcheck(
        [&](const Vector& x) {
          Fr sum;
          for (size_t m = 0; m < p_.products.size(); ++m) {
            for (const ProductSum::Pair& pair : p_.products[m].pairs) {
              sum += power(w, m) * half_power(k - pair.inner) * expression(pair.left, tau_, x) *
                     expression(pair.right, tau_, x);
            }
          }
          for (size_t s = 0; s < p_.squares.size(); ++s) {
            for (const SquareSum::Part& part : p_.squares[s].parts) {
              const Fr v = expression(part.expression, {}, x);
              sum += power(w, p_.products.size() + s) * half_power(k - part.inner) * v * v;
            }
          }
          return sum;
        },
        k, 2);
    send_claims(ClaimTable::inner);
  }

  void zeros() {
    if (p_.zeros.empty()) return;
    const Fr y = challenge();
    const unsigned v = table_.zeta_count;
    zeta_ = sumcheck(
        [&](const Vector& x) {
          Fr sum;
          for (size_t m = 0; m < p_.zeros.size(); ++m) {
            const ZeroCheck& check = p_.zeros[m];
            Fr inside;
            for (const ZeroCheck::Product& product : check.products) {
              Fr value = product.coefficient;
              for (const Expression& factor : product.factors) value *= expression(factor, x, {});
              inside += value;
            }
            sum += power(y, m) * half_power(v - check.outer) * inside *
                   eq(std::span<const Fr>(tau_).first(check.outer),
                      std::span<const Fr>(x).first(check.outer));
          }
          return sum;
        },
        v, 3);
    send_claims(ClaimTable::zero);
  }

  // ---- T5 ----

  void leaves(const Fr& g, const Fr& b, Vector& p, Vector& q) const {
    const auto row = [&](const Fr& key, uint32_t table) {
      return g - key - b * Fr::from_u64(uint64_t{table} + 1);
    };
    for (const Segment& s : table_.segments) {
      for (uint64_t i = 0; i < uint64_t{1} << s.log_size; ++i) {
        if (s.kind == Segment::Kind::column) {
          Fr numerator, denominator = g - cell(s.index, i);
          for (const RangeLookup& range : p_.ranges) {
            const Block& block = p_.blocks[range.block];
            if (block.column != s.index || i >> block.log_size != block.offset >> block.log_size) continue;
            numerator = Fr::one();
            denominator -= Fr::from_i64(range.offset) + b * Fr::from_u64(uint64_t{range.table} + 1);
          }
          p.push_back(numerator);
          q.push_back(denominator);
        } else if (s.kind == Segment::Kind::table) {
          const Table& table = p_.tables[s.index];
          const Block& counts = p_.blocks[table.multiplicities];
          p.push_back(-cell(counts.column, counts.offset + i));
          q.push_back(row(Fr::from_u64(i), s.index));
          if (table.kind == Table::Kind::pairs) {
            const Block& values = p_.blocks[table.values];
            q.back() -= b * b * cell(values.column, values.offset + i);
          }
        } else {
          const PairLookup& pair = p_.pairs[s.index];
          const Block &keys = p_.blocks[pair.keys], &values = p_.blocks[pair.values];
          p.push_back(Fr::one());
          q.push_back(row(cell(keys.column, keys.offset + i), pair.table) -
                      b * b * cell(values.column, values.offset + i));
        }
      }
    }
    p.resize(size_t{1} << table_.tree_depth, Fr::zero());
    q.resize(size_t{1} << table_.tree_depth, Fr::one());
  }

  void lookups() {
    if (p_.tables.empty()) return;
    const Fr g = challenge();
    const Fr b = challenge();
    const unsigned depth = table_.tree_depth;
    std::vector<Vector> p(depth + 1), q(depth + 1);
    leaves(g, b, p[depth], q[depth]);
    for (unsigned k = depth; k-- > 1;) {
      const uint64_t n = uint64_t{1} << k;
      for (uint64_t x = 0; x < n; ++x) {
        p[k].push_back(p[k + 1][x] * q[k + 1][x + n] + p[k + 1][x + n] * q[k + 1][x]);
        q[k].push_back(q[k + 1][x] * q[k + 1][x + n]);
      }
    }
    const auto halves = [&](unsigned level, const Vector& x) {
      Vector out;
      for (const Vector* v : {&p[level], &q[level]}) {
        const size_t n = v->size() / 2;
        out.push_back(extension(std::span<const Fr>(*v).first(n), x));
        out.push_back(extension(std::span<const Fr>(*v).last(n), x));
      }
      return out;  // p0, p1, q0, q1
    };
    send(halves(1, {}));
    rho_ = {challenge()};
    for (unsigned k = 1; k < depth; ++k) {
      const Fr lambda = challenge();
      const Vector point = sumcheck(
          [&](const Vector& x) {
            const Vector h = halves(k + 1, x);
            return eq(rho_, x) * (h[0] * h[3] + h[1] * h[2] + lambda * h[2] * h[3]);
          },
          k, 3);
      send(halves(k + 1, point));
      rho_ = point;
      rho_.push_back(challenge());
    }
    send_claims(ClaimTable::leaf);
  }

  // ---- T6, T7 ----

  // The column as a polynomial: its cells and its blinder, or the mask.
  Vector polynomial(size_t c) const {
    if (p_.columns[c].kind == ColumnKind::mask) return {values_.mask.begin(), values_.mask.end()};
    Vector out = block_cells(static_cast<uint32_t>(c), 0, p_.columns[c].log_height);
    out.push_back(values_.columns[c].blinder);
    return out;
  }

  void opening() {
    const size_t n = size_t{1} << p_.log_height;
    const Fr a = challenge();
    std::vector<Vector> functions;
    for (size_t c = 0; c < p_.columns.size(); ++c) {
      functions.push_back(polynomial(c));
      functions.back().resize(n);
    }
    std::vector<Vector> weights;
    for (const Claim& claim : table_.claims) {
      weights.emplace_back(n);
      const Vector own = claim_weights(claim);
      std::copy(own.begin(), own.end(), weights.back().begin() + static_cast<ptrdiff_t>(claim.offset));
    }
    const Vector r = sumcheck(
        [&](const Vector& x) {
          Fr sum;
          for (size_t i = 0; i < table_.claims.size(); ++i)
            sum += power(a, i) * extension(weights[i], x) * extension(functions[table_.claims[i].column], x);
          return sum;
        },
        p_.log_height, 2);
    Vector v;
    for (const Vector& f : functions) v.push_back(extension(f, r));
    send(v);
    sent_values_.assign(out_.assignment.messages.end() - static_cast<ptrdiff_t>(v.size()),
                        out_.assignment.messages.end());

    OpeningScalars& s = out_.scalars;
    s.rho = challenge();
    Vector f(n + 1);
    for (size_t c = 0; c < p_.columns.size(); ++c) {
      const Vector coefficients = polynomial(c);
      for (size_t i = 0; i < coefficients.size(); ++i) f[i] += power(s.rho, c) * coefficients[i];
    }
    // S_k is the coefficient of X^(k + 1) in F(X) E(1/X) + F(1/X) E(X).
    Vector e, symmetric(n);
    for (size_t i = 0; i < n; ++i) e.push_back(eq(r, vertex(i, p_.log_height)));
    for (size_t i = 0; i <= n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        if (i != j) symmetric[(i > j ? i - j : j - i) - 1] += f[i] * e[j];
      }
    }
    const G1Affine point = made_up_point();
    transcript_.absorb(point);
    WrapAssignment& out = out_.assignment;
    out.symmetric_point = transcript::point_elements(point);
    s.z = challenge();
    const Fr inverse = s.z.inverse();
    const auto at = [](const Vector& coefficients, const Fr& x) {
      Fr sum;
      for (size_t i = coefficients.size(); i-- > 0;) sum = sum * x + coefficients[i];
      return sum;
    };
    out.evaluations = {at(f, s.z), at(f, inverse), at(symmetric, s.z), at(symmetric, inverse)};
    auto& [at_z, at_inverse, s_at_z, s_at_inverse] = out.evaluations;
    if (deviations_.change_evaluations) deviations_.change_evaluations(out.evaluations);
    if (deviations_.fit_identity) {
      Fr value;
      for (size_t c = 0; c < sent_values_.size(); ++c) value += power(s.rho, c) * sent_values_[c];
      const Fr right = value.dbl() + s.z * s_at_z + inverse * s_at_inverse;
      at_inverse = (right - at_z * at(e, inverse)) * at(e, s.z).inverse();
    }
    transcript_.absorb(std::span<const Fr>(out.evaluations));
    s.gamma = challenge();
    const Fr g = out.evaluations[0] + s.gamma * out.evaluations[2];
    const Fr g_inverse = out.evaluations[1] + s.gamma * out.evaluations[3];
    s.i1 = (g - g_inverse) * (s.z - inverse).inverse();
    s.i0 = g - s.i1 * s.z;
    out.i0 = s.i0;
    out.i1 = s.i1;

    out.public_input = public_hash(out, s);
  }

  const Program& p_;
  const ProgramValues& values_;
  const Deviations& deviations_;
  ClaimTable table_;
  Transcript transcript_;
  Reference out_;
  size_t lists_ = 0;
  Vector tau_, kappa_, zeta_, rho_, sent_values_;
};

}  // namespace

Fr extension(std::span<const Fr> values, std::span<const Fr> point) {
  Fr sum;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].is_zero()) sum += values[i] * eq(point, vertex(i, point.size()));
  }
  return sum;
}

Fr public_hash(const WrapAssignment& a, const OpeningScalars& s) {
  Digest tag = sha256(as_bytes("pyzkfl/engine/1/public"));
  tag[0] &= 0x1f;
  Vector list = {Fr::from_bytes_be(tag), a.context[0], a.context[1]};
  list.insert(list.end(), a.rows.begin(), a.rows.end());
  for (const auto& elements : a.points) list.insert(list.end(), elements.begin(), elements.end());
  list.insert(list.end(), a.symmetric_point.begin(), a.symmetric_point.end());
  list.insert(list.end(), {s.rho, s.z, s.gamma, a.i0, a.i1});
  return poseidon2_hash(list);
}

Reference reference_proof(const Program& program, const ProgramValues& values, const Deviations& deviations) {
  return Prover(program, values, deviations).run();
}

}  // namespace pyzkfl::wrap::testing

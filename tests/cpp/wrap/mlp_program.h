// The shape of one clipped training step of a perceptron 784-128-10 with 64 rows, as section 6 of
// docs/engine.md compiles it, but in two digits columns: for counting constraints. It has no values.
#pragma once

#include <string>

#include "sample_programs.h"

namespace pyzkfl::wrap::testing {

class MlpProgram {
 public:
  Program build() {
    p_.log_height = 18;
    p_.columns = {{ColumnKind::weights, 17, "W"}, {ColumnKind::tables, 12, "T"}, {ColumnKind::data, 16, "X"},
                  {ColumnKind::update, 17, "D"},  {ColumnKind::digits, 18, "A1"},
                  {ColumnKind::digits, 18, "A2"}, {ColumnKind::mask, 3, "M"}};
    next_.resize(p_.columns.size());
    p_.selectors = {{Selector::Kind::first_rows, 0}, {Selector::Kind::first_constant, 10}};
    tables();
    data();
    forward();
    softmax();
    backward();
    updates();
    return p_;
  }

 private:
  enum Width : uint32_t { wide, byte, bit, none, exponential };  // tables
  enum : uint32_t { W, T, X, D, A1, A2 };
  static constexpr unsigned rows = 6, hidden = 7, classes = 4;
  static constexpr int64_t scale = int64_t{1} << 24;

  // The next aligned place of a column.
  uint32_t block(uint32_t column, unsigned log_size, const char* name) {
    const uint64_t size = uint64_t{1} << log_size;
    const uint64_t offset = (next_[column] + size - 1) / size * size;
    next_[column] = offset + size;
    p_.blocks.push_back({column, offset, log_size, name});
    return static_cast<uint32_t>(p_.blocks.size() - 1);
  }
  uint32_t ranged(uint32_t column, unsigned log_size, Width width, const char* name, int64_t offset = 0) {
    p_.ranges.push_back({block(column, log_size, name), width, offset});
    return p_.ranges.back().block;
  }

  // A value in digits of 16 and 8 bits.
  struct Digits {
    uint32_t low, high;
  };
  Digits digits(uint32_t column, unsigned log_size, const char* name) {
    const uint32_t low = ranged(column, log_size, wide, name);
    return {low, ranged(column, log_size, byte, name)};
  }
  static void add(Expression& e, int64_t factor, const Digits& d, const std::vector<Source>& at) {
    e.terms.push_back(term(factor, d.low, at));
    e.terms.push_back(term(factor << 16, d.high, at));
  }
  static Expression of(int64_t factor, const Digits& d, const std::vector<Source>& at) {
    Expression e;
    add(e, factor, d, at);
    return e;
  }
  // Variables 0 .. count - 1 of a block are variables first .. of the relation.
  static std::vector<Source> run(Source (*kind)(uint8_t), unsigned count, unsigned first = 0) {
    std::vector<Source> out;
    for (unsigned j = 0; j < count; ++j) out.push_back(kind(static_cast<uint8_t>(first + j)));
    return out;
  }
  static std::vector<Source> join(std::vector<Source> low, const std::vector<Source>& high) {
    low.insert(low.end(), high.begin(), high.end());
    return low;
  }
  void zero(unsigned variables, std::vector<ZeroCheck::Product> products) {
    p_.zeros.push_back({variables, std::move(products), ""});
  }

  void tables() {
    p_.tables = {{Table::Kind::range, 16, block(A2, 16, "wide"), 0},
                 {Table::Kind::range, 8, block(A2, 8, "byte"), 0},
                 {Table::Kind::range, 1, block(A2, 1, "bit"), 0},
                 {Table::Kind::range, 0, block(A2, 0, "none"), 0},
                 {Table::Kind::pairs, 12, block(A2, 12, "exp"), block(T, 12, "EXP")}};
  }

  void data() {
    for (const unsigned inputs : inputs_) {
      x_.push_back(ranged(X, rows + inputs, byte, "x", 128));
      w1_.push_back(block(W, inputs + hidden, "W1"));
      d1_.push_back(ranged(D, inputs + hidden, wide, "D1", 1 << 15));
    }
    y_ = ranged(X, rows + classes, bit, "y");
    w2_ = block(W, hidden + classes, "W2");
    d2_ = ranged(D, hidden + classes, wide, "D2", 1 << 15);
    b1_ = block(W, hidden, "b1");
    db1_ = ranged(D, hidden, wide, "db1", 1 << 15);
    b2_ = block(W, classes, "b2");
    db2_ = ranged(D, classes, wide, "db2", 1 << 15);
    ranged(D, 4, none, "padding");
    const std::vector<Source> row = run(outer, rows);
    p_.linear.push_back({rows,
                         sum_of({term(1, y_, join(std::vector<Source>(classes, summed()), row)),
                                 selector_term(-1, 0, row)}), "one label a row"});
    zero(rows + classes, {{Fr::one(), {sum_of({term(1, y_, run(outer, rows + classes))}),
                                       sum_of({selector_term(-1, 1, run(outer, classes))}, 1)}}});
  }

  void forward() {
    const std::vector<Source> at = run(outer, rows + hidden);
    u_ = digits(A2, rows + hidden, "u");
    gate_ = ranged(A2, rows + hidden, bit, "g");
    a_ = digits(A2, rows + hidden, "a");
    const Digits rem = digits(A2, rows + hidden, "rem");
    q_ = of(1, u_, at);
    q_.terms.push_back(term(1 << 24, gate_, at));
    q_.constant = Fr::from_i64(1 - (1 << 24));
    ProductSum product{rows + hidden, {}, {}, no_scalar, "layer 1"};
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const std::vector<Source> k = run(inner, inputs_[i]);
      product.pairs.push_back({inputs_[i], sum_of({term(1, x_[i], join(k, run(outer, rows, hidden)))}),
                               sum_of({term(1, w1_[i], join(k, run(outer, hidden)))})});
    }
    product.result = q_;
    for (Term& t : product.result.terms) t.coefficient *= Fr::from_i64(scale);
    add(product.result, 1, rem, at);
    product.result.terms.push_back(term(-256, b1_, run(outer, hidden)));
    p_.products.push_back(product);
    zero(rows + hidden, {{Fr::one(), {of(1, a_, at)}}, {-Fr::one(), {sum_of({term(1, gate_, at)}), q_}}});

    const std::vector<Source> out = run(outer, rows + classes);
    z_ = digits(A2, rows + classes, "z");
    const Digits rem2 = digits(A2, rows + classes, "rem");
    const std::vector<Source> k = run(inner, hidden);
    ProductSum second{rows + classes, {}, of(scale, z_, out), no_scalar, "layer 2"};
    second.pairs.push_back({hidden, of(1, a_, join(k, run(outer, rows, classes))),
                            sum_of({term(1, w2_, join(k, run(outer, classes)))})});
    add(second.result, 1, rem2, out);
    second.result.terms.push_back(term(-256, b2_, run(outer, classes)));
    p_.products.push_back(second);
  }

  void softmax() {
    constexpr unsigned size = rows + classes;
    const std::vector<Source> at = run(outer, size), row = run(outer, rows, classes),
                              unit = run(outer, classes);
    const uint32_t largest = block(A2, rows, "c"), t = block(A2, size, "t"), e = block(A2, size, "e");
    const uint32_t hint = ranged(A2, size, bit, "h");
    p_.pairs.push_back({t, e, exponential});
    const Digits over = digits(A2, size, "over"), p = digits(A2, size, "p"), rem = digits(A2, size, "rem"),
                 rest = digits(A2, size, "w");
    Expression distance = of(-1, z_, at);
    distance.terms.push_back(term(1, largest, row));
    distance.constant = Fr::from_i64(-4095);
    Expression sum = of(-1, over, at);
    sum.terms.push_back(term(-1, t, at));
    sum.constant = Fr::from_i64(4095);
    zero(size, {{Fr::one(), {sum_of({selector_term(1, 1, unit)}), distance}}, {Fr::one(), {sum}}});
    zero(size, {{Fr::one(), {of(1, over, at), sum_of({term(-1, t, at)}, 4095)}}});
    const std::vector<Source> all = std::vector<Source>(classes, summed());
    p_.linear.push_back({rows, sum_of({term(1, hint, join(all, run(outer, rows)))}, -1), "one largest"});
    Expression reached = of(1, over, at);
    reached.terms.push_back(term(1, t, at));
    zero(size, {{Fr::one(), {sum_of({term(1, hint, at)}), reached}}});
    const Term total = term(1, e, join(all, row));
    zero(size, {{Fr::from_i64(1 << 20), {sum_of({term(1, e, at)})}},
                {-Fr::one(), {of(1, p, at), sum_of({total})}},
                {-Fr::one(), {of(1, rem, at)}}});
    Expression below = of(-1, rem, at);
    add(below, -1, rest, at);
    below.terms.push_back(total);
    below.constant = -Fr::one();
    p_.linear.push_back({size, below, "remainder below the divisor"});
    dz2_ = digits(A2, size, "dZ2");
    Expression loss = of(1, p, at);
    loss.terms.push_back(term(-(1 << 20), y_, at));
    zero(size, {{Fr::one(), {sum_of({selector_term(1, 0, row)}), loss}}, {-Fr::one(), {of(1, dz2_, at)}}});
  }

  void backward() {
    const std::vector<Source> at = run(outer, rows + hidden);
    const Digits q = digits(A2, rows + hidden, "q"), rem = digits(A2, rows + hidden, "rem");
    const std::vector<Source> j = run(inner, classes);
    ProductSum product{rows + hidden, {}, of(scale, q, at), no_scalar, "backward"};
    product.pairs.push_back({classes, of(1, dz2_, join(j, run(outer, rows, hidden))),
                             sum_of({term(1, w2_, join(run(outer, hidden), j))})});
    add(product.result, 1, rem, at);
    p_.products.push_back(product);
    dz1_ = digits(A2, rows + hidden, "dZ1");
    zero(rows + hidden, {{Fr::one(), {sum_of({term(1, gate_, at)}), of(1, q, at)}},
                         {-Fr::one(), {of(1, dz1_, at)}}});
  }

  void update(const Digits& gradient, unsigned units, unsigned inputs, const Expression* side, uint32_t d,
              const char* name) {
    const std::vector<Source> at = run(outer, inputs + units);
    const Digits rem = digits(A1, inputs + units, "update remainder");
    const auto right = [&](const std::vector<Source>& where) {
      Expression e = of(1, rem, where);
      e.terms.push_back(term(-scale, d, where));
      e.constant = Fr::from_i64(-scale / 2);
      return e;
    };
    ProductSum product{inputs + units, {}, right(at), 0, name};
    Expression left;
    std::vector<Source> sources = run(outer, units, inputs);
    const std::vector<Source> i = side != nullptr ? run(inner, rows) : std::vector<Source>(rows, summed());
    add(left, 1, gradient, join(sources, i));
    product.pairs.push_back({side != nullptr ? rows : 0, left, side != nullptr ? *side : sum_of({}, 256)});
    p_.products.push_back(product);
    p_.squares[0].parts.push_back({inputs + units, right(run(inner, inputs + units))});
  }

  void updates() {
    p_.squares.push_back({{}, "norm"});
    for (size_t b = 0; b < inputs_.size(); ++b) {
      const Expression x = sum_of({term(1, x_[b], join(run(outer, inputs_[b]), run(inner, rows)))});
      update(dz1_, hidden, inputs_[b], &x, d1_[b], "update of W1");
    }
    const Expression a = of(1, a_, join(run(outer, hidden), run(inner, rows)));
    update(dz2_, classes, hidden, &a, d2_, "update of W2");
    update(dz1_, hidden, 0, nullptr, db1_, "update of b1");
    update(dz2_, classes, 0, nullptr, db2_, "update of b2");
    p_.clips.push_back({0, uint64_t{1} << 40, uint64_t{1} << 30, 0, 112});
    p_.bounds.push_back({0, {0, 0, 0, uint64_t{1} << 20}});
  }

  Program p_;
  std::vector<uint64_t> next_;
  const std::vector<unsigned> inputs_ = {9, 8, 4};
  std::vector<uint32_t> x_, w1_, d1_;
  uint32_t y_ = 0, w2_ = 0, d2_ = 0, b1_ = 0, db1_ = 0, b2_ = 0, db2_ = 0, gate_ = 0;
  Digits u_{}, a_{}, z_{}, dz1_{}, dz2_{};
  Expression q_;
};

}  // namespace pyzkfl::wrap::testing

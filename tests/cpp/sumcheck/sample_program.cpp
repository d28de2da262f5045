// Random small programs (see sample_program.h).
#include "sample_program.h"

#include <algorithm>
#include <array>

#include "sumcheck/direct_check.h"
#include "sumcheck/view_reader.h"

namespace pyzkfl::sumcheck::testing {
namespace {

enum ColumnIndex : uint32_t { weights, tables, data, update, digits_a, digits_b, mask };

class SampleBuilder {
 public:
  SampleBuilder(uint64_t seed, const SampleShape& shape) : random_(seed), shape_(shape) {}

  Sample build() {
    columns();
    sources();
    for (unsigned i = 0; i < shape_.linear; ++i) linear();
    for (unsigned i = 0; i < shape_.products; ++i) product();
    for (unsigned i = 0; i < shape_.zeros; ++i) zero();
    if (shape_.clip) clip();
    for (unsigned i = 0; i < shape_.squares; ++i) square();
    if (shape_.lookups) lookups();
    return std::move(s_);
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  int32_t small() { return static_cast<int32_t>(below(16)) - 8; }

  void columns() {
    Program& p = s_.program;
    p.log_height = 9;
    p.columns = {{ColumnKind::weights, 5, "W"}, {ColumnKind::tables, 4, "T"},   {ColumnKind::data, 6, "X"},
                 {ColumnKind::update, 7, "D"},  {ColumnKind::digits, 9, "A1"},  {ColumnKind::digits, 9, "A2"},
                 {ColumnKind::mask, 9, "M"}};
    if (below(2) != 0) p.columns[digits_b].log_height = 8;
    s_.values.columns.resize(p.columns.size());
    for (const uint32_t c : {data, update, digits_a, digits_b}) s_.values.columns[c].blinder = Fr::random();
    for (Fr& v : s_.values.mask) v = Fr::random();
    next_.resize(p.columns.size());
    rows_ = 1 + below(4);
    s_.values.rows = {rows_};
    p.selectors = {{Selector::Kind::first_constant, 3}, {Selector::Kind::first_rows, 0}};
  }

  // The next free aligned part of a column.
  uint32_t block(uint32_t column, unsigned log_size, const char* name) {
    uint64_t& next = next_[column];
    const uint64_t size = uint64_t{1} << log_size;
    next = (next + size - 1) / size * size;
    s_.program.blocks.push_back({column, next, log_size, name});
    next += size;
    Cells& cells = s_.values.columns[column].cells;
    if (cells.size() < next) cells.resize(next);
    return static_cast<uint32_t>(s_.program.blocks.size() - 1);
  }
  uint32_t random_block(uint32_t column, unsigned log_size, const char* name) {
    const uint32_t b = block(column, log_size, name);
    for (uint64_t i = 0; i < uint64_t{1} << log_size; ++i) s_.cell(b, i) = small();
    return b;
  }

  void sources() {
    for (const unsigned log_size : {4u, 3u}) sources_.push_back(random_block(weights, log_size, "source in W"));
    for (const unsigned log_size : {5u, 2u}) sources_.push_back(random_block(data, log_size, "source in X"));
    for (const unsigned log_size : {5u, 4u, 1u}) sources_.push_back(random_block(update, log_size, "source in D"));
    sources_.push_back(random_block(digits_a, 4, "source in A1"));
    if (shape_.blocks_of_one_cell) sources_.push_back(random_block(digits_b, 0, "cell"));
    sources_.push_back(random_block(digits_b, 3, "source in A2"));
  }

  // Sources for `count` variables: mostly different outer and inner ones, else sums and bits.
  std::vector<Source> variables(unsigned count, unsigned outer, unsigned inner, unsigned first_outer = 0, bool weighs = false) {
    std::vector<Source> free;
    for (auto i = static_cast<uint8_t>(first_outer); i < outer; ++i) free.push_back({Source::Kind::outer, i});
    for (uint8_t i = 0; i < inner; ++i) free.push_back({Source::Kind::inner, i});
    if (below(2) != 0) std::shuffle(free.begin(), free.end(), random_);
    std::vector<Source> out;
    uint8_t weights = 0;
    for (unsigned j = 0; j < count; ++j) {
      if (weighs && weights < 4 && below(3) == 0) {
        out.push_back({Source::Kind::weight, weights++});
      } else if (!free.empty() && below(5) != 0) {
        out.push_back(free.back());
        free.pop_back();
      } else if (below(2) != 0) {
        out.push_back({Source::Kind::sum, 0});
      } else {
        out.push_back({Source::Kind::bit, static_cast<uint8_t>(below(2))});
      }
    }
    if (below(2) != 0) std::reverse(out.begin(), out.end());
    return out;
  }

  // A view of a block; some have windows of any role, over one to three of the block's variables each.
  View view(uint32_t block, unsigned outer, unsigned inner, unsigned first_outer) {
    const unsigned count = s_.program.blocks[block].log_size;
    View v{false, block, {}, {}};
    if (!shape_.windows || count == 0 || below(2) != 0) {
      v.variables = variables(count, outer, inner, first_outer, true);
      return v;
    }
    const auto own = static_cast<unsigned>(1 + below(std::min(count, 3u)));
    const auto first = static_cast<unsigned>(below(3)), second = static_cast<unsigned>(below(3));
    const bool two = count - own >= 2 && below(2) != 0;  // and a second window of two variables
    std::vector<Source> pool = variables(count - own - (two ? 2 : 0) + first + second + (two ? 2 : 0), outer, inner, first_outer);
    const auto take = [&](unsigned n) {
      const std::vector<Source> out(pool.end() - n, pool.end());
      pool.resize(pool.size() - n);
      return out;
    };
    v.windows.push_back(window(own, take(first), take(second)));
    if (two) v.windows.push_back(window(2, take(1), take(1)));
    const auto at = static_cast<std::ptrdiff_t>(below(pool.size() + 1));
    v.variables = pool;
    v.variables.insert(v.variables.begin() + at, own, {Source::Kind::window, 0});
    if (two) v.variables.insert(v.variables.begin() + at + own + static_cast<std::ptrdiff_t>(below(v.variables.size() - at - own + 1)), 2, {Source::Kind::window, 1});
    return v;
  }

  Window window(unsigned own, std::vector<Source> first, std::vector<Source> second) {
    Window w;
    w.role = static_cast<Window::Role>(below(3));
    const auto count = [&](size_t variables) { return static_cast<uint32_t>(1 + below(uint64_t{1} << variables)); };
    uint32_t* const counts[] = {&w.inputs, &w.outputs, &w.kernels};
    const std::vector<Source>* lists[] = {&first, &second};
    size_t next = 0;
    for (unsigned i = 0; i < 3; ++i) *counts[i] = count(i == static_cast<unsigned>(w.role) ? own : lists[next++]->size());
    w.stride = static_cast<uint32_t>(1 + below(3));
    w.padding = static_cast<uint32_t>(below(w.kernels));
    w.first = std::move(first);
    w.second = std::move(second);
    return w;
  }

  Expression expression(unsigned outer, unsigned inner, bool selectors, unsigned first_outer = 0) {
    Expression e;
    const size_t terms = 1 + below(3);
    for (size_t i = 0; i < terms; ++i) {
      const uint32_t b = sources_[below(sources_.size())];
      e.terms.push_back({Fr::from_i64(small()), view(b, outer, inner, first_outer)});
    }
    if (selectors && below(2) != 0) {
      const auto which = static_cast<uint32_t>(below(2));
      e.terms.push_back({Fr::from_i64(small()), {true, which, variables(2, outer, 0)}});
    }
    if (below(2) != 0) e.constant = Fr::from_i64(small());
    return e;
  }

  Fr at(const Expression& e, uint64_t outer, uint64_t inner) const {
    Fr sum = e.constant;
    for (const Term& t : e.terms)
      sum += t.coefficient * Fr::from_i64(ViewReader(s_.program, s_.values, t.view).at(outer, inner));
    return sum;
  }

  static int32_t as_cell(const Fr& v) {
    const Limbs positive = v.to_canonical(), negative = (-v).to_canonical();
    if (positive[1] == 0 && positive[2] == 0 && positive[3] == 0) return static_cast<int32_t>(positive[0]);
    return -static_cast<int32_t>(negative[0]);
  }

  // -1 times a new block over the outer variables.
  Term result(std::vector<uint32_t>& list, unsigned outer, const char* name) {
    const uint32_t b = block(below(2) != 0 ? digits_a : digits_b, outer, name);
    list.push_back(b);
    Term term{-Fr::one(), {false, b, {}}};
    for (uint8_t i = 0; i < outer; ++i) term.view.variables.push_back({Source::Kind::outer, i});
    return term;
  }

  void linear() {
    const auto outer = static_cast<unsigned>(below(5));
    LinearCheck check{outer, expression(outer, 0, true), "sum"};
    const Term closing = result(s_.linear_results, outer, "linear result");
    for (uint64_t x = 0; x < uint64_t{1} << outer; ++x)
      s_.cell(closing.view.id, x) = as_cell(at(check.expression, x, 0));
    check.expression.terms.push_back(closing);
    s_.program.linear.push_back(std::move(check));
  }

  // The sum of the pairs at an outer index.
  Fr pairs_at(const ProductSum& sum, uint64_t x) const {
    Fr out;
    for (const auto& pair : sum.pairs) {
      for (uint64_t k = 0; k < uint64_t{1} << pair.inner; ++k) out += at(pair.left, x, k) * at(pair.right, x, k);
    }
    return out;
  }

  ProductSum pairs() {
    ProductSum sum;
    sum.outer = static_cast<unsigned>(below(4));
    const size_t count = 1 + below(2);
    for (size_t i = 0; i < count; ++i) {
      const auto inner = static_cast<unsigned>(below(5));
      // The sides share no outer variable.
      const auto left = static_cast<unsigned>(below(sum.outer + 1));
      sum.pairs.push_back({inner, expression(left, inner, false), expression(sum.outer, inner, false, left)});
    }
    sum.name = "matrix product";
    return sum;
  }

  void product() {
    ProductSum sum = pairs();
    Term closing = result(s_.product_results, sum.outer, "product result");
    closing.coefficient = Fr::one();
    sum.result = expression(sum.outer, 0, true);
    for (uint64_t x = 0; x < uint64_t{1} << sum.outer; ++x)
      s_.cell(closing.view.id, x) = as_cell(pairs_at(sum, x) - at(sum.result, x, 0));
    sum.result.terms.push_back(closing);
    s_.program.products.push_back(std::move(sum));
  }

  void zero() {
    ZeroCheck check;
    check.outer = static_cast<unsigned>(below(6));
    check.name = "mask";
    for (size_t i = 0; i < 2; ++i) {
      check.products.push_back({Fr::from_i64(small()), {expression(check.outer, 0, true)}});
      if (below(3) != 0) check.products.back().factors.push_back(expression(check.outer, 0, true));
    }
    const Term closing = result(s_.zero_results, check.outer, "zero-check result");
    for (uint64_t x = 0; x < uint64_t{1} << check.outer; ++x) {
      Fr sum;
      for (const auto& product : check.products) {
        Fr value = product.coefficient;
        for (const Expression& factor : product.factors) value *= at(factor, x, 0);
        sum += value;
      }
      s_.cell(closing.view.id, x) = as_cell(sum);
    }
    check.products.push_back({Fr::one(), {Expression{{closing}, {}}}});
    s_.program.zeros.push_back(std::move(check));
  }

  // rate * (sum of products) = result, whose squares are the clip's.
  void clip() {
    // Few and small, so that the rate is not 0: one pair of single views.
    ProductSum sum;
    sum.outer = 3;
    sum.scalar = 0;
    sum.name = "gradient";
    const auto source = [](uint32_t b, std::vector<Source> v) {
      return Expression{{{Fr::one(), {false, b, std::move(v)}}}, {}};
    };
    using K = Source::Kind;
    sum.pairs.push_back({2, source(sources_[0], {{K::inner, 0}, {K::inner, 1}, {K::outer, 0}, {K::outer, 1}}),
                         source(sources_[1], {{K::outer, 2}, {K::inner, 1}, {K::inner, 0}})});
    Term closing = result(s_.product_results, sum.outer, "clipped gradient");
    closing.coefficient = Fr::one();
    s_.clipped_block = closing.view.id;
    uint64_t norm_square = 0;
    for (uint64_t x = 0; x < 8; ++x) {
      const int64_t g = as_cell(pairs_at(sum, x));
      norm_square += static_cast<uint64_t>(g * g);
    }
    uint64_t norm = 0;
    while ((norm + 1) * (norm + 1) <= norm_square) ++norm;
    const Clip clip{0, below(2) != 0 ? 50u : 100000u, 0, 5000 + below(1000), 24};
    const uint64_t rate = std::min(clip.eta, clip.target_low / (norm + 1));
    for (uint64_t x = 0; x < 8; ++x)
      s_.cell(closing.view.id, x) = as_cell(pairs_at(sum, x)) * static_cast<int32_t>(rate);
    sum.result.terms.push_back(closing);
    s_.program.products.push_back(std::move(sum));
    SquareSum square;
    square.name = "clipped norm";
    square.parts.push_back({3, source(closing.view.id, {{K::inner, 0}, {K::inner, 1}, {K::inner, 2}})});
    s_.program.squares.push_back(std::move(square));
    s_.program.clips.push_back(clip);
    s_.values.rates = {rate};
  }

  void square() {
    SquareSum sum;
    sum.name = "norm";
    for (size_t i = 0; i < 2; ++i) {
      const auto inner = static_cast<unsigned>(below(6));
      sum.parts.push_back({inner, expression(0, inner, false)});
    }
    s_.program.squares.push_back(std::move(sum));
    const Fr value = square_sums(s_.program, s_.values).back();
    s_.program.bounds.push_back({static_cast<uint32_t>(s_.program.squares.size() - 1), value.to_canonical()});
  }

  void lookups() {
    Program& p = s_.program;
    const auto table = [&](Table::Kind kind, unsigned log_size, uint32_t values) {
      p.tables.push_back({kind, log_size, block(digits_a, log_size, "multiplicities"), values});
    };
    table(Table::Kind::range, 4, 0);
    table(Table::Kind::range, 0, 0);
    const uint32_t exp = random_block(tables, 3, "function");
    table(Table::Kind::pairs, 3, exp);
    table(Table::Kind::range, 5, 0);  // nothing looks it up
    s_.ranged_block = sources_[2];
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (i != 1) p.ranges.push_back({sources_[i], 0, 8});
    }
    s_.zero_block = block(update, 4, "zeros");
    p.ranges.push_back({s_.zero_block, 1, 0});
    for (size_t i = 0; i < 2; ++i) {
      s_.pair_keys = block(i == 0 ? digits_a : digits_b, i == 0 ? 4 : 2, "arguments");
      s_.pair_values = block(digits_a, i == 0 ? 4 : 2, "results");
      for (uint64_t x = 0; x < uint64_t{1} << (i == 0 ? 4 : 2); ++x) {
        const uint64_t key = below(8);
        s_.cell(s_.pair_keys, x) = static_cast<int32_t>(key);
        s_.cell(s_.pair_values, x) = s_.cell(exp, key);
      }
      p.pairs.push_back({s_.pair_keys, s_.pair_values, 2});
    }
    fill_multiplicities(p, s_.values);
  }

  std::mt19937_64 random_;
  SampleShape shape_;
  Sample s_;
  std::vector<uint64_t> next_;
  std::vector<uint32_t> sources_;
  uint64_t rows_ = 1;
};

}  // namespace

int32_t& Sample::cell(uint32_t block, uint64_t index) {
  const Block& b = program.blocks[block];
  return values.columns[b.column].cells[b.offset + index];
}

Sample make_sample(uint64_t seed, const SampleShape& shape) { return SampleBuilder(seed, shape).build(); }

}  // namespace pyzkfl::sumcheck::testing

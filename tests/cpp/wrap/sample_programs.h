// Programs of a few cells, with values that satisfy them.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "sumcheck/columns.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/program.h"

namespace pyzkfl::wrap::testing {

using namespace sumcheck;

inline Source outer(uint8_t i) { return {Source::Kind::outer, i}; }
inline Source inner(uint8_t i) { return {Source::Kind::inner, i}; }
inline Source summed() { return {Source::Kind::sum, 0}; }
inline Source fixed(uint8_t bit) { return {Source::Kind::bit, bit}; }

inline Term term(int64_t coefficient, uint32_t block, std::vector<Source> variables) {
  return {Fr::from_i64(coefficient), {false, block, std::move(variables)}};
}
inline Term selector_term(int64_t coefficient, uint32_t selector, std::vector<Source> variables) {
  return {Fr::from_i64(coefficient), {true, selector, std::move(variables)}};
}
inline Expression sum_of(std::vector<Term> terms, int64_t constant = 0) {
  return {std::move(terms), Fr::from_i64(constant)};
}

struct Sample {
  Program program;
  ProgramValues values;
};

// Blinders and mask, and the tables' multiplicities.
inline void finish(Sample& s) {
  for (size_t c = 0; c < s.program.columns.size(); ++c) {
    const ColumnKind kind = s.program.columns[c].kind;
    if (kind == ColumnKind::data || kind == ColumnKind::update || kind == ColumnKind::digits)
      s.values.columns[c].blinder = Fr::random();
  }
  for (Fr& v : s.values.mask) v = Fr::random();
  if (!s.program.tables.empty()) fill_multiplicities(s.program, s.values);
}

// Every kind of relation, view, selector and leaf: a linear layer of two by two whose gradient is clipped.
//   Z_ij = sum_k X_ik W_jk + 2 X_i1,  S_ij = [i < rows] Z_ij,  D_jk = rate sum_i S_ij X_ik
inline Sample everything(uint64_t rows = 1, uint64_t target = 2000) {
  Sample s;
  Program& p = s.program;
  p.log_height = 5;
  p.columns = {{ColumnKind::weights, 2, "W"}, {ColumnKind::tables, 1, "T"},   {ColumnKind::data, 3, "X"},
               {ColumnKind::update, 2, "D"},  {ColumnKind::digits, 5, "A1"},  {ColumnKind::digits, 2, "A2"},
               {ColumnKind::mask, 3, "M"}};
  enum : uint32_t { W, T, X, Y, D, Z, S, sums, pair_counts, range_counts, keys, results, zeros,
                  zero_count, first_row };
  p.blocks = {{0, 0, 2, "W"},          {1, 0, 1, "T"},     {2, 0, 2, "X"},        {2, 4, 2, "Y"},
              {3, 0, 2, "D"},          {4, 0, 2, "Z"},     {4, 4, 2, "S"},        {4, 8, 1, "sums"},
              {4, 10, 1, "pair counts"}, {4, 12, 2, "range counts"}, {4, 16, 1, "keys"},
              {4, 18, 1, "results"},
              {5, 2, 1, "zeros"},      {5, 1, 0, "zero count"}, {2, 0, 1, "first row of X"}};
  p.selectors = {{Selector::Kind::first_rows, 0}, {Selector::Kind::first_constant, 3}};

  p.linear.push_back({1, sum_of({term(1, Z, {summed(), outer(0)}), term(-1, sums, {outer(0)})}), "row sums"});
  p.linear.push_back({2, sum_of({term(1, Y, {outer(0), outer(1)}), term(-1, Z, {outer(0), outer(1)}),
                                 selector_term(-1, 1, {outer(0), outer(1)})}, 7), "shift"});
  p.products.push_back({2,
                        {{1, sum_of({term(1, X, {inner(0), outer(1)})}),
                          sum_of({term(1, W, {inner(0), outer(0)})})},
                         {0, sum_of({term(1, X, {fixed(1), outer(1)})}), sum_of({}, 2)}},
                        sum_of({term(1, Z, {outer(0), outer(1)})}), no_scalar, "forward"});
  p.products.push_back({2,
                        {{1, sum_of({term(1, S, {outer(1), inner(0)})}),
                          sum_of({term(1, X, {outer(0), inner(0)})})}},
                        sum_of({term(1, D, {outer(0), outer(1)})}), 0, "update"});
  p.zeros.push_back({2,
                     {{Fr::from_i64(-1), {sum_of({term(1, S, {outer(0), outer(1)})})}},
                      {Fr::one(), {sum_of({selector_term(1, 0, {outer(1)})}),
                                   sum_of({term(1, Z, {outer(0), outer(1)})})}}},
                     "real rows"});
  p.zeros.push_back({1,
                     {{Fr::one(), {sum_of({term(1, keys, {outer(0)})}),
                                   sum_of({term(1, keys, {outer(0)})}, -1)}}},
                     "boolean keys"});
  p.squares.push_back({{{2, sum_of({term(1, D, {inner(0), inner(1)})})}}, "update"});
  p.squares.push_back({{{2, sum_of({term(1, Z, {inner(0), inner(1)})})},
                        {1, sum_of({term(3, sums, {inner(0)})})}},
                       "outputs"});
  p.clips.push_back({0, 50, 0, target, 20});
  p.bounds.push_back({1, {(1 << 16) + 5, 0, 0, 0}});
  p.tables = {{Table::Kind::range, 2, range_counts, 0}, {Table::Kind::pairs, 1, pair_counts, T},
              {Table::Kind::range, 0, zero_count, 0}};
  p.ranges = {{first_row, 0, 1}, {zeros, 2, 0}};
  p.pairs = {{keys, results, 1}, {keys, results, 1}};

  const std::vector<int32_t> w = {3, -4, 5, 6}, x = {2, -1, 0, 7}, table = {40, 50};
  std::vector<int64_t> z(4), gradient(4);
  std::vector<int32_t> s_cells(4), y(4), d(4), totals(2);
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) {
      z[2 * i + j] = x[2 * i] * w[2 * j] + x[2 * i + 1] * w[2 * j + 1] + 2 * x[2 * i + 1];
      totals[i] += static_cast<int32_t>(z[2 * i + j]);
      s_cells[2 * i + j] = i < rows ? static_cast<int32_t>(z[2 * i + j]) : 0;
      y[2 * i + j] = static_cast<int32_t>(z[2 * i + j]) + (2 * i + j < 3 ? 1 : 0) - 7;
    }
  }
  int64_t norm = 0;
  for (size_t j = 0; j < 2; ++j) {
    for (size_t k = 0; k < 2; ++k) {
      for (size_t i = 0; i < 2; ++i) gradient[2 * j + k] += s_cells[2 * i + j] * x[2 * i + k];
      norm += gradient[2 * j + k] * gradient[2 * j + k];
    }
  }
  const auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(norm)));
  const uint64_t rate = std::min<uint64_t>(50, target / (root + 1));
  for (size_t i = 0; i < 4; ++i) d[i] = static_cast<int32_t>(gradient[i] * static_cast<int64_t>(rate));

  ProgramValues& v = s.values;
  v.columns.resize(7);
  v.columns[0].cells.assign(w.begin(), w.end());
  v.columns[1].cells.assign(table.begin(), table.end());
  v.columns[2].cells.assign(x.begin(), x.end());
  v.columns[2].cells.insert(v.columns[2].cells.end(), y.begin(), y.end());
  v.columns[3].cells.assign(d.begin(), d.end());
  Cells& a = v.columns[4].cells;
  a.resize(20);
  for (size_t i = 0; i < 4; ++i) a[i] = static_cast<int32_t>(z[i]);
  std::copy(s_cells.begin(), s_cells.end(), a.begin() + 4);
  std::copy(totals.begin(), totals.end(), a.begin() + 8);
  a[16] = 1;  // keys 1, 0
  a[18] = table[1];
  a[19] = table[0];
  v.rows = {rows};
  v.rates = {rate};
  finish(s);
  return s;
}

// Two local steps, no lookups, no product with an inner variable: phases with nothing in them.
//   a_i^2 = b_i where i < rows of both steps
inline Sample two_steps(uint64_t first = 3, uint64_t second = 2) {
  Sample s;
  Program& p = s.program;
  p.log_height = 3;
  p.steps = 2;
  p.columns = {{ColumnKind::digits, 3, "A"}, {ColumnKind::mask, 3, "M"}};
  p.blocks = {{0, 0, 2, "a"}, {0, 4, 2, "b"}};
  p.selectors = {{Selector::Kind::first_rows, 0}, {Selector::Kind::first_rows, 1}};
  const std::vector<Source> here = {outer(0), outer(1)};
  p.zeros.push_back({2,
                     {{Fr::one(), {sum_of({term(1, 0, here)}), sum_of({term(1, 0, here)})}},
                      {Fr::from_i64(-1), {sum_of({term(1, 1, here)})}}},
                     "square"});
  p.zeros.push_back({2,
                     {{Fr::one(), {sum_of({selector_term(1, 0, here), selector_term(1, 1, here)}, -2),
                                   sum_of({term(1, 0, here)})}}},
                     "padding"});
  s.values.columns.resize(2);
  s.values.columns[0].cells = {5, -2, 0, 0, 25, 4, 0, 0};
  s.values.rows = {first, second};
  // a_i ([i < first] + [i < second] - 2) = 0 needs a_i = 0 from the smaller of both on.
  Cells& cells = s.values.columns[0].cells;
  for (size_t i = std::min(first, second); i < 4; ++i) cells[i] = cells[i + 4] = 0;
  finish(s);
  return s;
}

}  // namespace pyzkfl::wrap::testing

// A convolution of a few cells in one dimension, read through windows of every role: for the circuit's tests.
#pragma once

#include "sample_programs.h"

namespace pyzkfl::wrap::testing {

// The blocks of convolved(), by their numbers.
enum ConvolvedBlock : uint32_t { conv_W, conv_X, conv_G, conv_Y, conv_dX, conv_P, conv_dW, conv_N, conv_R };

// 3 inputs of 4 cells, a kernel of 2 of 2, padding 1, stride 1: 4 outputs. What X is padded with is no zero.
//   Y = X * W, dX and dW for the gradient G, P the sums of X over its windows, N what a window reads beyond its outputs
//   (nothing), R the sum of X.
inline Sample convolved() {
  Sample s;
  Program& p = s.program;
  p.log_height = 5;
  p.columns = {{ColumnKind::weights, 1, "W"}, {ColumnKind::data, 3, "X, G"}, {ColumnKind::digits, 5, "A"}, {ColumnKind::mask, 3, "M"}};
  p.blocks = {{0, 0, 1, "W"},  {1, 0, 2, "X"},  {1, 4, 2, "G"},   {2, 0, 2, "Y"}, {2, 4, 2, "dX"},
              {2, 8, 2, "P"},  {2, 12, 1, "dW"}, {2, 14, 1, "N"}, {2, 16, 0, "R"}};
  using Role = Window::Role;
  const auto through = [](Role role, uint32_t block, unsigned variables, std::vector<Source> first, std::vector<Source> second,
                          uint32_t outputs = 4) {
    return Term{Fr::one(),
                {false, block, std::vector<Source>(variables, {Source::Kind::window, 0}),
                 {{role, 3, outputs, 2, 1, 1, std::move(first), std::move(second)}}}};
  };
  const std::vector<Source> xs = {outer(0), outer(1)}, ks = {inner(0)}, sum_over = {inner(0), inner(1)};
  p.products.push_back({2, {{1, sum_of({through(Role::input, conv_X, 2, xs, ks)}), sum_of({term(1, conv_W, ks)})}},
                        sum_of({term(1, conv_Y, xs)}), no_scalar, "forward"});
  p.products.push_back({2, {{1, sum_of({through(Role::output, conv_G, 2, xs, ks)}), sum_of({term(1, conv_W, ks)})}},
                        sum_of({term(1, conv_dX, xs)}), no_scalar, "backward"});
  p.products.push_back({2, {{2, sum_of({term(1, conv_G, sum_over)}), sum_of({through(Role::kernel, conv_W, 1, xs, sum_over)})}},
                        sum_of({term(1, conv_dX, xs)}), no_scalar, "backward over outputs"});
  p.products.push_back({1, {{2, sum_of({term(1, conv_G, sum_over)}), sum_of({through(Role::input, conv_X, 2, sum_over, {outer(0)})})}},
                        sum_of({term(1, conv_dW, {outer(0)})}), no_scalar, "gradient of weights"});
  const auto minus = [](Term t) {
    t.coefficient = -t.coefficient;
    return t;
  };
  p.linear.push_back({2, sum_of({term(1, conv_P, xs), minus(through(Role::input, conv_X, 2, xs, {summed()}))}), "pooling"});
  p.linear.push_back({1, sum_of({term(1, conv_N, {outer(0)}),
                                 minus(through(Role::input, conv_X, 2, {fixed(1), fixed(1)}, {outer(0)}, 3))}), "nothing"});
  // A mask: kernels = stride = 1, no variables for the kernel, summed over.
  p.linear.push_back({0, sum_of({term(1, conv_R, {}), {-Fr::one(), {false, conv_X, std::vector<Source>(2, {Source::Kind::window, 0}),
                                                                    {{Role::input, 3, 3, 1, 1, 0, {summed(), summed()}, {}}}}}}), "sum of what is real"});

  const std::vector<int32_t> w = {2, -3}, x = {5, 1, -4, 9}, g = {3, -1, 2, 6};
  s.values.columns.resize(4);
  s.values.columns[0].cells.assign(w.begin(), w.end());
  s.values.columns[1].cells.assign(x.begin(), x.end());
  s.values.columns[1].cells.insert(s.values.columns[1].cells.end(), g.begin(), g.end());
  Cells& a = s.values.columns[2].cells;
  a.resize(17);
  for (size_t o = 0; o < 4; ++o) {
    for (size_t k = 0; k < 2; ++k) {
      if (o + k < 1 || o + k > 3) continue;
      const size_t i = o + k - 1;
      a[o] += x[i] * w[k];
      a[4 + i] += g[o] * w[k];
      a[8 + o] += x[i];
      a[12 + k] += g[o] * x[i];
    }
  }
  a[16] = x[0] + x[1] + x[2];
  s.values.rows = {1};
  finish(s);
  return s;
}

}  // namespace pyzkfl::wrap::testing

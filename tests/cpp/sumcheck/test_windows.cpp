// Convolution and pooling as products over windows: against sums written out, and what a false one is refused for.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/errors.h"
#include "curves/bn254.h"
#include "native_verifier.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/prover.h"

using namespace pyzkfl;
using namespace pyzkfl::sumcheck;
using namespace pyzkfl::sumcheck::testing;

namespace {

using K = Source::Kind;

std::vector<Source> named(K kind, unsigned first, unsigned count) {
  std::vector<Source> out;
  for (unsigned i = 0; i < count; ++i) out.push_back({kind, static_cast<uint8_t>(first + i)});
  return out;
}
std::vector<Source> of_windows(unsigned x, unsigned y) {
  std::vector<Source> out(x, {K::window, 0});
  out.insert(out.end(), y, {K::window, 1});
  return out;
}
std::vector<Source> operator+(std::vector<Source> a, const std::vector<Source>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Expression of(View view) { return {{{Fr::one(), std::move(view)}}, {}}; }

// Two rows of one channel, `in` x `in` of 8 x 8; a kernel of `kernel` x `kernel` of 4 x 4; `out` x `out` of 8 x 8.
struct Geometry {
  unsigned in, kernel, stride, padding, out;
};

enum BlockIndex : uint32_t { X, W, Y, G, dX, dW, P };

struct Convolution {
  Program program;
  ProgramValues values;
  Geometry g;

  Cells& cells(uint32_t block) { return values.columns[program.blocks[block].column].cells; }
  int32_t& at(uint32_t block, uint64_t index) { return cells(block)[program.blocks[block].offset + index]; }
};

Window window(const Geometry& g, Window::Role role, std::vector<Source> first, std::vector<Source> second) {
  return {role, g.in, g.out, g.kernel, g.stride, g.padding, std::move(first), std::move(second)};
}

// Y = X * W; dX and dW for a gradient G of Y; P the sums of X over its windows. In each index x is variables 0 .., then y,
// then the row.
Convolution convolution(const Geometry& g, uint64_t seed) {
  Convolution c;
  c.g = g;
  Program& p = c.program;
  p.log_height = 9;
  p.columns = {{ColumnKind::weights, 4, "W"}, {ColumnKind::data, 7, "X"}, {ColumnKind::digits, 9, "A"}, {ColumnKind::mask, 9, "M"}};
  p.blocks = {{1, 0, 7, "X"}, {0, 0, 4, "W"}, {2, 0, 7, "Y"}, {2, 128, 7, "G"}, {2, 256, 7, "dX"}, {2, 384, 4, "dW"}, {2, 384, 7, "P"}};
  p.blocks[dW].offset = 0;
  p.columns.insert(p.columns.begin() + 2, {ColumnKind::update, 4, "D"});
  for (const uint32_t b : {Y, G, dX, P}) p.blocks[b].column = 3;
  p.blocks[dW].column = 2;

  const auto both = [&](Window::Role role, K first_kind, unsigned first, unsigned first_size, K second_kind, unsigned second,
                        unsigned second_size) {
    return std::vector<Window>{
        window(g, role, named(first_kind, first, first_size), named(second_kind, second, second_size)),
        window(g, role, named(first_kind, first + first_size, first_size), named(second_kind, second + second_size, second_size))};
  };
  using Role = Window::Role;
  const std::vector<Source> row = named(K::outer, 6, 1);
  // Y(x, y, row) = sum over the kernel (inner 0 .. 3)
  p.products.push_back({7,
                        {{4, of({false, X, of_windows(3, 3) + row, both(Role::input, K::outer, 0, 3, K::inner, 0, 2)}),
                          of({false, W, named(K::inner, 0, 4), {}})}},
                        of({false, Y, named(K::outer, 0, 7), {}}), no_scalar, "forward"});
  // dX(u, v, row) = sum over the kernel
  p.products.push_back({7,
                        {{4, of({false, G, of_windows(3, 3) + row, both(Role::output, K::outer, 0, 3, K::inner, 0, 2)}),
                          of({false, W, named(K::inner, 0, 4), {}})}},
                        of({false, dX, named(K::outer, 0, 7), {}}), no_scalar, "backward"});
  // The same over the outputs, by windows of the kernel: inner variables x, y
  p.products.push_back({7,
                        {{6, of({false, G, named(K::inner, 0, 6) + row, {}}),
                          of({false, W, of_windows(2, 2), both(Role::kernel, K::outer, 0, 3, K::inner, 0, 3)})}},
                        of({false, dX, named(K::outer, 0, 7), {}}), no_scalar, "backward over outputs"});
  // dW(kx, ky) = sum over x, y, row
  p.products.push_back({4,
                        {{7, of({false, G, named(K::inner, 0, 7), {}}),
                          of({false, X, of_windows(3, 3) + named(K::inner, 6, 1), both(Role::input, K::inner, 0, 3, K::outer, 0, 2)})}},
                        of({false, dW, named(K::outer, 0, 4), {}}), no_scalar, "gradient of weights"});
  // P(x, y, row) = sum of the window
  Expression pooled = of({false, P, named(K::outer, 0, 7), {}});
  std::vector<Window> summed = both(Role::input, K::outer, 0, 3, K::sum, 0, 2);
  for (Window& w : summed) w.second = std::vector<Source>(2, {K::sum, 0});
  pooled.terms.push_back({-Fr::one(), {false, X, of_windows(3, 3) + row, summed}});
  p.linear.push_back({7, pooled, "pooling"});

  std::mt19937_64 random(seed);
  const auto small = [&] { return static_cast<int32_t>(random() % 15) - 7; };
  c.values.columns.resize(p.columns.size());
  for (size_t i = 0; i + 1 < p.columns.size(); ++i) c.values.columns[i].cells.resize(size_t{1} << p.columns[i].log_height);
  for (Fr& v : c.values.mask) v = Fr::random();
  for (const uint32_t i : {1u, 2u, 3u}) c.values.columns[i].blinder = Fr::random();
  c.values.rows = {1};
  // What lies in the padding of X and G is anything: no sum reads it.
  for (const uint32_t b : {X, G}) {
    for (uint64_t i = 0; i < 128; ++i) c.at(b, i) = small();
  }
  for (uint64_t i = 0; i < 16; ++i) c.at(W, i) = small();
  for (unsigned row_index = 0; row_index < 2; ++row_index) {
    for (unsigned y = 0; y < g.out; ++y) {
      for (unsigned x = 0; x < g.out; ++x) {
        for (unsigned ky = 0; ky < g.kernel; ++ky) {
          for (unsigned kx = 0; kx < g.kernel; ++kx) {
            const int v = static_cast<int>(y * g.stride + ky) - static_cast<int>(g.padding);
            const int u = static_cast<int>(x * g.stride + kx) - static_cast<int>(g.padding);
            if (u < 0 || v < 0 || u >= static_cast<int>(g.in) || v >= static_cast<int>(g.in)) continue;
            const auto in = static_cast<uint64_t>(u + 8 * v + 64 * static_cast<int>(row_index));
            const uint64_t out = x + 8 * y + 64 * row_index, k = kx + 4 * ky;
            c.at(Y, out) += c.at(X, in) * c.at(W, k);
            c.at(P, out) += c.at(X, in);
            c.at(dX, in) += c.at(G, out) * c.at(W, k);
            c.at(dW, k) += c.at(G, out) * c.at(X, in);
          }
        }
      }
    }
  }
  return c;
}

// As check_values has it, "" where it finds nothing.
std::string problem(const Convolution& c) {
  try {
    check_values(c.program, c.values);
  } catch (const WitnessInvalid& error) {
    return error.what();
  }
  return "";
}

bool proven(const Convolution& c) {
  InnerProof proof;
  proof.context = {Fr::from_u64(1), Fr::from_u64(2)};
  proof.rows = c.values.rows;
  proof.points.assign(3, g1_generator());
  Reduced reduced = reduce(c.program, ClaimTable(c.program), c.values, proof.points, proof.context);
  proof.messages = reduced.messages;
  const Verdict verdict = verify_reduction(c.program, proof);
  if (!verdict.accepted()) return false;
  for (size_t i = 0; i < c.program.columns.size(); ++i) {
    if (verdict.column_values[i] != column_at(c.program, c.values, i, verdict.point)) return false;
  }
  return true;
}

const Geometry geometries[] = {{8, 3, 1, 1, 8}, {8, 4, 2, 1, 4}, {7, 3, 2, 0, 3}, {5, 4, 1, 3, 8},
                               {6, 2, 2, 0, 3}, {8, 1, 3, 0, 3}, {5, 1, 1, 0, 5}, {8, 4, 3, 2, 3}};

}  // namespace

TEST_CASE("convolutions of any stride and padding, their gradients and pooling are what sums written out say") {
  uint64_t seed = 1;
  for (const Geometry& g : geometries) {
    CAPTURE(g.kernel);
    CAPTURE(g.stride);
    const Convolution c = convolution(g, seed++);
    REQUIRE_NOTHROW(c.program.check());
    CHECK(problem(c) == "");
    CHECK(proven(c));
  }
}

TEST_CASE("cells outside the counts are read by nothing, cells inside by the relations that need them") {
  for (const Geometry& g : geometries) {
    CAPTURE(g.kernel);
    CAPTURE(g.stride);
    Convolution c = convolution(g, 77);
    for (uint64_t i = 0; i < 64; ++i) {
      if (i % 8 >= g.in || i / 8 >= g.in) c.at(X, i) += 5;
      if (i % 8 >= g.out || i / 8 >= g.out) c.at(G, i) -= 3;
      if (i < 16 && (i % 4 >= g.kernel || i / 4 >= g.kernel)) c.at(W, i) += 1;
    }
    // The right sides read all of W, so its padding must be zero for the sums over the kernel; windows mask it there too.
    CHECK(problem(c) == "");
    CHECK(proven(c));
    Convolution inside = convolution(g, 78);
    ++inside.at(G, 0);
    CHECK(problem(inside).find("product sum") != std::string::npos);
    CHECK_FALSE(proven(inside));
  }
}

TEST_CASE("values of another stride, padding or kernel are refused, and so is a sum that reads beyond an edge") {
  const Geometry g{7, 3, 2, 1, 4};
  const Convolution honest = convolution(g, 5);
  REQUIRE(problem(honest) == "");
  for (const Geometry& other : {Geometry{7, 3, 1, 1, 4}, Geometry{7, 3, 2, 0, 4}, Geometry{7, 2, 2, 1, 4},
                                Geometry{6, 3, 2, 1, 4}, Geometry{8, 3, 2, 1, 4}, Geometry{7, 3, 2, 1, 3}}) {
    Convolution c = convolution(other, 5);
    c.program = honest.program;
    CHECK(problem(c) != "");
    CHECK_FALSE(proven(c));
  }
}

TEST_CASE("windows that say nothing sensible are refused by name") {
  const auto refused = [](auto change) {
    Convolution c = convolution({8, 3, 1, 1, 8}, 1);
    change(c.program.products[0].pairs[0].left.terms[0].view);
    CHECK_THROWS_AS(c.program.check(), ParameterError);
  };
  refused([](View& v) { v.windows[0].stride = 0; });
  refused([](View& v) { v.windows[0].padding = 3; });
  refused([](View& v) { v.windows[0].kernels = 5; });
  refused([](View& v) { v.windows[0].kernels = 0; });
  refused([](View& v) { v.windows[0].inputs = 9; });
  refused([](View& v) { v.windows[1].outputs = 9; });
  refused([](View& v) {  // 2^14 times 2^6 pairs
    v.windows[0].outputs = 1 << 14;
    v.windows[0].first.resize(14, {K::sum, 0});
    v.windows[0].kernels = 1 << 6;
    v.windows[0].second.resize(6, {K::sum, 0});
  });
  refused([](View& v) { v.windows[0].second.resize(15, {K::bit, 0}); });  // a table of 2^15
  refused([](View& v) { v.windows.pop_back(); });
  refused([](View& v) { v.windows.push_back(v.windows[0]); });
  refused([](View& v) { v.variables[0].index = 1; });
  refused([](View& v) { std::swap(v.variables[2], v.variables[6]); });
  refused([](View& v) { v.windows[1].first[0] = v.windows[0].first[0]; });
  refused([](View& v) { v.windows[1].first[0] = {K::window, 0}; });
  refused([](View& v) { v.windows[1].first[0] = {K::outer, 7}; });
  refused([](View& v) { v.windows[0].role = static_cast<Window::Role>(3); });
  // An outer variable on both sides, through a window.
  Convolution c = convolution({8, 3, 1, 1, 8}, 1);
  c.program.products[0].pairs[0].right.terms[0].view.variables[0] = {K::outer, 0};
  CHECK_THROWS_WITH_AS(c.program.check(), doctest::Contains("both sides"), ParameterError);
}

TEST_CASE("windows cost no more than a circuit can hold, whoever wrote the program") {
  const auto message = [](auto change) -> std::string {
    Convolution c = convolution({8, 3, 1, 1, 8}, 1);
    change(c.program.products[0].pairs[0].left.terms);
    try {
      c.program.check();
    } catch (const ParameterError& error) {
      return error.what();
    }
    return "";
  };
  // 2^12 outputs and 2^6 kernels: as many pairs as a window may have.
  const auto widest = [](std::vector<Term>& terms) {
    Window& w = terms[0].view.windows[0];
    w.outputs = 1 << 12;
    w.first.assign(12, {K::bit, 0});
    w.kernels = 1 << 6;
    w.second.assign(6, {K::bit, 0});
  };
  const auto copies = [&](size_t count) {
    return message([&](std::vector<Term>& terms) {
      widest(terms);
      terms.resize(count, terms[0]);
    });
  };
  CHECK(copies(15) == "");
  CHECK(copies(16).find("all windows together") != std::string::npos);
  // The direct check runs over all that a view sums.
  CHECK(message([](std::vector<Term>& terms) {
          for (Window& w : terms[0].view.windows) {
            w.first.assign(13, {K::sum, 0});
            w.second.assign(2, {K::sum, 0});
          }
        }).find("sums over more than 28") != std::string::npos);
}

TEST_CASE("views that differ in any number of a window have claims of their own") {
  const auto claims = [](auto change) {
    Program p = convolution({8, 3, 1, 1, 8}, 1).program;
    p.products[0].pairs.push_back(p.products[0].pairs[0]);
    change(p.products[0].pairs[1].left.terms[0].view.windows[1]);
    return ClaimTable(p).claims.size();
  };
  const size_t shared = claims([](Window&) {});
  const auto own = [&](auto change) { CHECK(claims(change) == shared + 1); };
  own([](Window& w) { w.role = Window::Role::output; });
  own([](Window& w) { --w.inputs; });
  own([](Window& w) { --w.outputs; });
  own([](Window& w) { --w.kernels; });
  own([](Window& w) { ++w.stride; });
  own([](Window& w) { --w.padding; });
  own([](Window& w) { std::swap(w.first[0], w.first[1]); });
  own([](Window& w) { w.second[0] = {K::sum, 0}; });
  own([](Window& w) { w.second[0] = {K::bit, 1}; });
}

TEST_CASE("the digest of a program covers every number of a window") {
  const Digest before = convolution({8, 3, 1, 1, 8}, 1).program.digest();
  const auto differs = [&](auto change) {
    Convolution c = convolution({8, 3, 1, 1, 8}, 1);
    change(c.program.products[0].pairs[0].left.terms[0].view.windows[0]);
    CHECK(c.program.digest() != before);
  };
  differs([](Window& w) { w.role = Window::Role::output; });
  differs([](Window& w) { --w.inputs; });
  differs([](Window& w) { --w.outputs; });
  differs([](Window& w) { --w.kernels; });
  differs([](Window& w) { ++w.stride; });
  differs([](Window& w) { --w.padding; });
  differs([](Window& w) { std::swap(w.first, w.second); });
}

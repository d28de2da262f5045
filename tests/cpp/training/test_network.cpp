// The network's trainer, its program and its witness: honest values satisfy every relation, whatever the inputs.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "base/errors.h"
#include "sumcheck/direct_check.h"
#include "training/network_program.h"

using namespace pyzkfl;

namespace {

struct Case {
  NetworkSpec spec;
  std::vector<int64_t> weights;
  std::vector<std::vector<int64_t>> features, labels;

  std::vector<NetworkBatch> batches() const {
    std::vector<NetworkBatch> out;
    for (size_t s = 0; s < features.size(); ++s) out.push_back({features[s], labels[s]});
    return out;
  }
};

// Uniform features and weights up to a share of their limits; batches of `rows` rows.
Case random_case(NetworkParameters p, size_t rows, uint64_t seed, double share) {
  p = NetworkSpec::with_learning_rate(p, 0.1);
  Case c{NetworkSpec(p), {}, {}, {}};
  std::mt19937_64 random(seed);
  const auto signed_below = [&](int64_t limit) {
    const auto most = static_cast<int64_t>(static_cast<double>(limit - 1) * share);
    return static_cast<int64_t>(random() % static_cast<uint64_t>(2 * most + 1)) - most;
  };
  for (size_t i = 0; i < c.spec.dimension(); ++i) c.weights.push_back(signed_below(c.spec.weight_limit()));
  for (size_t s = 0; s < c.spec.steps(); ++s) {
    c.features.emplace_back();
    c.labels.emplace_back();
    for (size_t i = 0; i < rows * c.spec.features(); ++i) c.features[s].push_back(signed_below(c.spec.feature_limit()));
    for (size_t i = 0; i < rows; ++i) c.labels[s].push_back(static_cast<int64_t>(random() % c.spec.classes()));
  }
  return c;
}

sumcheck::ProgramValues values_of(const Case& c, const NetworkProgram& program, const NetworkRound& round) {
  const std::vector<Fr> blinders(c.spec.steps(), Fr::from_u64(7));
  return network_values(c.spec, program, c.weights, round, blinders, Fr::from_u64(9));
}

}  // namespace

TEST_CASE("honest steps satisfy every relation of their program") {
  struct Shape {
    std::vector<int64_t> widths;
    int64_t batch, steps, x_bits;
    size_t rows;
    double share;
  };
  for (const Shape& shape : {Shape{{3, 2}, 4, 1, 8, 4, 0.2}, Shape{{5, 6, 3}, 8, 1, 8, 5, 0.1}, Shape{{30, 16, 2}, 16, 1, 8, 16, 1.0},
                             Shape{{13, 5, 7, 4}, 4, 1, 8, 3, 0.05}, Shape{{7, 4, 3}, 4, 3, 8, 4, 0.2},
                             Shape{{6, 3}, 4, 1, 16, 2, 0.5}, Shape{{40, 64, 32, 3}, 4, 1, 16, 4, 0.9}}) {
    NetworkParameters p = NetworkParameters::perceptron(shape.widths);
    p.batch = shape.batch;
    p.steps = shape.steps;
    p.x_bits = shape.x_bits;
    p.w_bits = 18;
    p.bound = 30000;
    const Case c = random_case(p, shape.rows, 1, shape.share);
    const NetworkProgram program(c.spec);
    const NetworkRound round = network_round(c.spec, c.weights, c.batches());
    CHECK_NOTHROW(sumcheck::check_values(program.program, values_of(c, program, round)));
    CHECK(round.update.to_flat(c.spec).size() == c.spec.dimension());
  }
}

TEST_CASE("the table of exponentials is the rounded function, whatever the scale") {
  for (int64_t a_frac = 1; a_frac <= 12; ++a_frac) {
    NetworkParameters p = NetworkParameters::perceptron(std::vector<int64_t>{3, 2});
    p.batch = 4;
    p.a_frac = a_frac;
    p.w_bits = 12;
    p.bound = 30000;
    const NetworkSpec spec(NetworkSpec::with_learning_rate(p, 0.1));
    const std::vector<int32_t> table = spec.exp_table();
    CHECK(table.size() == size_t{1} << (a_frac + 4));
    CHECK(table.back() == 0);
    for (size_t t = 0; t + 1 < table.size(); ++t) {
      const double exact = std::ldexp(std::exp(-std::ldexp(static_cast<double>(t), -static_cast<int>(a_frac))), 12);
      CHECK(std::abs(table[t] - exact) <= 0.5 + 1e-9);
    }
  }
}

TEST_CASE("a sum of squares that would wrap is refused") {
  NetworkParameters p = NetworkParameters::perceptron(std::vector<int64_t>{2310, 6164, 2224});
  p.batch = 32768;
  p.x_bits = 16;
  p.a_frac = 11;
  p.g_frac = 8;
  p.eta = int64_t{1} << 20;
  p.eta_shift = 48;
  p.bound = 32767;
  p.saturation = 24;
  CHECK_THROWS_WITH_AS(NetworkSpec{p}, doctest::Contains("118 bits"), ParameterError);
}

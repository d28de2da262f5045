// Networks of every layer: honest rounds are witnesses, at the ends of all ranges too; and what nothing may read is read
// by nothing.
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>

#include "base/errors.h"
#include "layer_samples.h"
#include "sumcheck/direct_check.h"
#include "training/network_program.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;

namespace {

void check_honest(const NetworkSample& sample, const NetworkProgram& program) {
  const NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
  CHECK_NOTHROW(sumcheck::check_values(
      program.program, network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6))));
}

std::string problem_of(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const ParameterError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("honest rounds of every layer and loss satisfy every relation") {
  for (const LayeredJob& job : layered_jobs()) {
    CAPTURE(job.name);
    const NetworkProgram program{NetworkSpec(job.parameters)};
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      for (const double share : {0.05, 0.5}) check_honest(network_sample(job.parameters, job.rows, seed, share), program);
    }
  }
}

TEST_CASE("weights, features and targets at both ends of their ranges fit every layer's cells") {
  std::mt19937_64 random(7);
  // Ends of a range by the number of an entry: all low, all high, random.
  const std::vector<std::function<int64_t(size_t, int64_t)>> patterns = {
      [](size_t, int64_t limit) { return -limit; }, [](size_t, int64_t limit) { return limit - 1; },
      [&](size_t, int64_t limit) { return random() % 2 == 0 ? -limit : limit - 1; }};
  for (const LayeredJob& job : layered_jobs()) {
    CAPTURE(job.name);
    NetworkSample sample = network_sample(job.parameters, job.rows, 1, 1.0);
    const NetworkProgram program(sample.spec);
    for (const auto& weight : patterns) {
      for (const auto& feature : patterns) {
        for (size_t i = 0; i < sample.weights.size(); ++i) sample.weights[i] = weight(i, sample.spec.weight_limit());
        for (std::vector<int64_t>& x : sample.features) {
          for (size_t i = 0; i < x.size(); ++i) x[i] = feature(i, sample.spec.feature_limit());
        }
        for (std::vector<int64_t>& y : sample.labels) {
          for (size_t i = 0; i < y.size() && !sample.spec.classifies(); ++i) y[i] = feature(i, NetworkSpec::target_limit);
        }
        check_honest(sample, program);
      }
    }
  }
}

TEST_CASE("what an image is padded with is read by nothing") {
  size_t padded_cells = 0;
  for (const LayeredJob& job : layered_jobs()) {
    CAPTURE(job.name);
    const NetworkSample sample = network_sample(job.parameters, job.rows, 3, 0.3);
    const TensorShape& shape = sample.spec.layers().front().in;
    if (!shape.is_image) continue;
    const NetworkProgram program(sample.spec);
    const NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
    auto values = network_cells(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    // In every row, whatever is in range.
    const sumcheck::Block& block = program.program.blocks[program.layout.steps[0].inputs[0]];
    for (size_t i = 0; i < size_t{1} << block.log_size; ++i) {
      const size_t at = i % shape.padded_size(), x = at % (size_t{1} << shape.log_width);
      const size_t y = at >> shape.log_width & ((size_t{1} << shape.log_height) - 1);
      if (x < shape.width && y < shape.height && at >> (shape.log_width + shape.log_height) < shape.channels) continue;
      auto& cells = values.columns[block.column].cells;
      cells.resize(std::max<size_t>(cells.size(), block.offset + i + 1));
      cells[block.offset + i] = 100;
      if (sample.spec.bitwise()) {
        const sumcheck::Block& bits = program.program.blocks[program.layout.steps[0].input_bits[0][0]];
        for (size_t j = 0; j < 8; ++j) values.columns[bits.column].cells[bits.offset + 8 * i + j] = 100 >> j & 1;
      }
      ++padded_cells;
    }
    sumcheck::fill_multiplicities(program.program, values);
    CHECK_NOTHROW(sumcheck::check_values(program.program, values));
  }
  CHECK(padded_cells > 100);
}

TEST_CASE("momentum keeps every step of a round within the bound") {
  NetworkParameters p = layered_parameters({4}, {LayerParameters::linear(3, false)}, 4, 20, 10.0);
  p.momentum = 58982;  // 0.9
  p = NetworkSpec::with_learning_rate(p, 10.0);
  NetworkSample sample = network_sample(p, 4, 1, 0.1);
  for (size_t s = 1; s < sample.features.size(); ++s) {  // always the same direction
    sample.features[s] = sample.features[0];
    sample.labels[s] = sample.labels[0];
  }
  const NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
  double largest = 0;
  for (const NetworkStep& step : round.steps) {
    double squares = 0;
    for (const int64_t d : step.update.to_flat(sample.spec)) squares += static_cast<double>(d * d);
    CHECK(squares <= static_cast<double>(p.bound) * static_cast<double>(p.bound));
    largest = std::max(largest, squares);
  }
  CHECK(largest > 0.5 * static_cast<double>(p.bound) * static_cast<double>(p.bound));
}

TEST_CASE("layers that do not fit are refused by number and name") {
  using L = LayerParameters;
  const auto problem = [&](std::vector<int64_t> input, std::vector<L> layers, int64_t batch = 4) {
    return problem_of([&] { (void)layered_parameters(std::move(input), std::move(layers), batch); });
  };
  const auto contains = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  const L last = L::linear(2, false);
  CHECK(contains(problem({4}, {L::conv2d(2, {1, 1}, {1, 1}, {0, 0}, true), last}), "layer 1 (Conv2d): its input is no image"));
  CHECK(contains(problem({1, 4, 4}, {L::avg_pool2d({2, 2}), L::conv2d(2, {3, 3}, {1, 1}, {0, 0}, true), last}),
                 "layer 2 (Conv2d): a kernel of 3 is larger than its input of 2"));
  CHECK(contains(problem({1, 4, 4}, {L::conv2d(2, {2, 2}, {1, 1}, {2, 2}, true), last}), "padding must be smaller"));
  CHECK(contains(problem({1, 4, 4}, {L::conv2d(2, {2, 2}, {0, 1}, {0, 0}, true), last}), "layer 1 (Conv2d): strides"));
  CHECK(contains(problem({1, 4, 4}, {L::conv2d(2, {2, 2}, {1, 1}, {0, 0}, false)}), "the last layer is a linear one"));
  CHECK(contains(problem({4}, {L::linear(2, true)}), "the last layer is a linear one"));
  CHECK(contains(problem({1, 4, 4}, {L::avg_pool2d({2, 2})}), "the last layer is a linear one"));
  CHECK(contains(problem({4}, {}), "there must be a layer"));
  CHECK(contains(problem({4, 4}, {last}), "the input is"));
  CHECK(contains(problem({4}, {L::linear(1, false)}), "two classes"));
  std::vector<L> wide(12, L::linear(1 << 12, false));
  wide.push_back(last);
  CHECK(contains(problem({4}, wide), "(Linear): outputs of up to"));
  L pool = L::avg_pool2d({2, 2});
  pool.stride = {1, 1};
  CHECK(contains(problem({1, 4, 4}, {pool, last}), "layer 1 (AvgPool2d): a pool's stride is its kernel"));
}

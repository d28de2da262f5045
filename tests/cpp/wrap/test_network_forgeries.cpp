// False training, through the real prover (SOUNDNESS, "Training statement"): each forgery is what an attacker with the
// library's own trainer would commit to and prove as well as it can. The relations refuse it by name, and so does the
// wrap circuit.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "../training/layer_samples.h"
#include "base/errors.h"
#include "circuit_verdict.h"
#include "sumcheck/direct_check.h"
#include "training/network_forgery.h"
#include "training/network_program.h"

using namespace pyzkfl;
using sumcheck::ProgramValues;
using wrap::testing::circuit_accepts;

namespace {

struct Data {
  std::vector<int64_t> weights, features, labels;

  NetworkBatch batch() const { return {features, labels}; }
};

NetworkParameters parameters(const std::vector<int64_t>& widths, int64_t batch = 4) {
  NetworkParameters p = NetworkParameters::perceptron(widths);
  p.batch = batch;
  p.w_bits = 18;
  p.bound = 30000;
  return NetworkSpec::with_learning_rate(p, 0.1);
}

Data drawn(const NetworkSpec& spec, size_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  Data out;
  for (size_t i = 0; i < spec.dimension(); ++i) out.weights.push_back(static_cast<int64_t>(random() % 60001) - 30000);
  for (size_t i = 0; i < rows * spec.features(); ++i) out.features.push_back(static_cast<int64_t>(random() % 201) - 100);
  for (size_t i = 0; i < rows; ++i) out.labels.push_back(static_cast<int64_t>(i % spec.classes()));
  return out;
}

ProgramValues values_of(const NetworkSpec& spec, const NetworkProgram& program, const Data& data,
                        const std::function<void(NetworkRound&)>& change = {}) {
  const NetworkBatch batch = data.batch();
  NetworkRound round = network_round(spec, data.weights, {&batch, 1});
  if (change) change(round);
  const Fr blinder = Fr::from_u64(5);
  return network_values(spec, program, data.weights, round, {&blinder, 1}, Fr::from_u64(6));
}

std::string refused_by_relations(const sumcheck::Program& program, const ProgramValues& values) {
  try {
    sumcheck::check_values(program, values);
  } catch (const WitnessInvalid& error) {
    return error.what();
  }
  return "";
}

void add_to_cell(const sumcheck::Program& program, ProgramValues& values, uint32_t block, size_t index, int32_t amount) {
  const sumcheck::Block& b = program.blocks[block];
  auto& cells = values.columns[b.column].cells;
  if (cells.size() <= b.offset + index) cells.resize(b.offset + index + 1);
  cells[b.offset + index] += amount;
}

}  // namespace

TEST_CASE("every forgery of a network, proven as well as it can be, is refused by the circuit") {
  struct Job {
    NetworkParameters parameters;
    size_t rows;
    double share;
  };
  // Together they give an occasion for each; a forgery is tried in the first job that has one.
  std::vector<Job> jobs = {{testing::network_parameters({15, 6, 3}, 8, 1, 1.0), 7, 0.3},
                      {testing::saturating_parameters(), 3, 0.9},
                      {testing::saturating_parameters(), 4, 0.02},
                      {testing::network_parameters({4, 5, 3}, 4, 3), 3, 0.3}};
  for (const double share : {0.4, 0.05}) {
    for (const testing::LayeredJob& job : testing::layered_jobs()) jobs.push_back({job.parameters, job.rows, share});
  }
  std::set<std::string> tried;
  for (const Job& job : jobs) {
    const NetworkProgram program{NetworkSpec(job.parameters)};
    std::optional<wrap::Engine> engine;
    std::optional<ColumnKey> key;
    const auto accepts = [&](ProgramValues& values) {
      if (!engine) {
        engine.emplace(program.program);
        key.emplace(ColumnKey::insecure(program.program.log_height));
      }
      return circuit_accepts(*engine, *key, values);
    };
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      const testing::NetworkSample sample = testing::network_sample(job.parameters, job.rows, seed, job.share);
      const auto batches = sample.batches();
      if (seed == 1 && job.share > 0.05) {
        const NetworkRound round = network_round(sample.spec, sample.weights, batches);
        ProgramValues honest =
            network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
        CHECK(accepts(honest));
      }
      for (const NetworkForgeryInfo& info : network_forgeries()) {
        const std::string name = info.name;
        CAPTURE(name);
        if (tried.contains(name)) continue;
        ProgramValues forged;
        try {
          forged = forged_network_values(sample.spec, program, sample.weights, batches, sample.blinders(),
                                         Fr::from_u64(6), info.forgery);
        } catch (const ParameterError&) {
          continue;
        }
        tried.insert(name);
        CHECK(!accepts(forged));
      }
    }
  }
  CHECK(tried.size() == network_forgeries().size());
}

TEST_CASE("so is every forgery of a network in bits") {
  size_t tried = 0;
  for (const testing::LayeredJob& job : testing::layered_jobs()) {
    if (job.parameters.bitwise == 0 || job.parameters.steps > 1) continue;
    CAPTURE(job.name);
    const NetworkProgram program{NetworkSpec(job.parameters)};
    const wrap::Engine engine(program.program);
    const ColumnKey key = ColumnKey::insecure(program.program.log_height);
    const testing::NetworkSample sample = testing::network_sample(job.parameters, job.rows, 1, 0.3);
    const auto batches = sample.batches();
    const NetworkRound round = network_round(sample.spec, sample.weights, batches);
    ProgramValues honest = network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    CHECK(circuit_accepts(engine, key, honest));
    for (const NetworkForgeryInfo& info : network_forgeries()) {
      const std::string name = info.name;
      CAPTURE(name);
      std::optional<ProgramValues> forged;
      try {
        forged.emplace(forged_network_values(sample.spec, program, sample.weights, batches, sample.blinders(),
                                             Fr::from_u64(6), info.forgery));
      } catch (const ParameterError&) {
        continue;
      }
      ++tried;
      CHECK(!circuit_accepts(engine, key, *forged));
    }
  }
  CHECK(tried >= 60);
}

// Digits whose cells are no bits but sum to what they should: with the zero-check refused, without it a witness.
TEST_CASE("the circuit refuses digits of cells that are no bits, by the zero-check alone") {
  for (const testing::LayeredJob& job : testing::layered_jobs()) {
    if (!std::string(job.name).starts_with("in bits: one feature") && !std::string(job.name).starts_with("in bits: momentum")) continue;
    CAPTURE(job.name);
    const NetworkProgram program{NetworkSpec(job.parameters)};
    const testing::NetworkSample sample = testing::network_sample(job.parameters, job.rows, 1, 0.3);
    const NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
    ProgramValues values = network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    const uint32_t block = program.layout.steps[0].layers[0].update_bits.parts[0][0];
    const ColumnKey key = ColumnKey::insecure(program.program.log_height);
    const wrap::Engine engine(program.program);
    CHECK(circuit_accepts(engine, key, values));
    add_to_cell(program.program, values, block, 0, 2);
    add_to_cell(program.program, values, block, 1, -1);
    CHECK(!circuit_accepts(engine, key, values));
    sumcheck::Program lenient = program.program;
    std::erase_if(lenient.zeros, [&](const sumcheck::ZeroCheck& check) {
      return check.name == "cells of " + lenient.blocks[block].name + " are bits";
    });
    CHECK(lenient.zeros.size() + 1 == program.program.zeros.size());
    CHECK(circuit_accepts(wrap::Engine(lenient), key, values));
  }
}

TEST_CASE("without its relation a forgery passes the circuit: it is the relation that refuses") {
  const NetworkParameters p = testing::network_parameters({15, 6, 3}, 8);
  const NetworkProgram program{NetworkSpec(p)};
  const testing::NetworkSample sample = testing::network_sample(p, 5, 1, 0.3);
  // One of each kind of relation.
  for (const char* name :
       {"dropped_row", "other_batch", "swapped_labels", "forward_rounded", "false_exponential", "smaller_rate"}) {
    CAPTURE(name);
    const NetworkForgeryInfo& info = find_network_forgery(name);
    ProgramValues forged = forged_network_values(sample.spec, program, sample.weights, sample.batches(),
                                                 sample.blinders(), Fr::from_u64(6), info.forgery);
    const wrap::Engine lenient(without_relation(program.program, info, forged.rates));
    CHECK(circuit_accepts(lenient, ColumnKey::insecure(program.program.log_height), forged));
  }
}

TEST_CASE("features that only pad are zero, or the update holds what is no weight") {
  // Both cut their inputs into 16 + 8 + 8; the forger trains on one feature more, whose weights are zero.
  const NetworkSpec honest(parameters({30, 3})), forger(parameters({31, 3}));
  const NetworkProgram program(honest), larger(forger);
  Data data = drawn(forger, 4, 3);
  for (size_t j = 0; j < 3; ++j) data.weights[31 * j + 30] = 0;
  ProgramValues values = values_of(forger, larger, data);
  CHECK(refused_by_relations(larger.program, values) == "");
  const std::string reason = refused_by_relations(program.program, values);
  CAPTURE(reason);
  CHECK(reason.find("padded features are zero") != std::string::npos);

  sumcheck::Program without = program.program;
  std::erase_if(without.zeros, [](const auto& z) { return z.name.find("padded features") != std::string::npos; });
  CHECK(refused_by_relations(without, values) == "");
}

TEST_CASE("every cell of a round is determined, of every layer and loss: changed alone, some relation fails") {
  std::vector<testing::NetworkSample> samples = {testing::network_sample(parameters({3, 4, 2}), 3, 4, 0.3),
                                                 testing::network_sample(parameters({40, 64, 2}, 2), 1, 4, 0.3)};
  for (const testing::LayeredJob& job : testing::layered_jobs())
    samples.push_back(testing::network_sample(job.parameters, std::max<size_t>(job.rows - 1, 1), 4, 0.4));
  const bool all = std::getenv("PYZKFL_EVERY_CELL") != nullptr;  // ten minutes: a few cells of each block otherwise
  for (const testing::NetworkSample& sample : samples) {
    const NetworkSpec& spec = sample.spec;
    const NetworkProgram program(spec);
    const NetworkRound round = network_round(spec, sample.weights, sample.batches());
    ProgramValues values =
        network_values(spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    std::mt19937_64 random(5);
    for (uint32_t block = 0; block < program.program.blocks.size(); ++block) {
      const sumcheck::Block& b = program.program.blocks[block];
      if (b.name.starts_with("counts") || b.name == "EXP" || b.name.starts_with("W.")) continue;
      // What C(X) fixes and nothing need read: an image's padding, targets of rows that are not real.
      if (b.name.ends_with(".x0") && spec.layers().front().in.is_image) continue;
      if (b.name.ends_with(".y") && !spec.classifies()) continue;
      const size_t size = size_t{1} << b.log_size, tries = spec.steps() > 1 ? 1 : 3;
      for (size_t k = 0; k < (all ? size : std::min(size, tries)); ++k) {
        const size_t cell = all ? k : random() % size;
        for (const int32_t amount : {1, -1}) {
          add_to_cell(program.program, values, block, cell, amount);
          CAPTURE(b.name);
          CAPTURE(cell);
          const auto refused = [&] {
            sumcheck::fill_multiplicities(program.program, values);
            sumcheck::check_values(program.program, values);
          };
          CHECK_THROWS_AS(refused(), WitnessInvalid);
          add_to_cell(program.program, values, block, cell, -amount);
        }
      }
    }
    CHECK_NOTHROW(sumcheck::fill_multiplicities(program.program, values));
    CHECK_NOTHROW(sumcheck::check_values(program.program, values));
  }
}

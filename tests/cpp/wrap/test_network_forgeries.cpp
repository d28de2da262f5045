// False training, through the real prover (SOUNDNESS, "Training statement"): each forgery is what an attacker with the
// library's own trainer would commit to and prove as well as it can. The relations refuse it by name, and so does the
// wrap circuit.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include "base/errors.h"
#include "sumcheck/direct_check.h"
#include "sumcheck/prover.h"
#include "training/network_program.h"
#include "wrap/engine.h"
#include "wrap/wrap_circuit.h"

using namespace pyzkfl;
using sumcheck::ProgramValues;

namespace {

struct Data {
  std::vector<int64_t> weights, features, labels;

  NetworkBatch batch() const { return {features, labels}; }
};

NetworkParameters parameters(std::vector<int64_t> widths, int64_t batch = 4) {
  NetworkParameters p;
  p.widths = std::move(widths);
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

// Whether the wrap circuit has a witness for the real prover's proof of these values.
bool circuit_accepts(const wrap::Engine& engine, const ColumnKey& key, ProgramValues& values) {
  const std::array<Fr, 2> context = {Fr::from_u64(1), Fr::from_u64(2)};
  const sumcheck::InnerProof inner = sumcheck::prove(key, engine.program(), engine.claims(), values, context);
  try {
    (void)wrap::wrap_witness(engine.circuit(), engine.program(), wrap::assignment_of(inner));
  } catch (const WitnessInvalid&) {
    return false;
  }
  return true;
}

void add_to_cell(const sumcheck::Program& program, ProgramValues& values, uint32_t block, size_t index, int32_t amount) {
  const sumcheck::Block& b = program.blocks[block];
  auto& cells = values.columns[b.column].cells;
  if (cells.size() <= b.offset + index) cells.resize(b.offset + index + 1);
  cells[b.offset + index] += amount;
}

}  // namespace

TEST_CASE("false training is refused by the relation meant for it, and by the circuit") {
  const NetworkSpec spec(parameters({5, 6, 3}));
  const NetworkProgram program(spec);
  const wrap::Engine engine(program.program);
  const ColumnKey key = ColumnKey::insecure(program.program.log_height);
  const Data data = drawn(spec, 3, 1), other = drawn(spec, 3, 2);
  const NetworkLayout& layout = program.layout;
  const auto column = [](ProgramValues& to, const ProgramValues& from, uint32_t c) { to.columns[c].cells = from.columns[c].cells; };

  {
    ProgramValues honest = values_of(spec, program, data);
    CHECK(refused_by_relations(program.program, honest) == "");
    CHECK(circuit_accepts(engine, key, honest));
  }

  struct Forgery {
    const char* what;
    const char* relation;  // a part of its name
    std::function<ProgramValues()> make;
  };
  const auto scaled_update = [&](int64_t factor) {
    return values_of(spec, program, data, [&](NetworkRound& round) {
      for (auto& layer : round.update.layers) {
        for (auto* m : {&layer.matrix, &layer.bias}) {
          for (int64_t& v : *m) v *= factor;
        }
      }
    });
  };
  const std::vector<Forgery> forgeries = {
      {"no training: W' = W", "update", [&] { return scaled_update(0); }},
      {"an update of the opposite sign", "update", [&] { return scaled_update(-1); }},
      {"an update scaled by three", "update", [&] { return scaled_update(3); }},
      {"labels swapped after the commitment", "",
       [&] {
         Data swapped = data;
         for (int64_t& y : swapped.labels) y = (y + 1) % 3;
         ProgramValues values = values_of(spec, program, swapped);
         column(values, values_of(spec, program, data), layout.first_data_column);
         sumcheck::fill_multiplicities(program.program, values);
         return values;
       }},
      {"another batch than the committed one", "layer 1 forward",
       [&] {
         Data changed = data;
         changed.features = other.features;
         ProgramValues values = values_of(spec, program, changed);
         column(values, values_of(spec, program, data), layout.first_data_column);
         sumcheck::fill_multiplicities(program.program, values);
         return values;
       }},
      {"weights other than the round's", "layer 1 forward",
       [&] {
         Data changed = data;
         changed.weights = other.weights;
         ProgramValues values = values_of(spec, program, changed);
         column(values, values_of(spec, program, data), layout.weights_column);
         return values;
       }},
      {"a smaller learning rate", "rate",
       [&] {
         NetworkParameters p = spec.parameters();
         p.eta /= 2;
         return values_of(NetworkSpec(p), program, data);
       }},
      {"a larger learning rate", "rate",
       [&] {
         NetworkParameters p = spec.parameters();
         p.eta *= 2;
         return values_of(NetworkSpec(p), program, data);
       }},
      {"fewer rows claimed than are trained on", "",
       [&] {
         ProgramValues values = values_of(spec, program, data);
         values.rows[0] = 2;
         return values;
       }},
      {"a random gradient of the loss", "gradient of the loss",
       [&] {
         return values_of(spec, program, data, [&](NetworkRound& round) {
           for (int64_t& v : round.steps[0].layers.back().gradient) v = (7 * v + 77) % 1000;
           backward_and_update(spec, NetworkWeights::from_flat(spec, data.weights), round.steps[0]);
           round.update = round.steps[0].update;
         });
       }},
      {"a flipped mask of the ReLU", "layer 1 forward",
       [&] {
         ProgramValues values = values_of(spec, program, data);
         const uint32_t sign = layout.steps[0].layers[0].sign;
         const auto& b = program.program.blocks[sign];
         const int32_t g = values.columns[b.column].cells[b.offset];
         add_to_cell(program.program, values, sign, 0, 1 - 2 * g);
         sumcheck::fill_multiplicities(program.program, values);
         return values;
       }},
      {"a probability off by one", "softmax",
       [&] {
         ProgramValues values = values_of(spec, program, data);
         add_to_cell(program.program, values, layout.steps[0].probability[0], 0, 1);
         sumcheck::fill_multiplicities(program.program, values);
         return values;
       }},
      {"junk behind the model's weights in the update", "lookup",
       [&] {
         ProgramValues values = values_of(spec, program, data);
         add_to_cell(program.program, values, layout.unused_update.at(0), 0, 1);
         return values;
       }},
  };
  for (const Forgery& forgery : forgeries) {
    CAPTURE(forgery.what);
    ProgramValues values = forgery.make();
    const std::string reason = refused_by_relations(program.program, values);
    CAPTURE(reason);
    CHECK(reason != "");
    CHECK(reason.find(forgery.relation) != std::string::npos);
    CHECK(!circuit_accepts(engine, key, values));
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

TEST_CASE("every cell of a step is determined: changed alone, some relation fails") {
  for (const NetworkSpec& spec : {NetworkSpec(parameters({3, 4, 2})), NetworkSpec(parameters({40, 64, 2}, 2))}) {
    const NetworkProgram program(spec);
    const Data data = drawn(spec, spec.batch() - 1, 4);
    const bool deep = std::getenv("PYZKFL_DEEP") != nullptr;
    std::mt19937_64 random(5);
    for (uint32_t block = 0; block < program.program.blocks.size(); ++block) {
      const sumcheck::Block& b = program.program.blocks[block];
      if (b.name.starts_with("counts") || b.name == "EXP" || b.name.starts_with("W.")) continue;
      const size_t size = size_t{1} << b.log_size;
      for (size_t k = 0; k < (deep ? size : std::min<size_t>(size, 3)); ++k) {
        const size_t cell = deep ? k : random() % size;
        for (const int32_t amount : {1, -1}) {
          ProgramValues values = values_of(spec, program, data);
          add_to_cell(program.program, values, block, cell, amount);
          CAPTURE(b.name);
          CAPTURE(cell);
          const auto refused = [&] {
            sumcheck::fill_multiplicities(program.program, values);
            sumcheck::check_values(program.program, values);
          };
          CHECK_THROWS_AS(refused(), WitnessInvalid);
        }
      }
    }
  }
}

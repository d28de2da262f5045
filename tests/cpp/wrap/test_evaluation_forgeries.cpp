// Evaluations that claim a row too many, through the real prover: each is refused by the wrap circuit, and satisfies a
// program without the relation that is meant for it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include "../training/network_samples.h"
#include "base/errors.h"
#include "circuit_verdict.h"
#include "sumcheck/direct_check.h"
#include "training/evaluation_program.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;
using sumcheck::Program;
using sumcheck::ProgramValues;
using wrap::testing::circuit_accepts;

namespace {

constexpr size_t classes = 3, padded_classes = 4, real_rows = 5, padding_row = 6;

// Five rows of eight; a witness of as many correct rows as there are, and one row that is not.
struct Forger {
  NetworkSample sample;
  EvaluationProgram program;
  ProgramValues values;
  size_t row = 0, label = 0, winner = 0;  // of a row that is not labelled correctly

  const NetworkLayout::Step& step() const { return program.layout.steps[0]; }
  int32_t& cell(uint32_t block, size_t index) {
    const sumcheck::Block& b = program.program.blocks[block];
    return values.columns[b.column].cells[b.offset + index];
  }
  size_t at(size_t i, size_t j) const { return i * padded_classes + j; }
  DigitWidths widths() const { return sample.spec.lead(); }
  int64_t lead(size_t index) {
    int64_t out = 0;
    for (size_t d = step().lead.size(); d-- > 0;)
      out = out * (int64_t{1} << widths().widths[d]) + cell(step().lead[d], index);
    return out;
  }
  // What the digits do not hold goes into the highest: a lead below 0 makes that negative.
  void set_lead(size_t index, int64_t v) {
    for (size_t d = 0; d < step().lead.size(); ++d) {
      const unsigned w = widths().widths[d];
      const bool last = d + 1 == step().lead.size();
      cell(step().lead[d], index) = static_cast<int32_t>(last ? v : v & ((int64_t{1} << w) - 1));
      v >>= w;
    }
  }
  void mark(size_t index, int32_t value = 1) {
    cell(step().hint, index) = value;
    ++values.rows.back();
  }
};

Forger forger() {
  for (uint64_t seed = 1;; ++seed) {
    NetworkSample sample = network_sample(network_parameters({4, 5, classes}, 8), real_rows, seed, 0.8);
    const uint64_t correct = correct_rows(sample.spec, sample.weights, sample.batches());
    if (correct == 0 || correct + 2 > real_rows) continue;
    EvaluationProgram program(sample.spec, 1);
    ProgramValues values = evaluation_values(sample.spec, program, sample.weights, sample.batches(), sample.blinders(), correct);
    Forger f{std::move(sample), std::move(program), std::move(values)};
    for (f.row = 0; f.row < real_rows; ++f.row) {
      bool counted = false;
      for (size_t j = 0; j < classes; ++j) {
        counted = counted || f.cell(f.step().hint, f.at(f.row, j)) != 0;
        if (f.cell(f.step().labels, f.at(f.row, j)) != 0) f.label = j;
        if (f.lead(f.at(f.row, j)) == 0) f.winner = j;
      }
      if (!counted) return f;
    }
  }
}

// Takes out the relations whose name (of a range lookup its block's name) ends so; there must be one.
void leave_out(Program& p, const std::string& name) {
  size_t found = 0;
  found += std::erase_if(p.linear, [&](const auto& r) { return r.name.ends_with(name); });
  found += std::erase_if(p.products, [&](const auto& r) { return r.name.ends_with(name); });
  found += std::erase_if(p.zeros, [&](const auto& r) { return r.name.ends_with(name); });
  found += std::erase_if(p.ranges, [&](const auto& r) { return p.blocks[r.block].name.ends_with(name); });
  REQUIRE(found >= 1);
}

struct Forgery {
  const char* what;
  const char* refused_by;
  std::function<void(Forger&)> forge;
};

const Forgery forgeries[] = {
    {"a score above the marks", "score", [](Forger& f) { ++f.values.rows.back(); }},
    {"a mark at a label that does not lead", "a counted row leads", [](Forger& f) { f.mark(f.at(f.row, f.label)); }},
    {"a mark at the class that leads", "marks are at labels", [](Forger& f) { f.mark(f.at(f.row, f.winner)); }},
    {"a row that pads, with a mark", "marks are at labels",
     [](Forger& f) {
       size_t j = 0;
       while (f.lead(f.at(padding_row, j)) != 0) ++j;
       f.mark(f.at(padding_row, j));
     }},
    {"a lead of 0 that is none", "lead over each class",
     [](Forger& f) {
       f.set_lead(f.at(f.row, f.label), 0);
       f.mark(f.at(f.row, f.label));
     }},
    // A tie is this with a gap of 1.
    {"a best below the output of another class", "batch1.t.0",
     [](Forger& f) {
       const int64_t gap = f.lead(f.at(f.row, f.label));
       f.cell(f.step().most, f.row) -= static_cast<int32_t>(gap);
       for (size_t j = 0; j < classes; ++j) f.set_lead(f.at(f.row, j), f.lead(f.at(f.row, j)) - gap);
       f.mark(f.at(f.row, f.label));
     }},
    {"a row that counts twice", "batch1.h",
     [](Forger& f) {
       for (size_t at = 0; at < real_rows * padded_classes; ++at) {
         if (f.cell(f.step().hint, at) == 0) continue;
         f.mark(at, 2);
         return;
       }
     }},
    {"a row with two labels", "one label a real row",
     [](Forger& f) {
       f.cell(f.step().labels, f.at(f.row, f.winner)) = 1;
       // Where y is 1 nothing is added to z.
       f.set_lead(f.at(f.row, f.winner), f.lead(f.at(f.row, f.winner)) + 1);
       int64_t least = f.lead(f.at(f.row, 0));
       for (size_t j = 1; j < classes; ++j) least = std::min(least, f.lead(f.at(f.row, j)));
       f.cell(f.step().most, f.row) -= static_cast<int32_t>(least);
       for (size_t j = 0; j < classes; ++j) f.set_lead(f.at(f.row, j), f.lead(f.at(f.row, j)) - least);
       const bool leads = f.lead(f.at(f.row, f.winner)) == 0;
       REQUIRE(leads);
       f.mark(f.at(f.row, f.winner));
     }},
    {"a row that is not real, with a label", "one label a real row",
     [](Forger& f) {
       size_t j = 0;
       while (f.lead(f.at(padding_row, j)) != 0) ++j;
       f.cell(f.step().labels, f.at(padding_row, j)) = 1;
       // The others' leads are one less without the one that was added to the best.
       int64_t least = 1;
       for (size_t k = 0; k < classes; ++k) {
         if (k != j) least = std::min(least, f.lead(f.at(padding_row, k)));
       }
       REQUIRE(least >= 1);
       f.cell(f.step().most, padding_row) -= 1;
       for (size_t k = 0; k < classes; ++k) {
         if (k != j) f.set_lead(f.at(padding_row, k), f.lead(f.at(padding_row, k)) - 1);
       }
       f.mark(f.at(padding_row, j));
     }},
    {"a label of a class that only pads", "padded classes have no labels",
     [](Forger& f) {
       f.cell(f.step().labels, f.at(f.row, f.label)) = 0;
       f.cell(f.step().labels, f.at(f.row, classes)) = 1;
       f.set_lead(f.at(f.row, f.label), f.lead(f.at(f.row, f.label)) - 1);  // 1 is added to its output now
       f.mark(f.at(f.row, classes));
     }},
    {"weights that label more rows correctly than the round's", "forward",
     [](Forger& f) {
       const uint64_t honest = f.values.rows.back();
       for (uint64_t seed = 1;; ++seed) {
         const NetworkSample other = network_sample(network_parameters({4, 5, classes}, 8), real_rows, seed, 0.8);
         const uint64_t correct = correct_rows(f.sample.spec, other.weights, f.sample.batches());
         if (correct <= honest) continue;
         const auto weights = f.values.columns[0];
         f.values = evaluation_values(f.sample.spec, f.program, other.weights, f.sample.batches(), f.sample.blinders(), correct);
         f.values.columns[0] = std::move(weights);
         return;
       }
     }},
};

}  // namespace

TEST_CASE("every false evaluation, proven as well as it can be, is refused by the circuit, by its relation alone") {
  Forger honest = forger();
  const ColumnKey key = ColumnKey::insecure(honest.program.program.log_height);
  const wrap::Engine engine(honest.program.program);
  CHECK(circuit_accepts(engine, key, honest.values));
  for (const Forgery& forgery : forgeries) {
    const std::string what = forgery.what;
    CAPTURE(what);
    Forger f = forger();
    forgery.forge(f);
    Program lenient = f.program.program;
    leave_out(lenient, forgery.refused_by);
    sumcheck::fill_multiplicities(lenient, f.values);
    CHECK_FALSE(circuit_accepts(engine, key, f.values));
    CHECK_NOTHROW(sumcheck::check_values(lenient, f.values));
    if (std::getenv("PYZKFL_DEEP") != nullptr) CHECK(circuit_accepts(wrap::Engine(lenient), key, f.values));
  }
}

TEST_CASE("every cell of an evaluation is determined, by tables and in bits: changed alone, some relation fails") {
  for (const int64_t bitwise : {0, 1}) {
    CAPTURE(bitwise);
    NetworkParameters p = network_parameters({4, 5, classes}, 8);
    p.bitwise = bitwise;
    NetworkSample sample = network_sample(p, real_rows, 3, 0.8);
    sample.features.push_back(sample.features[0]);
    sample.labels.push_back(sample.labels[0]);
    const std::vector<NetworkBatch> batches = sample.batches();
    const std::vector<Fr> blinders(2, Fr::from_u64(5));
    const uint64_t correct = correct_rows(sample.spec, sample.weights, batches);
    REQUIRE(correct >= 2);
    const EvaluationProgram program(sample.spec, 2);
    std::mt19937_64 random(6);
    for (const sumcheck::Block& block : program.program.blocks) {
      if (block.name.starts_with("counts") || block.name.starts_with("W.")) continue;
      for (int tries = 0; tries < 3; ++tries) {
        const uint64_t cell = random() % (uint64_t{1} << block.log_size);
        for (const int32_t amount : {1, -1}) {
          ProgramValues values = evaluation_values(sample.spec, program, sample.weights, batches, blinders, correct - 1);
          auto& cells = values.columns[block.column].cells;
          cells.resize(std::max<size_t>(cells.size(), block.offset + cell + 1));
          cells[block.offset + cell] += amount;
          CAPTURE(block.name);
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

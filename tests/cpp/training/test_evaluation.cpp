// Evaluations: honest scores satisfy the program, and each way to count a row too many is refused by the relation meant for it.
#include <doctest/doctest.h>

#include <string>

#include "base/errors.h"
#include "network_samples.h"
#include "sumcheck/direct_check.h"
#include "training/evaluation_program.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;

namespace {

struct Fixture {
  NetworkSample sample;
  EvaluationProgram program;
  sumcheck::ProgramValues values;
  uint64_t correct;
};

// Five rows of eight in one batch, three classes of four.
Fixture evaluated(uint64_t seed) {
  const NetworkSample sample = network_sample(network_parameters({4, 5, 3}, 8), 5, seed, 0.8);
  EvaluationProgram program(sample.spec, 1);
  const uint64_t correct = correct_rows(sample.spec, sample.weights, sample.batches());
  sumcheck::ProgramValues values;
  if (correct != 0)
    values = evaluation_values(sample.spec, program, sample.weights, sample.batches(), sample.blinders(), correct);
  return {sample, std::move(program), std::move(values), correct};
}

// The first seed with correct and false rows.
Fixture mixed() {
  for (uint64_t seed = 1;; ++seed) {
    Fixture f = evaluated(seed);
    if (f.correct >= 1 && f.correct <= 3) return f;
  }
}

int32_t& cell(Fixture& f, uint32_t block, size_t index) {
  const sumcheck::Block& b = f.program.program.blocks[block];
  return f.values.columns[b.column].cells[b.offset + index];
}

// What refuses, with multiplicities counted anew where that is possible.
std::string refusal(Fixture& f) {
  try {
    sumcheck::fill_multiplicities(f.program.program, f.values);
    sumcheck::check_values(f.program.program, f.values);
  } catch (const WitnessInvalid& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr size_t padded_classes = 4;

// A row that is not counted, and the class that its label is.
struct FalseRow {
  size_t row, label, winner;
};
FalseRow false_row(Fixture& f) {
  const NetworkLayout::Step& step = f.program.layout.steps[0];
  for (size_t i = 0; i < 5; ++i) {
    FalseRow out{i, 0, 0};
    bool counted = false;
    for (size_t j = 0; j < 3; ++j) {
      const size_t at = i * padded_classes + j;
      counted = counted || cell(f, step.hint, at) != 0;
      if (cell(f, step.labels, at) != 0) out.label = j;
      int64_t lead = 0;
      for (size_t d = step.lead.size(); d-- > 0;) lead = lead * 65536 + cell(f, step.lead[d], at);
      if (lead == 0) out.winner = j;
    }
    if (!counted) return out;
  }
  FAIL("every row is counted");
  return {};
}

}  // namespace

TEST_CASE("every score up to the number of correct rows has a witness, one more has none") {
  Fixture f = mixed();
  CHECK(refusal(f) == "");
  for (uint64_t score = 1; score <= f.correct; ++score) {
    f.values = evaluation_values(f.sample.spec, f.program, f.sample.weights, f.sample.batches(), f.sample.blinders(), score);
    CHECK(refusal(f) == "");
  }
  CHECK_THROWS_AS(evaluation_values(f.sample.spec, f.program, f.sample.weights, f.sample.batches(), f.sample.blinders(),
                                    f.correct + 1),
                  WitnessInvalid);
  CHECK_THROWS_AS(
      evaluation_values(f.sample.spec, f.program, f.sample.weights, f.sample.batches(), f.sample.blinders(), 0),
      ParameterError);
}

TEST_CASE("a score above the marks is refused") {
  Fixture f = mixed();
  ++f.values.rows.back();
  CHECK(contains(refusal(f), "score"));
}

TEST_CASE("a mark on a row that does not lead is refused") {
  Fixture f = mixed();
  const NetworkLayout::Step& step = f.program.layout.steps[0];
  const FalseRow row = false_row(f);
  ++f.values.rows.back();
  SUBCASE("at its label") {
    cell(f, step.hint, row.row * padded_classes + row.label) = 1;
    CHECK(contains(refusal(f), "a counted row leads"));
  }
  SUBCASE("at the class that leads") {
    cell(f, step.hint, row.row * padded_classes + row.winner) = 1;
    CHECK(contains(refusal(f), "marks are at labels"));
  }
  SUBCASE("with a lead that is not the one of its outputs") {
    const size_t at = row.row * padded_classes + row.label;
    cell(f, step.hint, at) = 1;
    for (const uint32_t digit : step.lead) cell(f, digit, at) = 0;
    CHECK(contains(refusal(f), "lead over each class"));
  }
  SUBCASE("with a best that the leading class is above") {
    // c is lowered until the label leads; the winner's lead, which is negative then, has no digits.
    const size_t at = row.row * padded_classes;
    int64_t gap = 0;
    for (size_t d = step.lead.size(); d-- > 0;) gap = gap * 65536 + cell(f, step.lead[d], at + row.label);
    cell(f, step.most, row.row) -= static_cast<int32_t>(gap);
    for (size_t j = 0; j < 3; ++j) {
      int64_t lead = -gap;
      int64_t unit = 1;
      for (const uint32_t digit : step.lead) {
        lead += unit * cell(f, digit, at + j);
        unit *= 65536;
      }
      for (size_t d = 0; d < step.lead.size(); ++d) {
        const bool last = d + 1 == step.lead.size();
        cell(f, step.lead[d], at + j) = static_cast<int32_t>(last ? lead : lead & 65535);
        lead >>= 16;
      }
    }
    cell(f, step.hint, at + row.label) = 1;
    CHECK(contains(refusal(f), "range lookup"));
  }
}

TEST_CASE("rows that are not real, and marks that count twice, are refused") {
  Fixture f = mixed();
  const NetworkLayout::Step& step = f.program.layout.steps[0];
  ++f.values.rows.back();
  SUBCASE("a padding row") {
    for (size_t j = 0; j < 3; ++j) {
      int32_t lead = 0;
      for (const uint32_t digit : step.lead) lead |= cell(f, digit, 6 * padded_classes + j);
      if (lead != 0) continue;
      cell(f, step.hint, 6 * padded_classes + j) = 1;
      break;
    }
    CHECK(contains(refusal(f), "marks are at labels"));
  }
  SUBCASE("a mark of two") {
    for (size_t at = 0; at < 5 * padded_classes; ++at) {
      if (cell(f, step.hint, at) == 0) continue;
      cell(f, step.hint, at) = 2;
      break;
    }
    CHECK(contains(refusal(f), "range lookup"));
  }
  SUBCASE("a padding row with a label") {
    cell(f, step.labels, 6 * padded_classes) = 1;
    CHECK(contains(refusal(f), "one label a real row"));
  }
}

TEST_CASE("an evaluation is of a network that classifies, and of its own batches") {
  NetworkParameters p = NetworkParameters::perceptron(std::vector<int64_t>{4, 2});
  p.loss = NetworkLoss::mean_squared_error;
  p.batch = 4;
  p.w_bits = 18;
  p.bound = 30000;
  CHECK_THROWS_AS(EvaluationProgram(NetworkSpec(NetworkSpec::with_learning_rate(p, 0.1)), 1), ParameterError);
  const Fixture f = mixed();
  CHECK_THROWS_AS(EvaluationProgram(f.sample.spec, 0), ParameterError);
  const EvaluationProgram two(f.sample.spec, 2);
  CHECK_THROWS_AS(evaluation_values(f.sample.spec, two, f.sample.weights, f.sample.batches(), f.sample.blinders(), 1),
                  ParameterError);
}

// Each relation of a network's program is what refuses the forgery it is there for: with it, refused under its name;
// without it, a witness.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/errors.h"
#include "layer_samples.h"
#include "sumcheck/direct_check.h"
#include "training/evaluation_program.h"
#include "training/network_forgery.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;
using sumcheck::ProgramValues;

namespace {

std::string refusal(const sumcheck::Program& program, const ProgramValues& values) {
  try {
    sumcheck::check_values(program, values);
  } catch (const WitnessInvalid& error) {
    return error.what();
  }
  return "";
}

// A forger's values, or none where the sample gives no occasion.
std::optional<ProgramValues> forge(const NetworkSample& sample, const NetworkProgram& program, NetworkForgery forgery) {
  try {
    return forged_network_values(sample.spec, program, sample.weights, sample.batches(), sample.blinders(),
                                 Fr::from_u64(6), forgery);
  } catch (const ParameterError&) {
    return std::nullopt;

  }
}

bool names_one_of(const std::string& reason, const Refusal& refusal) {
  return std::any_of(refusal.relations.begin(), refusal.relations.end(), [&](size_t i) {
    return reason.starts_with(relation_kind_name(refusal.kind) + std::string(" ") + std::to_string(i) + " (");
  });
}

struct Job {
  NetworkParameters parameters;
  size_t rows;
  double share;
  uint64_t seeds = 3;
};

// All that a small network can have: padded features, units, classes and rows; saturation; local steps; clipping.
std::vector<Job> jobs() {
  std::vector<Job> out = {{network_parameters({15, 6, 3}, 8), 5, 0.3},
          {saturating_parameters(), 3, 0.9},
          {saturating_parameters(), 4, 0.02},
          {network_parameters({4, 5, 3}, 4, 3), 3, 0.3},
          {network_parameters({15, 6, 3}, 8, 1, 1.0), 7, 0.3},
          {network_parameters({5, 2}, 4), 4, 0.2},
          {network_parameters({5, 4, 4, 3}, 3), 3, 0.5}};
  for (const LayeredJob& job : layered_jobs()) {
    for (const double share : {0.05, 0.4}) out.push_back({job.parameters, job.rows, share, 1});
  }
  return out;
}

}  // namespace

TEST_CASE("each forgery of a network is refused by its relation, and is a witness without it") {
  std::map<std::string, size_t> occasions;
  for (const Job& job : jobs()) {
    const NetworkProgram program{NetworkSpec(job.parameters)};
    for (uint64_t seed = 1; seed <= job.seeds; ++seed) {
      const NetworkSample sample = network_sample(job.parameters, job.rows, seed, job.share);
      for (const NetworkForgeryInfo& info : network_forgeries()) {
        CAPTURE(job.parameters.layers.size());
        CAPTURE(seed);
        const std::string name = info.name;
        CAPTURE(name);
        const auto forged = forge(sample, program, info.forgery);
        if (!forged) continue;
        ++occasions[info.name];
        const Refusal expected = refusing_relations(program.program, info);
        CHECK(!expected.relations.empty());
        const std::string reason = refusal(program.program, *forged);
        CAPTURE(reason);
        CHECK(names_one_of(reason, expected));
        CHECK(refusal(without_relation(program.program, info, forged->rates), *forged) == "");
      }
    }
  }
  for (const NetworkForgeryInfo& info : network_forgeries()) {
    const std::string name = info.name;
    CAPTURE(name);
    CHECK(occasions[name] > 0);
  }
}

TEST_CASE("a rate of 0, and with it no update, is refused") {
  const NetworkSample sample = network_sample(network_parameters({5, 6, 3}, 4), 3, 1, 0.3);
  const NetworkProgram program(sample.spec);
  NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
  round.steps[0].rate = 0;
  round_update(sample.spec, weight_gradients(sample.spec, round.steps[0]), round.steps[0]);
  round.update = round.steps[0].update;
  const std::vector<int64_t> update = round.update.to_flat(sample.spec);
  CHECK(std::all_of(update.begin(), update.end(), [](int64_t d) { return d == 0; }));
  const ProgramValues values =
      network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
  CHECK(refusal(program.program, values) == "clip 0: the rate is 0");
}

TEST_CASE("every relation that can be violated alone has a forgery") {
  // By kind, the parts of a name after the step and the layer.
  const auto essence = [](std::string name) {
    for (const std::string part : {"step 1: ", "step 2: ", "step 3: "}) {
      if (name.starts_with(part)) name = name.substr(part.size());
    }
    if (name.starts_with("layer ") && name.size() > 8) name = name.substr(8);
    return name;
  };
  // What stands for range lookups has tests of its own.
  const auto is_range = [](const std::string& name) {
    return name.starts_with("cells of ") || name.starts_with("bits of ") || name.ends_with(" is zero");
  };
  std::map<RelationKind, std::set<std::string>> covered, there;
  for (const Job& job : jobs()) {
    const sumcheck::Program program = NetworkProgram{NetworkSpec(job.parameters)}.program;
    const auto note = [&](RelationKind kind, const auto& list) {
      for (const auto& relation : list) {
        if (!is_range(relation.name)) there[kind].insert(essence(relation.name));
      }
      for (const NetworkForgeryInfo& info : network_forgeries()) {
        const Refusal refusal = refusing_relations(program, info);
        if (refusal.kind != kind) continue;
        for (const size_t i : refusal.relations) covered[kind].insert(essence(list[i].name));
      }
    };
    note(RelationKind::linear_check, program.linear);
    note(RelationKind::product_sum, program.products);
    note(RelationKind::zero_check, program.zeros);
  }
  covered[RelationKind::linear_check].insert("sum of the steps' updates, biases");  // as the matrices'
  for (const auto& [kind, names] : there) {
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(covered[kind].contains(name));
    }
  }
}

TEST_CASE("a number in bits is the sum of these bits, and each of them is one") {
  size_t numbers = 0, bits = 0;
  for (const LayeredJob& job : layered_jobs()) {
    if (job.parameters.bitwise == 0) continue;
    CAPTURE(job.name);
    const NetworkSample sample = network_sample(job.parameters, job.rows, 1, 0.3);
    const NetworkProgram program(sample.spec);
    const sumcheck::Program& p = program.program;
    const NetworkRound round = network_round(sample.spec, sample.weights, sample.batches());
    ProgramValues values = network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    CHECK(refusal(p, values) == "");
    // Of a program, with another first cell in a block.
    const auto refused = [&](const sumcheck::Program& program_in, uint32_t block, int32_t value) {
      const sumcheck::Block& b = p.blocks[block];
      auto& cells = values.columns[b.column].cells;
      cells.resize(std::max<size_t>(cells.size(), b.offset + 1));
      const int32_t before = std::exchange(cells[b.offset], value);
      const std::string reason = refusal(program_in, values);
      cells[b.offset] = before;
      return reason;
    };
    const auto cell = [&](uint32_t block) {
      const sumcheck::Block& b = p.blocks[block];
      const auto& cells = values.columns[b.column].cells;
      return b.offset < cells.size() ? cells[b.offset] : 0;
    };
    for (size_t i = 0; i < p.linear.size(); ++i) {
      if (!p.linear[i].name.starts_with("bits of ")) continue;
      ++numbers;
      // Another number than its bits; other bits than the number's, the sign's too.
      for (const sumcheck::Term& term : p.linear[i].expression.terms) {
        const uint32_t block = term.view.id;
        const std::string reason = refused(p, block, 1 - cell(block));
        CAPTURE(p.blocks[block].name);
        CHECK(reason.starts_with("linear check " + std::to_string(i) + " ("));
      }
    }
    values.rates.clear();  // of clips, which the programs below do not have
    for (size_t i = 0; i < p.zeros.size(); ++i) {
      if (!p.zeros[i].name.starts_with("cells of ")) continue;
      ++bits;
      sumcheck::Program alone;
      alone.log_height = p.log_height, alone.steps = p.steps, alone.columns = p.columns, alone.blocks = p.blocks;
      alone.zeros = {p.zeros[i]};
      const uint32_t block = p.zeros[i].products[0].factors[0].terms[0].view.id;
      for (const int32_t value : {-1, 2, 1 << 16}) CHECK(refused(alone, block, value).starts_with("zero-check 0 (cells of "));
      for (const int32_t value : {0, 1}) CHECK(refused(alone, block, value) == "");
    }
  }
  CHECK(numbers >= 20);
  CHECK(bits >= 50);
}

// Two cells of a digit changed so that the digit is what it was, and no cells of bits any more: linear relations cannot
// see it. Were one block of digits without its zero-check, a forger would have numbers of any size there.
TEST_CASE("cells that are no bits make no digit, of whatever value, in any block that is read as digits") {
  size_t tried = 0;
  const auto attack = [&](const sumcheck::Program& p, ProgramValues& values, const std::set<uint32_t>& other) {
    std::set<uint32_t> checked;
    for (const sumcheck::ZeroCheck& check : p.zeros) {
      if (check.name.starts_with("cells of ")) checked.insert(check.products[0].factors[0].terms[0].view.id);
    }
    REQUIRE(refusal(p, values) == "");
    for (uint32_t b = 0; b < p.blocks.size(); ++b) {
      const sumcheck::Block& block = p.blocks[b];
      if (p.columns[block.column].kind != sumcheck::ColumnKind::digits || other.contains(b)) continue;
      CAPTURE(block.name);
      CHECK(checked.contains(b));
      auto& cells = values.columns[block.column].cells;
      cells.resize(std::max<size_t>(cells.size(), block.offset + (size_t{1} << block.log_size)));
      if (block.log_size == 0) continue;
      cells[block.offset] += 2;
      cells[block.offset + 1] -= 1;
      const std::string reason = refusal(p, values);
      CHECK(reason != "");
      // Where a digit has one bit alone (g, h) another relation may come first.
      tried += reason.find("cells of " + block.name + " are bits") != std::string::npos ? 1 : 0;
      cells[block.offset] -= 2;
      cells[block.offset + 1] += 1;
    }
  };
  for (const LayeredJob& job : layered_jobs()) {
    if (job.parameters.bitwise == 0) continue;
    CAPTURE(job.name);
    const NetworkSample sample = network_sample(job.parameters, job.rows, 1, 0.3);
    const auto batches = sample.batches();
    const auto values_of_steps = [](const NetworkLayout& layout) {
      std::set<uint32_t> out = {layout.counts_exp};
      for (const NetworkLayout::Step& step : layout.steps) {
        out.insert({step.most, step.key, step.exponential});
        for (const NetworkLayout::StepLayer& layer : step.layers) {
          out.insert({layer.activation, layer.gradient, layer.update.bias});
          out.insert(layer.update.parts.begin(), layer.update.parts.end());
        }
      }
      return out;
    };
    const NetworkProgram program(sample.spec);
    const NetworkRound round = network_round(sample.spec, sample.weights, batches);
    ProgramValues values = network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
    attack(program.program, values, values_of_steps(program.layout));
    if (!sample.spec.classifies()) continue;
    const uint64_t correct = correct_rows(sample.spec, sample.weights, batches);
    if (correct == 0) continue;
    const EvaluationProgram evaluation(sample.spec, batches.size());
    const std::vector<Fr> blinders(batches.size(), Fr::from_u64(5));
    ProgramValues scored = evaluation_values(sample.spec, evaluation, sample.weights, batches, blinders, correct);
    attack(evaluation.program, scored, values_of_steps(evaluation.layout));
  }
  CHECK(tried >= 100);
}

TEST_CASE("every lookup has a forgery, but those that only keep identities of integers from wrapping") {
  // Of a block's name what is neither step, layer, part nor digit: "step1.layer2.rem'.0" is "rem'".
  const auto essence = [](const std::string& name) {
    std::string out;
    for (size_t at = 0; at < name.size();) {
      const size_t end = std::min(name.find('.', at), name.size());
      const std::string part = name.substr(at, end - at);
      if (!part.starts_with("step") && !part.starts_with("layer") && !part.starts_with("matrix") &&
          part.find_first_not_of("0123456789") != std::string::npos)
        out += part + " ";
      at = end + 1;
    }
    while (!out.empty() && (out.back() == ' ' || (out.back() >= '0' && out.back() <= '9'))) out.pop_back();
    return out;
  };
  std::set<std::string> there, covered;
  for (const Job& job : jobs()) {
    const sumcheck::Program program = NetworkProgram{NetworkSpec(job.parameters)}.program;
    for (const sumcheck::RangeLookup& range : program.ranges) there.insert(essence(program.blocks[range.block].name));
    for (const NetworkForgeryInfo& info : network_forgeries()) {
      if (info.kind != RelationKind::range_lookup) continue;
      const Refusal refusal = refusing_relations(program, info);
      if (refusal.kind != RelationKind::range_lookup) continue;
      for (const size_t i : refusal.relations)
        covered.insert(essence(program.blocks[program.ranges[i].block].name));
    }
    CHECK(program.pairs.size() == (job.parameters.loss == NetworkLoss::cross_entropy ? program.steps : 0));
  }
  std::set<std::string> without;
  std::set_difference(there.begin(), there.end(), covered.begin(), covered.end(), std::inserter(without, without.end()));
  // D's biases share the reason of D; "update_rem bias" is refused as the matrices' is.
  CHECK(without == std::set<std::string>{"D", "D bias", "g", "h", "p", "q'", "update_rem bias"});
}

TEST_CASE("forgeries of networks are found by name, in their order, and say what they need") {
  for (size_t i = 0; i < network_forgeries().size(); ++i) {
    const NetworkForgeryInfo& info = network_forgeries()[i];
    CHECK(static_cast<size_t>(info.forgery) == i);
    CHECK(&find_network_forgery(info.name) == &info);
  }
  CHECK_THROWS_AS(static_cast<void>(find_network_forgery("none")), ParameterError);
  const NetworkSample sample = network_sample(network_parameters({4, 2}, 4), 4, 1, 0.2);
  const NetworkProgram program(sample.spec);
  const auto attempt = [&](NetworkForgery forgery) {
    static_cast<void>(forged_network_values(sample.spec, program, sample.weights, sample.batches(), sample.blinders(),
                                            Fr::from_u64(6), forgery));
  };
  CHECK_THROWS_WITH_AS(attempt(NetworkForgery::padding_feature), "this forgery needs a padded feature", ParameterError);
  CHECK_THROWS_WITH_AS(attempt(NetworkForgery::dead_unit), "this forgery needs a hidden layer", ParameterError);
  CHECK_THROWS_WITH_AS(attempt(NetworkForgery::false_sum), "this forgery needs two local steps", ParameterError);
}

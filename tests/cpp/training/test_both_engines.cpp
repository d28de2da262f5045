// The direct circuit and the engine give one verdict a case: a step of a classifier of two classes on the same rows, true,
// or false in the same way. The arithmetic differs (sigmoid or softmax, other scales); what may pass does not.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "base/errors.h"
#include "network_samples.h"
#include "samples.h"
#include "sumcheck/direct_check.h"
#include "training/forgery.h"
#include "training/network_forgery.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;

namespace {

struct Case {
  const char* what;
  Forgery direct;
  NetworkForgery engine;
};

const Case cases[] = {
    {"a feature out of range", Forgery::feature_out_of_range, NetworkForgery::feature_out_of_range},
    {"a label out of range", Forgery::label_out_of_range, NetworkForgery::amplified_label},
    {"a row left out", Forgery::dropped_row, NetworkForgery::dropped_row},
    {"a row that is not real, trained on", Forgery::padding_used, NetworkForgery::trained_padding},
    {"labels swapped in the gradient", Forgery::flipped_labels, NetworkForgery::swapped_labels},
    {"a random gradient of the loss", Forgery::random_gradient, NetworkForgery::random_gradient},
    {"no update", Forgery::no_update, NetworkForgery::no_update},
    {"an update the other way", Forgery::reversed_update, NetworkForgery::reversed_update},
    {"an update scaled up", Forgery::scaled_update, NetworkForgery::scaled_update},
    {"another learning rate", Forgery::other_learning_rate, NetworkForgery::smaller_rate},
    {"an update rounded down", Forgery::rounded_down, NetworkForgery::update_rounded},
    {"a norm above the bound", Forgery::false_maximum, NetworkForgery::unclipped},
};

const Fr blinder = Fr::from_u64(7);

LogisticSpec logistic() { return LogisticSpec(small_parameters(4, 5)); }
NetworkParameters network(int64_t bound) {
  NetworkParameters p = network_parameters({4, 2}, 5, 1, 2.0);
  p.bound = bound;
  return NetworkSpec::with_learning_rate(p, 2.0);
}

// Rows for both: features of 4 bits, labels 0 and 1, four real rows of five.
Sample rows_of(uint64_t seed) {
  std::mt19937_64 rng(seed);
  return random_sample(logistic(), rng, 4, seed % 3 == 0 ? 1 : seed % 3 == 1 ? 0.3 : 0.02);
}

struct NetworkCase {
  NetworkSpec spec;
  std::vector<int64_t> weights, features, labels;

  NetworkCase(const Sample& in, const NetworkParameters& p, uint64_t seed) : spec(p) {
    std::mt19937_64 rng(seed);
    for (size_t i = 0; i < spec.dimension(); ++i) weights.push_back(static_cast<int64_t>(rng() % 60001) - 30000);
    features.assign(in.features.begin(), in.features.begin() + 4 * 4);
    labels.assign(in.labels.begin(), in.labels.begin() + 4);
  }
  NetworkBatch batch() const { return {features, labels}; }
};

bool direct_accepts(const LogisticSpec& spec, const LogisticAssignment& assignment) {
  const ConstraintSystem cs = logistic_constraint_system(spec);
  return !cs.check(logistic_witness(cs, spec, assignment)).has_value();
}

bool engine_accepts(const NetworkProgram& program, sumcheck::ProgramValues& values) {
  try {
    sumcheck::check_values(program.program, values);
  } catch (const WitnessInvalid&) {
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("both engines accept honest steps on the same rows") {
  const NetworkParameters p = network(30000);
  const NetworkProgram program{NetworkSpec(p)};
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    const Sample in = rows_of(seed);
    CHECK(direct_accepts(logistic(), honest_assignment(logistic(), sample_context(), in.view(), blinder, blinder)));
    const NetworkCase n(in, p, seed);
    const NetworkBatch batch = n.batch();
    const NetworkRound round = network_round(n.spec, n.weights, {&batch, 1});
    sumcheck::ProgramValues values = network_values(n.spec, program, n.weights, round, std::vector<Fr>{blinder}, blinder);
    CHECK(engine_accepts(program, values));
  }
}

TEST_CASE("both engines refuse the same false steps") {
  for (const Case& c : cases) {
    CAPTURE(c.what);
    bool direct = false, engine = false;  // had an occasion
    for (uint64_t seed = 1; seed <= 400 && !(direct && engine); ++seed) {
      const Sample in = rows_of(seed);
      if (!direct) {
        try {
          const LogisticAssignment forged =
              forged_assignment(logistic(), sample_context(), in.view(), blinder, blinder, c.direct);
          direct = true;
          CHECK_FALSE(direct_accepts(logistic(), forged));
        } catch (const ParameterError&) {  // no occasion in these rows
        }
      }
      if (!engine) {
        // A small bound, for what needs a clipped step.
        const NetworkParameters p = network(c.engine == NetworkForgery::unclipped ? 3000 : 30000);
        const NetworkCase n(in, p, seed);
        const NetworkProgram program{n.spec};
        const NetworkBatch batch = n.batch();
        try {
          sumcheck::ProgramValues values = forged_network_values(n.spec, program, n.weights, {&batch, 1},
                                                                 std::vector<Fr>{blinder}, blinder, c.engine);
          engine = true;
          CHECK_FALSE(engine_accepts(program, values));
        } catch (const ParameterError&) {
        }
      }
    }
    CHECK(direct);
    CHECK(engine);
  }
}

// The circuit against the trainer: honest steps satisfy it, any other value of any wire does not.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/errors.h"
#include "samples.h"

using namespace pyzkfl;

namespace {

const Fr kBlinderX = Fr::from_u64(1234567), kBlinderD = Fr::from_u64(7654321);

// The label of the first violated constraint of an honest run, "" if there is none. Fast: no matrices.
std::string honest_failure(const LogisticSpec& spec, const Sample& in) {
  Builder run(Builder::Mode::witness, 2);
  logistic_circuit(run, spec, honest_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD));
  return run.failure() ? run.failure()->second : "";
}

std::string failure(const ConstraintSystem& cs, const Witness& witness) {
  const auto bad = cs.check(witness);
  return bad ? cs.label(*bad) : "";
}

Witness honest_witness(const ConstraintSystem& cs, const LogisticSpec& spec, const Sample& in) {
  return logistic_witness(cs, spec,
                          honest_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD));
}

}  // namespace

TEST_CASE(
    "honest steps satisfy the circuit: thousands of random batches, saturated and not, clipped and not") {
  std::mt19937_64 rng(3);
  for (const auto& [features, batch, runs] :
       {std::tuple{2, 2, 1500}, {1, 1, 500}, {5, 4, 1000}, {8, 3, 500}}) {
    const LogisticSpec spec(small_parameters(features, batch));
    for (int run = 0; run < runs; ++run) {
      const Sample in = random_sample(spec, rng, 1 + run % batch, run % 4 == 0 ? 1 : 0.03);
      REQUIRE(honest_failure(spec, in) == "");
    }
  }
  const LogisticSpec spec(demo_parameters());
  for (int run = 0; run < 30; ++run) {
    const Sample in = random_sample(spec, rng, 32 - run % 32, run % 2 == 0 ? 1 : 0.01);
    REQUIRE(honest_failure(spec, in) == "");
  }
}

TEST_CASE("honest steps at the edges satisfy the circuit") {
  for (const LogisticParameters& p : {demo_parameters(), small_parameters(3, 2)}) {
    const LogisticSpec spec(p);
    const int64_t w = spec.weight_limit(), x = spec.feature_limit();
    std::set<int64_t> arguments;
    for (const int64_t weight : {-w, w - 1, int64_t{0}, int64_t{1}, int64_t{-1}}) {
      for (const int64_t feature : {-x, x - 1, int64_t{0}}) {
        for (const int64_t label : {0, 1}) {
          Sample in;
          in.rows = p.batch;
          in.weights.assign(spec.dimension(), weight);
          in.features.assign(spec.batch() * spec.features(), feature);
          in.labels.assign(spec.batch(), label);
          CHECK(honest_failure(spec, in) == "");
          arguments.insert(logistic_trace(spec, in.view()).t[0]);
        }
      }
    }
    CHECK(arguments.contains(0));
    CHECK(arguments.contains(LogisticSpec::argument_max));
    CHECK(arguments.contains(LogisticSpec::argument_offset));
  }
}

TEST_CASE("every argument of the sigmoid satisfies the circuit, in and beyond its table") {
  // One feature of weight 1 in units such that the bias walks through all arguments.
  const LogisticSpec spec({.features = 1,
                           .batch = 1,
                           .x_bits = 2,
                           .x_frac = 0,
                           .w_bits = 14,
                           .w_frac = 9,
                           .eta = 1,
                           .eta_shift = 12,
                           .bound = 100});
  for (int64_t bias = -8192; bias < 8192; bias += 3) {
    const Sample in{{1, bias}, {1}, {bias & 1}, 1};
    REQUIRE(honest_failure(spec, in) == "");
  }
}

TEST_CASE("norms around the bound satisfy the circuit: none, just below, at, just above") {
  // With one row the raw update is exact in eta: walk the norm through the clip target.
  std::set<int64_t> roots;
  for (int64_t bound = 3; bound < 200; ++bound) {
    const LogisticSpec spec({.features = 1,
                             .batch = 1,
                             .x_bits = 5,
                             .x_frac = 2,
                             .w_bits = 8,
                             .w_frac = 10,
                             .eta = 5,
                             .eta_shift = 18,
                             .bound = bound});
    const Sample in{{16, 4}, {8}, {1}, 1};  // root 88, see "a step by hand"
    REQUIRE(honest_failure(spec, in) == "");
    roots.insert(spec.clip_target() - logistic_trace(spec, in.view()).root);
  }
  for (int64_t difference = -2; difference <= 2; ++difference) CHECK(roots.contains(difference));

  const LogisticSpec coarse({.features = 2, .batch = 2, .eta = 1, .eta_shift = 40, .bound = 100});
  const Sample in{{0, 0, 0}, {1, 2, 3, 4}, {1, 0}, 2};
  CHECK(logistic_trace(coarse, in.view()).norm_squared == 0);
  CHECK(honest_failure(coarse, in) == "");
}

TEST_CASE("zero rows that are real count through the bias") {
  const LogisticSpec spec(small_parameters(2, 3));
  Sample in{{5, -3, 100}, {0, 0, 0, 0, 0, 0}, {0, 0, 0}, 1};
  const int64_t one = logistic_trace(spec, in.view()).gradient[2];
  CHECK(honest_failure(spec, in) == "");
  in.rows = 3;
  CHECK(logistic_trace(spec, in.view()).gradient[2] == 3 * one);
  CHECK(honest_failure(spec, in) == "");
}

TEST_CASE("packs of rows, of features and of padding may end in the middle") {
  std::mt19937_64 rng(4);
  LogisticParameters p = demo_parameters();
  for (const int64_t features : {5, 6, 7, 12, 13, 30, 31, 32}) {
    for (const int64_t batch : {1, 6, 7, 8, 15}) {
      p.features = features;
      p.batch = batch;
      const LogisticSpec spec(p);
      const Sample in = random_sample(spec, rng, 1 + batch / 2, 0.02);
      REQUIRE(honest_failure(spec, in) == "");
    }
  }
}

TEST_CASE("wires stand in the documented order") {
  const LogisticSpec spec(small_parameters(2, 2));
  std::mt19937_64 rng(5);
  const Sample in = random_sample(spec, rng, 2);
  const ConstraintSystem cs = logistic_constraint_system(spec);
  const Witness w = honest_witness(cs, spec, in);
  CHECK(cs.layout().num_public == 3 + 3);
  CHECK(cs.layout().group_sizes == std::vector<uint32_t>{2 * 2 + 2 + 1, 3 + 1});
  // sample_context: bytes 255, 248, ..: the high 8 bytes of ctx_lo are its first eight.
  CHECK(w[1].to_canonical()[1] == 0xfff8f1eae3dcd5ceu);
  CHECK(w[1].to_canonical()[0] == 0xc7c0b9b2aba49d96u);
  CHECK(w[2].to_canonical()[1] == 0x8f88817a736c655eu);
  CHECK(w[3] == Fr::from_i64(in.rows));
  for (size_t j = 0; j < 3; ++j) CHECK(w[4 + j] == Fr::from_i64(in.weights[j]));
  const uint32_t x = cs.layout().first_committed(kGroupX), d = cs.layout().first_committed(kGroupD);
  for (size_t k = 0; k < 4; ++k) CHECK(w[x + k] == Fr::from_i64(in.features[k]));
  for (size_t k = 0; k < 2; ++k) CHECK(w[x + 4 + k] == Fr::from_i64(in.labels[k]));
  CHECK(w[x + 6] == kBlinderX);
  const std::vector<int64_t> update = logistic_step(spec, in.view());
  for (size_t k = 0; k < 3; ++k) CHECK(w[d + k] == Fr::from_i64(update[k]));
  CHECK(w[d + 3] == kBlinderD);
}

TEST_CASE("committed wires are independent, so the commitments bind") {
  check_commitment_independence(logistic_constraint_system(LogisticSpec(small_parameters(2, 2))));
  check_commitment_independence(logistic_constraint_system(LogisticSpec(demo_parameters())));
}

TEST_CASE("the number of constraints is pinned, and fits 2^14 for the demo") {
  const ConstraintSystem cs = logistic_constraint_system(LogisticSpec(demo_parameters()));
  std::map<std::string, size_t> count;
  for (size_t k = 0; k < cs.num_constraints(); ++k) ++count[cs.label(k)];
  const std::map<std::string, size_t> expected = {{"feature range", 7680},
                                                  {"label boolean", 32},
                                                  {"row boolean", 31},
                                                  {"row order", 30},
                                                  {"row count", 1},
                                                  {"row padding", 31},
                                                  {"logit product", 150},
                                                  {"logit sum", 5},
                                                  {"logit remainder", 416},
                                                  {"argument range", 384},
                                                  {"excess range", 608},
                                                  {"clamp ends", 32},
                                                  {"segment", 320},
                                                  {"interpolation", 32},
                                                  {"loss", 32},
                                                  {"gradient product", 160},
                                                  {"update sum", 6},
                                                  {"update remainder", 651},
                                                  {"update quotient", 589},
                                                  {"norm square", 31},
                                                  {"root square", 1},
                                                  {"root rest", 44},
                                                  {"clip difference", 22},
                                                  {"clip maximum", 1},
                                                  {"clip product", 31},
                                                  {"clip remainder", 1302},
                                                  {"update range", 527},
                                                  {"blinder", 2},
                                                  {"constant wire", 1},
                                                  {"public input", 34}};
  CHECK(count == expected);
  CHECK(cs.num_constraints() == 13186);
  CHECK(cs.num_constraints() <= 16384);
}

TEST_CASE("every wire changed alone breaks a constraint; those that do not are named") {
  const LogisticSpec spec(small_parameters(2, 2));
  const ConstraintSystem cs = logistic_constraint_system(spec);
  // Free by design: ctx_lo and ctx_hi (bound by the proof's public inputs), and the blinders of the
  // commitments.
  const std::set<uint32_t> free = {1, 2, cs.layout().first_committed(1) - 1, cs.layout().first_private() - 1};
  std::mt19937_64 rng(6);
  for (int run = 0; run < 12; ++run) {
    // Features that are not zero, so that each weight matters.
    Sample in = random_sample(spec, rng, 1 + run % 2, run % 3 == 0 ? 1 : 0.05);
    for (size_t j = 0; j < 2; ++j) in.features[j] = in.features[j] == 0 ? 1 : in.features[j];
    Witness w = honest_witness(cs, spec, in);
    REQUIRE(failure(cs, w) == "");
    for (uint32_t k = 1; k < cs.num_wires(); ++k) {
      const Fr honest = w[k];
      for (const Fr& change : {Fr::one(), -Fr::one(), Fr::from_u64(2).inverse_vartime(), Fr::random()}) {
        w[k] = honest + change;
        const bool refused = cs.check(w).has_value();
        CAPTURE(k);
        CHECK(refused == !free.contains(k));
      }
      w[k] = honest;
    }
  }
}

TEST_CASE("a prover that cheats in one private wire and is consistent afterwards is refused") {
  const LogisticSpec spec(small_parameters(2, 2));
  const ConstraintSystem cs = logistic_constraint_system(spec);
  std::mt19937_64 rng(7);
  for (int run = 0; run < 6; ++run) {
    const Sample in = random_sample(spec, rng, 1 + run % 2, run % 2 == 0 ? 1 : 0.05);
    const LogisticAssignment honest =
        honest_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD);
    const uint32_t first = cs.layout().first_private();
    const Witness w = honest_witness(cs, spec, in);
    for (uint32_t n = 0; n < cs.layout().num_private; ++n) {
      for (const Fr& value : {w[first + n] + Fr::one(), Fr::one() - w[first + n], Fr::random()}) {
        if (value == w[first + n]) continue;
        Builder run_false(Builder::Mode::witness, 2);
        run_false.substitute_private(n, value);
        logistic_circuit(run_false, spec, honest);
        CAPTURE(n);
        CHECK(run_false.failure().has_value());
      }
    }
  }
}

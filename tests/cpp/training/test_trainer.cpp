// The spec's bounds and the integer trainer. The bit-for-bit oracle is
// tests/python/training/reference_trainer.py.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "base/errors.h"
#include "samples.h"
#include "training/sigmoid_knots.h"

using namespace pyzkfl;

namespace {

void refuses(LogisticParameters p, const char* part_of_message) {
  try {
    LogisticSpec spec(p);
    FAIL("accepted: " << part_of_message);
  } catch (const ParameterError& e) {
    CHECK_MESSAGE(std::string(e.what()).find(part_of_message) != std::string::npos, e.what());
  }
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const ParameterError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("the widths of the demo's spec follow from its parameters") {
  const LogisticSpec spec(demo_parameters());
  CHECK(spec.logit_shift() == 13);
  CHECK(spec.excess_bits() == 19);
  CHECK(spec.logit_slot_bits() == 33);
  CHECK(spec.logits_per_pack() == 7);
  CHECK(spec.paddings_per_pack() == 31);
  CHECK(spec.raw_bits() == 19);
  CHECK(spec.raw_slot_bits() == 40);
  CHECK(spec.raws_per_pack() == 6);
  CHECK(spec.root_bits() == 21);
  CHECK(spec.clip_target() == 65530);
  CHECK(spec.clip_difference_bits() == 22);
  CHECK(spec.divisor_bits() == 21);
  CHECK(spec.update_bits() == 17);
  CHECK(spec.max_abs_update() == 65536);
}

TEST_CASE("a spec whose bounds do not hold is refused, naming the bound") {
  const LogisticParameters good = demo_parameters();
  const auto with = [&](int64_t LogisticParameters::* field, int64_t value) {
    LogisticParameters p = good;
    p.*field = value;
    return p;
  };
  refuses(with(&LogisticParameters::features, 0), "features must be between");
  refuses(with(&LogisticParameters::features, -1), "features must be between");
  refuses(with(&LogisticParameters::batch, 0), "batch must be between");
  refuses(with(&LogisticParameters::x_bits, 1), "x_bits must be between");
  refuses(with(&LogisticParameters::w_bits, 64), "w_bits must be between");
  refuses(with(&LogisticParameters::w_frac, 3), "w_frac + x_frac - 8 must be between");
  refuses(with(&LogisticParameters::eta, 0), "eta must be between");
  refuses(with(&LogisticParameters::eta_shift, 0), "eta_shift must be between");
  refuses(with(&LogisticParameters::bound, 6), "bound must be larger than ceil(sqrt(features + 1)) = 6");
  refuses(with(&LogisticParameters::bound, 0), "bound must be between");
  refuses(with(&LogisticParameters::eta, int64_t{1} << 32), "scaled gradient");
  refuses(with(&LogisticParameters::eta_shift, 1), "squared norm");
  LogisticParameters wide = good;
  wide.features = 1 << 16;
  wide.w_bits = 40;
  wide.x_bits = 16;
  refuses(wide, "largest logit");
  CHECK_NOTHROW(LogisticSpec(with(&LogisticParameters::bound, 7)));
  CHECK_NOTHROW(LogisticSpec(with(&LogisticParameters::features, 1)));
  CHECK_NOTHROW(LogisticSpec(with(&LogisticParameters::batch, 1)));
}

TEST_CASE("isqrt is exact around squares and at the ends") {
  for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3}, int64_t{46340}, int64_t{94906265},
                          int64_t{94906266}, int64_t{2147483647}}) {
    CHECK(isqrt(n * n) == n);
    CHECK(isqrt(n * n + 2 * n) == n);
    if (n > 0) CHECK(isqrt(n * n - 1) == n - 1);
  }
  CHECK(isqrt((int64_t{1} << 62) - 1) == 2147483647);
  CHECK_THROWS_AS(static_cast<void>(isqrt(-1)), ParameterError);
}

TEST_CASE("the sigmoid meets its knots, rises, is symmetric at them and close to the true one") {
  double worst = 0;
  for (int64_t t = 0; t <= LogisticSpec::argument_max; ++t) {
    if (t > 0) CHECK(sigmoid(t) >= sigmoid(t - 1));
    const double argument = static_cast<double>(t - LogisticSpec::argument_offset) / 256;
    worst =
        std::max(worst, std::abs(static_cast<double>(sigmoid(t)) / 1048576 - 1 / (1 + std::exp(-argument))));
  }
  CHECK(worst < 0.0032);
  for (size_t j = 0; j < kSigmoidKnots.size(); ++j) {
    if (j < 32) CHECK(sigmoid(static_cast<int64_t>(j) << 7) == kSigmoidKnots[j]);
    CHECK(kSigmoidKnots[j] % 128 == 0);
    CHECK(kSigmoidKnots[j] + kSigmoidKnots[kSigmoidKnots.size() - 1 - j] == 1 << 20);
  }
}

TEST_CASE("a step by hand: one row, one feature") {
  // U = 8 * 16 + 4 * 4 = 144, s = 4: q = (144 + 8) >> 4 = 9; t = 2057; p = 524288 + 1003 * 9; y = 1.
  const LogisticSpec spec({.features = 1,
                           .batch = 1,
                           .x_bits = 5,
                           .x_frac = 2,
                           .w_bits = 8,
                           .w_frac = 10,
                           .eta = 5,
                           .eta_shift = 18,
                           .bound = 1000});
  const Sample in{{16, 4}, {8}, {1}, 1};
  const LogisticStep step = logistic_trace(spec, in.view());
  CHECK(step.u[0] == 144);
  CHECK(step.q[0] == 9);
  CHECK(step.t[0] == 2057);
  CHECK(step.p[0] == 524288 + 1003 * 9);
  CHECK(step.z[0] == 524288 + 1003 * 9 - 1048576);
  CHECK(step.gradient[0] == 8 * step.z[0]);
  CHECK(step.gradient[1] == 4 * step.z[0]);
  CHECK(step.raw[0] == 79);  // (5 * 8 * 515261 + 131072) / 262144 = 79.1..
  CHECK(step.raw[1] == 39);  // 39.8.. floored: 39.3.. + 0.5
  CHECK(step.norm_squared == 79 * 79 + 39 * 39);
  CHECK(step.root == 88);
  CHECK(step.divisor == 998);
  CHECK(std::vector<int64_t>(step.update.begin(), step.update.end()) == std::vector<int64_t>{79, 39});
}

TEST_CASE("every update is within the bound, and equals the raw update when that is below it") {
  std::mt19937_64 rng(1);
  const LogisticSpec spec(small_parameters(5, 4));
  int clipped = 0;
  for (int run = 0; run < 2000; ++run) {
    const Sample in = random_sample(spec, rng, 1 + run % 4, run % 3 == 0 ? 1 : 0.02);
    const LogisticStep step = logistic_trace(spec, in.view());
    int64_t norm = 0;
    for (const int64_t d : step.update) norm += d * d;
    CHECK(norm <= spec.bound() * spec.bound());
    if (step.root + 1 <= spec.clip_target()) {
      CHECK(step.update == step.raw);
    } else {
      ++clipped;
    }
  }
  CHECK(clipped > 30);
  CHECK(clipped < 1970);
}

TEST_CASE("inputs out of range are refused, naming the place") {
  const LogisticSpec spec(small_parameters(2, 3));
  std::mt19937_64 rng(2);
  const Sample good = random_sample(spec, rng, 2);
  const auto refusal = [&](auto&& change) {
    Sample bad = good;
    change(bad);
    return message_of([&] { logistic_step(spec, bad.view()); });
  };
  CHECK(refusal([](Sample& s) { s.weights.pop_back(); }) ==
        "weights must have 3 values (features and bias), got 2");
  CHECK(refusal([](Sample& s) { s.weights[1] = 2048; }) == "weight 1 is not a signed integer of 12 bits");
  CHECK(refusal([](Sample& s) { s.weights[2] = -2049; }) == "weight 2 is not a signed integer of 12 bits");
  CHECK(refusal([](Sample& s) { s.features.pop_back(); }) == "features must be 3 rows of 2");
  CHECK(refusal([](Sample& s) { s.labels.push_back(0); }) == "labels must have 3 values");
  CHECK(refusal([](Sample& s) { s.rows = 0; }) == "rows must be between 1 and 3, got 0");
  CHECK(refusal([](Sample& s) { s.rows = 4; }) == "rows must be between 1 and 3, got 4");
  CHECK(refusal([](Sample& s) { s.features[3] = 8; }) ==
        "row 1 has a feature that is not a signed integer of 4 bits");
  CHECK(refusal([](Sample& s) { s.features[0] = -9; }) ==
        "row 0 has a feature that is not a signed integer of 4 bits");
  CHECK(refusal([](Sample& s) { s.features[5] = 1; }) == "row 2 is padding and must be zero");
  CHECK(refusal([](Sample& s) { s.labels[0] = 2; }) == "row 0 has a label that is neither 0 nor 1");
  CHECK(refusal([](Sample& s) { s.labels[2] = 1; }) == "row 2 is padding and its label must be zero");
}

TEST_CASE("the next weights are the mean of the updates, rounded half up and kept in range") {
  const LogisticSpec spec(small_parameters(2, 2));
  const std::vector<int64_t> w = {0, 2047, -2048};
  CHECK(next_weights(spec, w, std::vector<int64_t>{3, 8, -8}, 2) == std::vector<int64_t>{2, 2047, -2048});
  CHECK(next_weights(spec, w, std::vector<int64_t>{-3, -8, 8}, 2) == std::vector<int64_t>{-1, 2043, -2044});
  CHECK(next_weights(spec, w, std::vector<int64_t>{4, -4, 1}, 3) == std::vector<int64_t>{1, 2046, -2048});
  CHECK(next_weights(spec, w, std::vector<int64_t>{90, -90, 90}, 3) == std::vector<int64_t>{30, 2017, -2018});
  CHECK(message_of([&] { next_weights(spec, w, std::vector<int64_t>{91, 0, 0}, 3); }) ==
        "coordinate 0 of the sum is larger than 3 updates within the bound can make it");
  CHECK(message_of([&] { next_weights(spec, w, std::vector<int64_t>{0, 0}, 3); }) ==
        "the sum of updates must have 3 values");
  CHECK(message_of([&] { next_weights(spec, w, std::vector<int64_t>{0, 0, 0}, 0); }) ==
        "survivors must be between 1 and 2^20");
}

// Each relation of the circuit is what refuses the forgery it is there for: with it, refused under its name;
// without it, accepted.
#include <doctest/doctest.h>

#include <optional>
#include <set>
#include <string>

#include "base/errors.h"
#include "samples.h"
#include "training/forgery.h"

using namespace pyzkfl;

namespace {

const Fr kBlinderX = Fr::from_u64(99), kBlinderD = Fr::from_u64(100);

// Tries batches until one gives the forger its occasion and a different outcome.
std::optional<LogisticAssignment> forge_somewhere(const LogisticSpec& spec, Forgery forgery, uint64_t seed) {
  std::mt19937_64 rng(seed);
  const auto rows = static_cast<int64_t>(spec.batch()) - 1;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    const Sample in = random_sample(spec, rng, rows, attempt % 3 == 0 ? 1 : attempt % 3 == 1 ? 0.3 : 0.02);
    // Norms near the bound suit the forgeries of clipping: what escapes it must still be in range.
    const LogisticStep step = logistic_trace(spec, in.view());
    const bool clips = step.divisor != spec.clip_target();
    if (forgery >= Forgery::false_square && forgery <= Forgery::false_maximum) {
      bool fits = clips;
      for (const int64_t r : step.raw) fits = fits && r < spec.clip_target() && r >= -spec.clip_target();
      if (!fits) continue;
    }
    try {
      return forged_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD, forgery);
    } catch (const ParameterError&) {
    }
  }
  return std::nullopt;
}

std::string failure(const ConstraintSystem& cs, const Witness& witness) {
  const auto bad = cs.check(witness);
  return bad ? cs.label(*bad) : "";
}

void check_all(const LogisticSpec& spec, uint64_t seed) {
  const ConstraintSystem whole = logistic_constraint_system(spec);
  for (const ForgeryInfo& info : forgeries()) {
    const std::string name = info.name;
    CAPTURE(name);
    const auto forged = forge_somewhere(spec, info.forgery, seed);
    CHECK(forged.has_value());
    if (!forged) continue;
    const Witness witness = logistic_witness(whole, spec, *forged);
    CHECK(failure(whole, witness) == relation_name(info.refused_by));
    const ConstraintSystem without = logistic_constraint_system(spec, {info.refused_by});
    CHECK(without.num_wires() == whole.num_wires());
    CHECK(failure(without, witness) == "");
  }
}

}  // namespace

TEST_CASE("each forgery is refused by its relation and passes without it, on a small step") {
  check_all(LogisticSpec(small_parameters(4, 5)), 1);
}

TEST_CASE("each forgery is refused by its relation and passes without it, on the demo's step") {
  LogisticParameters p = demo_parameters();
  p.bound = 72006;  // so that some batches clip and some do not
  check_all(LogisticSpec(p), 2);
}

TEST_CASE("every relation has a forgery") {
  std::set<Relation> covered;
  for (const ForgeryInfo& info : forgeries()) covered.insert(info.refused_by);
  CHECK(covered.size() == kRelationCount);
  std::set<std::string> names;
  for (size_t i = 0; i < kRelationCount; ++i) names.insert(relation_name(static_cast<Relation>(i)));
  CHECK(names.size() == kRelationCount);
}

TEST_CASE("forgeries are found by name and refuse batches without an occasion") {
  CHECK(find_forgery("scaled_update").forgery == Forgery::scaled_update);
  CHECK_THROWS_AS(static_cast<void>(find_forgery("none")), ParameterError);
  for (size_t i = 0; i < forgeries().size(); ++i) {
    CHECK(static_cast<size_t>(forgeries()[i].forgery) == i);
    CHECK(&find_forgery(forgeries()[i].name) == &forgeries()[i]);
  }
  const LogisticSpec spec(small_parameters(2, 2));
  const Sample in{{0, 0, 0}, {1, 1, 1, 1}, {0, 1}, 2};
  CHECK_THROWS_AS(static_cast<void>(forged_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD,
                                                      Forgery::padding_used)),
                  ParameterError);
}

TEST_CASE("swapped labels in the data are another batch: the circuit holds, the commitment does not") {
  const LogisticSpec spec(small_parameters(2, 2));
  const ConstraintSystem cs = logistic_constraint_system(spec);
  const Sample in{{40, -30, 10}, {3, 1, -2, 5}, {0, 1}, 2};
  Sample swapped = in;
  for (int64_t& y : swapped.labels) y = 1 - y;
  const Witness honest =
      logistic_witness(cs, spec, honest_assignment(spec, sample_context(), in.view(), kBlinderX, kBlinderD));
  const Witness other = logistic_witness(
      cs, spec, honest_assignment(spec, sample_context(), swapped.view(), kBlinderX, kBlinderD));
  CHECK(failure(cs, honest) == "");
  CHECK(failure(cs, other) == "");
  const uint32_t labels = cs.layout().first_committed(kGroupX) + 4;
  CHECK_FALSE(honest[labels] == other[labels]);
}

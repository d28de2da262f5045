// Poseidon2 in a circuit equals Poseidon2 outside, and no wire of it is free.
#include <doctest/doctest.h>

#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_poseidon2.h"
#include "soundness.h"

using namespace pyzkfl;
using namespace pyzkfl::forgers;

namespace {

std::vector<LC> permute(Builder& b, const Poseidon2State& input) {
  gadgets::Poseidon2Wires state;
  for (size_t i = 0; i < state.size(); ++i) state[i] = b.public_input(input[i]);
  gadgets::poseidon2_permute(b, state);
  return {state.begin(), state.end()};
}

}  // namespace

TEST_CASE("the permutation's circuit computes the permutation") {
  for (int round = 0; round < 5; ++round) {
    Poseidon2State state{};
    if (round > 0) {
      for (Fr& v : state) v = Fr::random();
    }
    const auto out = evaluate([&](Builder& b) { return permute(b, state); });
    poseidon2_permute(state);
    REQUIRE(out.size() == 4);
    for (size_t i = 0; i < 4; ++i) CHECK(out[i] == state[i]);
  }
}

TEST_CASE("its constraints as recorded hold for the right output and for no other") {
  const Poseidon2State input{Fr::from_u64(1), Fr::from_u64(2), Fr::from_u64(3), Fr::from_u64(4)};
  Poseidon2State output = input;
  poseidon2_permute(output);
  for (int wrong = 0; wrong <= 4; ++wrong) {
    const Built built = build([&](Builder& b) {
      auto out = permute(b, input);
      for (int i = 0; i < 4; ++i) {
        const auto k = static_cast<size_t>(i);
        gadgets::assert_equal(b, out[k], output[k] + (wrong == i + 1 ? Fr::one() : Fr::zero()));
      }
      return out;
    });
    CHECK(built.cs.check(built.witness).has_value() == (wrong != 0));
  }
}

TEST_CASE("no wire of the permutation is free") {
  const Poseidon2State input{Fr::from_u64(1), Fr::from_u64(2), Fr::from_u64(3), Fr::from_u64(4)};
  check_each_wire([&](Builder& b) { return permute(b, input); });
}

TEST_CASE("the hash's circuit computes the hash, at 267 constraints a permutation") {
  for (size_t n = 0; n <= 7; ++n) {
    std::vector<Fr> inputs;
    for (size_t i = 0; i < n; ++i) inputs.push_back(Fr::random());
    const auto out = evaluate([&](Builder& b) {
      std::vector<LC> wires;
      for (const Fr& v : inputs) wires.push_back(b.public_input(v));
      LC hash = gadgets::poseidon2_hash(b, wires);
      CHECK(b.num_constraints() == 267 * std::max<size_t>(1, (n + 2) / 3));
      CHECK(b.num_private() == b.num_constraints());
      return std::vector<LC>{hash};
    });
    CHECK(out.at(0) == poseidon2_hash(inputs));
  }
}

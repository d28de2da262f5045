// Boolean, range, comparison and selection gadgets: right on every small input, and no wire free.
#include <doctest/doctest.h>

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "soundness.h"

using namespace pyzkfl;
using namespace pyzkfl::forgers;

namespace {

Fr f(int64_t v) { return Fr::from_i64(v); }

}  // namespace

TEST_CASE("a boolean is 0 or 1 and nothing else") {
  for (const Fr& v : {f(0), f(1), f(2), f(-1), Fr::random(), f(2).inverse()}) {
    CHECK(satisfied([&](Builder& b) {
            gadgets::assert_boolean(b, b.public_input(v));
            return std::vector<LC>{};
          }) == (v.is_zero() || v.is_one()));
  }
  // A boolean wire may be either: two solutions, and no third.
  const auto wire = [](Builder& b) { return std::vector<LC>{gadgets::boolean(b, true)}; };
  CHECK(Solver(wire, small_integers(5)).count(9) == 2);
}

TEST_CASE("equality and zero are equality and zero in the field") {
  for (const Fr& v : {f(0), f(1), f(-1), Fr::random()}) {
    CHECK(satisfied([&](Builder& b) {
      gadgets::assert_equal(b, b.public_input(v), v);
      return std::vector<LC>{};
    }));
    CHECK_FALSE(satisfied([&](Builder& b) {
      gadgets::assert_equal(b, b.public_input(v), v + Fr::one());
      return std::vector<LC>{};
    }));
    CHECK(satisfied([&](Builder& b) {
            gadgets::assert_zero(b, b.public_input(v));
            return std::vector<LC>{};
          }) == v.is_zero());
  }
}

TEST_CASE("bits are the binary digits of every value in range, and values out of range have none") {
  for (unsigned n = 0; n <= 5; ++n) {
    for (int64_t v = -40; v <= 40; ++v) {
      const auto out = evaluate([&](Builder& b) { return gadgets::bits(b, b.public_input(f(v)), n); });
      const bool inside = v >= 0 && v < (1 << n);
      CAPTURE(n);
      CAPTURE(v);
      REQUIRE(satisfied([&](Builder& b) { return gadgets::bits(b, b.public_input(f(v)), n); }) == inside);
      if (!inside) continue;
      REQUIRE(out.size() == n);
      for (unsigned i = 0; i < n; ++i) CHECK(out[i] == f(v >> i & 1));
    }
  }
}

TEST_CASE("no wire of a range is free, at any width") {
  for (unsigned n = 1; n <= 6; ++n) {
    for (int64_t v : {int64_t{0}, int64_t{1}, (int64_t{1} << n) - 1, int64_t{1} << (n - 1)}) {
      check_sound([&](Builder& b) { return gadgets::bits(b, b.public_input(f(v)), n); }, small_integers(3));
    }
  }
  check_each_wire([](Builder& b) {
    return gadgets::bits(b, b.public_input(power_of_two(252) - Fr::one()), 252);
  });
}

TEST_CASE("a value outside a range has no decomposition at all") {
  // The forger may choose every bit wire freely; the difference that stands for the lowest bit gives it away.
  for (const Fr& v : {f(8), f(-1), f(15), f(2).inverse(), f(9) * f(2).inverse(), -power_of_two(253)}) {
    const auto circuit = [&](Builder& b) { return gadgets::bits(b, b.public_input(v), 3); };
    CHECK(Solver(circuit, small_integers(8)).count() == 0);
  }
}

TEST_CASE("the widest range refuses what would need one bit more, up to the modulus") {
  const auto in_range = [](const Fr& v) {
    return satisfied([&](Builder& b) { return gadgets::bits(b, b.public_input(v), 252); });
  };
  CHECK(in_range(power_of_two(252) - f(1)));
  CHECK(in_range(power_of_two(251)));
  CHECK_FALSE(in_range(power_of_two(252)));
  CHECK_FALSE(in_range(power_of_two(253)));
  CHECK_FALSE(in_range(f(-1)));
  Builder b(Builder::Mode::shape);
  CHECK_THROWS_AS(gadgets::range(b, 1, 253), ParameterError);
}

TEST_CASE("range and bits cost exactly their width") {
  for (const unsigned n : {1u, 2u, 8u, 12u, 252u}) {
    Builder b(Builder::Mode::shape);
    const Wire v = b.public_input();
    gadgets::range(b, v, n);
    CHECK(b.num_constraints() == n);
    CHECK(b.num_private() == n - 1);
    gadgets::signed_range(b, v, n);
    CHECK(b.num_constraints() == 2 * n);
    (void)gadgets::bits(b, v, n);
    CHECK(b.num_constraints() == 3 * n);
  }
}

TEST_CASE("a signed range is the two's complement interval") {
  for (unsigned n = 1; n <= 5; ++n) {
    for (int64_t v = -40; v <= 40; ++v) {
      CHECK(satisfied([&](Builder& b) {
              gadgets::signed_range(b, b.public_input(f(v)), n);
              return std::vector<LC>{};
            }) == (v >= -(1 << (n - 1)) && v < (1 << (n - 1))));
    }
  }
  check_sound(
      [](Builder& b) {
        gadgets::signed_range(b, b.public_input(f(-3)), 4);
        return std::vector<LC>{};
      },
      small_integers(4));
  Builder b(Builder::Mode::shape);
  CHECK_THROWS_AS(gadgets::signed_range(b, 1, 0), ParameterError);
}

TEST_CASE("a range to any maximum includes it and stops there") {
  for (uint64_t max = 0; max <= 20; ++max) {
    for (int64_t v = -5; v <= 40; ++v) {
      CHECK(satisfied([&](Builder& b) {
              gadgets::range_to(b, b.public_input(f(v)), max);
              return std::vector<LC>{};
            }) == (v >= 0 && v <= static_cast<int64_t>(max)));
    }
  }
  const uint64_t top = ~uint64_t{0};
  for (const uint64_t max : {top, top - 1}) {
    CHECK(satisfied([&](Builder& b) {
      gadgets::range_to(b, b.public_input(Fr::from_u64(max)), max);
      return std::vector<LC>{};
    }));
    CHECK_FALSE(satisfied([&](Builder& b) {
      gadgets::range_to(b, b.public_input(Fr::from_u64(max) + Fr::one()), max);
      return std::vector<LC>{};
    }));
  }
}

TEST_CASE("comparisons agree with integers, negative ones too, and refuse pairs too far apart") {
  for (int64_t x = -9; x <= 9; ++x) {
    for (int64_t y = -9; y <= 9; ++y) {
      CAPTURE(x);
      CAPTURE(y);
      const bool close = y - x >= -8 && y - x < 8;
      const auto le = [&](Builder& b) {
        return std::vector<LC>{gadgets::less_equal(b, b.public_input(f(x)), b.public_input(f(y)), 3)};
      };
      const auto max = [&](Builder& b) {
        return std::vector<LC>{gadgets::maximum(b, b.public_input(f(x)), b.public_input(f(y)), 3)};
      };
      const auto assert_le = [&](Builder& b) {
        gadgets::assert_less_equal(b, b.public_input(f(x)), b.public_input(f(y)), 3);
        return std::vector<LC>{};
      };
      REQUIRE(satisfied(le) == close);
      if (close) CHECK(evaluate(le)[0] == f(x <= y));
      const bool close_the_other_way = x - y >= -8 && x - y < 8;
      REQUIRE(satisfied(max) == close_the_other_way);
      if (close_the_other_way) CHECK(evaluate(max)[0] == f(std::max(x, y)));
      CHECK(satisfied(assert_le) == (y - x >= 0 && y - x < 8));
    }
  }
  for (const int64_t x : {-7, -1, 0, 1, 6}) {
    const auto le = [&](Builder& b) {
      return std::vector<LC>{gadgets::less_equal(b, b.public_input(f(x)), 0, 3)};
    };
    check_sound(le, small_integers(3));
    const auto max = [&](Builder& b) {
      return std::vector<LC>{gadgets::maximum(b, b.public_input(f(x)), 0, 3)};
    };
    check_sound(max, small_integers(8));
  }
  Builder b(Builder::Mode::shape);
  CHECK_THROWS_AS((void)gadgets::less_equal(b, 1, 2, 252), ParameterError);
}

TEST_CASE("every constraint of ranges, comparisons and selections is needed") {
  std::vector<Fr> candidates = small_integers(9);
  for (int64_t rest = -9; rest <= 9; ++rest) {
    for (const int64_t weight : {2, 4, 8}) candidates.push_back(f(rest) * f(weight).inverse());
  }
  const std::vector<int64_t> inputs = {0, 5};
  check_each_constraint_needed(
      [](Builder& b, int64_t v) { return gadgets::bits(b, b.public_input(f(v)), 4); }, inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        return std::vector<LC>{gadgets::less_equal(b, b.public_input(f(v)), 2, 3)};
      },
      inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) { return std::vector<LC>{gadgets::maximum(b, b.public_input(f(v)), 2, 3)}; },
      inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        const Wire choice = b.public_input(f(1)), x = b.public_input(f(v)), y = b.public_input(f(3));
        return std::vector<LC>{gadgets::select(b, choice, x, y)};
      },
      inputs, candidates);
}

TEST_CASE("is_zero tells zero from everything else; only the inverse of zero is free") {
  for (const Fr& v : {f(0), f(1), f(-1), f(7), Fr::random()}) {
    const auto circuit = [&](Builder& b) { return std::vector<LC>{gadgets::is_zero(b, b.public_input(v))}; };
    CHECK(evaluate(circuit)[0] == (v.is_zero() ? Fr::one() : Fr::zero()));
    // Wire 0 is the inverse: for v = 0 it multiplies nothing, and the result does not depend on it.
    const std::set<uint32_t> free = v.is_zero() ? std::set<uint32_t>{0} : std::set<uint32_t>{};
    check_each_wire(circuit, free);
    check_each_substitution(circuit, free);
  }
  // Nor is there a pair of values that makes the result another one.
  for (const int64_t v : {0, 1, 3}) {
    const auto circuit = [&](Builder& b) {
      const LC zero = gadgets::is_zero(b, b.public_input(f(v)));
      gadgets::assert_equal(b, zero, v == 0 ? 0 : 1, "the lie");
      return std::vector<LC>{};
    };
    std::vector<Fr> candidates = small_integers(10);
    candidates.push_back(f(3).inverse());
    CHECK(Solver(circuit, candidates).count() == 0);
  }
}

TEST_CASE("select takes the one or the other") {
  for (const int64_t c : {0, 1}) {
    const auto circuit = [&](Builder& b) {
      const Wire choice = b.public_input(f(c)), x = b.public_input(f(5)), y = b.public_input(f(-9));
      return std::vector<LC>{gadgets::select(b, choice, x, y)};
    };
    CHECK(evaluate(circuit)[0] == (c == 1 ? f(5) : f(-9)));
    check_sound(circuit, small_integers(15));
  }
}

TEST_CASE("errors of gadgets name the scope in which they were made") {
  Builder b(Builder::Mode::shape);
  auto scope = b.scope("layer", 2);
  try {
    gadgets::range(b, 1, 300, "activation");
    FAIL("accepted");
  } catch (const ParameterError& error) {
    CHECK(std::string(error.what()).find("layer[2]/activation") == 0);
  }
}

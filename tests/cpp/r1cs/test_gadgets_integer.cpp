// Floors, saturation and roots: equal to integer arithmetic on every small input, and no quotient,
// remainder or sign left to the prover. The forgeries tried are those that have worked on others: a
// remainder alone, a quotient taken modulo r, a remainder equal to the divisor, a saturated value not
// saturated, a negative root.
#include <doctest/doctest.h>

#include <cmath>

#include "base/errors.h"
#include "r1cs/gadgets_integer.h"
#include "r1cs/signed_value.h"
#include "soundness.h"

using namespace pyzkfl;
using namespace pyzkfl::forgers;

namespace {

Fr f(int64_t v) { return Fr::from_i64(v); }

int64_t floor_of(int64_t v, int64_t m) { return v >= 0 ? v / m : -((-v + m - 1) / m); }

// All quotients that satisfy v = q m + rem modulo r for some remainder in [-n, n]: the forgery by field
// division.
std::vector<Fr> field_quotients(const Fr& v, const Fr& m, int64_t n) {
  std::vector<Fr> out = small_integers(n);
  const Fr inverse = m.inverse();
  for (int64_t rem = -n; rem <= n; ++rem) out.push_back((v - f(rem)) * inverse);
  return out;
}

}  // namespace

TEST_CASE("integer hints agree with integers") {
  for (int64_t v = -70; v <= 70; ++v) {
    for (unsigned s = 0; s < 8; ++s) {
      CHECK(floor_shift(SignedValue::of(f(v)), s).to_field() == f(v >> s));
      CHECK(floor_shift(SignedValue::of(f(v) * power_of_two(120)), 120 + s).to_field() == f(v >> s));
    }
    for (int64_t m = 1; m < 12; ++m) CHECK(floor_divide(v, m) == floor_of(v, m));
    CHECK(to_int128(f(v)) == v);
    CHECK(from_int128(v) == f(v));
  }
  CHECK(floor_shift(SignedValue::of(f(-1)), 255).to_field() == f(-1));
  CHECK(floor_shift(SignedValue::of(-power_of_two(130)), 130).to_field() == f(-1));
  CHECK(floor_shift(SignedValue::of(-power_of_two(130) - f(1)), 130).to_field() == f(-2));
  CHECK(floor_divide(5, 0) == 0);
  const Int128 large = (static_cast<Int128>(1) << 126) - 1;
  CHECK(to_int128(from_int128(large)) == large);
  CHECK(to_int128(from_int128(-large)) == -large);
  for (int64_t n = 0; n < 3000; ++n) {
    const Int128 root = integer_sqrt(n);
    CHECK((root * root <= n && (root + 1) * (root + 1) > n));
  }
  const Int128 one = 1;
  for (const Int128 n : {large, large - 1, one << 126, (one << 100) + 7}) {
    const Int128 root = integer_sqrt(n);
    CHECK((root * root <= n && (root + 1) * (root + 1) > n));
  }
  CHECK(integer_sqrt(-5) == 0);
}

TEST_CASE("floor division by a power of two is the arithmetic shift of every value") {
  for (unsigned shift = 0; shift <= 3; ++shift) {
    for (int64_t v = -64; v < 64; ++v) {
      const auto circuit = [&](Builder& b) {
        return std::vector<LC>{gadgets::floor_div_pow2(b, b.public_input(f(v)), {7, shift, 4})};
      };
      const int64_t expected = v >> shift;
      const bool fits = expected >= -8 && expected < 8;
      CAPTURE(v);
      CAPTURE(shift);
      REQUIRE(satisfied(circuit) == fits);
      if (fits) CHECK(evaluate(circuit)[0] == f(expected));
    }
  }
}

TEST_CASE("no quotient by a power of two but the floor satisfies its constraints") {
  for (const unsigned shift : {0u, 1u, 3u}) {
    for (const int64_t v : {-25, -24, -8, -1, 0, 1, 7, 8, 25}) {
      if (shift == 0 && (v < -16 || v > 15)) continue;
      CAPTURE(v);
      CAPTURE(shift);
      check_sound(
          [&](Builder& b) {
            return std::vector<LC>{gadgets::floor_div_pow2(b, b.public_input(f(v)), {6, shift, 5})};
          },
          field_quotients(f(v), power_of_two(shift), 10));
    }
  }
}

TEST_CASE("an unranged quotient would let the prover choose the remainder: the range is what refuses it") {
  // The forger's quotient (v - rem') / 2^s for a wrong remainder, with everything else computed from it.
  const auto forge = [](bool with_quotient_range) {
    size_t accepted = 0;
    for (int64_t rem = 0; rem < 8; ++rem) {
      Builder b(Builder::Mode::witness);
      if (!with_quotient_range) b.leave_out("quotient range");
      b.substitute_private(0, (f(21) - f(rem)) * f(8).inverse());
      const Wire v = b.public_input(f(21));
      const Wire quotient = b.private_wire(f(2));
      gadgets::signed_range(b, quotient, 5, "quotient range");
      gadgets::range(b, v - quotient * f(8), 3, "remainder range");
      accepted += !b.failure();
    }
    return accepted;
  };
  CHECK(forge(true) == 1);   // rem = 5, the honest one
  CHECK(forge(false) == 8);  // every remainder
}

TEST_CASE("floor division by a power of two refuses widths that could wrap") {
  Builder b(Builder::Mode::shape);
  const Wire v = b.public_input();
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2(b, v, {253, 1, 10}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2(b, v, {100, 200, 53}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2(b, v, {100, 10, 0}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2(b, v, {100, ~0u, 10}), ParameterError);
  const size_t before = b.num_constraints();
  (void)gadgets::floor_div_pow2(b, v, {252, 200, 52});
  CHECK(b.num_constraints() == before + 252);
}

TEST_CASE("wide values divide right and values near the modulus do not slip through") {
  const Fr big = power_of_two(200) + f(12345);
  const auto quotient = [](const Fr& v) {
    return evaluate([&](Builder& b) {
      return std::vector<LC>{gadgets::floor_div_pow2(b, b.public_input(v), {201, 190, 13})};
    });
  };
  CHECK(quotient(big).at(0) == f(1024));
  CHECK(quotient(-big).at(0) == f(-1025));
  // r - 1 is -1 and floors to -1; (r - 1) / 2 is far out of range and has no quotient.
  CHECK(quotient(f(-1)).at(0) == f(-1));
  CHECK(quotient(f(-1) * f(2).inverse()).empty());
}

TEST_CASE("clamp saturates at both ends and nowhere else") {
  for (unsigned k = 1; k <= 3; ++k) {
    const int64_t max = (1 << k) - 1;
    for (int64_t v = -20; v <= 20; ++v) {
      const auto circuit = [&](Builder& b) {
        gadgets::Clamped t = gadgets::clamp(b, b.public_input(f(v)), {4, k});
        std::vector<LC> out{t.value};
        out.insert(out.end(), t.bits.begin(), t.bits.end());
        return out;
      };
      const int64_t expected = std::clamp<int64_t>(v, 0, max);
      const bool fits = v - expected >= -16 && v - expected < 16;
      CAPTURE(v);
      REQUIRE(satisfied(circuit) == fits);
      if (!fits) continue;
      const auto out = evaluate(circuit);
      CHECK(out[0] == f(expected));
      for (unsigned i = 0; i < k; ++i) CHECK(out[1 + i] == f(expected >> i & 1));
    }
  }
}

TEST_CASE("nothing but the saturated value satisfies a clamp") {
  for (const int64_t v : {-9, -8, -1, 0, 1, 2, 3, 4, 5, 10}) {
    CAPTURE(v);
    check_sound(
        [&](Builder& b) { return std::vector<LC>{gadgets::clamp(b, b.public_input(f(v)), {4, 2}).value}; },
        small_integers(17));
  }
}

TEST_CASE("a clamp whose product check is left out lets the prover saturate at will") {
  // The mutation that the product is there for: without it, any split of v into t + over in range passes.
  const auto solutions = [](bool mutant) {
    const auto circuit = [&](Builder& b) {
      if (mutant) b.leave_out("product");
      const Wire v = b.public_input(f(2));
      const Wire over = b.private_wire(f(0));
      const LC t = v - over;
      gadgets::range(b, t, 2, "t");
      const LC above = gadgets::bits(b, over + 8, 4, "over").back();
      b.constrain(over, t - above * 3, 0, "product");
      return std::vector<LC>{t};
    };
    return Solver(circuit, small_integers(8)).count(10);
  };
  CHECK(solutions(false) == 1);
  CHECK(solutions(true) == 4);
}

TEST_CASE("division and clamp in one go equal the two in sequence") {
  for (const int64_t offset : {-3, 0, 4}) {
    for (int64_t v = -64; v < 64; ++v) {
      const auto circuit = [&](Builder& b) {
        return std::vector<LC>{
            gadgets::floor_div_pow2_clamp(b, b.public_input(f(v)), {6, 2, offset, 3}).value};
      };
      CAPTURE(v);
      REQUIRE(satisfied(circuit));
      CHECK(evaluate(circuit)[0] == f(std::clamp<int64_t>((v >> 2) + offset, 0, 7)));
    }
  }
  for (const int64_t v : {-15, -4, -1, 0, 3, 4, 5, 15}) {
    CAPTURE(v);
    check_sound(
        [&](Builder& b) {
          return std::vector<LC>{gadgets::floor_div_pow2_clamp(b, b.public_input(f(v)), {4, 2, 1, 2}).value};
        },
        field_quotients(f(v), f(4), 10));
  }
  Builder b(Builder::Mode::shape);
  const Wire v = b.public_input();
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2_clamp(b, v, {253, 2, 0, 4}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div_pow2_clamp(b, v, {100, 140, 0, 110}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::clamp(b, v, {251, 4}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::clamp(b, v, {10, 0}), ParameterError);
}

TEST_CASE("floor division by a wire is the floor for every small pair, and refuses divisor zero") {
  for (int64_t m = 0; m <= 7; ++m) {
    for (int64_t v = -30; v <= 30; ++v) {
      const auto circuit = [&](Builder& b) {
        return std::vector<LC>{gadgets::floor_div(b, b.public_input(f(v)), b.public_input(f(m)), {5, 3, 5})};
      };
      CAPTURE(v);
      CAPTURE(m);
      const int64_t expected = m == 0 ? 0 : floor_of(v, m);
      const bool fits = m > 0 && expected >= -16 && expected < 16;
      REQUIRE(satisfied(circuit) == fits);
      if (fits) CHECK(evaluate(circuit)[0] == f(expected));
    }
  }
}

TEST_CASE("no quotient by a wire but the floor satisfies its constraints") {
  for (const int64_t m : {1, 2, 3, 7}) {
    for (const int64_t v : {-9, -7, -1, 0, 1, 6, 7, 8}) {
      CAPTURE(v);
      CAPTURE(m);
      check_sound(
          [&](Builder& b) {
            const Wire value = b.public_input(f(v)), divisor = b.public_input(f(m));
            return std::vector<LC>{gadgets::floor_div(b, value, divisor, {5, 3, 5})};
          },
          field_quotients(f(v), f(m), 10));
    }
  }
  // Division by zero: no assignment at all, not even for 0 / 0.
  for (const int64_t v : {0, 3}) {
    const auto circuit = [&](Builder& b) {
      const Wire value = b.public_input(f(v)), divisor = b.public_input(f(0));
      return std::vector<LC>{gadgets::floor_div(b, value, divisor, {5, 3, 5})};
    };
    CHECK(Solver(circuit, small_integers(9)).count() == 0);
  }
}

TEST_CASE("every constraint of division and clamp is needed") {
  std::vector<Fr> candidates = small_integers(20);
  for (const int64_t m : {2, 3, 4, 8, 16}) {
    for (int64_t n = -20; n <= 20; ++n) candidates.push_back(f(n) * f(m).inverse());
  }
  const std::vector<int64_t> inputs = {-9, 6, 1};
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        return std::vector<LC>{gadgets::floor_div_pow2(b, b.public_input(f(v)), {4, 2, 3})};
      },
      inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        return std::vector<LC>{gadgets::clamp(b, b.public_input(f(v)), {4, 2}).value};
      },
      inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        return std::vector<LC>{gadgets::floor_div_pow2_clamp(b, b.public_input(f(v)), {4, 1, 0, 2}).value};
      },
      inputs, candidates);
  check_each_constraint_needed(
      [](Builder& b, int64_t v) {
        const Wire value = b.public_input(f(v)), divisor = b.public_input(f(3));
        return std::vector<LC>{gadgets::floor_div(b, value, divisor, {4, 2, 3})};
      },
      inputs, candidates);
}

TEST_CASE("large values divide right") {
  const Int128 one = 1, v = (one << 100) + 12345;
  for (const Int128 m : {one, static_cast<Int128>(977), (one << 59) + 1}) {
    for (const Int128 sign : {1, -1}) {
      const auto out = evaluate([&](Builder& b) {
        return std::vector<LC>{gadgets::floor_div(b, b.public_input(from_int128(sign * v)),
                                                  b.public_input(from_int128(m)), {101, 60, 103})};
      });
      REQUIRE(out.size() == 1);
      CHECK(out[0] == from_int128(floor_divide(sign * v, m)));
    }
  }
  Builder b(Builder::Mode::shape);
  const Wire w = b.public_input();
  CHECK_THROWS_AS((void)gadgets::floor_div(b, w, w, {127, 10, 10}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div(b, w, w, {10, 127, 10}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div(b, w, w, {10, 10, 0}), ParameterError);
  CHECK_THROWS_AS((void)gadgets::floor_div(b, w, w, {10, 10, 127}), ParameterError);
}

TEST_CASE("the square root is the floor of the root, and the only one") {
  for (int64_t v = -3; v < 260; ++v) {
    const auto circuit = [&](Builder& b) {
      return std::vector<LC>{gadgets::isqrt(b, b.public_input(f(v)), 8)};
    };
    CAPTURE(v);
    REQUIRE(satisfied(circuit) == (v >= 0 && v < 256));
    if (v < 0 || v >= 256) continue;
    CHECK(evaluate(circuit)[0] == f(static_cast<int64_t>(std::sqrt(static_cast<double>(v)))));
  }
  for (const int64_t v : {0, 1, 2, 3, 4, 8, 9, 15}) {
    CAPTURE(v);
    check_sound([&](Builder& b) { return std::vector<LC>{gadgets::isqrt(b, b.public_input(f(v)), 4)}; },
                small_integers(20));
  }
  // A negative value has no root: not the root of r - 4 in the field, nor any small one.
  CHECK(Solver([&](Builder& b) { return std::vector<LC>{gadgets::isqrt(b, b.public_input(f(-4)), 4)}; },
               small_integers(20))
            .count() == 0);
  const Int128 big = (static_cast<Int128>(1) << 113) - 3;
  const auto root = evaluate([&](Builder& b) {
    return std::vector<LC>{gadgets::isqrt(b, b.public_input(from_int128(big)), 113)};
  });
  CHECK(root.at(0) == from_int128(integer_sqrt(big)));
  Builder b(Builder::Mode::shape);
  CHECK_THROWS_AS((void)gadgets::isqrt(b, 1, 127), ParameterError);
  CHECK_THROWS_AS((void)gadgets::isqrt(b, 1, 0), ParameterError);
}

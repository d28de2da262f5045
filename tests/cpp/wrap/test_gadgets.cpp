// Closed forms against their definition, and the clip's rate against every other one.
#include <doctest/doctest.h>

#include "../r1cs/soundness.h"
#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "reference_prover.h"
#include "wrap/clip_gadget.h"
#include "wrap/closed_forms.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using pyzkfl::wrap::testing::extension;

namespace {

std::vector<Fr> random_point(size_t variables) {
  std::vector<Fr> out;
  for (size_t j = 0; j < variables; ++j) out.push_back(Fr::random());
  return out;
}

std::vector<Fr> indicator(size_t variables, const std::function<bool(uint64_t)>& holds) {
  std::vector<Fr> out;
  for (uint64_t i = 0; i < uint64_t{1} << variables; ++i) out.push_back(Fr::from_u64(holds(i) ? 1 : 0));
  return out;
}

std::vector<LC> wires(Builder& b, std::span<const Fr> values) {
  std::vector<LC> out;
  for (const Fr& v : values) out.push_back(b.public_input(v));
  return out;
}

std::vector<Factor> factors(const std::vector<LC>& wires) {
  std::vector<Factor> out;
  for (const LC& v : wires) out.push_back({v});
  return out;
}

}  // namespace

TEST_CASE("the indicator of the first indices is its multilinear extension, for constants and for rows") {
  for (size_t variables = 0; variables <= 4; ++variables) {
    for (uint64_t count = 1; count <= uint64_t{1} << variables; ++count) {
      CAPTURE(variables);
      CAPTURE(count);
      const std::vector<Fr> point = random_point(variables);
      const Fr expected = extension(indicator(variables, [&](uint64_t i) { return i < count; }), point);
      forgers::check_each_wire([&](Builder& b) {
        const Factor out = below_constant(b, count, factors(wires(b, point)));
        CHECK(out.value.value() == expected);
        return std::vector<LC>{out.value};
      });
      forgers::check_each_wire([&](Builder& b) {
        std::vector<LC> last;
        for (size_t j = 0; j < variables; ++j)
          last.push_back(b.public_input(Fr::from_u64((count - 1) >> j & 1)));
        const Factor out = up_to_bits(b, last, factors(wires(b, point)));
        CHECK(out.value.value() == expected);
        return std::vector<LC>{out.value};
      });
    }
    Builder b(Builder::Mode::both);
    const std::vector<Factor> point = factors(wires(b, random_point(variables)));
    CHECK(below_constant(b, 0, point).value.value() == Fr::zero());
    CHECK(below_constant(b, (uint64_t{1} << variables) + 1, point).value.value() == Fr::one());
  }
}

TEST_CASE("aligned parts, equality and the index are their multilinear extensions") {
  constexpr size_t top = 4;
  Builder b(Builder::Mode::both);
  const std::vector<Fr> point = random_point(top), other = random_point(top);
  const std::vector<LC> at = wires(b, point);
  AlignedParts parts(b, at);
  for (unsigned height = 0; height <= top; ++height) {
    const std::span<const Fr> low = std::span<const Fr>(point).first(height);
    for (unsigned log_size = 0; log_size <= height; ++log_size) {
      for (uint64_t offset = 0; offset < uint64_t{1} << height; offset += uint64_t{1} << log_size) {
        // With a one in every cell of the part, the extension sums the part's variables out.
        const std::vector<Fr> ones = indicator(
            height, [&](uint64_t i) { return i >> log_size == offset >> log_size; });
        CHECK(parts.at(log_size, offset, height).value.value() == extension(ones, low));
      }
    }
  }
  std::vector<Fr> indices;
  for (uint64_t i = 0; i < 16; ++i) indices.push_back(Fr::from_u64(i));
  CHECK(index_value(at).value() == extension(indices, point));

  const std::vector<LC> second = wires(b, other);
  Fr expected;
  for (uint64_t i = 0; i < 16; ++i) {
    const std::vector<Fr> one = indicator(top, [&](uint64_t k) { return k == i; });
    expected += extension(one, point) * extension(one, other);
  }
  CHECK(equality(b, at, second).value.value() == expected);
  CHECK_FALSE(b.failure().has_value());
}

TEST_CASE("products with constants of the circuit cost nothing, in whatever mode") {
  for (const Builder::Mode mode : {Builder::Mode::shape, Builder::Mode::witness}) {
    Builder b(mode);
    const std::vector<Factor> mixed = {{b.public_input(Fr::random())}, half(), Factor::of(Fr::one()),
                                       Factor::of(Fr::zero())};
    CHECK(times(b, half(), half(), "product").constant);
    for (const Factor& f : mixed) (void)times(b, f, half(), "product");
    (void)below_constant(b, 5, std::vector<Factor>(4, half()));
    CHECK(b.num_constraints() == 0);
    (void)times(b, mixed[0], mixed[0], "product");
    CHECK(b.num_constraints() == 1);
  }
}

namespace {

struct Scalars {
  Fr square_sum, norm_square, rate;
};

std::string refusal(const sumcheck::Clip& clip, const Scalars& s,
                    std::initializer_list<const char*> left_out = {}) {
  Builder b(Builder::Mode::both);
  for (const char* label : left_out) b.leave_out(label);
  check_clip(b, clip, b.public_input(s.square_sum), b.private_wire(s.norm_square), b.private_wire(s.rate));
  return b.failure() ? b.failure()->second : "";
}

// For a true norm N2 and a rate of the prover's choice: everything is consistent with that rate.
Scalars with_rate(uint64_t norm, const Fr& rate) {
  return {Fr::from_u64(norm) * rate * rate, Fr::from_u64(norm), rate};
}

}  // namespace

TEST_CASE("of all rates, the clip accepts the one that the trainer takes") {
  for (const uint64_t target : {1, 7, 40, 63, 64}) {
    for (const uint64_t eta : {1, 5, 8}) {
      const sumcheck::Clip clip{0, eta, 0, target, 8};
      for (uint64_t norm = 0; norm < 256; ++norm) {
        uint64_t root = 0;
        while ((root + 1) * (root + 1) <= norm) ++root;
        const uint64_t rate = std::min(eta, target / (root + 1));
        for (uint64_t r = 0; r <= eta + 1; ++r) {
          CHECK((refusal(clip, with_rate(norm, Fr::from_u64(r))) == "") == (r == rate && r >= 1));
        }
        CHECK(refusal(clip, with_rate(norm, -Fr::from_u64(rate == 0 ? 1 : rate))) != "");
      }
    }
  }
}

TEST_CASE("every check of the clip is needed: without it a false rate or norm passes, and with it none") {
  struct Forgery {
    std::string label;
    sumcheck::Clip clip;
    Scalars scalars;
  };
  const sumcheck::Clip clip{0, 50, 0, 300, 8};
  const Forgery forgeries[] = {
      // A norm that is not that of the update.
      {"norm of a step", clip, {Fr::from_u64(1234), Fr::from_u64(99), Fr::from_u64(30)}},
      // Norm 200 has 8 bits, and a root of 4 bits as every norm of 7.
      {"norm in range", {0, 50, 0, 300, 7}, with_rate(200, Fr::from_u64(20))},
      // Norm 99: n = 9, and 300 / 10 = 30.
      {"rate at most the quotient", clip, with_rate(99, Fr::from_u64(31))},
      {"rate below the quotient", clip, with_rate(99, Fr::from_u64(29))},
      // Norm 3: n = 1, and 110 / 2 = 55 is above eta.
      {"rate at most eta", {0, 50, 0, 110, 8}, with_rate(3, Fr::from_u64(55))},
      // Norm 99: 5 / 10 = 0, a step that vanishes.
      {"rate at least 1", {0, 50, 0, 5, 8}, with_rate(99, Fr::zero())},
  };
  CHECK(refusal(clip, with_rate(99, Fr::from_u64(30))) == "");
  CHECK(refusal(clip, with_rate(3, Fr::from_u64(50))) == "");
  for (const Forgery& f : forgeries) {
    CHECK(refusal(f.clip, f.scalars) == f.label);
    CHECK(refusal(f.clip, f.scalars, {f.label.c_str()}) == "");
  }
}

TEST_CASE("no wire of the clip is free") {
  for (const auto& [norm, rate] :
       {std::pair(99, 30), std::pair(3, 50), std::pair(224, 20), std::pair(0, 50)}) {
    const auto circuit = [&](Builder& b) {
      const Scalars s = with_rate(static_cast<uint64_t>(norm), Fr::from_i64(rate));
      const Wire square_sum = b.public_input(s.square_sum);
      check_clip(b, {0, 50, 0, 300, 8}, square_sum, b.private_wire(s.norm_square), b.private_wire(s.rate));
      return std::vector<LC>();
    };
    REQUIRE(forgers::satisfied(circuit));
    forgers::check_each_wire(circuit);
    forgers::check_each_substitution(circuit);
  }
}

TEST_CASE("the widest clip and bound that a program may have are built, and honest ones hold") {
  const sumcheck::Clip clip{0, (uint64_t{1} << 62) - 1, (uint64_t{1} << 56) - 1, ~uint64_t{0}, 120};
  CHECK(refusal(clip, with_rate(0, Fr::from_u64(clip.eta))) == "");
  const Fr most = power_of_two(120) - Fr::one();  // n = 2^60 - 1: target / 2^60 = 2^60 - 1
  const Fr rate = power_of_two(60) - Fr::one();
  CHECK(refusal(clip, {most * rate * rate, most, rate}) == "");
  CHECK(refusal(clip, {most * (rate + Fr::one()).square(), most, rate + Fr::one()}) != "");
  CHECK(refusal(clip, {most * (rate - Fr::one()).square(), most, rate - Fr::one()}) != "");
}

TEST_CASE("a norm bound holds up to the bound and refuses what is above") {
  const auto holds = [](const Limbs& bound, const Fr& v) {
    return forgers::satisfied([&](Builder& b) {
      check_norm_bound(b, {0, bound}, b.public_input(v));
      return std::vector<LC>();
    });
  };
  for (const uint64_t bound : {0, 1, 5, 8, 1000}) {
    for (uint64_t v = 0; v < 1100; ++v) CHECK(holds({bound, 0, 0, 0}, Fr::from_u64(v)) == (v <= bound));
  }
  const Limbs largest{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, (uint64_t{1} << 58) - 1};
  CHECK(holds(largest, Fr::from_canonical(largest)));
  CHECK(holds(largest, Fr::zero()));
  CHECK_FALSE(holds(largest, Fr::from_canonical(largest) + Fr::one()));
}

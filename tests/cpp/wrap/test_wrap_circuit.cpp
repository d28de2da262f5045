// The wrap circuit accepts what a prover by definition makes of honest values, and nothing else.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "../sumcheck/sample_program.h"
#include "base/errors.h"
#include "reference_prover.h"
#include "refusal.h"
#include "sample_programs.h"
#include "window_program.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using namespace pyzkfl::wrap::testing;

TEST_CASE("an honest proof of a program with everything in it is accepted") {
  std::set<uint64_t> rates;
  for (const uint64_t rows : {1, 2}) {
    for (const uint64_t target : {2000, 200000}) {
      const Sample s = everything(rows, target);
      check_values(s.program, s.values);
      rates.insert(s.values.rates[0]);
      const Reference proof = reference_proof(s.program, s.values);
      CHECK(refusal(s.program, proof.assignment) == "");
      CHECK(proof.assignment.public_input ==
            public_input(proof.assignment.context, proof.rows, proof.points, proof.scalars));
    }
  }
  CHECK(rates.size() > 1);  // clipped, and not
}

TEST_CASE("an honest proof of a program with empty phases is accepted") {
  for (uint64_t first = 1; first <= 4; ++first) {
    for (uint64_t second = 1; second <= 4; ++second) {
      const Sample s = two_steps(first, second);
      check_values(s.program, s.values);
      CHECK(refusal(s.program, reference_proof(s.program, s.values).assignment) == "");
    }
  }
}

// With lookups: test_inner_proof.cpp, since this prover takes seconds for a tree.
TEST_CASE("honest proofs of random programs are accepted, whatever part of a program is missing") {
  for (uint64_t seed = 0; seed < 16; seed += seed < 8 ? 1 : 7) {
    CAPTURE(seed);
    const auto count = [&](unsigned bit) { return static_cast<unsigned>(seed >> bit & 1); };
    const auto s = sumcheck::testing::make_sample(
        seed, {.linear = count(0), .products = count(1), .zeros = count(2), .squares = count(3) * 2,
               .clip = count(3) != 0, .lookups = false});
    CHECK(refusal(s.program, reference_proof(s.program, s.values).assignment) == "");
  }
}

TEST_CASE("changing any single element that the circuit is told is refused") {
  for (const Sample& s : {everything(), two_steps()}) {
    const Reference proof = reference_proof(s.program, s.values);
    const WrapAssignment& honest = proof.assignment;
    std::vector<std::function<Fr*(WrapAssignment&)>> elements;
    const auto add_list = [&](auto member) {
      for (size_t i = 0; i < (honest.*member).size(); ++i)
        elements.push_back([=](WrapAssignment& a) { return &(a.*member)[i]; });
    };
    add_list(&WrapAssignment::context);
    add_list(&WrapAssignment::rows);
    add_list(&WrapAssignment::square_sums);
    add_list(&WrapAssignment::norm_squares);
    add_list(&WrapAssignment::rates);
    add_list(&WrapAssignment::messages);
    add_list(&WrapAssignment::symmetric_point);
    add_list(&WrapAssignment::evaluations);
    for (size_t i = 0; i < honest.points.size(); ++i) {
      for (const size_t half : {0, 1})
        elements.push_back([=](WrapAssignment& a) { return &a.points[i][half]; });
    }
    elements.push_back([](WrapAssignment& a) { return &a.i0; });
    elements.push_back([](WrapAssignment& a) { return &a.i1; });
    elements.push_back([](WrapAssignment& a) { return &a.public_input; });
    for (size_t i = 0; i < elements.size(); ++i) {
      CAPTURE(i);
      for (const Fr& by : {Fr::one(), -Fr::one(), power_of_two(128), Fr::random()}) {
        WrapAssignment changed = honest;
        *elements[i](changed) += by;
        CHECK(refusal(s.program, changed) != "");
      }
    }
  }
}

TEST_CASE("an assignment of another shape is a ParameterError, and a false one gives no witness") {
  const Sample s = everything();
  const Reference proof = reference_proof(s.program, s.values);
  const ConstraintSystem shape = wrap_constraint_system(s.program);
  const Witness witness = wrap_witness(shape, s.program, proof.assignment);
  CHECK_FALSE(shape.check(witness).has_value());
  CHECK(shape.num_public() == 1);
  CHECK(witness[1] == proof.assignment.public_input);

  WrapAssignment::Elements WrapAssignment::*lists[] = {
      &WrapAssignment::rows, &WrapAssignment::square_sums, &WrapAssignment::norm_squares,
      &WrapAssignment::rates, &WrapAssignment::messages};
  for (const auto list : lists) {
    WrapAssignment longer = proof.assignment;
    (longer.*list).push_back(Fr());
    CHECK_THROWS_AS((void)wrap_witness(shape, s.program, longer), ParameterError);
    WrapAssignment shorter = proof.assignment;
    (shorter.*list).pop_back();
    CHECK_THROWS_AS((void)wrap_witness(shape, s.program, shorter), ParameterError);
  }
  WrapAssignment fewer = proof.assignment;
  fewer.points.pop_back();
  CHECK_THROWS_AS((void)wrap_witness(shape, s.program, fewer), ParameterError);
  const ConstraintSystem another = wrap_constraint_system(two_steps().program);
  CHECK_THROWS_AS((void)wrap_witness(another, s.program, proof.assignment), ParameterError);
  WrapAssignment other = proof.assignment;
  other.context[0] += Fr::one();
  CHECK_THROWS_WITH_AS((void)wrap_witness(shape, s.program, other),
                       "inner proof: outer claims/linear check does not hold", WitnessInvalid);
}

TEST_CASE("a proof of one program is none of another, even of one that differs in a constant") {
  const Sample s = everything();
  Program other = s.program;
  other.linear[1].expression.constant += Fr::one();
  const WrapAssignment assignment = reference_proof(s.program, s.values).assignment;
  CHECK(refusal(s.program, assignment) == "");
  CHECK(refusal(other, assignment) != "");
}

namespace {

struct Built {
  ConstraintSystem cs;
  Witness witness;
};

Built build(const Program& program, const WrapAssignment& assignment) {
  Builder b(Builder::Mode::both);
  wrap_circuit(b, program, ClaimTable(program), assignment);
  auto [cs, witness] = b.take_both();
  return {std::move(cs), std::move(witness)};
}

// The private wires that products with these labels make, by their number.
std::set<uint32_t> product_wires(const ConstraintSystem& cs, std::initializer_list<const char*> labels) {
  std::set<uint32_t> out;
  const SparseMatrix& c = cs.matrix(Side::c);
  for (size_t k = 0; k < cs.num_circuit_constraints(); ++k) {
    const std::string label = cs.label(k);
    if (std::none_of(labels.begin(), labels.end(), [&](const char* end) { return label.ends_with(end); })) continue;
    REQUIRE(c.row_start[k + 1] == c.row_start[k] + 1);
    out.insert(c.wire[c.row_start[k]] - cs.layout().first_private());
  }
  return out;
}

}  // namespace

TEST_CASE("no private wire is free: changed alone, each breaks a constraint") {
  for (const Sample& s : {everything(), two_steps(), convolved()}) {
    const Built built = build(s.program, reference_proof(s.program, s.values).assignment);
    REQUIRE_FALSE(built.cs.check(built.witness).has_value());
    const size_t rows = built.cs.num_constraints();
    struct Use {
      size_t row;
      std::array<Fr, 3> coefficients;
    };
    std::vector<std::vector<Use>> uses(built.cs.num_wires());
    std::array<std::vector<Fr>, 3> values;
    for (const size_t side : {0, 1, 2}) {
      const SparseMatrix& m = built.cs.matrix(static_cast<Side>(side));
      values[side].resize(rows);
      built.cs.evaluate(static_cast<Side>(side), values[side], built.witness);
      for (size_t k = 0; k < rows; ++k) {
        for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
          auto& list = uses[m.wire[e]];
          if (list.empty() || list.back().row != k) list.push_back({k, {}});
          list.back().coefficients[side] = built.cs.coefficient(m.coefficient[e]);
        }
      }
    }
    const uint32_t first = built.cs.layout().first_private();
    size_t unbroken = 0;
    for (uint32_t i = first; i < built.cs.num_wires(); ++i) {
      const Fr& v = built.witness[i];
      for (const Fr& by : {Fr::one(), -Fr::one(), -v, -v.dbl(), v, power_of_two(128), Fr::random()}) {
        if (by.is_zero()) continue;
        bool broken = false;
        for (const Use& use : uses[i]) {
          const auto side = [&](size_t n) { return values[n][use.row] + use.coefficients[n] * by; };
          broken = broken || side(0) * side(1) != side(2);
        }
        if (!broken) {
          ++unbroken;
          MESSAGE("private wire ", i - first, " is free");
        }
      }
    }
    CHECK(unbroken == 0);
  }
}

TEST_CASE("a prover that cheats on one wire and computes everything behind it from that is refused") {
  for (const Sample& s : {everything(), two_steps()}) {
    const WrapAssignment assignment = reference_proof(s.program, s.values).assignment;
    const Built built = build(s.program, assignment);
    const std::set<uint32_t> inside = product_wires(built.cs, {"transcript", "statement hash"});  // inside permutations
    const uint32_t first = built.cs.layout().first_private();
    size_t tried = 0;
    for (uint32_t i = 0; i < built.cs.layout().num_private; ++i) {
      // Wires inside permutations are products of what is before them; one in some is tried.
      if (inside.contains(i) && i % 29 != 0) continue;
      ++tried;
      CAPTURE(i);
      const Fr& v = built.witness[first + i];
      for (const Fr& wrong : {v + Fr::one(), -v, Fr::zero()}) {
        if (wrong == v) continue;
        CHECK(refusal(s.program, assignment, [&](Builder& b) { b.substitute_private(i, wrong); }) != "");
      }
    }
    CHECK(tried > 200);
  }
}

TEST_CASE("a prover that cheats on a window's product is refused") {
  const Sample s = convolved();
  const WrapAssignment assignment = reference_proof(s.program, s.values).assignment;
  const Built built = build(s.program, assignment);
  const std::set<uint32_t> wires = product_wires(built.cs, {"/window", "/equality table"});
  CHECK(wires.size() > 40);
  for (const uint32_t i : wires) {
    CAPTURE(i);
    const Fr& v = built.witness[built.cs.layout().first_private() + i];
    for (const Fr& wrong : {v + Fr::one(), v.dbl()}) {
      if (wrong == v) continue;  // 0, of the view that reads nothing
      CHECK(refusal(s.program, assignment, [&](Builder& b) { b.substitute_private(i, wrong); }) != "");
    }
  }
}

TEST_CASE("rho, z and gamma, which leave the circuit, are drawn after the mask's value; nothing before it leaves") {
  const Sample s = everything();
  const Reference honest = reference_proof(s.program, s.values);
  // The last list before rho: the values of all columns, the mask's at its end.
  size_t lists = 0;
  Deviations count;
  count.points = honest.points;
  count.change_list = [&](size_t number, std::vector<Fr>&, const std::vector<Fr>&) { lists = number; };
  const Reference same = reference_proof(s.program, s.values, count);
  Deviations other;
  other.points = honest.points;
  other.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
    if (number == lists) list.back() += Fr::one();
  };
  const Reference masked = reference_proof(s.program, s.values, other);
  const size_t all = honest.challenges.size();
  REQUIRE(same.challenges == honest.challenges);
  REQUIRE(masked.challenges.size() == all);
  for (size_t i = 0; i < all; ++i) {
    CAPTURE(i);
    CHECK((masked.challenges[i] == honest.challenges[i]) == (i < all - 3));
  }
  CHECK(honest.scalars.rho == honest.challenges[all - 3]);
  CHECK(honest.scalars.z == honest.challenges[all - 2]);
  CHECK(honest.scalars.gamma == honest.challenges[all - 1]);
}

// Each equation of the circuit stops a forgery that no other one stops: without it, the forgery passes.
//
// A forger here lies in one place and computes everything behind the lie from it, the opening's evaluations
// included (Deviations::fit_identity); so a forgery is refused by the equation named and by nothing else.
#include <doctest/doctest.h>

#include "reference_prover.h"
#include "refusal.h"
#include "sample_programs.h"
#include "window_program.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using namespace pyzkfl::wrap::testing;

namespace {

struct Forgery {
  Program program;
  WrapAssignment assignment;
  std::function<void(Builder&)> prepare = {};
};

// Refused by the constraint `label`, and accepted by a circuit without it.
void check_needed(const Forgery& f, const std::string& label) {
  CAPTURE(label);
  const std::string refused = refusal(f.program, f.assignment, f.prepare);
  CAPTURE(refused);
  CHECK(refused.ends_with("/" + label));
  CHECK(refusal(f.program, f.assignment, [&](Builder& b) {
          if (f.prepare) f.prepare(b);
          b.leave_out(label);
        }) == "");
}

Forgery forge(const Sample& s, Deviations deviations) {
  deviations.fit_identity = true;
  return {s.program, reference_proof(s.program, s.values, deviations).assignment};
}

int32_t& cell(Sample& s, size_t column, size_t index) {
  Cells& cells = s.values.columns[column].cells;
  if (cells.size() <= index) cells.resize(index + 1);
  return cells[index];
}

// The lists of the transcript of everything(), by number: claims of T2, K rounds and claims of T3, V rounds
// and claims of T4, the tree's root, for each layer its rounds and halves, claims of T5, l rounds and values
// of T6.
struct Lists {
  size_t outer_claims = 0, root, last_halves, column_values;

  explicit Lists(const Program& program) {
    const ClaimTable table(program);
    root = 1 + table.kappa_count + 1 + table.zeta_count + 1;
    size_t next = root + 1;
    for (unsigned k = 1; k < table.tree_depth; ++k) next += k + 1;
    last_halves = next - 1;
    column_values = next + 1 + program.log_height;
  }
};

// The number of the private wire that stands alone on a side of the first constraint with this label.
uint32_t wire_of(const ConstraintSystem& cs, const std::string& label, Side side) {
  const SparseMatrix& m = cs.matrix(side);
  for (size_t k = 0; k < cs.num_circuit_constraints(); ++k) {
    if (cs.label(k) != label) continue;
    REQUIRE(m.row_start[k + 1] == m.row_start[k] + 1);
    return m.wire[m.row_start[k]] - cs.layout().first_private();
  }
  FAIL("no such constraint");
  return 0;
}

}  // namespace

TEST_CASE("relations: values that violate one are refused by it alone") {
  {
    Sample s = everything();
    ++cell(s, 4, 8);  // a row sum
    check_needed(forge(s, {}), "linear check");
  }
  {
    Sample s = everything();
    ++cell(s, 0, 0);  // a weight: the logits are no longer its products
    check_needed(forge(s, {}), "product sums at their point");
  }
  {
    Sample s = everything();
    Deviations wrong_norm;
    const Reference honest = reference_proof(s.program, s.values);
    wrong_norm.square_sums.assign(honest.assignment.square_sums.begin(), honest.assignment.square_sums.end());
    wrong_norm.square_sums[1] -= Fr::one();
    check_needed(forge(s, wrong_norm), "product sums at their point");
  }
  {
    Sample s = everything(2);  // the gradient takes in a row that is not real
    s.values.rows = {1};
    check_needed(forge(s, {}), "zero-checks at their point");
  }
  {
    Sample s = everything();
    Program& p = s.program;
    const Reference honest = reference_proof(p, s.values);
    p.bounds[0].bound = (honest.assignment.square_sums[1] - Fr::one()).to_canonical();
    check_needed(forge(s, {}), "norm bound");
  }
}

TEST_CASE("an update that is no step is refused although its norm is right: the scaled product") {
  Sample s = everything();
  Sample wrong = everything();
  std::swap(cell(wrong, 3, 0), cell(wrong, 3, 3));
  REQUIRE(cell(wrong, 3, 0) != cell(s, 3, 0));
  Forgery f = forge(wrong, {});
  // Without the check, V is whatever makes the product sum come out: the true gradient at tau.
  Deviations deviations;
  deviations.fit_identity = true;
  const Reference proof = reference_proof(wrong.program, wrong.values, deviations);
  std::vector<Fr> gradient;
  for (size_t i = 0; i < 4; ++i) {
    gradient.push_back(Fr::from_i64(cell(s, 3, i)) * Fr::from_u64(s.values.rates[0]).inverse());
  }
  const Fr unscaled = extension(gradient, std::span<const Fr>(proof.challenges).first(2));
  const uint32_t wire = wire_of(wrap_constraint_system(s.program), "outer claims/scaled product", Side::b);
  f.assignment = proof.assignment;
  f.prepare = [=](Builder& b) { b.substitute_private(wire, unscaled); };
  check_needed(f, "scaled product");
}

TEST_CASE("rows out of range are refused: with rows = 0, a selector would be -1 at the second row") {
  Sample s = everything(2);
  s.values.rows = {0};
  // X, the second row negated in S, and the update of that.
  const auto x = [&](size_t i, size_t k) { return cell(s, 2, 2 * i + k); };
  for (size_t j = 0; j < 2; ++j) cell(s, 4, 4 + 2 + j) = -cell(s, 4, 2 + j);
  for (size_t j = 0; j < 2; ++j) {
    for (size_t k = 0; k < 2; ++k) {
      int64_t gradient = 0;
      for (size_t i = 0; i < 2; ++i) gradient += cell(s, 4, 4 + 2 * i + j) * x(i, k);
      cell(s, 3, 2 * j + k) = static_cast<int32_t>(gradient);
    }
  }
  s.program.clips[0].eta = 1;  // any gradient within the target has rate 1
  s.program.clips[0].target_low = 1 << 20;
  s.values.rates = {1};
  Deviations deviations;
  deviations.selected = [&](uint32_t selector, size_t variables) {
    std::vector<Fr> out(size_t{1} << variables, Fr::one());
    if (selector == 0) out[1] = -Fr::one();
    if (selector == 1) out[3] = Fr::zero();
    return out;
  };
  check_needed(forge(s, deviations), "rows in range");
}

TEST_CASE("lookups: a lie in each place of the tree is refused there") {
  Sample outside = everything();
  cell(outside, 5, 2) = 1;  // a cell that must be 0
  const Lists lists(outside.program);
  check_needed(forge(outside, {}), "root numerator");

  {
    Deviations fixed_root;  // the root's numerator made 0
    fixed_root.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number == lists.root) list[0] = -list[1] * list[2] * list[3].inverse();
    };
    check_needed(forge(outside, fixed_root), "layer at its point");
  }
  const Sample s = everything();
  const unsigned last = ClaimTable(s.program).tree_depth - 1;
  {
    // p0 q1 + p1 q0 stays what it is, and P does not.
    Deviations numerators;
    numerators.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number != lists.last_halves) return;
      const Fr by = Fr::random();
      list[0] += by * list[2];
      list[1] -= by * list[3];
    };
    check_needed(forge(s, numerators), "leaf numerators");
  }
  {
    // p0 q1 + p1 q0 + lambda q0 q1 stays what it is, with the same p0 and p1.
    Deviations denominators;
    denominators.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>& challenges) {
      if (number != lists.last_halves) return;
      const Fr lambda = challenges[challenges.size() - 1 - last];
      const Fr sum = list[0] * list[3] + list[1] * list[2] + lambda * list[2] * list[3];
      list[2] = Fr::random();
      list[3] = (sum - list[1] * list[2]) * (list[0] + lambda * list[2]).inverse();
    };
    check_needed(forge(s, denominators), "leaf denominators");
  }
}

TEST_CASE("lookups: a cell outside its own table is not counted in a wider one") {
  // The cell must be 0; 1 is a key of the table of 4, and a forger moves its multiplicity there.
  Sample s = everything();
  cell(s, 5, 2) = 1;
  const auto counts = [&](uint32_t table) -> int32_t& {
    const sumcheck::Block& block = s.program.blocks[s.program.tables[table].multiplicities];
    return cell(s, block.column, block.offset + (table == 0 ? 1 : 0));
  };
  --counts(2);
  ++counts(0);
  CHECK(refusal(s.program, forge(s, {}).assignment) == "lookups/root numerator");
  // Were it looked up in that table, it would pass.
  for (RangeLookup& range : s.program.ranges) {
    if (s.program.blocks[range.block].name != "zeros") continue;
    s.program.blocks.push_back({5, 2, 0, "first zero"});
    s.program.blocks.push_back({5, 3, 0, "second zero"});
    const auto last = static_cast<uint32_t>(s.program.blocks.size() - 1);
    range.block = last;
    s.program.ranges.push_back({last - 1, 0, 0});
    break;
  }
  CHECK(refusal(s.program, forge(s, {}).assignment) == "");
}

// Where every leaf has a denominator other than 0, which the challenge g sees to, so has the root; the check
// is what makes that a fact instead of a probability. So no forgery passes without it, but it is the one that
// refuses 0/0.
TEST_CASE("a root of 0/0 is refused as such") {
  const Sample s = everything();
  const Lists lists(s.program);
  Deviations nothing;
  nothing.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
    if (number == lists.root) list = {Fr::zero(), Fr::random(), Fr::zero(), Fr::random()};
  };
  const Forgery f = forge(s, nothing);
  CHECK(refusal(f.program, f.assignment) == "lookups/root denominator is not 0");
  CHECK(refusal(f.program, f.assignment, [](Builder& b) { b.leave_out("root denominator is not 0"); }) ==
        "lookups/layer[1]/layer at its point");
}

TEST_CASE("false claims that satisfy their relation, and false values of columns, are refused") {
  const Sample s = everything();
  const Lists lists(s.program);
  {
    Deviations claims;  // sum_j Z_ij = sums_i, both off; the first is the claim at one half, doubled
    claims.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number != lists.outer_claims) return;
      const Fr by = Fr::random();
      list[0] += by;
      list[1] += by.dbl();
    };
    check_needed(forge(s, claims), "claims at their point");
  }
  {
    Deviations values;
    values.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number == lists.column_values) list[3] += Fr::one();
    };
    check_needed(forge(s, values), "claims at their point");
  }
}

TEST_CASE("windows: a false value read through one is refused where it is told") {
  REQUIRE(refusal(convolved().program, reference_proof(convolved().program, convolved().values).assignment) == "");
  // Y, dX (by outputs and by kernels), dW; P, N, R. Each block's first cell.
  for (const uint32_t block : {conv_Y, conv_dX, conv_dW}) {
    Sample s = convolved();
    ++cell(s, 2, s.program.blocks[block].offset);
    check_needed(forge(s, {}), "product sums at their point");
  }
  for (const uint32_t block : {conv_P, conv_N, conv_R}) {
    Sample s = convolved();
    ++cell(s, 2, s.program.blocks[block].offset);
    check_needed(forge(s, {}), "linear check");
  }
  // What pads X (no zero here) read as if it were an input: P and dW of a window of four inputs.
  {
    Sample s = convolved();
    cell(s, 2, 8 + 3) += 9;
    check_needed(forge(s, {}), "linear check");
  }
}

TEST_CASE("windows: two false claims that satisfy a relation together are refused by what they claim of their column") {
  const Sample s = convolved();
  const ClaimTable table(s.program);
  // The claims of each linear check: the block's, then the window's.
  for (size_t i = 0; i < s.program.linear.size(); ++i) {
    CAPTURE(s.program.linear[i].name);
    const std::vector<uint32_t>& claims = table.linear[i];
    REQUIRE(claims.size() == 2);
    const Fr doubled = claim_factor(s.program.linear[i].expression.terms[1].view);
    Deviations lies;
    lies.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number != 0) return;
      const Fr by = Fr::random();
      list[claims[0]] += by * doubled;
      list[claims[1]] += by;
    };
    check_needed(forge(s, lies), "claims at their point");
  }
  // Of a product sum's sides: the window's claim times the other's stays what it is.
  for (size_t m = 0; m < s.program.products.size(); ++m) {
    CAPTURE(s.program.products[m].name);
    const auto& pair = table.products[m].pairs[0];
    const size_t begin = table.phase_begin(ClaimTable::inner), rounds = 1 + table.kappa_count;
    const bool shared = pair.left[0] < begin || pair.right[0] < begin;
    REQUIRE_FALSE(shared);
    // Both sides of another product may read the same claim; then the lie breaks the sum itself.
    size_t readers = 0;
    for (const auto& other : table.products) {
      for (const auto& p : other.pairs) readers += (p.left[0] == pair.left[0]) + (p.right[0] == pair.right[0]);
    }
    Deviations lies;
    lies.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number != rounds) return;
      const Fr by = Fr::random();
      list[pair.left[0] - begin] *= by;
      list[pair.right[0] - begin] *= by.inverse();
    };
    if (readers == 2)
      check_needed(forge(s, lies), "claims at their point");
    else
      CHECK(refusal(s.program, forge(s, lies).assignment) == "product sums/product sums at their point");
  }
}

TEST_CASE("opening: each of its equations is needed") {
  const Sample s = everything();
  const Lists lists(s.program);
  {
    Deviations evaluations;
    evaluations.change_evaluations = [](std::array<Fr, 4>& e) { e[2] += Fr::one(); };
    check_needed({s.program, reference_proof(s.program, s.values, evaluations).assignment},
                 "opening identity");
  }
  {
    // The mask's value is in no claim: only the identity knows it.
    Deviations mask;
    mask.change_list = [&](size_t number, std::vector<Fr>& list, const std::vector<Fr>&) {
      if (number == lists.column_values) list.back() += Fr::one();
    };
    check_needed({s.program, reference_proof(s.program, s.values, mask).assignment}, "opening identity");
  }
  const Reference honest = reference_proof(s.program, s.values);
  const auto opened = [&](const Fr& at_z, const Fr& at_inverse) {
    // i0 + i1 X off by at_z at z and by at_inverse at 1/z.
    const Fr &z = honest.scalars.z, inverse = z.inverse();
    const Fr slope = (at_z - at_inverse) * (z - inverse).inverse();
    WrapAssignment out = honest.assignment;
    out.i1 += slope;
    out.i0 += at_z - slope * z;
    out.public_input = public_hash(out, honest.scalars);
    return Forgery{s.program, out};
  };
  check_needed(opened(Fr::one(), Fr::zero()), "opened at z");
  check_needed(opened(Fr::zero(), Fr::one()), "opened at 1/z");

  const ConstraintSystem cs = wrap_constraint_system(s.program);
  {
    // Another point in place of 1/z, and evaluations that fit there.
    const uint32_t wire = wire_of(cs, "opening/inverse of z", Side::b);
    const Fr other = Fr::from_u64(3), z = honest.scalars.z;
    const auto equality_at = [&](Fr x) {
      // The point of T6: the last l challenges before rho, z, gamma, from the highest variable down.
      const size_t l = s.program.log_height, end = honest.challenges.size() - 3;
      Fr out = Fr::one();
      for (size_t j = 0; j < l; ++j) {
        const Fr& r = honest.challenges[end - 1 - j];
        out *= Fr::one() - r + r * x;
        x = x.square();
      }
      return out;
    };
    const auto& e = honest.assignment.evaluations;
    const Fr value =
        e[0] * equality_at(z.inverse()) + e[1] * equality_at(z) - z * e[2] - z.inverse() * e[3];
    Deviations evaluations;
    evaluations.change_evaluations = [&](std::array<Fr, 4>& v) {
      // The blinders are those of the first run, and so are the points; z too, then.
      v[1] = (value + z * v[2] + other * v[3] - v[0] * equality_at(other)) * equality_at(z).inverse();
    };
    evaluations.points = honest.points;
    const Reference forged = reference_proof(s.program, s.values, evaluations);
    REQUIRE(forged.scalars.z == z);
    Forgery f{s.program, forged.assignment, [=](Builder& b) { b.substitute_private(wire, other); }};
    const auto& v = f.assignment.evaluations;
    const Fr g = v[0] + forged.scalars.gamma * v[2], g_other = v[1] + forged.scalars.gamma * v[3];
    f.assignment.i1 = (g - g_other) * (z - other).inverse();
    f.assignment.i0 = g - f.assignment.i1 * z;
    f.assignment.public_input = public_hash(f.assignment, forged.scalars);
    check_needed(f, "inverse of z");
  }
  {
    Forgery other = {s.program, honest.assignment};
    other.assignment.public_input += Fr::one();
    check_needed(other, "public input");
  }
}

TEST_CASE("z = 1 would open nothing, and is refused even if the transcript gave it") {
  // The wire of z is the challenge before the last; its own constraint is left out here, so that it can be 1.
  const Sample s = everything();
  const ConstraintSystem cs = wrap_constraint_system(s.program);
  const uint32_t z = wire_of(cs, "opening/inverse of z", Side::a);
  const WrapAssignment assignment = reference_proof(s.program, s.values).assignment;
  const auto prepare = [&](Builder& b) {
    b.leave_out("challenge");
    b.substitute_private(z, Fr::one());
  };
  CHECK(refusal(s.program, assignment, prepare) == "opening/z is not its inverse");
  // Then F(1) and "F(1/1)" are one value with two names: the identity holds for any F(z) = F(1/z), S(z) =
  // S(1/z) that fit v, and i0 + i1 is all that is opened.
  CHECK(refusal(s.program, assignment, [&](Builder& b) {
          prepare(b);
          b.leave_out("z is not its inverse");
        }) == "opening/opening identity");
}

// How two statements merge: natively, in a circuit, and what neither accepts.
#include "recursion/composed_statement.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "field_circuit.h"
#include "r1cs/gadgets_bits.h"
#include "recursion/hint_integer.h"
#include "small_leaf.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

// left and right merge to `total`. Both children's hashes are pinned, as their proofs pin them.
Circuit merges_to(const ComposedStatement& left, const ComposedStatement& right, Merge merge, const ComposedStatement& total) {
  return [=](BaseField& fp) {
    Builder& b = fp.builder();
    G1Points points(fp);
    const StatementWires l = statement_wires(fp, points, left), r = statement_wires(fp, points, right);
    const LC left_hash = statement_hash(b, l.elements), right_hash = statement_hash(b, r.elements);
    gadgets::assert_equal(b, left_hash, left.hash(), "left");
    gadgets::assert_equal(b, right_hash, right.hash(), "right");
    const StatementWires result = merge_in_circuit(fp, points, l, r, std::array{left_hash, right_hash}, merge);
    gadgets::assert_equal(b, statement_hash(b, result.elements), total.hash(), "total");
  };
}

// What a prover meets who claims what the merge would be if nothing forbade it.
std::string refusal(const ComposedStatement& left, const ComposedStatement& right, Merge merge) {
  CHECK(merge_problem(left, right, merge).has_value());
  CHECK_THROWS_AS(merged(left, right, merge), WitnessInvalid);
  return verdict(merges_to(left, right, merge, left));
}

}  // namespace

TEST_CASE("statements merge within a round, between rounds, and one alone, as natively") {
  const ComposedStatement one = statement_of(1), two = statement_of(2), later = statement_of(1, 4);
  for (const auto& [left, right, merge] : {std::tuple{one, two, Merge::within_round}, std::tuple{one, later, Merge::between_rounds},
                                           std::tuple{one, one, Merge::single}, std::tuple{one, later, Merge::single}}) {
    const ComposedStatement total = merged(left, right, merge);
    CHECK(verdict(merges_to(left, right, merge, total)).empty());
  }
  const ComposedStatement both = merged(one, two, Merge::within_round);
  CHECK(both.count == 2);
  CHECK(both.last_client == 2);
  CHECK(both.sum == (G1(one.sum) + two.sum).to_affine());
  CHECK(merged(one, one, Merge::single).hash() == one.hash());
  const ComposedStatement run = merged(both, merged(later, statement_of(5, 4), Merge::within_round), Merge::between_rounds);
  CHECK(run.first_round == 3);
  CHECK(run.last_round == 4);
  CHECK(run.old_weights == one.old_weights);
  CHECK(run.new_weights == later.new_weights);
}

TEST_CASE("a leaf of another job or round, the same client twice, or out of order, is refused") {
  const ComposedStatement left = statement_of(5);
  ComposedStatement right = statement_of(6);
  right.job += Fr::one();
  CHECK(refusal(left, right, Merge::within_round) == "one job");
  right = statement_of(6);
  right.node_key = Fr::one();
  CHECK(refusal(left, right, Merge::within_round) == "one key");
  CHECK(refusal(left, statement_of(6, 4), Merge::within_round) == "rounds in order");
  CHECK(refusal(left, statement_of(6, 5), Merge::between_rounds) == "rounds in order");
  CHECK(refusal(left, statement_of(6), Merge::between_rounds) == "rounds in order");
  for (const uint64_t client : {5u, 4u, 0u}) {
    ComposedStatement other = statement_of(client);
    other.sum = statement_of(9).sum;
    CHECK(refusal(left, other, Merge::within_round) == "clients in order");
  }
  // Two rounds are no part of one.
  const ComposedStatement rounds = merged(left, statement_of(5, 4), Merge::between_rounds);
  CHECK(refusal(rounds, statement_of(7, 4), Merge::within_round) == "one round");
  ComposedStatement same_end = statement_of(7, 4);
  same_end.first_round = 4;
  CHECK(refusal(rounds, same_end, Merge::within_round) == "one round");
}

TEST_CASE("other weights within a round or from round to round are refused") {
  const ComposedStatement left = statement_of(5);
  ComposedStatement right = statement_of(6);
  right.old_weights = left.sum;
  CHECK(refusal(left, right, Merge::within_round) == "weights before");
  right = statement_of(6);
  right.new_weights = left.sum;
  CHECK(refusal(left, right, Merge::within_round) == "weights after");
  right = statement_of(6, 4);
  right.old_weights = left.sum;
  CHECK(refusal(left, right, Merge::between_rounds) == "weights from round to round");
}

TEST_CASE("a sum that was copied or negated is refused") {
  const ComposedStatement left = statement_of(5);
  ComposedStatement right = statement_of(6);
  right.sum = left.sum;
  CHECK(refusal(left, right, Merge::within_round) == "difference");
  right.sum = -left.sum;
  CHECK(refusal(left, right, Merge::within_round) == "difference");
}

TEST_CASE("a wrong sum, count, range or root is not that of the statement") {
  const ComposedStatement left = statement_of(5), right = statement_of(6), later = statement_of(6, 4);
  const auto wrong = [](ComposedStatement total, int field) {
    switch (field) {
      case 0: total.sum = -total.sum; break;
      case 1: ++total.count; break;
      case 2: ++total.last_client; break;
      case 3: ++total.first_client; break;
      case 4: total.root += Fr::one(); break;
      case 5: ++total.last_round; break;
      case 6: total.new_weights = -total.new_weights; break;
      case 7: total.old_weights = -total.old_weights; break;
      default: total.job += Fr::one();
    }
    return total;
  };
  for (int field = 0; field < 9; ++field) {
    CAPTURE(field);
    CHECK(verdict(merges_to(left, right, Merge::within_round, wrong(merged(left, right, Merge::within_round), field))) == "total");
    CHECK(verdict(merges_to(left, later, Merge::between_rounds, wrong(merged(left, later, Merge::between_rounds), field))) == "total");
  }
  // A root with a leaf left out.
  ComposedStatement out = merged(left, right, Merge::within_round);
  out.root = left.root;
  CHECK(verdict(merges_to(left, right, Merge::within_round, out)) == "total");
  // Left alone under the count of both, or both under left's.
  CHECK(verdict(merges_to(left, right, Merge::single, merged(left, right, Merge::within_round))) == "total");
  CHECK(verdict(merges_to(left, right, Merge::within_round, left)) == "total");
}

TEST_CASE("every private wire of a merge, changed and carried on, is refused") {
  const ComposedStatement left = statement_of(5), right = statement_of(6);
  const Circuit circuit = merges_to(left, right, Merge::within_round, merged(left, right, Merge::within_round));
  const auto made = [&](std::optional<uint32_t> changed) {
    Builder b(Builder::Mode::witness, 1);
    if (changed) b.substitute_private(*changed, Fr::from_u64(0x1234567));
    BaseField fp(b, 0);
    circuit(fp);  // without the reductions, whose wires have tests of their own
    return std::pair(b.num_private(), b.failure().has_value());
  };
  const auto [wires, failed] = made(std::nullopt);
  REQUIRE_FALSE(failed);
  CHECK(wires > 4000);
  // Most are Poseidon2's: in turn in test-deep, the statements' own and every eleventh of the rest always.
  const uint32_t step = std::getenv("PYZKFL_DEEP") != nullptr ? 1 : 11;
  for (uint32_t i = 0; i < wires; i += i < 100 ? 1 : step) {
    CAPTURE(i);
    CHECK(made(i).second);
  }
}

TEST_CASE("points and lists are packed as natively, and no two readings of a coordinate are one") {
  const G1Affine p = statement_of(1).sum;
  const std::vector<Fr> native = packed(std::array{p.x, p.y});
  CHECK(native.size() == 3);
  const auto shown = [&](const std::vector<Fr>& expected) {
    return Circuit([=](BaseField& fp) {
      const std::vector<LC> elements = packed(fp, std::array{fp.value(p.x), fp.value(p.y)});
      for (size_t i = 0; i < 3; ++i) fp.builder().constrain(elements[i], 1, expected[i], "packed");
    });
  };
  CHECK(verdict(shown(native)).empty());
  Forgery plus_p;  // x + p, which is x modulo p
  set_digits(plus_p, 0, value_digits, (HintInteger::of({false, p.x.to_canonical()}) + HintInteger::of({false, Fp::modulus})).w);
  CHECK(verdict(shown(native), plus_p) == "packed");
  CHECK_THROWS_AS(packed(std::vector<Fp>(9)), ParameterError);
  const auto canonical = Circuit([&](BaseField& fp) { canonical_residues(fp, G1Points(fp).point(p)); });
  CHECK(verdict(canonical).empty());
  CHECK_FALSE(verdict(canonical, plus_p).empty());
}

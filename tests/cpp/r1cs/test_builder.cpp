// The builder and the constraint system it makes: wire order, rows, labels, digest, evaluation, misuse.
#include <doctest/doctest.h>

#include <string>

#include "base/errors.h"
#include "r1cs/builder.h"
#include "r1cs/chain_circuit.h"

using namespace pyzkfl;

namespace {

// Wires of all classes, made in an order that is not the final one: y = x * k + c, with c committed in
// group 1.
void mixed_circuit(Builder& b, int64_t x, int64_t k, int64_t c) {
  const Wire factor = b.private_wire(Fr::from_i64(k));
  const Wire offset = b.committed(1, Fr::from_i64(c));
  const Wire blinder = b.committed_blinder(1, Fr::from_u64(77));
  const Wire input = b.public_input(Fr::from_i64(x));
  const Wire lonely = b.committed(0, Fr::from_u64(5));
  const Wire output = b.public_input(Fr::from_i64(x * k + c));
  auto scope = b.scope("outer");
  b.constrain(input, factor, output - offset, "product");
  auto inner = b.scope("inner", 3);
  b.constrain(lonely, 1, 5, "five");
  (void)blinder;
}

Builder::Mode both = Builder::Mode::both;

}  // namespace

TEST_CASE("wires made in any order end up in class order, with their values") {
  Builder b(both, 2);
  mixed_circuit(b, 6, 7, -2);
  const auto [cs, witness] = b.take_both();
  CHECK(cs.layout().num_public == 2);
  CHECK(cs.layout().group_sizes == std::vector<uint32_t>{1, 2});
  CHECK(cs.layout().num_private == 1);
  CHECK(cs.layout().first_committed(1) == 4);
  CHECK(cs.layout().first_private() == 6);
  CHECK(cs.layout().num_committed() == 3);
  REQUIRE(witness.size() == 7);
  const int64_t expected[] = {1, 6, 40, 5, -2, 77, 7};
  for (size_t i = 0; i < 7; ++i) CHECK(witness[i] == Fr::from_i64(expected[i]));
  CHECK_FALSE(cs.check(witness));
}

TEST_CASE("rows are the circuit's, then one a blinder, then one for the constant and each public input") {
  Builder b(both, 2);
  mixed_circuit(b, 6, 7, -2);
  const auto [cs, witness] = b.take_both();
  CHECK(cs.num_circuit_constraints() == 2);
  REQUIRE(cs.num_constraints() == 2 + 1 + 3);
  CHECK(cs.label(0) == "outer/product");
  CHECK(cs.label(1) == "outer/inner[3]/five");
  CHECK(cs.label(2) == "blinder");
  CHECK(cs.label(3) == "constant wire");
  CHECK(cs.label(5) == "public input");
  CHECK_THROWS_AS((void)cs.label(6), ParameterError);
  const SparseMatrix& a = cs.matrix(Side::a);
  const uint32_t alone[] = {5, 0, 1, 2};
  for (size_t k = 2; k < 6; ++k) {
    REQUIRE(a.row_start[k + 1] - a.row_start[k] == 1);
    CHECK(a.wire[a.row_start[k]] == alone[k - 2]);
    CHECK(cs.coefficient(a.coefficient[a.row_start[k]]).is_one());
    for (const Side side : {Side::b, Side::c}) {
      CHECK(cs.matrix(side).row_start[k] == cs.matrix(side).row_start[k + 1]);
    }
  }
}

TEST_CASE("shape and witness made apart equal those made together") {
  Builder together(both, 2);
  mixed_circuit(together, 3, 4, 5);
  const auto [cs, witness] = together.take_both();
  Builder shape(Builder::Mode::shape, 2);
  mixed_circuit(shape, 0, 0, 0);
  const ConstraintSystem cs2 = shape.take_constraint_system();
  Builder run(Builder::Mode::witness, 2);
  mixed_circuit(run, 3, 4, 5);
  CHECK_FALSE(run.failure());
  const Witness witness2 = run.take_witness(cs2);
  CHECK(cs.digest() == cs2.digest());
  CHECK(cs.trace() == cs2.trace());
  REQUIRE(witness2.size() == witness.size());
  for (size_t i = 0; i < witness.size(); ++i) CHECK(witness2[i] == witness[i]);
}

TEST_CASE("a violated constraint is found, numbered and named") {
  Builder b(both, 2);
  mixed_circuit(b, 6, 7, -2);
  auto [cs, witness] = b.take_both();
  witness[3] = Fr::from_u64(6);
  REQUIRE(cs.check(witness).has_value());
  CHECK(cs.label(*cs.check(witness)) == "outer/inner[3]/five");
  witness[6] += Fr::one();
  CHECK(*cs.check(witness) == 0);

  Builder run(Builder::Mode::witness, 1);
  const Wire x = run.private_wire(Fr::from_u64(2));
  auto scope = run.scope("layer", 1);
  run.constrain(x, x, 4, "right");
  run.constrain(x, x, 5, "wrong");
  run.constrain(x, x, 6, "also wrong");
  REQUIRE(run.failure().has_value());
  CHECK(run.failure()->first == 1);
  CHECK(run.failure()->second == "layer[1]/wrong");
}

TEST_CASE("a witness of another length or without the constant is refused") {
  Builder b(both, 2);
  mixed_circuit(b, 6, 7, -2);
  auto [cs, witness] = b.take_both();
  CHECK_THROWS_AS((void)cs.check(witness.span().first(6)), ParameterError);
  witness[0] = Fr::zero();
  CHECK_THROWS_AS((void)cs.check(witness), ParameterError);
  std::vector<Fr> out(cs.num_constraints() - 1);
  CHECK_THROWS_AS(cs.evaluate(Side::a, out, witness), ParameterError);
}

TEST_CASE("a builder refuses a witness run that made other calls than the shape") {
  const auto circuit = [](Builder& b, bool extra_wire, bool swapped, bool extra_constraint) {
    const Wire x = b.private_wire(Fr::one());
    if (swapped) {
      b.constrain(x, x, x, "boolean");
      (void)b.public_input(Fr::one());
    } else {
      (void)b.public_input(Fr::one());
      b.constrain(x, x, x, "boolean");
    }
    if (extra_wire) (void)b.private_wire();
    if (extra_constraint) b.constrain(x, x, x, "again");
  };
  Builder shape(Builder::Mode::shape);
  circuit(shape, false, false, false);
  const ConstraintSystem cs = shape.take_constraint_system();
  for (int which = 0; which < 4; ++which) {
    Builder run(Builder::Mode::witness);
    circuit(run, which == 1, which == 2, which == 3);
    if (which == 0) {
      CHECK(run.take_witness(cs).size() == 3);
    } else {
      CHECK_THROWS_AS((void)run.take_witness(cs), ParameterError);
    }
  }
  Builder run(Builder::Mode::witness);
  CHECK_THROWS_AS((void)run.take_constraint_system(), ParameterError);
  Builder shape2(Builder::Mode::shape);
  CHECK_THROWS_AS((void)shape2.take_witness(cs), ParameterError);
  CHECK_THROWS_AS((void)shape2.committed(0), ParameterError);
  CHECK_THROWS_AS(Builder(Builder::Mode::shape, 15), ParameterError);
}

TEST_CASE("linear combinations merge repeated wires and drop zeros when they are recorded") {
  Builder b(both);
  const Wire x = b.private_wire(Fr::from_u64(3));
  const Wire y = b.private_wire(Fr::from_u64(5));
  LC sum = y * 2 + x * 4 - y + 7 + x - x * 5;
  CHECK(sum.value() == Fr::from_u64(12));
  sum += sum;
  CHECK(sum.value() == Fr::from_u64(24));
  sum -= sum;
  CHECK(sum.value().is_zero());
  b.constrain(y * 2 + x * 4 - y + 7 + x - x * 5, 1, 12, "row");
  const auto [cs, witness] = b.take_both();
  const SparseMatrix& a = cs.matrix(Side::a);
  REQUIRE(a.row_start[1] == 2);
  CHECK(a.wire[0] == 0);
  CHECK(cs.coefficient(a.coefficient[0]) == Fr::from_u64(7));
  CHECK(a.wire[1] == 2);
  CHECK_FALSE(cs.check(witness));
}

TEST_CASE("the digest changes with every part of the shape and with nothing else") {
  const auto digest = [](int variant) {
    Builder b(both, variant == 6 ? 2 : 1);
    const Wire p = variant == 1 ? b.private_wire(Fr::one()) : b.public_input(Fr::one());
    const Wire c = b.committed(0, Fr::one());
    const Wire x = b.private_wire(Fr::from_u64(variant == 7 ? 3 : 2));
    b.constrain(variant == 2 ? x * 3 : x * 2, p, variant == 3 ? LC(c) : LC(c) + 1,
                variant == 8 ? "other name" : "row");
    if (variant == 4) b.constrain(x, 0, 0, "more");
    if (variant == 5) (void)b.private_wire();
    return b.take_both().first.digest();
  };
  for (int variant = 1; variant <= 8; ++variant) {
    CAPTURE(variant);
    CHECK((digest(variant) == digest(0)) == (variant >= 7));
  }
}

TEST_CASE("evaluation agrees with the entries of the matrices and pads with zeros") {
  Builder b(both);
  chain_circuit(b, 3000, Fr::from_u64(3));
  const auto [cs, witness] = b.take_both();
  CHECK(cs.num_circuit_constraints() == 3000);
  CHECK(cs.num_constraints() == 3002);
  CHECK_FALSE(cs.check(witness));
  for (const Side side : {Side::a, Side::b, Side::c}) {
    std::vector<Fr> out(4096, Fr::one());
    cs.evaluate(side, out, witness);
    const SparseMatrix& m = cs.matrix(side);
    for (size_t k = 0; k < 4096; ++k) {
      Fr expected;
      if (k < m.num_rows()) {
        for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
          expected += cs.coefficient(m.coefficient[e]) * witness[m.wire[e]];
        }
      }
      REQUIRE(out[k] == expected);
    }
  }
}

TEST_CASE("any changed wire of the chain breaks it, and the first broken row is reported") {
  Builder b(both);
  chain_circuit(b, 5, Fr::from_u64(3));
  auto [cs, witness] = b.take_both();
  CHECK(witness[1] == chain_result(Fr::from_u64(3), 5));
  for (size_t i = 1; i < witness.size(); ++i) {
    Witness bad = witness.clone();
    bad[i] += Fr::one();
    CHECK(cs.check(bad).has_value());
  }
}

TEST_CASE("a committed wire that stands alone in no row is named") {
  const auto check = [](int variant) {
    Builder b(Builder::Mode::shape, 2);
    const Wire x = b.committed(0), y = b.committed(0), z = b.committed(1), w = b.private_wire();
    b.constrain(x + w, w, 0, "x alone in A");
    b.constrain(variant == 1 ? x + y : LC(w), variant == 2 ? y + z : LC(y), 0, "y alone in B");
    if (variant != 3) b.constrain(0, 0, z * 4, "z alone in C");
    (void)b.committed_blinder(1);
    if (variant == 4) (void)b.committed(1);
    check_commitment_independence(b.take_constraint_system());
  };
  const auto message = [&](int variant) -> std::string {
    try {
      check(variant);
    } catch (const ParameterError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message(0).empty());
  CHECK(message(1).empty());
  CHECK(message(2).find("wire 1 of group 0") != std::string::npos);
  CHECK(message(3).find("wire 0 of group 1") != std::string::npos);
  CHECK(message(4).find("wire 2 of group 1") != std::string::npos);
}

TEST_CASE("a substituted wire is what later wires are computed from") {
  Builder b(both);
  b.substitute_private(1, Fr::from_u64(10));
  const Wire x = b.private_wire(Fr::from_u64(3));
  const Wire square = b.product(x, x, "square");
  const Wire next = b.product(square, x, "cube");
  CHECK(next.value == Fr::from_u64(30));
  REQUIRE(b.failure().has_value());
  CHECK(b.failure()->second == "square");
  const auto [cs, witness] = b.take_both();
  CHECK(*cs.check(witness) == 0);
}

// What emulated arithmetic costs, pinned in tests/vectors/recursion_constraint_counts.json.
//
// Parts are differences: the circuit with one more of them less the circuit without. PYZKFL_REGENERATE=1 writes the file.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "field_circuit.h"
#include "recursion/composed_statement.h"
#include "recursion/composed_verifier.h"
#include "recursion/multiples_sum.h"
#include "recursion/pairing_product.h"
#include "recursion/transcript_point.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

struct Count {
  size_t constraints = 0, entries = 0;
};

Count count(const Circuit& circuit) {
  Builder b(Builder::Mode::shape, 1);
  run(b, circuit);
  const ConstraintSystem cs = b.take_constraint_system();
  Count out{cs.num_circuit_constraints(), 0};
  for (const Side side : {Side::a, Side::b, Side::c}) out.entries += cs.matrix(side).row_start[out.constraints];
  return out;
}

class Report {
 public:
  void add(const char* name, const Count& value) {
    out_ << (std::exchange(begun_, true) ? ",\n" : "") << "    \"" << name << "\": {\"constraints\": " << value.constraints
         << ", \"entries\": " << value.entries << "}";
  }
  // What `part` adds to two values and a product.
  void add_part(const char* name, const std::function<void(BaseField&, Value, Value)>& part) {
    const auto base = [](BaseField& fp) {
      const Value x = fp.value(Fp()), y = fp.value(Fp());
      fp.product(x, y);
      return std::pair(x, y);
    };
    const Count without = count(base), with = count([&](BaseField& fp) {
      const auto [x, y] = base(fp);
      part(fp, x, y);
    });
    add(name, {with.constraints - without.constraints, with.entries - without.entries});
  }
  std::string text() const { return "{\n  \"schema\": 1,\n  \"parts\": {\n" + out_.str() + "\n  }\n}\n"; }

 private:
  std::ostringstream out_;
  bool begun_ = false;
};

Fp12Operand full(Value x, Value y) {
  Fp12Operand out;
  for (Fp2Operand& c : out.w) c = Fp2Operand(x, y);
  return out;
}

// A product of pairs whose second points are from the witness, and of pairs whose second points are constants.
Circuit pairings(size_t from_witness, size_t fixed) {
  return [=](BaseField& fp) {
    Tower tower(fp);
    PairingProduct product(tower);
    const auto constant = std::make_shared<const G2Prepared>(g2_generator());
    for (size_t i = 0; i < from_witness + fixed; ++i) {
      const Operand x = fp.value(Fp()), y = fp.value(Fp());
      if (i >= from_witness) {
        product.add(x, y, constant);
        continue;
      }
      const Fp2Operand qx = tower.value(Fp2());
      product.add(x, y, qx, tower.value(Fp2()));
    }
    product.assert_one();
  };
}

// With points, scalars and the doublings.
void multiples(BaseField& fp, size_t count) {
  G1Points points(fp);
  MultiplesSum sum(points);
  for (size_t i = 0; i < count; ++i) sum.add(points.point({}), SignedScalar::of(fp, Fr()));
  sum.total();
}

std::string counts_as_json() {
  Report report;
  report.add("one product, with the table and the second challenge", count([](BaseField& fp) {
               const Value x = fp.value(Fp());
               fp.product(x, fp.value(Fp()));
             }));
  report.add_part("value", [](BaseField& fp, Value, Value) { fp.value(Fp()); });
  report.add_part("product", [](BaseField& fp, Value x, Value y) { fp.product(x, y); });
  report.add_part("sum of two products", [](BaseField& fp, Value x, Value y) { fp.reduce({{{1, x, y}, {1, x, x}}, {}}); });
  report.add_part("product that is zero", [](BaseField& fp, Value x, Value y) { fp.assert_zero({{{1, x, y}}, {}}); });
  report.add_part("product with a choice", [](BaseField& fp, Value x, Value y) {
    fp.product(x, fp.choose(fp.bit(false), x, y));
  });
  report.add_part("difference", [](BaseField& fp, Value x, Value y) { fp.assert_different(x, y); });
  report.add_part("canonical", [](BaseField& fp, Value x, Value) { fp.assert_canonical(x); });
  report.add_part("product in Fp2", [](BaseField& fp, Value x, Value y) {
    Tower(fp).reduce({{{1, Fp2Operand(x, y), Fp2Operand(y, x)}}, {}});
  });
  report.add_part("product in Fp12", [](BaseField& fp, Value x, Value y) {
    const Fp12Operand f = full(x, y);
    Tower(fp).product(f, f);
  });
  report.add_part("product with a line in Fp12", [](BaseField& fp, Value x, Value y) {
    Fp12Operand line;
    line.w[0] = Fp2Operand(Fp2::one());
    line.w[1] = line.w[3] = Fp2Operand(x, y);
    Tower(fp).product(full(x, y), line);
  });
  report.add_part("point of G1", [](BaseField& fp, Value, Value) { G1Points(fp).point({}); });
  report.add_part("point of G1, doubled", [](BaseField& fp, Value, Value) {
    G1Points points(fp);
    points.twice(points.point({}));
  });
  report.add_part("two points of G1, added", [](BaseField& fp, Value, Value) {
    G1Points points(fp);
    const G1Point a = points.point({});
    points.add(a, points.point({}));
  });
  report.add_part("scalar, 64 windows", [](BaseField& fp, Value, Value) { SignedScalar::of(fp, Fr()); });
  report.add_part("weight from a hash, 32 windows", [](BaseField& fp, Value, Value) { SignedScalar::weight(fp, Fr()); });
  report.add_part("multiple of a point, 64 windows", [](BaseField& fp, Value, Value) { multiples(fp, 1); });
  report.add_part("sum of two such multiples", [](BaseField& fp, Value, Value) { multiples(fp, 2); });
  report.add_part("multiple of a point by a weight", [](BaseField& fp, Value, Value) {
    G1Points points(fp);
    MultiplesSum sum(points);
    sum.add(points.point({}), SignedScalar::weight(fp, Fr()));
    sum.total();
  });
  report.add("e(P, Q), Q from the witness, is 1", count(pairings(1, 0)));
  report.add("of a leaf: two such pairs, five with constants", count(pairings(2, 5)));
  report.add("of a node: two such pairs, four with constants", count(pairings(2, 4)));
  report.add_part("transcript's elements of a point", [](BaseField& fp, Value, Value) { transcript_elements(fp, G1Points(fp).point({})); });
  report.add_part("two statements merged", [](BaseField& fp, Value, Value) {
    G1Points points(fp);
    const StatementWires left = statement_wires(fp, points, {});
    merge_in_circuit(fp, points, left, statement_wires(fp, points, {}), {}, Merge::within_round);
  });
  report.add("two composed proofs verified, with their key", count([](BaseField& fp) {
               verify_composed(fp, {g1_generator(), g2_generator()}, {}, {}, {});
             }));
  return report.text();
}

}  // namespace

TEST_CASE("a pairing takes less than a quarter of what gnark 0.16 takes") {
  CHECK(count(pairings(1, 0)).constraints < 836345 / 4);
}

TEST_CASE("constraints by part are those of the file") {
  const std::string path = std::string(PYZKFL_VECTORS) + "/recursion_constraint_counts.json";
  const std::string now = counts_as_json();
  if (std::getenv("PYZKFL_REGENERATE") != nullptr) std::ofstream(path) << now;
  std::ifstream file(path);
  std::ostringstream pinned;
  pinned << file.rdbuf();
  CHECK(pinned.str() == now);
}

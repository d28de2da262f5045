// What each gadget costs, pinned in tests/vectors/constraint_counts.json: a change shows as a diff there.
#include <doctest/doctest.h>

#include <functional>
#include <sstream>
#include <string>

#include "../pinned_counts.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_integer.h"
#include "r1cs/gadgets_lookup.h"
#include "r1cs/gadgets_poseidon2.h"

using namespace pyzkfl;

namespace {

struct Gadget {
  const char* name;
  std::function<void(Builder&, const Wire&)> build;
};

// The input is one wire.
const std::vector<Gadget> gadgets_to_pin = {
    {"bits of 12", [](Builder& b, const Wire& v) { (void)gadgets::bits(b, v, 12); }},
    {"boolean", [](Builder& b, const Wire&) { (void)gadgets::boolean(b, false); }},
    {"clamp of 21 bits to 12", [](Builder& b, const Wire& v) { (void)gadgets::clamp(b, v, {21, 12}); }},
    {"equal", [](Builder& b, const Wire& v) { gadgets::assert_equal(b, v, 5); }},
    {"floor division by 2^13, quotient of 22 bits",
     [](Builder& b, const Wire& v) { (void)gadgets::floor_div_pow2(b, v, {34, 13, 22}); }},
    {"floor division by 2^13 and clamp to 12 bits",
     [](Builder& b, const Wire& v) { (void)gadgets::floor_div_pow2_clamp(b, v, {34, 13, 2048, 12}); }},
    {"floor division by a wire, 60 by 30 bits",
     [](Builder& b, const Wire& v) { (void)gadgets::floor_div(b, v, v, {60, 30, 32}); }},
    {"is zero", [](Builder& b, const Wire& v) { (void)gadgets::is_zero(b, v); }},
    {"less or equal, 16 bits", [](Builder& b, const Wire& v) { (void)gadgets::less_equal(b, v, 7, 16); }},
    {"lookup in two tables of 32",
     [](Builder& b, const Wire& v) {
       std::vector<std::vector<int64_t>> tables(2, std::vector<int64_t>(32));
       for (size_t i = 0; i < 64; ++i) tables[i / 32][i % 32] = static_cast<int64_t>(i * i);
       (void)gadgets::lookup(b, gadgets::bits(b, v, 5), gadgets::LookupTables(5, tables));
     }},
    {"maximum, 16 bits", [](Builder& b, const Wire& v) { (void)gadgets::maximum(b, v, 7, 16); }},
    {"poseidon2 hash of 2",
     [](Builder& b, const Wire& v) { (void)gadgets::poseidon2_hash(b, std::vector<LC>{v, v + 1}); }},
    {"poseidon2 permutation",
     [](Builder& b, const Wire& v) {
       gadgets::Poseidon2Wires state{LC(v), b.public_input(), b.public_input(), b.public_input()};
       gadgets::poseidon2_permute(b, state);
     }},
    {"range of 8", [](Builder& b, const Wire& v) { gadgets::range(b, v, 8); }},
    {"range to 2^20 inclusive", [](Builder& b, const Wire& v) { gadgets::range_to(b, v, 1 << 20); }},
    {"select", [](Builder& b, const Wire& v) { (void)gadgets::select(b, v, 3, 4); }},
    {"signed range of 20", [](Builder& b, const Wire& v) { gadgets::signed_range(b, v, 20); }},
    {"square root of 60 bits", [](Builder& b, const Wire& v) { (void)gadgets::isqrt(b, v, 60); }},
};

std::string counts_as_json() {
  std::ostringstream out;
  out << "{\n  \"schema\": 1,\n  \"gadgets\": {\n";
  for (size_t i = 0; i < gadgets_to_pin.size(); ++i) {
    Builder b(Builder::Mode::shape);
    gadgets_to_pin[i].build(b, b.public_input());
    const ConstraintSystem cs = b.take_constraint_system();
    size_t entries = 0;
    for (const Side side : {Side::a, Side::b, Side::c}) {
      const SparseMatrix& m = cs.matrix(side);
      entries += m.row_start[cs.num_circuit_constraints()];
    }
    out << "    \"" << gadgets_to_pin[i].name << "\": {\"constraints\": " << cs.num_circuit_constraints()
        << ", \"wires\": " << cs.layout().num_private << ", \"entries\": " << entries << "}"
        << (i + 1 < gadgets_to_pin.size() ? ",\n" : "\n");
  }
  out << "  }\n}\n";
  return out.str();
}

}  // namespace

TEST_CASE("constraint, wire and entry counts of the gadgets are the pinned ones") {
  check_pinned("constraint_counts.json", counts_as_json());
}

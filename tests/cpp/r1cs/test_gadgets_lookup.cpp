// Table lookups: every entry of every table, with no wire free.
#include <doctest/doctest.h>

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_lookup.h"
#include "soundness.h"

using namespace pyzkfl;
using namespace pyzkfl::forgers;

namespace {

std::vector<std::vector<int64_t>> tables(unsigned index_bits, size_t count) {
  std::vector<std::vector<int64_t>> out(count);
  for (size_t t = 0; t < count; ++t) {
    for (size_t i = 0; i < size_t{1} << index_bits; ++i) {
      out[t].push_back(static_cast<int64_t>((i * 7919 + t * 104729 + i * i * 31) % 2003) - 1000);
    }
  }
  return out;
}

std::vector<LC> index_wires(Builder& b, unsigned index_bits, size_t index) {
  std::vector<LC> out;
  for (unsigned i = 0; i < index_bits; ++i) out.push_back(b.public_input(Fr::from_u64(index >> i & 1)));
  return out;
}

}  // namespace

TEST_CASE("a lookup gives the entry of each table at every index, at the announced cost") {
  for (unsigned index_bits = 1; index_bits <= 6; ++index_bits) {
    for (size_t count = 1; count <= 3; ++count) {
      const auto values = tables(index_bits, count);
      const gadgets::LookupTables prepared(index_bits, values);
      CHECK(prepared.num_tables() == count);
      for (size_t index = 0; index < values[0].size(); ++index) {
        const auto out = evaluate([&](Builder& b) {
          auto result = gadgets::lookup(b, index_wires(b, index_bits, index), prepared);
          CHECK(b.num_constraints() == prepared.num_constraints());
          return result;
        });
        REQUIRE(out.size() == count);
        for (size_t t = 0; t < count; ++t) CHECK(out[t] == Fr::from_i64(values[t][index]));
      }
    }
  }
}

TEST_CASE("no wire of a lookup is free, and recorded constraints agree with computed values") {
  for (const unsigned index_bits : {2u, 3u, 5u}) {
    for (const size_t index : {size_t{0}, (size_t{1} << index_bits) - 1, size_t{2}}) {
      const gadgets::LookupTables prepared(index_bits, tables(index_bits, 2));
      const auto circuit = [&](Builder& b) {
        return gadgets::lookup(b, index_wires(b, index_bits, index), prepared);
      };
      check_each_wire(circuit);
      check_each_substitution(circuit);
      // The outputs as recorded: pinned to the table by one more constraint each, satisfied for the right
      // entry only.
      for (const int64_t error : {0, 1}) {
        const auto pinned = [&](Builder& b) {
          const auto out = circuit(b);
          for (size_t t = 0; t < out.size(); ++t) {
            gadgets::assert_equal(b, out[t], tables(index_bits, 2)[t][index] + error);
          }
          return out;
        };
        const Built built = build(pinned);
        CHECK(built.cs.check(built.witness).has_value() == (error == 1));
      }
    }
  }
}

TEST_CASE("every constraint of a lookup is needed") {
  const std::vector<std::vector<int64_t>> small = {{0, 1, 3, 2, 5, 1, 4, 0}, {1, 0, 2, 2, 3, 1, 1, 5}};
  const gadgets::LookupTables prepared(3, small);
  check_each_constraint_needed(
      [&](Builder& b, int64_t index) {
        return gadgets::lookup(b, index_wires(b, 3, static_cast<size_t>(index)), prepared);
      },
      {5, 7}, small_integers(15));
}

TEST_CASE("two tables of 32 entries cost ten constraints") {
  CHECK(gadgets::LookupTables(5, tables(5, 2)).num_constraints() == 10);
  CHECK(gadgets::LookupTables(5, tables(5, 1)).num_constraints() == 7);
}

TEST_CASE("tables and indices of other sizes are refused") {
  const auto make = [](unsigned index_bits, const std::vector<std::vector<int64_t>>& values) {
    return gadgets::LookupTables(index_bits, values);
  };
  CHECK_THROWS_AS(make(3, tables(2, 1)), ParameterError);
  CHECK_THROWS_AS(make(3, {}), ParameterError);
  CHECK_THROWS_AS(make(0, {{1}}), ParameterError);
  CHECK_THROWS_AS(make(13, tables(1, 1)), ParameterError);
  Builder b(Builder::Mode::shape);
  CHECK_THROWS_AS((void)gadgets::lookup(b, index_wires(b, 2, 0), make(3, tables(3, 1))), ParameterError);
}

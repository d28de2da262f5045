// The leaf circuit's statement is that of docs/engine.md, section 5: ctx and leaf as plain Python computes them
// (tests/python/engine/slow_context.py, tests/vectors/step_context.json, which the package is compared with too).
#include "recursion/client_statement.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "curves/scalar_mul.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;

namespace {

// The file's text from the case's name on.
std::string vector_text(const std::string& name) {
  std::ifstream file(std::string(PYZKFL_VECTORS) + "/step_context.json");
  REQUIRE(file.good());
  std::stringstream all;
  all << file.rdbuf();
  const size_t at = all.str().find('"' + name + '"');
  REQUIRE(at != std::string::npos);
  return all.str().substr(at);
}

// The count-th text of 64 hexadecimal digits behind a key.
Fr number(const std::string& text, const std::string& key, size_t count = 0) {
  size_t at = text.find('"' + key + '"');
  REQUIRE(at != std::string::npos);
  at = text.find('"', at + key.size() + 2);
  for (; count > 0; --count) at = text.find('"', text.find('"', at + 1) + 1);
  Limbs out{};
  for (size_t i = 0; i < 4; ++i) out[3 - i] = std::stoull(text.substr(at + 1 + 16 * i, 16), nullptr, 16);
  return Fr::from_canonical(out);
}

}  // namespace

TEST_CASE("a client's ctx and leaf are those of the engine's statement in plain Python") {
  const std::string text = vector_text("one step");
  const G1Affine g = g1_generator(), twice = mul_vartime(G1(g), Fr::from_u64(2)).to_affine();
  ClientStatement said;
  said.client = 3;
  said.round = 5;
  said.session = number(text, "elements", 1);
  said.choice = number(text, "elements", 2);
  said.rows = {7};
  said.weights = g;
  said.tables = twice;
  said.data = {-g};
  said.update = twice;
  const Fr tag = number(text, "elements") - power_of_two(32) * Fr::from_u64(3) - Fr::from_u64(5);
  CHECK(said.context(tag) == number(text, "ctx"));
  CHECK(client_leaf(said) == number(text, "leaf"));
  // Numbers in the other's place, or a neighbour's point, are another statement.
  ClientStatement other = said;
  std::swap(other.client, other.round);
  CHECK(other.context(tag) != said.context(tag));
  other = said;
  other.data = {g};
  CHECK(other.context(tag) != said.context(tag));
  CHECK(client_leaf(other) != client_leaf(said));
}

// What the circuit costs, part by part, pinned in tests/vectors/wrap_constraint_counts.json.
#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "../pinned_counts.h"
#include "mlp_program.h"
#include "sample_programs.h"
#include "wrap/wrap_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using namespace pyzkfl::wrap::testing;

namespace {

struct Count {
  size_t constraints = 0, entries = 0;
};

void write(std::ostream& out, const char* name, const Program& program, bool last) {
  const ConstraintSystem cs = wrap_constraint_system(program);
  // By the scope that a constraint was made in; permutations of the transcript, wherever they are, apart.
  std::map<std::string, Count> counts;
  Count total;
  for (size_t k = 0; k < cs.num_circuit_constraints(); ++k) {
    const std::string label = cs.label(k);
    const bool hash = label.ends_with("transcript") || label.ends_with("statement hash");
    const bool challenge = label.ends_with("challenge");
    const size_t end = std::min(label.find('/'), label.find('['));
    Count& count = counts[hash ? "permutations" : challenge ? "challenges" : label.substr(0, end)];
    for (Count* c : {&count, &total}) {
      ++c->constraints;
      for (const Side side : {Side::a, Side::b, Side::c}) {
        c->entries += cs.matrix(side).row_start[k + 1] - cs.matrix(side).row_start[k];
      }
    }
  }
  counts["total"] = total;
  out << "    \"" << name << "\": {\n      \"claims\": " << ClaimTable(program).claims.size()
      << ", \"wires\": " << cs.layout().num_private;
  for (const auto& [part, count] : counts) {
    out << ",\n      \"" << part << "\": {\"constraints\": " << count.constraints
        << ", \"entries\": " << count.entries << "}";
  }
  out << "\n    }" << (last ? "\n" : ",\n");
}

std::string counts_as_json() {
  std::ostringstream out;
  out << "{\n  \"schema\": 1,\n  \"programs\": {\n";
  write(out, "a linear layer of two by two with everything", everything().program, false);
  write(out, "two steps without lookups", two_steps().program, false);
  write(out, "perceptron 784-128-10, 64 rows, clipped", MlpProgram().build(), true);
  out << "  }\n}\n";
  return out.str();
}

}  // namespace

TEST_CASE("constraint and entry counts of the wrap circuit are the pinned ones") {
  check_pinned("wrap_constraint_counts.json", counts_as_json());
}

TEST_CASE("the circuit of a perceptron 784-128-10 fits a domain of 2^17") {
  CHECK(wrap_constraint_system(MlpProgram().build()).num_constraints() <= size_t{1} << 17);
}

// The wrap circuit accepts what a prover by definition makes of honest values, and nothing else.
#include <doctest/doctest.h>

#include "reference_prover.h"
#include "sample_programs.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using namespace pyzkfl::wrap::testing;

namespace {

// The label of the first constraint that fails; empty if all hold.
std::string refusal(const Program& program, const WrapAssignment& assignment) {
  Builder b(Builder::Mode::witness);
  wrap_circuit(b, program, ClaimTable(program), assignment);
  return b.failure() ? b.failure()->second : "";
}

}  // namespace

TEST_CASE("an honest proof of a program with everything in it is accepted") {
  for (const uint64_t rows : {1, 2}) {
    for (const uint64_t target : {2000, 200000}) {
      const Sample s = everything(rows, target);
      check_values(s.program, s.values);
      const Reference proof = reference_proof(s.program, s.values);
      CHECK(refusal(s.program, proof.assignment) == "");
      CHECK(proof.assignment.public_input ==
            public_input(proof.assignment.context, proof.rows, proof.points, proof.scalars));
    }
  }
}

TEST_CASE("an honest proof of a program with empty phases is accepted") {
  const Sample s = two_steps();
  check_values(s.program, s.values);
  const Reference proof = reference_proof(s.program, s.values);
  CHECK(refusal(s.program, proof.assignment) == "");
}
TEST_CASE("tmp sizes") {
  for (const Sample& s : {everything(), two_steps()}) {
    const ConstraintSystem cs = wrap_constraint_system(s.program);
    MESSAGE(cs.num_circuit_constraints(), " ", cs.layout().num_private, " msgs ", message_count(s.program, ClaimTable(s.program)));
    const Reference proof = reference_proof(s.program, s.values);
    MESSAGE("rate ", s.values.rates.empty() ? 0 : s.values.rates[0]);
    for (int i = 0; i < 100; ++i) refusal(s.program, proof.assignment);
  }
}

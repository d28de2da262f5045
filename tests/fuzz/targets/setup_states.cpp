// States and records of a setup by several parties (groth16/phase1.h, phase2.h, contribution.h).
#include "groth16/contribution.h"
#include "groth16/phase1.h"
#include "groth16/phase2.h"
#include "small_circuit.h"
#include "target.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;

std::vector<Bytes> fuzz::seeds() {
  const Bytes job = {'j', 'o', 'b'};
  const ConstraintSystem cs = small_circuit();
  const auto first = contribute(Phase1::initial(domain_log_n(cs), job), "ada", job);
  const auto second = contribute(Phase2::initial(first.state, cs, job), "ada", job);
  return {first.state.to_bytes(), first.record.to_bytes(), second.state.to_bytes(), second.record.to_bytes()};
}

void fuzz::run(ByteSpan input) {
  const auto bytes_of = [](const auto& state) { return state.to_bytes(); };
  one_encoding(input, [](ByteSpan data) { return Phase1::from_bytes(data); }, bytes_of);
  one_encoding(input, [](ByteSpan data) { return Phase2::from_bytes(data); }, bytes_of);
  one_encoding(input, [](ByteSpan data) { return Contribution::from_bytes(data); }, bytes_of);
}

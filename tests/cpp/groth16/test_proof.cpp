// Groth16 end to end: honest proofs verify, everything else does not.
#include <doctest/doctest.h>

#include "curves/encoding.h"
#include "r1cs/chain_circuit.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

TEST_CASE("an honest proof over two commitments verifies") {
  const Fixture& f = Fixture::shared();
  CHECK(verify(f.verifying_key(), f.public_inputs(), f.proved.commitments, f.proved.proof));
}

TEST_CASE("a circuit without commitments is proven and verified at several sizes") {
  for (const size_t steps : {1, 2, 5, 6, 13, 100}) {
    CAPTURE(steps);
    Builder builder(Builder::Mode::both);
    chain_circuit(builder, steps, Fr::from_u64(3));
    const auto [cs, witness] = builder.take_both();
    const ProvingKey key = insecure_setup(cs);
    const Proved proved = prove(key, cs, witness);
    CHECK(proved.commitments.empty());
    std::vector<Fr> inputs = {chain_result(Fr::from_u64(3), steps)};
    CHECK(verify(key.verifying_key(), inputs, {}, proved.proof));
    inputs[0] += Fr::one();
    CHECK_FALSE(verify(key.verifying_key(), inputs, {}, proved.proof));
  }
}

// snarkjs's JSON: layout and numbers. That snarkjs accepts it is a Python test.
#include <doctest/doctest.h>

#include "base/errors.h"
#include "formats/snarkjs_json.h"
#include "groth16/prover.h"
#include "groth16/setup.h"
#include "r1cs/chain_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

TEST_CASE("decimal digits of small, round and largest integers") {
  CHECK(decimal({0, 0, 0, 0}) == "0");
  CHECK(decimal({7, 0, 0, 0}) == "7");
  CHECK(decimal({1000000, 0, 0, 0}) == "1000000");
  CHECK(decimal({0, 1, 0, 0}) == "18446744073709551616");
  CHECK(decimal((-Fr::one()).to_canonical()) ==
        "21888242871839275222246405745257275088548364400416034343698204186575808495616");
  CHECK(decimal({~0ull, ~0ull, ~0ull, ~0ull}) ==
        "115792089237316195423570985008687907853269984665640564039457584007913129639935");
}

TEST_CASE("public inputs are a list of decimal strings") {
  CHECK(public_json({}) == "[]\n");
  CHECK(public_json(std::vector<Fr>{Fr::from_u64(5), Fr::zero()}) == "[\"5\", \"0\"]\n");
}

TEST_CASE("the generators appear with their known coordinates") {
  groth16::Proof proof{g1_generator(), g2_generator(), g1_generator()};
  const std::string json = proof_json(proof);
  CHECK(json.find("\"pi_a\": [\"1\", \"2\", \"1\"]") != std::string::npos);
  CHECK(json.find("[\"10857046999023057135944570762232829481370756359578518086990519993285655852781\", "
                  "\"11559732032986387107991004021392285783925812861821192530917403151452391805634\"]") !=
        std::string::npos);
}

TEST_CASE("keys of circuits with commitments are not exported") {
  Builder builder(Builder::Mode::shape, 1);
  const Wire x = builder.committed(0);
  builder.committed_blinder(0);
  builder.product(x, x, "square");
  const ConstraintSystem cs = builder.take_constraint_system();
  CHECK_THROWS_AS((void)verification_key_json(groth16::insecure_setup(cs).verifying_key()), ParameterError);
}

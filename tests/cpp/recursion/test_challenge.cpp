// A circuit with emulated arithmetic through Groth16: the commitment comes first, then the challenge, then the proof.
#include "recursion/challenge.h"

#include <doctest/doctest.h>

#include "groth16/prover.h"
#include "groth16/setup.h"
#include "groth16/verifier.h"
#include "recursion/base_field.h"
#include "transcript/transcript.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;

namespace {

// Public: `statement`, the integer x^2 modulo p below r, then rho.
void squares(Builder& b, const Fp& x, const Fr& statement, const std::function<Fr(const Fr& blinder)>& challenge) {
  const Wire result = b.public_input(statement);
  BaseField fp(b, 0);
  const Value v = fp.value(x);
  const Value square = fp.product(v, v);
  fp.assert_canonical(square);
  b.constrain(fp.native(square), 1, result, "square");
  const Fr blinder = b.computes() ? Fr::random() : Fr();
  fp.finish(blinder, [&] { return challenge(blinder); });
}

}  // namespace

TEST_CASE("a proof with emulated arithmetic verifies under the challenge of its own commitment and statement alone") {
  Builder shape(Builder::Mode::shape, 1);
  squares(shape, Fp(), Fr(), {});
  const ConstraintSystem cs = shape.take_constraint_system();
  const groth16::ProvingKey key = groth16::insecure_setup(cs);

  const Fp x = Fp::from_u64(0xffffffffffff), square = x.square();
  const Fr statement = Fr::from_canonical(square.to_canonical());
  Builder b(Builder::Mode::witness, 1);
  squares(b, x, statement, [&](const Fr& blinder) {
    const std::span<const Fr> values = b.committed_values(0);
    return commitment_challenge(statement, key.commitment_key(0).commit(values.first(values.size() - 1), blinder));
  });
  REQUIRE_FALSE(b.failure().has_value());
  const Witness witness = b.take_witness(cs);
  const groth16::Proved proved = groth16::prove(key, cs, witness.span());

  const auto verifies = [&](const Fr& claimed, const groth16::Commitment& commitment) {
    const std::array<Fr, 2> inputs = {claimed, commitment_challenge(claimed, commitment.point)};
    return groth16::verify(key.verifying_key(), inputs, {&commitment, 1}, proved.proof);
  };
  CHECK(verifies(statement, proved.commitments[0]));
  CHECK_FALSE(verifies(statement + Fr::one(), proved.commitments[0]));
  groth16::Commitment negated = proved.commitments[0];
  negated.point = -negated.point;
  *negated.knowledge = -*negated.knowledge;
  CHECK_FALSE(verifies(statement, negated));
}

TEST_CASE("the same commitment under another statement has another challenge, and so has its negative") {
  const G1Affine c = g1_generator();
  const Fr one = Fr::one();
  CHECK(commitment_challenge(one, c) != commitment_challenge(one.dbl(), c));
  CHECK(commitment_challenge(one, c) != commitment_challenge(one, -c));
}

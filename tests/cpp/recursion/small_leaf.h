// Proofs of any statement, for tests of nodes: a leaf circuit that proves nothing but that it was given the statement's hash.
#pragma once

#include "groth16/prover.h"
#include "groth16/setup.h"
#include "recursion/challenge.h"
#include "recursion/node_circuit.h"

namespace pyzkfl::recursion::testing {

class SmallLeaf {
 public:
  explicit SmallLeaf(const groth16::Trapdoor& trapdoor) : cs_(shape()), key_(groth16::insecure_elements(cs_, trapdoor)) {}

  const groth16::VerifyingKey& key() const { return key_.verifying_key(); }

  Composed prove(const ComposedStatement& statement) const {
    const Fr x = statement.hash();
    Builder b(Builder::Mode::witness, 1);
    build(b, x, [&](const Fr& blinder) {
      const std::span<const Fr> values = b.committed_values(0);
      return commitment_challenge(x, key_.commitment_key(0).commit(values.first(values.size() - 1), blinder));
    });
    const Witness witness = b.take_witness(cs_);
    const groth16::Proved proved = groth16::prove(key_, cs_, witness.span());
    return {statement, {proved.proof, proved.commitments[0]}};
  }

 private:
  static void build(Builder& b, const Fr& x, const std::function<Fr(const Fr&)>& challenge) {
    const Wire statement = b.public_input(x);
    b.product(statement, statement, "statement");
    BaseField fp(b, 0);
    fp.value(Fp::from_u64(5));
    const Fr blinder = b.computes() ? Fr::random() : Fr();
    fp.finish(blinder, [&] { return challenge(blinder); });
  }
  static ConstraintSystem shape() {
    Builder b(Builder::Mode::shape, 1);
    build(b, Fr(), {});
    return b.take_constraint_system();
  }

  ConstraintSystem cs_;
  groth16::ProvingKey key_;
};

// One client's statement, as a leaf makes it.
inline ComposedStatement statement_of(uint64_t client, uint64_t round = 3) {
  const auto g1 = [](uint64_t k) { return mul_vartime(G1(g1_generator()), Fr::from_u64(k)).to_affine(); };
  ComposedStatement out;
  out.job = Fr::from_u64(77);
  out.first_round = out.last_round = round;
  out.count = 1;
  out.first_client = out.last_client = client;
  out.root = Fr::from_u64(1000 + client);
  out.sum = g1(50 + 7 * client + round);
  out.old_weights = g1(900 + round);
  out.new_weights = g1(901 + round);
  return out;
}

}  // namespace pyzkfl::recursion::testing

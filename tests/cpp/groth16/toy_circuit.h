// A small circuit with two groups of committed wires, for the tests of Groth16: public ctx and w; group 0
// commits to x_0 .. x_2, group 1 to d_0, d_1 with d_j = x_j x_2 + w. Each group ends in a blinder.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "groth16/prover.h"
#include "groth16/setup.h"
#include "groth16/verifier.h"
#include "r1cs/builder.h"

namespace pyzkfl::groth16::testing {

struct ToyInputs {
  Fr ctx = Fr::from_u64(77), w = Fr::from_i64(-5);
  std::array<Fr, 3> x = {Fr::from_i64(-3), Fr::from_u64(2), Fr::from_u64(100)};
  Fr blinder_x = Fr::random(), blinder_d = Fr::random();
};

inline void toy_circuit(Builder& b, const ToyInputs& in) {
  b.public_input(in.ctx);
  const Wire w = b.public_input(in.w);
  std::array<Wire, 3> x;
  for (size_t i = 0; i < x.size(); ++i) x[i] = b.committed(0, in.x[i]);
  b.committed_blinder(0, in.blinder_x);
  std::array<Wire, 2> d;
  for (size_t j = 0; j < d.size(); ++j) d[j] = b.committed(1, in.x[j] * in.x[2] + in.w);
  b.committed_blinder(1, in.blinder_d);
  const auto scope = b.scope("toy");
  for (size_t i = 0; i < x.size(); ++i) {
    const Wire square = b.product(x[i], x[i], "square");  // a row in which x_i stands alone
    b.constrain(square, 1, LC(square), "square again");
  }
  for (size_t j = 0; j < d.size(); ++j) {
    const Wire copy = b.materialise(d[j], "copy of d");
    const Wire product = b.product(x[j], x[2], "product");
    b.constrain(LC(product) + w, 1, copy, "update");
  }
}

inline std::pair<ConstraintSystem, Witness> toy(const ToyInputs& in = {}) {
  Builder builder(Builder::Mode::both, 2);
  toy_circuit(builder, in);
  return builder.take_both();
}

inline Witness toy_witness(const ConstraintSystem& cs, const ToyInputs& in) {
  Builder builder(Builder::Mode::witness, 2);
  toy_circuit(builder, in);
  return builder.take_witness(cs);
}

// One key and one proof that all tests share, since they are slow to make.
struct Fixture {
  ToyInputs inputs;
  ConstraintSystem cs;
  Witness witness;
  Trapdoor trapdoor = Trapdoor::random(2);
  KeyElements elements;
  ProvingKey key;
  Proved proved;

  Fixture() : Fixture(toy()) {}
  explicit Fixture(std::pair<ConstraintSystem, Witness> made)
      : cs(std::move(made.first)),
        witness(std::move(made.second)),
        elements(insecure_elements(cs, trapdoor)),
        key(elements),
        proved(prove(key, cs, witness)) {}

  const VerifyingKey& verifying_key() const { return key.verifying_key(); }
  std::vector<Fr> public_inputs() const {
    const auto view = witness.span().subspan(1, cs.num_public());
    return {view.begin(), view.end()};
  }

  static const Fixture& shared() {
    static const Fixture fixture;
    return fixture;
  }
};

}  // namespace pyzkfl::groth16::testing

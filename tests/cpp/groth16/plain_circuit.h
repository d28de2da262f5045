// A small circuit without committed wires, its keys in both quotient bases: public y = x^3 + x + 5 and z =
// x^2, private x.
#pragma once

#include <utility>
#include <vector>

#include "curves/fixed_base.h"
#include "groth16/plain_prover.h"
#include "groth16/plain_verifier.h"
#include "groth16/setup.h"
#include "poly/domain.h"
#include "poly/twiddles.h"
#include "r1cs/builder.h"

namespace pyzkfl::groth16::testing {

inline std::pair<ConstraintSystem, Witness> plain_circuit(const Fr& x_value) {
  Builder b(Builder::Mode::both);
  const Fr square_value = x_value.square();
  const Wire y = b.public_input(square_value * x_value + x_value + Fr::from_u64(5));
  const Wire z = b.public_input(square_value);
  const Wire x = b.private_wire(x_value);
  const Wire square = b.product(x, x, "square");
  b.constrain(LC(square), 1, LC(z), "z");
  const Wire cube = b.product(square, x, "cube");
  b.constrain(LC(cube) + x + 5, 1, LC(y), "y");
  return b.take_both();
}

struct PlainFixture {
  ConstraintSystem cs;
  Witness witness;
  Trapdoor trapdoor = Trapdoor::random(0);
  KeyElements elements;
  QuotientBasis basis;

  explicit PlainFixture(QuotientBasis which, const Fr& x = Fr::from_u64(3))
      : PlainFixture(which, plain_circuit(x)) {}

  KeyView view() const {
    KeyView key = view_of(elements);
    key.basis = basis;
    return key;
  }
  RowValues rows() const { return rows(witness); }
  RowValues rows(std::span<const Fr> values) const {
    RowValues out{Witness::Values(elements.domain_size()), Witness::Values(elements.domain_size())};
    cs.evaluate(Side::a, out.a, values);
    cs.evaluate(Side::b, out.b, values);
    return out;
  }
  std::vector<Fr> public_inputs() const {
    const auto inputs = witness.span().subspan(1, cs.num_public());
    return {inputs.begin(), inputs.end()};
  }

 private:
  PlainFixture(QuotientBasis which, std::pair<ConstraintSystem, Witness> made)
      : cs(std::move(made.first)),
        witness(std::move(made.second)),
        elements(insecure_elements(cs, trapdoor)),
        basis(which) {
    if (basis == QuotientBasis::powers) return;
    // L_(2i+1)(tau) / delta, L the Lagrange polynomials of the domain of twice the size.
    const std::vector<Fr> lagrange = Domain(elements.log_n + 1).lagrange_at(trapdoor.tau);
    const Fr delta_inverse = trapdoor.delta.inverse();
    std::vector<Fr> odd;
    for (size_t i = 1; i < lagrange.size(); i += 2) odd.push_back(lagrange[i] * delta_inverse);
    elements.h = FixedBase<G1Affine>(g1_generator(), odd.size()).batch(odd);
  }
};

}  // namespace pyzkfl::groth16::testing

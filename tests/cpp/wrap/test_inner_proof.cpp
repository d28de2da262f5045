// From the prover's inner proof to a Groth16 proof of one public input.
#include <doctest/doctest.h>

#include "../sumcheck/sample_program.h"
#include "base/errors.h"
#include "groth16/plain_prover.h"
#include "groth16/plain_verifier.h"
#include "groth16/setup.h"
#include "kzg/column_key.h"
#include "kzg/symmetric_opening.h"
#include "refusal.h"
#include "sample_programs.h"

using namespace pyzkfl;
using namespace pyzkfl::wrap;
using namespace pyzkfl::wrap::testing;

namespace {

const std::array<Fr, 2> context = {Fr::from_u64(17), Fr::from_u64(4)};

InnerProof prove_inner(const ColumnKey& key, const Program& program, ProgramValues& values) {
  return prove(key, program, ClaimTable(program), values, context);
}

}  // namespace

TEST_CASE("the prover's proofs of random programs are accepted, whatever part of a program is missing") {
  const ColumnKey key = ColumnKey::insecure(12);
  for (uint64_t seed = 0; seed < 48; ++seed) {
    CAPTURE(seed);
    const auto count = [&](unsigned bit) { return static_cast<unsigned>(seed >> bit & 1); };
    auto s = seed < 16 ? sumcheck::testing::make_sample(seed)
                       : sumcheck::testing::make_sample(
                             seed, {.linear = count(0), .products = count(1), .zeros = count(2),
                                    .squares = count(3) * 2, .clip = count(3) != 0,
                                    .lookups = count(4) != 0});
    const InnerProof proof = prove_inner(key, s.program, s.values);
    WrapAssignment assignment = assignment_of(proof);
    CHECK(refusal(s.program, assignment) == "");
    assignment.messages[static_cast<size_t>(seed * 7919) % assignment.messages.size()] += Fr::one();
    CHECK(refusal(s.program, assignment) != "");
  }
}

TEST_CASE("a false witness of the prover is refused by the constraint of what it violates") {
  const ColumnKey key = ColumnKey::insecure(5);
  Sample s = everything();
  ++s.values.columns[0].cells[0];  // a weight
  CHECK(refusal(s.program, assignment_of(prove_inner(key, s.program, s.values))) ==
        "product sums/product sums at their point");
}

TEST_CASE("a Groth16 proof of the circuit verifies with the verifier's public input, and with no other") {
  Sample s = everything();
  const ColumnKey key = ColumnKey::insecure(s.program.log_height);
  const InnerProof inner = prove_inner(key, s.program, s.values);

  const ConstraintSystem cs = wrap_constraint_system(s.program);
  const groth16::ProvingKey keys = groth16::insecure_setup(cs);
  const groth16::KeyView view = groth16::view_of(keys.elements());
  const Witness witness = wrap_witness(cs, s.program, assignment_of(inner));
  groth16::RowValues rows{Witness::Values(view.domain_size()), Witness::Values(view.domain_size())};
  cs.evaluate(Side::a, rows.a, witness);
  cs.evaluate(Side::b, rows.b, witness);
  const groth16::Proof proof = groth16::prove_plain(view, std::move(rows), witness);

  const groth16::PlainVerifyingKey verifying_key(view);
  std::vector<G1Affine> points = inner.points;
  points.push_back(inner.symmetric_point);
  const auto verdict = [&](std::array<Fr, 2> ctx, std::vector<uint64_t> real_rows,
                           std::vector<G1Affine> of_proof, OpeningScalars scalars) {
    const std::vector<Fr> inputs = {public_input(ctx, real_rows, of_proof, scalars)};
    return groth16::verify(verifying_key, inputs, proof);
  };
  const OpeningScalars scalars{inner.rho, inner.z, inner.gamma, inner.i0, inner.i1};
  CHECK(verdict(context, inner.rows, points, scalars));
  for (const size_t half : {0, 1}) {
    std::array<Fr, 2> other = context;
    other[half] += Fr::one();
    CHECK_FALSE(verdict(other, inner.rows, points, scalars));
  }
  CHECK_FALSE(verdict(context, {inner.rows[0] + 1}, points, scalars));
  for (size_t i = 0; i < points.size(); ++i) {
    std::vector<G1Affine> other = points;
    other[i] = -other[i];  // the sign of y alone
    CHECK_FALSE(verdict(context, inner.rows, other, scalars));
  }
  std::vector<G1Affine> swapped = points;
  std::swap(swapped[0], swapped[1]);
  CHECK_FALSE(verdict(context, inner.rows, swapped, scalars));
  for (Fr OpeningScalars::*member : {&OpeningScalars::rho, &OpeningScalars::z, &OpeningScalars::gamma,
                                     &OpeningScalars::i0, &OpeningScalars::i1}) {
    OpeningScalars other = scalars;
    other.*member += Fr::one();
    CHECK_FALSE(verdict(context, inner.rows, points, other));
  }
}

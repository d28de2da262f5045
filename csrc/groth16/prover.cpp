// See prover.h.
#include "groth16/prover.h"

#include <string>

#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "groth16/verifier.h"
#include "poly/domain.h"
#include "r1cs/witness.h"

namespace pyzkfl::groth16 {
namespace {

using Values = Witness::Values;  // wiped when they go

constexpr size_t chunk = 1024;

void expect_fit(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness) {
  if (key.circuit() != cs.digest()) throw ParameterError("the proving key is for another constraint system");
  if (witness.size() != cs.num_wires())
    throw ParameterError("the witness has " + std::to_string(witness.size()) + " values, the circuit " +
                         std::to_string(cs.num_wires()) + " wires");
  if (!witness[0].is_one()) throw ParameterError("wire 0 of a witness is the constant one");
}

// Rows of A, B and C times the witness, each as long as the domain.
struct Evaluations {
  Values a, b, c;
};

Evaluations evaluate(const ConstraintSystem& cs, size_t n, std::span<const Fr> witness) {
  Evaluations rows{Values(n), Values(n), Values(n)};
  cs.evaluate(Side::a, rows.a, witness);
  cs.evaluate(Side::b, rows.b, witness);
  cs.evaluate(Side::c, rows.c, witness);
  return rows;
}

void check_rows(const ConstraintSystem& cs, const Evaluations& rows) {
  for (size_t k = 0; k < cs.num_constraints(); ++k)
    if (rows.a[k] * rows.b[k] != rows.c[k])
      throw WitnessInvalid("the witness violates constraint " + std::to_string(k) + " (" + cs.label(k) + ")");
}

// Coefficients of h = (a b - c) / (X^n - 1), from evaluations on the domain. On the coset g D a polynomial of
// degree below 2n is known modulo X^n - g^n: a b = h X^n + (c - h) becomes c + (g^n - 1) h. So c never goes
// to the coset: three inverse transforms, two to the coset, one back. The result is in rows.a; its last
// coefficient is zero.
void quotient(const Domain& domain, Evaluations& rows) {
  domain.intt(rows.a);
  domain.intt(rows.b);
  domain.intt(rows.c);
  domain.coset_ntt(rows.a);
  domain.coset_ntt(rows.b);
  parallel_for(domain.size(), chunk, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) rows.a[i] *= rows.b[i];
  });
  domain.coset_intt(rows.a);
  const Fr scale = domain.vanishing_on_coset().inverse();
  parallel_for(domain.size(), chunk, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) rows.a[i] = (rows.a[i] - rows.c[i]) * scale;
  });
}

struct Randomisers {
  Fr r = Fr::random(), s = Fr::random();
  ~Randomisers() {
    wipe_object(r);
    wipe_object(s);
  }
};

Proved prove_rows(const ProvingKey& proving_key, const ConstraintSystem& cs, std::span<const Fr> witness,
                  Evaluations rows, const Progress& progress) {
  const KeyElements& key = proving_key.elements();
  const WireLayout& layout = cs.layout();
  report(progress, 0.05);
  quotient(Domain(key.log_n), rows);
  rows.b = Values();
  rows.c = Values();
  report(progress, 0.1);
  const G1 h = msm(key.h, std::span<const Fr>(rows.a).first(key.h.size()));
  rows.a = Values();
  report(progress, 0.25);
  const G1 l = msm(key.l, witness.subspan(layout.first_private()));
  report(progress, 0.4);
  const G1 a_sum = msm(key.a, witness);
  report(progress, 0.55);
  const G1 b_1_sum = msm(key.b_1, witness);
  report(progress, 0.7);
  const G2 b_2_sum = msm(key.b_2, witness);
  report(progress, 0.95);

  const Randomisers random;
  const G1 delta(key.delta_1);
  const G1 a = a_sum + mul(delta, random.r) + key.alpha_1;
  const G1 b_1 = b_1_sum + mul(delta, random.s) + key.beta_1;
  const G2 b_2 = b_2_sum + mul(G2(key.delta_2), random.s) + key.beta_2;
  const G1 c = h + l + mul(a, random.s) + mul(b_1, random.r) - mul(delta, random.r * random.s);

  Proved proved{{a.to_affine(), b_2.to_affine(), c.to_affine()}, {}};
  for (size_t g = 0; g < proving_key.num_groups(); ++g)
    proved.commitments.push_back(commit_group(proving_key, g, witness));
  return proved;
}

}  // namespace

Commitment commit_group(const ProvingKey& key, size_t group, std::span<const Fr> witness) {
  const CommitmentKey& basis = key.commitment_key(group);
  const WireLayout& layout = key.elements().layout;
  if (witness.size() != layout.num_wires()) throw ParameterError("the witness is of another circuit");
  const auto wires = witness.subspan(layout.first_committed(static_cast<uint32_t>(group)), basis.size() + 1);
  const auto values = wires.first(basis.size());
  return Commitment::with_knowledge(basis.commit(values, wires.back()),
                                    key.prove_knowledge(group, values, wires.back()));
}

Proved prove(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness,
             const Progress& progress) {
  expect_fit(key, cs, witness);
  Evaluations rows = evaluate(cs, key.elements().domain_size(), witness);
  check_rows(cs, rows);
  Proved proved = prove_rows(key, cs, witness, std::move(rows), progress);
  const auto public_inputs = witness.subspan(1, cs.num_public());
  if (!verify(key.verifying_key(), public_inputs, proved.commitments, proved.proof))
    throw WitnessInvalid(
        "the proof fails its own verification although the witness is right: the proving key is damaged or "
        "malicious");
  report(progress, 1.0);
  return proved;
}

Proved prove_unverified(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness,
                        const Progress& progress) {
  expect_fit(key, cs, witness);
  Proved proved = prove_rows(key, cs, witness, evaluate(cs, key.elements().domain_size(), witness), progress);
  report(progress, 1.0);
  return proved;
}

}  // namespace pyzkfl::groth16

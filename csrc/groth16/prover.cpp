// See prover.h.
#include "groth16/prover.h"

#include <atomic>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "groth16/proof_core.h"
#include "groth16/verifier.h"
#include "r1cs/witness.h"

namespace pyzkfl::groth16 {
namespace {

using Values = Witness::Values;  // wiped when they go

void expect_fit(const ProvingKey& key, const ConstraintSystem& cs, std::span<const Fr> witness) {
  if (key.circuit() != cs.digest()) throw ParameterError("the proving key is for another constraint system");
  if (witness.size() != cs.num_wires())
    throw ParameterError("the witness has " + std::to_string(witness.size()) + " values, the circuit " +
                         std::to_string(cs.num_wires()) + " wires");
  if (!witness[0].is_one()) throw ParameterError("wire 0 of a witness is the constant one");
}

RowValues evaluate(const ConstraintSystem& cs, size_t n, std::span<const Fr> witness) {
  RowValues rows{Values(n), Values(n)};
  cs.evaluate(Side::a, rows.a, witness);
  cs.evaluate(Side::b, rows.b, witness);
  return rows;
}

void check_rows(const ConstraintSystem& cs, const RowValues& rows, std::span<const Fr> witness) {
  Values c(cs.num_constraints());
  cs.evaluate(Side::c, c, witness);
  std::atomic<size_t> first = c.size();  // of the constraints found violated so far
  parallel_for(c.size(), 1024, [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      if (rows.a[k] * rows.b[k] == c[k]) continue;
      size_t known = first.load();
      while (k < known && !first.compare_exchange_weak(known, k)) {
      }
      return;
    }
  });
  const size_t k = first;
  if (k < c.size())
    throw WitnessInvalid("the witness violates constraint " + std::to_string(k) + " (" + cs.label(k) + ")");
}

Proved prove_rows(const ProvingKey& key, std::span<const Fr> witness, RowValues rows,
                  const Progress& progress) {
  Proved proved{make_proof(view_of(key.elements()), std::move(rows), witness, progress), {}};
  for (size_t g = 0; g < key.num_groups(); ++g) proved.commitments.push_back(commit_group(key, g, witness));
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
  RowValues rows = evaluate(cs, key.elements().domain_size(), witness);
  check_rows(cs, rows, witness);
  Proved proved = prove_rows(key, witness, std::move(rows), progress);
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
  Proved proved = prove_rows(key, witness, evaluate(cs, key.elements().domain_size(), witness), progress);
  report(progress, 1.0);
  return proved;
}

}  // namespace pyzkfl::groth16

// See plain_prover.h.
#include "groth16/plain_prover.h"

#include <utility>

#include "base/errors.h"
#include "groth16/equation.h"

namespace pyzkfl::groth16 {

Proof prove_plain(const KeyView& key, RowValues rows, std::span<const Fr> witness, const Progress& progress,
                  UnfinishedKey unfinished) {
  check_key(key, unfinished);
  if (key.l.count + key.ic.count != key.num_wires)
    throw DecodeError("key: L does not have a point for each private wire");
  if (witness.empty() || !witness[0].is_one())
    throw ParameterError("wire 0 of a witness is the constant one");
  const Equation equation({key.alpha_1, key.beta_2, key.gamma_2, key.delta_2, {}, points_of(key.ic)},
                          unfinished);
  const Proof proof = make_proof(key, std::move(rows), witness, progress);
  if (!equation.holds({witness.subspan(1, key.num_public), {}, &proof}))
    throw WitnessInvalid(
        "the proof fails its own verification: the witness does not satisfy the circuit, or the proving key "
        "is "
        "damaged or malicious");
  report(progress, 1.0);
  return proof;
}

}  // namespace pyzkfl::groth16

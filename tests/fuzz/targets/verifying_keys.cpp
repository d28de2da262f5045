// Verifying keys, and proofs under whatever key was read.
#include "groth16/keys.h"
#include "groth16/verifier.h"
#include "small_circuit.h"
#include "target.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() { return {groth16::insecure_setup(small_circuit()).verifying_key().to_bytes()}; }

void fuzz::run(ByteSpan input) {
  one_encoding(
      input, [](ByteSpan data) { return groth16::VerifyingKey::from_bytes(data); },
      [](const groth16::VerifyingKey& key) {
        // The forgery of a key whose second phase was skipped (A = alpha, B = beta) finds no key that takes it.
        const std::vector<Fr> inputs(key.num_public());
        const std::vector<groth16::Commitment> none(key.num_groups(),
                                                    groth16::Commitment::already_checked(g1_generator()));
        const groth16::Proof forged{key.alpha_1(), key.beta_2(), g1_generator()};
        require(!groth16::verify(key, inputs, none, forged), "a forged proof verifies");
        return key.to_bytes();
      });
}

// Proving keys: arrays whose lengths the file states.
#include "groth16/keys.h"
#include "small_circuit.h"
#include "target.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() { return {groth16::insecure_setup(small_circuit()).to_bytes()}; }

void fuzz::run(ByteSpan input) {
  one_encoding(
      input, [](ByteSpan data) { return groth16::ProvingKey::from_bytes(data); },
      [](const groth16::ProvingKey& key) { return key.to_bytes(); });
}

// Encrypted identity keys (base/pem.h). Nobody can make one that opens without the passphrase, but files can ask for work.
#include "base/pem.h"
#include "base/ed25519.h"
#include "target.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() {
  const std::array<uint8_t, 32> seed{1};
  const std::string pem = ed25519_to_pem(Ed25519PrivateKey::from_seed(seed), as_bytes("passphrase"));
  return {Bytes(pem.begin(), pem.end())};
}

void fuzz::run(ByteSpan input) {
  (void)refused([&] { (void)ed25519_from_pem(input, as_bytes("another passphrase")); });
}

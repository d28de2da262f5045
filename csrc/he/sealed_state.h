// What a holder keeps between messages, when its process does not live as long as its key: encrypted and
// authenticated under a key that its identity key derives (HKDF-SHA-256), AES-256-GCM, a fresh nonce each time.
//
// Sealing hides and authenticates; it does not tell an old state from the newest. Who restores an older one may answer
// twice: there must be one copy, replaced before a message leaves (pyzkfl/state_files.py).
#pragma once

#include "base/bytes.h"
#include "base/ed25519.h"
#include "base/secret.h"

namespace pyzkfl::he {

Bytes seal_state(const Ed25519PrivateKey& identity, ByteSpan state);
// Throws DecodeError for anything that this identity did not seal.
SecretBytes open_state(const Ed25519PrivateKey& identity, ByteSpan sealed);

}  // namespace pyzkfl::he

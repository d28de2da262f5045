// The first seven bytes of everything of this column that is sent or stored: magic "PZKF", version, kind, suite
// (docs/formats.md).
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace pyzkfl::he {

enum class Kind : uint8_t {
  public_key = 80,
  secret_key = 81,
  ciphertext = 82,
  key_share = 83,         // a member's part of a shared key: secret
  decryption_share = 84,  // a member's answer to a request
  key_commitment = 85,    // of a member's part of a joint key, before anybody shows one
  key_part = 86,          // what the commitment was to
  dealt_share = 87,       // from one member to another, when a joint key is made: secret
  threshold_key = 88,     // a public key with what checks decryption shares
  holder_state = 89,      // a holder between two processes: its share and what it answered: secret
};

enum class Suite : uint8_t { paillier = 2, ring_lwe = 3 };

void write_header(Writer& out, Kind kind, Suite suite);
// Throws UnsupportedVersion for a version, DecodeError for another kind or scheme, saying which it is.
void read_header(Reader& in, Kind kind, Suite suite);

}  // namespace pyzkfl::he

// Every key of a masking session, and what it is bound to.
//
// All keys come from HKDF-SHA256 with the configuration's digest as salt (so job, round, attempt, members and
// shape are in each) and an info string that names the purpose and both parties with their public keys.
#pragma once

#include <array>

#include "base/aead.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/x25519.h"
#include "secagg/messages.h"

namespace pyzkfl::secagg {

// What a client makes up for one round. All of it follows from one 32-byte session secret.
struct ClientSecrets {
  SecretBytes share_private;  // X25519, for the encryption of shares
  SecretBytes mask_private;   // X25519, for the agreement on pairwise masks; shared among the members
  SecretBytes self_seed;      // 32 bytes, seed of the self mask; shared among the members
  SecretBytes coefficients;   // of the sharing polynomials: (t - 1) * 64 bytes
  PublicKeys public_keys;
};
ClientSecrets derive_client_secrets(const Config& config, Index member, ByteSpan session_secret);

// The key under which `dealer` sends `recipient` its shares, used for one message. `agreed` is the X25519
// secret of their share keys.
struct ShareKey {
  SecretBytes key_and_nonce;  // 32 + 12 bytes
  std::span<const uint8_t, 32> key() const { return key_and_nonce.span().first<32>(); }
  std::span<const uint8_t, 12> nonce() const { return key_and_nonce.span().subspan<32, 12>(); }
};
ShareKey derive_share_key(const Config& config, Index dealer, const X25519PublicKey& dealer_key,
                          Index recipient, const X25519PublicKey& recipient_key, ByteSpan agreed);

// The 256-bit AES key of the mask between two members; the same whichever of the two derives it.
SecretBytes derive_pair_mask_key(const Config& config, Index a, const X25519PublicKey& a_key, Index b,
                                 const X25519PublicKey& b_key, ByteSpan agreed);
// The 256-bit AES key of a member's self mask.
SecretBytes derive_self_mask_key(const Config& config, Index member, ByteSpan self_seed);

// Commitments by hash to 256-bit secrets that are uniform, so that hiding needs no blinder.
enum class ShareKind : uint8_t { self_mask = 1, mask_key = 2 };
Digest seed_digest(const Config& config, Index dealer, ByteSpan self_seed);
Digest share_digest(const Config& config, Index dealer, Index recipient, ShareKind kind, ByteSpan share);

// What a sealed pair of shares is bound to besides its key: both parties, the keys that everybody was shown,
// the commitments to the two shares.
Bytes share_associated_data(const Digest& advertised_view, Index dealer, Index recipient,
                            const ShareDigests& digests);

}  // namespace pyzkfl::secagg

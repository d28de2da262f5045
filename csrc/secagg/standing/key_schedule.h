// Every key of standing rounds, and what it is bound to.
//
// All come from HKDF-SHA256 with the plan's digest as salt. From the standing root of a pair follow the seeds
// of its masks, one a round; from a seed nothing follows about the root or another round, so that what the
// recovery of a dropped member reveals is of that round alone.
#pragma once

#include <span>

#include "base/secret.h"
#include "base/x25519.h"
#include "secagg/standing/messages.h"

namespace pyzkfl::secagg::standing {

// A member's own secrets, from one 32-byte session secret.
SecretBytes derive_private_key(const Plan& plan, Index member, ByteSpan session_secret);
SecretBytes derive_self_root(const Plan& plan, Index member, ByteSpan session_secret);
SecretBytes derive_pad_root(const Plan& plan, Index member, ByteSpan session_secret);
SecretBytes derive_coefficients(const Plan& plan, Index member, ByteSpan session_secret, size_t bytes);
// 32 bytes each, of one round.
SecretBytes derive_self_seed(const Plan& plan, uint32_t round, ByteSpan self_root);
SecretBytes derive_pad_key(const Plan& plan, uint32_t round, ByteSpan pad_root);

// What two neighbours share: the same whichever of them derives it.
SecretBytes derive_pair_root(const Plan& plan, Index a, const X25519PublicKey& a_key, Index b,
                             const X25519PublicKey& b_key, ByteSpan agreed);
// The seed of a pair's mask in a round: the key of its AES-256-CTR stream.
SecretBytes derive_pair_seed(const Plan& plan, uint32_t round, ByteSpan pair_root);
// Key (32) and nonce (12) under which a dealer seals its one message of shares to a recipient.
// Of the high part of a wide mask; from the pair seed of the round (docs/secagg.md, "Blame").
SecretBytes derive_wide_key(const Plan& plan, ByteSpan pair_seed);
SecretBytes derive_share_key(const Plan& plan, Index dealer, Index recipient, ByteSpan pair_root);
ConfirmTag confirm_tag(const Plan& plan, Index from, Index to, ByteSpan pair_root);
// What a member and a semi-honest server authenticate messages with.
SecretBytes derive_tag_key(const Plan& plan, Index member, const X25519PublicKey& member_key,
                           const X25519PublicKey& server_key, ByteSpan agreed);

// Under which a server keeps the answers of members in a file; from the seed of its own key.
SecretBytes derive_answers_key(const Plan& plan, ByteSpan private_seed);

// Commitments by hash to uniform 256-bit secrets.
Digest self_digest(const Plan& plan, uint32_t round, Index member, ByteSpan self_seed);
Digest pad_digest(const Plan& plan, uint32_t round, Index member, ByteSpan pad_key);
// Encrypts, or decrypts, the seeds of a member's pairs under its pad key: one after the other, in place.
void apply_pads(std::span<Seed> seeds, ByteSpan pad_key);

}  // namespace pyzkfl::secagg::standing

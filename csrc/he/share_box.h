// What carries a key's shares between two members through somebody else: encrypted and authenticated, once.
//
// Each member makes a box for one key (a joint one, or a dealt one) and shows its public half, signed by its identity.
// A share goes under AES-256-GCM with HKDF-SHA-256 of the X25519 agreement, salted with the key's context, labelled
// with both public halves, sender first: so it opens for this pair, this direction and this key alone. Both halves live
// as long as one key is made, so there is one message a direction, and the nonce is zero.
#pragma once

#include <array>
#include <set>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/x25519.h"

namespace pyzkfl::he {

class ShareBox {
 public:
  // context: names the key that is being made, and no other.
  // secret: 32 random bytes, drawn if not given; a box with the same ones is the same box, in another process.
  explicit ShareBox(const Digest& context, SecretBytes secret = SecretBytes::random(32));
  ShareBox(const ShareBox&) = delete;
  ShareBox& operator=(const ShareBox&) = delete;

  const X25519PublicKey& public_key() const { return key_.public_key(); }
  // Throws ParameterError for a second share to the same box, or one to itself; DecodeError for a key of low order.
  Bytes seal(const X25519PublicKey& to, ByteSpan share);
  // Throws DecodeError for anything that the box with this public half did not seal for this one.
  SecretBytes open(const X25519PublicKey& from, ByteSpan sealed) const;

 private:
  SecretBytes key_between(const X25519PublicKey& peer, const X25519PublicKey& from, const X25519PublicKey& to) const;

  Digest context_;
  X25519PrivateKey key_;
  std::set<X25519PublicKey> sealed_for_;
};

}  // namespace pyzkfl::he

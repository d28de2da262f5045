// The messages of a masking round: their bytes and nothing else. docs/secagg.md has the layout byte by byte.
//
// Every message begins with the same header, which names the protocol, the kind, the sender, the round and
// the digest of the configuration. A client's message ends with its Ed25519 signature over everything before
// it. Decoders are strict: a message has one encoding, lists of members are strictly ascending, nothing
// follows the end.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aead.h"
#include "base/bytes.h"
#include "base/ed25519.h"
#include "base/x25519.h"
#include "secagg/config.h"

namespace pyzkfl::secagg {

using Index = uint16_t;

inline constexpr Index kServer = 0xffff;
inline constexpr size_t kHeaderBytes = 53;
inline constexpr size_t kSignatureBytes = 64;
inline constexpr size_t kShareBytes = 32;  // of one of the two secrets
inline constexpr size_t kSealedSharesBytes = 2 * kShareBytes + kAes256GcmTagBytes;

// Numbers of docs/formats.md, "kind".
enum class Kind : uint8_t {
  advertise = 64,       // client: its two X25519 keys
  advertised = 65,      // server to all: everybody's
  share = 66,           // client: sealed shares for everybody
  shared = 67,          // server to one: the shares for it
  masked = 68,          // client: the masked vector
  survivors = 69,       // server to all: whose vectors are in the sum
  consistent = 70,      // client: its signature over that set
  unmask_request = 71,  // server to all: those signatures, and which share of whom it needs
  unmask = 72,          // client: those shares
};

const char* name_of(Kind kind);

using Share = std::array<uint8_t, kShareBytes>;
using SealedShares = std::array<uint8_t, kSealedSharesBytes>;

struct PublicKeys {
  X25519PublicKey share_key;  // encrypts shares
  X25519PublicKey mask_key;   // agrees on masks
};

// Hashes by which a recipient, and later the server, know a share for the one that was dealt.
struct ShareDigests {
  Digest self_mask;
  Digest mask_key;
};

struct Advertise {
  PublicKeys keys;
};

struct Advertised {
  struct Entry {
    Index member;
    PublicKeys keys;
    Ed25519Signature signature;  // of the member's `advertise` message
  };
  std::vector<Entry> entries;
};

struct ShareMessage {
  Digest view;                        // SHA-256 of the `advertised` message
  Digest seed_digest;                 // commits to the self-mask seed
  std::vector<ShareDigests> digests;  // one for each advertised member, the sender included
  std::vector<SealedShares> sealed;   // one for each advertised member but the sender
};

struct Shared {
  struct Entry {
    Index dealer;
    ShareDigests digests;
    SealedShares sealed;
  };
  Index recipient;
  std::vector<Entry> entries;
};

struct Masked {
  Digest view;  // see sharers_view
  ByteSpan packed;
  std::array<uint8_t, 32> blinder;
};

struct Survivors {
  Digest view;
  Digest context;
  std::vector<Index> members;
};

struct Consistent {
  Digest survivors;
};

struct UnmaskRequest {
  struct Entry {
    Index member;
    Ed25519Signature signature;  // of the member's `consistent` message
  };
  Digest survivors;
  std::vector<Entry> signatures;
  std::vector<Index> self_masks;  // whose self-mask shares are asked for
  std::vector<Index> mask_keys;   // whose mask-key shares are asked for
};

struct Unmask {
  struct Entry {
    Index member;
    Share share;
  };
  Digest survivors;
  std::vector<Entry> self_masks;
  std::vector<Entry> mask_keys;
};

// The survivors as everybody signs them: the view, an application's context, the set.
Digest survivors_digest(const Digest& view, const Digest& context, std::span<const Index> members);
// The view from the masked input on: the advertised keys, and who dealt shares.
Digest sharers_view(const Digest& advertised_view, std::span<const Index> sharers);

// --- bytes ------------------------------------------------------------------------------------------------

struct Header {
  Kind kind;
  Index sender;
};

// Reads the header of a message to this configuration. Throws ProtocolError for anything that is not one: too
// short, another magic, version, suite, round, attempt, job or configuration, an unknown kind.
Header read_header(const Config& config, ByteSpan message);

// The body of a message of this kind from this sender; throws ProtocolError if it is of another. For clients'
// messages the signature is verified too (but never who sent the bytes: anybody can send them on).
ByteSpan open_client_message(const Config& config, Kind kind, Index sender, ByteSpan message);
ByteSpan open_server_message(const Config& config, Kind kind, ByteSpan message);

// Whether `signature` is `sender`'s for a message with this kind and body.
[[nodiscard]] bool verify_body(const Config& config, Kind kind, Index sender, ByteSpan body,
                               const Ed25519Signature& signature);

Bytes client_message(const Config& config, Kind kind, Index sender, ByteSpan body,
                     const Ed25519PrivateKey& key);
Bytes server_message(const Config& config, Kind kind, ByteSpan body);
// The signature at the end of a client's message.
Ed25519Signature signature_of(ByteSpan message);

Bytes encode(const Advertise& m);
Bytes encode(const Advertised& m);
Bytes encode(const ShareMessage& m);
Bytes encode(const Shared& m);
Bytes encode(const Masked& m);
Bytes encode(const Survivors& m);
Bytes encode(const Consistent& m);
Bytes encode(const UnmaskRequest& m);
Bytes encode(const Unmask& m);

// Each throws DecodeError for bytes that encode() does not give.
Advertise decode_advertise(ByteSpan body);
Advertised decode_advertised(const Config& config, ByteSpan body);
ShareMessage decode_share(ByteSpan body, size_t advertised);
Shared decode_shared(const Config& config, ByteSpan body);
Masked decode_masked(const Config& config, ByteSpan body);  // `packed` is a view of `body`
Survivors decode_survivors(const Config& config, ByteSpan body);
Consistent decode_consistent(ByteSpan body);
UnmaskRequest decode_unmask_request(const Config& config, ByteSpan body);
Unmask decode_unmask(const Config& config, ByteSpan body);

}  // namespace pyzkfl::secagg

// The messages of standing rounds: their bytes and nothing else (docs/secagg.md, part two).
//
// The frame is that of the one-round protocol with suite 2, the epoch where the round stands there and the
// round where the attempt does. A member's message ends with its Ed25519 signature where other members rely on
// it (`keys`, `consistent`), else with a tag under a key that the member and the server agreed on. Decoders
// are strict.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/aead.h"
#include "base/bytes.h"
#include "base/ed25519.h"
#include "base/x25519.h"
#include "secagg/standing/plan.h"

namespace pyzkfl::secagg::standing {

inline constexpr Index kServer = 0xffff;
inline constexpr uint32_t kSetup = 0xffffffff;  // in place of a round
inline constexpr size_t kHeaderBytes = 53;
inline constexpr size_t kSignatureBytes = 64;
inline constexpr size_t kTagBytes = 32;
inline constexpr size_t kSecretBytes = 32;   // a seed, and a share of it
inline constexpr size_t kConfirmBytes = 16;

enum class Kind : uint8_t {
  keys = 96,            // member: its X25519 key
  neighbour_keys = 97,  // server to one: its neighbours'
  deal = 98,            // member: sealed shares for its neighbours, for every round
  dealt = 99,           // server to one: the shares for it
  confirm = 100,         // member: to each whose shares came, a tag that says so (active server)
  confirmed = 101,       // server to one: the tags for it
  masked = 102,          // member: the masked vector
  survivors = 103,       // server to the committee: whose vectors are in the sum
  consistent = 104,      // member of the committee: its signature over that set
  unmask_request = 105,  // server to all survivors: the set, with those signatures
  unmask = 106,          // member: of each neighbour one share
};
const char* name_of(Kind kind);

using Seed = std::array<uint8_t, kSecretBytes>;
using ConfirmTag = std::array<uint8_t, kConfirmBytes>;

struct NeighbourKeys {
  struct Entry {
    Index member;
    X25519PublicKey key;
    Ed25519Signature signature;  // of the member's `keys` message
  };
  X25519PublicKey server_key;
  std::vector<Entry> entries;
};

struct Deal {
  struct Round {
    Digest self_digest;       // commits to the seed of the self mask
    Digest pad_digest;        // commits to the key of the pads
    std::vector<Seed> pads;   // for each neighbour: the seed of the pair, encrypted under that key
  };
  Digest view;                // SHA-256 of the `neighbour_keys` message
  std::vector<Round> rounds;
  Bytes sealed;               // for each neighbour, sealed_bytes(): its shares of both, for every round
};

struct Dealt {
  struct Entry {
    Index dealer;
    Bytes sealed;
  };
  Index recipient;
  std::vector<Entry> entries;
};

struct Confirm {  // `confirm` and `confirmed`: to whom, or from whom
  struct Entry {
    Index member;
    ConfirmTag tag;
  };
  std::vector<Entry> entries;
};

struct Masked {
  ByteSpan packed;
  std::array<uint8_t, 32> blinder;
};

// A set of members, one bit each.
struct Set {
  Digest context{};  // of the application; zeros before a round
  std::vector<Index> members;
};

struct UnmaskRequest {
  struct Entry {
    Index member;
    Ed25519Signature signature;  // of the member's `consistent` message
  };
  Set set;
  std::vector<Entry> signatures;
};

struct Unmask {
  struct Entry {
    Index member;
    Seed share;
  };
  Digest set;
  std::vector<Entry> shares;  // of the self-mask seed of a survivor, of the pad key of another
};

size_t sealed_bytes(const Plan& plan);
// Of a deal, what is of one round.
inline constexpr size_t kSecretDigests = 2 * sizeof(Digest);
size_t deal_round_bytes(const Plan& plan);
uint64_t masked_bytes(const Plan& plan);

// What everybody signs: the plan, the round, an application's context, the set.
Digest set_digest(const Plan& plan, uint32_t round, const Set& set);

// --- frames -----------------------------------------------------------------------------------------------

struct Header {
  Kind kind;
  Index sender;
  uint32_t round;
};
// Throws ProtocolError for anything that is not a message of this plan.
Header read_header(const Plan& plan, ByteSpan message);

// How a member's messages are authenticated: by its key, or by what it shares with the server.
struct Author {
  const Ed25519PrivateKey* identity;  // for signatures
  ByteSpan tag_key;                   // for tags; empty to sign
};
Bytes member_message(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan body,
                     const Author& author);
// The body of a message of this kind, sender and round whose signature, or tag if `tag_key` is not empty,
// verifies; ProtocolError otherwise.
ByteSpan open_member_message(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan message,
                             ByteSpan tag_key = {});
Bytes server_message(const Plan& plan, Kind kind, uint32_t round, ByteSpan body);
ByteSpan open_server_message(const Plan& plan, Kind kind, uint32_t round, ByteSpan message);

// A message's body, and the signature that its sender is said to have given it.
struct SignedBody {
  Index sender;
  ByteSpan body;
  std::span<const uint8_t, 64> signature;
};
// The place of the first that does not verify, or how many there are. On all threads where that pays.
[[nodiscard]] size_t first_not_signed(const Plan& plan, Kind kind, uint32_t round,
                                      std::span<const SignedBody> bodies);
Ed25519Signature signature_of(ByteSpan message);

// --- bodies -----------------------------------------------------------------------------------------------

Bytes encode(const NeighbourKeys& m);
Bytes encode(const Deal& m);
Bytes encode(const Dealt& m);
Bytes encode_dealt(Index recipient, std::span<const std::pair<Index, ByteSpan>> entries);
Bytes encode(const Confirm& m);
Bytes encode(const Masked& m);
Bytes encode(const Plan& plan, const Set& m);
Bytes encode(const Plan& plan, const UnmaskRequest& m);
Bytes encode(const Unmask& m);

// Each throws DecodeError for bytes that encode() does not give.
NeighbourKeys decode_neighbour_keys(const Plan& plan, ByteSpan body);
Deal decode_deal(const Plan& plan, ByteSpan body, size_t neighbours);
Dealt decode_dealt(const Plan& plan, ByteSpan body);
Confirm decode_confirm(const Plan& plan, ByteSpan body);
Masked decode_masked(const Plan& plan, ByteSpan body);  // `packed` is a view of `body`
Set decode_set(const Plan& plan, ByteSpan body);
UnmaskRequest decode_unmask_request(const Plan& plan, ByteSpan body);
Unmask decode_unmask(const Plan& plan, ByteSpan body);

}  // namespace pyzkfl::secagg::standing

// Bytes of the masking round's messages (see messages.h).
#include "secagg/messages.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "secagg/read_array.h"

namespace pyzkfl::secagg {
namespace {

constexpr std::string_view kMagic = "PZKF";
constexpr uint8_t kVersion = 1;
constexpr uint8_t kSuite = 1;
constexpr std::string_view kSignatureDomain = "pyzkfl secagg v1 message";

void write_header(Writer& w, const Config& config, Kind kind, Index sender) {
  w.bytes(as_bytes(kMagic)).u8(kVersion).u8(static_cast<uint8_t>(kind)).u8(kSuite);
  w.u16(sender).u64(config.round()).u32(config.attempt()).bytes(config.digest());
}

// Signatures are over a digest, so that a long vector is hashed once.
Bytes signed_bytes(const Config& config, Kind kind, Index sender, ByteSpan body) {
  Writer header;
  write_header(header, config, kind, sender);
  const Digest digest = Sha256().update(header.view()).update(body).finish();
  Writer w;
  w.bytes(as_bytes(kSignatureDomain)).bytes(digest);
  return w.take();
}

bool is_client_kind(Kind kind) {
  switch (kind) {
    case Kind::advertise:
    case Kind::share:
    case Kind::masked:
    case Kind::consistent:
    case Kind::unmask: return true;
    case Kind::advertised:
    case Kind::shared:
    case Kind::survivors:
    case Kind::unmask_request: return false;
  }
  return false;
}

PublicKeys read_keys(Reader& r) {
  PublicKeys keys;
  keys.share_key = array_of<32>(r);
  keys.mask_key = array_of<32>(r);
  return keys;
}

// A count of entries of `entry_bytes` bytes each: bounded by the members and by the bytes that are there.
size_t read_count(Reader& r, const Config& config, size_t entry_bytes) {
  const size_t count = r.u16();
  if (count > config.n()) r.fail("lists more members than there are");
  if (count * entry_bytes > r.remaining()) r.fail("is truncated");
  return count;
}

// A member's index, above the one before it in the list.
Index read_member(Reader& r, const Config& config, int& previous) {
  const Index member = r.u16();
  if (member >= config.n()) r.fail("names a member that does not exist");
  if (member <= previous) r.fail("does not list members in ascending order");
  previous = member;
  return member;
}

std::vector<Index> read_members(Reader& r, const Config& config) {
  std::vector<Index> members(read_count(r, config, 2));
  int previous = -1;
  for (Index& member : members) member = read_member(r, config, previous);
  return members;
}

void write_members(Writer& w, std::span<const Index> members) {
  w.u16(static_cast<uint16_t>(members.size()));
  for (const Index member : members) w.u16(member);
}

void write_shares(Writer& w, std::span<const Unmask::Entry> entries) {
  w.u16(static_cast<uint16_t>(entries.size()));
  for (const auto& entry : entries) w.u16(entry.member).bytes(entry.share);
}

std::vector<Unmask::Entry> read_shares(Reader& r, const Config& config) {
  std::vector<Unmask::Entry> entries(read_count(r, config, 2 + kShareBytes));
  int previous = -1;
  for (auto& entry : entries) {
    entry.member = read_member(r, config, previous);
    entry.share = array_of<kShareBytes>(r);
  }
  return entries;
}

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::advertise: return "advertise";
    case Kind::advertised: return "advertised";
    case Kind::share: return "share";
    case Kind::shared: return "shared";
    case Kind::masked: return "masked";
    case Kind::survivors: return "survivors";
    case Kind::consistent: return "consistent";
    case Kind::unmask_request: return "unmask-request";
    case Kind::unmask: return "unmask";
  }
  return "unknown";
}

Digest survivors_digest(const Digest& view, const Digest& context, std::span<const Index> members) {
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 survivors")).bytes(view).bytes(context);
  write_members(w, members);
  return sha256(w.view());
}

Digest sharers_view(const Digest& advertised_view, std::span<const Index> sharers) {
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 sharers")).bytes(advertised_view);
  write_members(w, sharers);
  return sha256(w.view());
}

Header read_header(const Config& config, ByteSpan message) {
  if (message.size() < kHeaderBytes) throw ProtocolError("masking message: truncated within its header");
  Reader r(message.first(kHeaderBytes), "masking message");
  if (!std::ranges::equal(r.bytes(4), as_bytes(kMagic))) {
    throw ProtocolError("masking message: not one of pyzkfl (wrong magic)");
  }
  if (const uint8_t version = r.u8(); version != kVersion) {
    throw ProtocolError("masking message: version " + std::to_string(version) + " is not supported, only 1");
  }
  const uint8_t kind = r.u8();
  if (kind < static_cast<uint8_t>(Kind::advertise) || kind > static_cast<uint8_t>(Kind::unmask)) {
    throw ProtocolError("masking message: kind " + std::to_string(kind) + " is not one of this protocol");
  }
  if (const uint8_t suite = r.u8(); suite != kSuite) {
    throw ProtocolError("masking message: suite " + std::to_string(suite) + " is not supported, only 1");
  }
  const Index sender = r.u16();
  if (const uint64_t round = r.u64(); round != config.round()) {
    throw ProtocolError("masking message: of round " + std::to_string(round) + ", this is round " +
                        std::to_string(config.round()));
  }
  if (const uint32_t attempt = r.u32(); attempt != config.attempt()) {
    throw ProtocolError("masking message: of attempt " + std::to_string(attempt) + ", this is attempt " +
                        std::to_string(config.attempt()));
  }
  if (!std::ranges::equal(r.bytes(32), config.digest())) {
    throw ProtocolError("masking message: of another job or configuration");
  }
  const Header header{static_cast<Kind>(kind), sender};
  if (is_client_kind(header.kind)) {
    if (sender >= config.n()) throw ProtocolError("masking message: its sender is not a member");
    if (message.size() < kHeaderBytes + kSignatureBytes) throw ProtocolError("masking message: truncated");
  } else if (sender != kServer) {
    throw ProtocolError("masking message: a server's message that names a member as its sender");
  }
  return header;
}

ByteSpan open_client_message(const Config& config, Kind kind, Index sender, ByteSpan message) {
  const Header header = read_header(config, message);
  if (header.kind != kind) {
    throw ProtocolError(std::string("masking message: '") + name_of(header.kind) + "' where '" +
                        name_of(kind) + "' was due");
  }
  if (header.sender != sender) throw ProtocolError("masking message: of another sender");
  const ByteSpan body = message.subspan(kHeaderBytes, message.size() - kHeaderBytes - kSignatureBytes);
  if (!verify_body(config, kind, sender, body, signature_of(message))) {
    throw ProtocolError(std::string("masking message '") + name_of(kind) +
                        "': the signature of its claimed sender " + std::to_string(sender) +
                        " does not verify");
  }
  return body;
}

ByteSpan open_server_message(const Config& config, Kind kind, ByteSpan message) {
  const Header header = read_header(config, message);
  if (header.kind != kind) {
    throw ProtocolError(std::string("masking message: '") + name_of(header.kind) + "' where '" +
                        name_of(kind) + "' was due");
  }
  return message.subspan(kHeaderBytes);
}

bool verify_body(const Config& config, Kind kind, Index sender, ByteSpan body,
                 const Ed25519Signature& signature) {
  return ed25519_verify(config.members().at(sender), signed_bytes(config, kind, sender, body), signature);
}

Bytes client_message(const Config& config, Kind kind, Index sender, ByteSpan body,
                     const Ed25519PrivateKey& key) {
  Writer w;
  write_header(w, config, kind, sender);
  w.bytes(body).bytes(key.sign(signed_bytes(config, kind, sender, body)));
  return w.take();
}

Bytes server_message(const Config& config, Kind kind, ByteSpan body) {
  Writer w;
  write_header(w, config, kind, kServer);
  w.bytes(body);
  return w.take();
}

Ed25519Signature signature_of(ByteSpan message) {
  Ed25519Signature signature;
  std::ranges::copy(message.last(kSignatureBytes), signature.begin());
  return signature;
}

Bytes encode(const Advertise& m) {
  Writer w;
  w.bytes(m.keys.share_key).bytes(m.keys.mask_key);
  return w.take();
}

Advertise decode_advertise(ByteSpan body) {
  Reader r(body, "message 'advertise'");
  Advertise m{read_keys(r)};
  r.done();
  return m;
}

Bytes encode(const Advertised& m) {
  Writer w;
  w.u16(static_cast<uint16_t>(m.entries.size()));
  for (const auto& entry : m.entries) {
    w.u16(entry.member).bytes(entry.keys.share_key).bytes(entry.keys.mask_key).bytes(entry.signature);
  }
  return w.take();
}

Advertised decode_advertised(const Config& config, ByteSpan body) {
  Reader r(body, "message 'advertised'");
  Advertised m;
  m.entries.resize(read_count(r, config, 2 + 64 + kSignatureBytes));
  int previous = -1;
  for (auto& entry : m.entries) {
    entry.member = read_member(r, config, previous);
    entry.keys = read_keys(r);
    entry.signature = array_of<kSignatureBytes>(r);
  }
  r.done();
  return m;
}

Bytes encode(const ShareMessage& m) {
  Writer w;
  w.bytes(m.view).bytes(m.seed_digest);
  for (const auto& digests : m.digests) w.bytes(digests.self_mask).bytes(digests.mask_key);
  for (const auto& sealed : m.sealed) w.bytes(sealed);
  return w.take();
}

ShareMessage decode_share(ByteSpan body, size_t advertised) {
  Reader r(body, "message 'share'");
  ShareMessage m;
  m.view = array_of<32>(r);
  m.seed_digest = array_of<32>(r);
  m.digests.resize(advertised);
  for (auto& digests : m.digests) {
    digests.self_mask = array_of<32>(r);
    digests.mask_key = array_of<32>(r);
  }
  m.sealed.resize(advertised - 1);
  for (auto& sealed : m.sealed) sealed = array_of<kSealedSharesBytes>(r);
  r.done();
  return m;
}

Bytes encode(const Shared& m) {
  Writer w;
  w.u16(m.recipient).u16(static_cast<uint16_t>(m.entries.size()));
  for (const auto& entry : m.entries) {
    w.u16(entry.dealer).bytes(entry.digests.self_mask).bytes(entry.digests.mask_key).bytes(entry.sealed);
  }
  return w.take();
}

Shared decode_shared(const Config& config, ByteSpan body) {
  Reader r(body, "message 'shared'");
  Shared m;
  m.recipient = r.u16();
  m.entries.resize(read_count(r, config, 2 + 64 + kSealedSharesBytes));
  int previous = -1;
  for (auto& entry : m.entries) {
    entry.dealer = read_member(r, config, previous);
    entry.digests.self_mask = array_of<32>(r);
    entry.digests.mask_key = array_of<32>(r);
    entry.sealed = array_of<kSealedSharesBytes>(r);
  }
  r.done();
  return m;
}

Bytes encode(const Masked& m) {
  Writer w;
  w.bytes(m.view).bytes(m.packed).bytes(m.blinder);
  return w.take();
}

Masked decode_masked(const Config& config, ByteSpan body) {
  Reader r(body, "message 'masked'");
  Masked m;
  m.view = array_of<32>(r);
  m.packed = r.bytes(packed_bytes(config.length(), config.bits()));
  m.blinder = array_of<32>(r);
  r.done();
  return m;
}

Bytes encode(const Survivors& m) {
  Writer w;
  w.bytes(m.view).bytes(m.context);
  write_members(w, m.members);
  return w.take();
}

Survivors decode_survivors(const Config& config, ByteSpan body) {
  Reader r(body, "message 'survivors'");
  Survivors m;
  m.view = array_of<32>(r);
  m.context = array_of<32>(r);
  m.members = read_members(r, config);
  r.done();
  return m;
}

Bytes encode(const Consistent& m) { return Bytes(m.survivors.begin(), m.survivors.end()); }

Consistent decode_consistent(ByteSpan body) {
  Reader r(body, "message 'consistent'");
  Consistent m{array_of<32>(r)};
  r.done();
  return m;
}

Bytes encode(const UnmaskRequest& m) {
  Writer w;
  w.bytes(m.survivors).u16(static_cast<uint16_t>(m.signatures.size()));
  for (const auto& entry : m.signatures) w.u16(entry.member).bytes(entry.signature);
  write_members(w, m.self_masks);
  write_members(w, m.mask_keys);
  return w.take();
}

UnmaskRequest decode_unmask_request(const Config& config, ByteSpan body) {
  Reader r(body, "message 'unmask-request'");
  UnmaskRequest m;
  m.survivors = array_of<32>(r);
  m.signatures.resize(read_count(r, config, 2 + kSignatureBytes));
  int previous = -1;
  for (auto& entry : m.signatures) {
    entry.member = read_member(r, config, previous);
    entry.signature = array_of<kSignatureBytes>(r);
  }
  m.self_masks = read_members(r, config);
  m.mask_keys = read_members(r, config);
  r.done();
  return m;
}

Bytes encode(const Unmask& m) {
  Writer w;
  w.bytes(m.survivors);
  write_shares(w, m.self_masks);
  write_shares(w, m.mask_keys);
  return w.take();
}

Unmask decode_unmask(const Config& config, ByteSpan body) {
  Reader r(body, "message 'unmask'");
  Unmask m;
  m.survivors = array_of<32>(r);
  m.self_masks = read_shares(r, config);
  m.mask_keys = read_shares(r, config);
  r.done();
  return m;
}

}  // namespace pyzkfl::secagg

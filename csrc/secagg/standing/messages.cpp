// Bytes of the messages of standing rounds (see messages.h).
#include "secagg/standing/messages.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "base/hkdf.h"
#include "secagg/config.h"
#include "secagg/read_array.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr std::string_view kMagic = "PZKF";
constexpr uint8_t kVersion = 1;
constexpr uint8_t kSuite = 2;
constexpr std::string_view kSignatureDomain = "pyzkfl secagg v1 standing message";

[[noreturn]] void refuse_message(const std::string& why) { throw ProtocolError("masking message: " + why); }

void write_header(Writer& w, const Plan& plan, Kind kind, Index sender, uint32_t round) {
  w.bytes(as_bytes(kMagic)).u8(kVersion).u8(static_cast<uint8_t>(kind)).u8(kSuite);
  w.u16(sender).u64(plan.epoch()).u32(round).bytes(plan.digest());
}

// Signatures and tags are over a digest, so that a long vector is hashed once.
Bytes signed_bytes(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan body) {
  Writer header;
  write_header(header, plan, kind, sender, round);
  const Digest digest = Sha256().update(header.view()).update(body).finish();
  Writer w;
  w.bytes(as_bytes(kSignatureDomain)).bytes(digest);
  return w.take();
}

bool signed_by(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan body,
               std::span<const uint8_t, kSignatureBytes> signature) {
  const SignedBody one{sender, body, signature};
  return first_not_signed(plan, kind, round, {&one, 1}) == 1;
}

SecretBytes tag_of(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan body, ByteSpan key) {
  return hkdf_sha256(key, plan.digest(), signed_bytes(plan, kind, sender, round, body), kTagBytes);
}

bool from_server(Kind kind) {
  switch (kind) {
    case Kind::neighbour_keys:
    case Kind::dealt:
    case Kind::confirmed:
    case Kind::survivors:
    case Kind::unmask_request: return true;
    case Kind::keys:
    case Kind::deal:
    case Kind::confirm:
    case Kind::masked:
    case Kind::consistent:
    case Kind::unmask: return false;
  }
  return false;
}

void expect(const Header& header, Kind kind, Index sender, uint32_t round) {
  if (header.kind != kind) {
    refuse_message(std::string("'") + name_of(header.kind) + "' where '" + name_of(kind) + "' was due");
  }
  if (header.sender != sender) refuse_message("of another sender");
  if (header.round != round) {
    refuse_message("of " + (header.round == kSetup ? std::string("the setup") : "round " + std::to_string(header.round)) +
           ", due is " + (round == kSetup ? std::string("the setup") : "round " + std::to_string(round)));
  }
}

size_t read_count(Reader& r, const Plan& plan, size_t entry_bytes) {
  const size_t count = r.u16();
  if (count > plan.n()) r.fail("lists more members than there are");
  if (count * entry_bytes > r.remaining()) r.fail("is truncated");
  return count;
}

Index read_member(Reader& r, const Plan& plan, int& previous) {
  const Index member = r.u16();
  if (member >= plan.n()) r.fail("names a member that does not exist");
  if (member <= previous) r.fail("does not list members in ascending order");
  previous = member;
  return member;
}

void write_set(Writer& w, size_t n, const Set& set) {
  w.bytes(set.context);
  const std::span<uint8_t> bits = w.extend((n + 7) / 8);
  for (const Index member : set.members) bits[member / 8] |= static_cast<uint8_t>(1U << (member % 8));
}

Set read_set(Reader& r, size_t n) {
  Set set;
  set.context = array_of<32>(r);
  const ByteSpan bits = r.bytes((n + 7) / 8);
  for (size_t i = 0; i < 8 * bits.size(); ++i) {
    if ((bits[i / 8] >> (i % 8) & 1) == 0) continue;
    if (i >= n) r.fail("has nonzero padding bits");
    set.members.push_back(static_cast<Index>(i));
  }
  return set;
}

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::keys: return "keys";
    case Kind::neighbour_keys: return "neighbour-keys";
    case Kind::deal: return "deal";
    case Kind::dealt: return "dealt";
    case Kind::confirm: return "confirm";
    case Kind::confirmed: return "confirmed";
    case Kind::masked: return "masked";
    case Kind::survivors: return "survivors";
    case Kind::consistent: return "consistent";
    case Kind::unmask_request: return "unmask-request";
    case Kind::unmask: return "unmask";
  }
  return "unknown";
}

size_t sealed_bytes(const Plan& plan) { return 2 * kSecretBytes * plan.rounds() + kAes256GcmTagBytes; }

size_t deal_round_bytes(const Plan& plan) { return kSecretDigests + kSecretBytes * plan.neighbourhood().k; }

uint64_t masked_bytes(const Plan& plan) {
  return kHeaderBytes + packed_bytes(plan.length(), plan.bits()) + 32 + kTagBytes;
}

Digest set_digest(const Plan& plan, uint32_t round, const Set& set) {
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 standing set")).bytes(plan.digest()).u32(round);
  write_set(w, plan.n(), set);
  return sha256(w.view());
}

Header read_header(const Plan& plan, ByteSpan message) {
  if (message.size() < kHeaderBytes) refuse_message("truncated within its header");
  Reader r(message.first(kHeaderBytes), "masking message");
  if (!std::ranges::equal(r.bytes(4), as_bytes(kMagic))) refuse_message("not one of pyzkfl (wrong magic)");
  if (const uint8_t version = r.u8(); version != kVersion) {
    refuse_message("version " + std::to_string(version) + " is not supported, only 1");
  }
  const uint8_t kind = r.u8();
  if (kind < static_cast<uint8_t>(Kind::keys) || kind > static_cast<uint8_t>(Kind::unmask)) {
    refuse_message("kind " + std::to_string(kind) + " is not one of standing rounds");
  }
  if (const uint8_t suite = r.u8(); suite != kSuite) {
    refuse_message("suite " + std::to_string(suite) + " where 2 was due");
  }
  const Index sender = r.u16();
  if (const uint64_t epoch = r.u64(); epoch != plan.epoch()) {
    refuse_message("of epoch " + std::to_string(epoch) + ", this is epoch " + std::to_string(plan.epoch()));
  }
  const uint32_t round = r.u32();
  if (round != kSetup && round >= plan.rounds()) refuse_message("of a round beyond the plan");
  if (!std::ranges::equal(r.bytes(32), plan.digest())) refuse_message("of another job or plan");
  const Header header{static_cast<Kind>(kind), sender, round};
  if (from_server(header.kind)) {
    if (sender != kServer) refuse_message("a server's message that names a member as its sender");
  } else if (sender >= plan.n()) {
    refuse_message("its sender is not a member");
  }
  return header;
}

Bytes member_message(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan body,
                     const Author& author) {
  Writer w;
  write_header(w, plan, kind, sender, round);
  w.bytes(body);
  if (author.tag_key.empty()) {
    w.bytes(author.identity->sign(signed_bytes(plan, kind, sender, round, body)));
  } else {
    w.bytes(tag_of(plan, kind, sender, round, body, author.tag_key).span());
  }
  return w.take();
}

ByteSpan open_member_message(const Plan& plan, Kind kind, Index sender, uint32_t round, ByteSpan message,
                             ByteSpan tag_key) {
  expect(read_header(plan, message), kind, sender, round);
  const size_t trailer = tag_key.empty() ? kSignatureBytes : kTagBytes;
  if (message.size() < kHeaderBytes + trailer) refuse_message("truncated");
  const ByteSpan body = message.subspan(kHeaderBytes, message.size() - kHeaderBytes - trailer);
  const bool authentic =
      tag_key.empty()
          ? signed_by(plan, kind, sender, round, body, message.last<kSignatureBytes>())
          : equal_constant_time(tag_of(plan, kind, sender, round, body, tag_key).span(), message.last(trailer));
  if (!authentic) {
    refuse_message(std::string("'") + name_of(kind) + "' is not authenticated by its claimed sender " +
           std::to_string(sender));
  }
  return body;
}

Bytes server_message(const Plan& plan, Kind kind, uint32_t round, ByteSpan body) {
  Writer w;
  write_header(w, plan, kind, kServer, round);
  w.bytes(body);
  return w.take();
}

ByteSpan open_server_message(const Plan& plan, Kind kind, uint32_t round, ByteSpan message) {
  expect(read_header(plan, message), kind, kServer, round);
  return message.subspan(kHeaderBytes);
}

size_t first_not_signed(const Plan& plan, Kind kind, uint32_t round, std::span<const SignedBody> bodies) {
  std::vector<Bytes> messages;
  std::vector<edwards::SignedMessage> items;
  messages.reserve(bodies.size());
  items.reserve(bodies.size());
  for (const SignedBody& one : bodies) {
    messages.push_back(signed_bytes(plan, kind, one.sender, round, one.body));
    items.push_back({plan.members().at(one.sender), messages.back(), one.signature});
  }
  const std::vector<uint8_t> good = plan.verifier().verify(items);
  return static_cast<size_t>(std::ranges::find(good, 0) - good.begin());
}

Ed25519Signature signature_of(ByteSpan message) {
  Ed25519Signature signature;
  std::ranges::copy(message.last(kSignatureBytes), signature.begin());
  return signature;
}

Bytes encode(const NeighbourKeys& m) {
  Writer w;
  w.bytes(m.server_key).u16(static_cast<uint16_t>(m.entries.size()));
  for (const auto& entry : m.entries) w.u16(entry.member).bytes(entry.key).bytes(entry.signature);
  return w.take();
}

NeighbourKeys decode_neighbour_keys(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'neighbour-keys'");
  NeighbourKeys m;
  m.server_key = array_of<32>(r);
  m.entries.resize(read_count(r, plan, 2 + 32 + kSignatureBytes));
  int previous = -1;
  for (auto& entry : m.entries) {
    entry.member = read_member(r, plan, previous);
    entry.key = array_of<32>(r);
    entry.signature = array_of<kSignatureBytes>(r);
  }
  r.done();
  return m;
}

Bytes encode(const Deal& m) {
  Writer w;
  w.bytes(m.view);
  for (const auto& round : m.rounds) {
    w.bytes(round.self_digest).bytes(round.pad_digest);
    for (const Seed& pad : round.pads) w.bytes(pad);
  }
  w.bytes(m.sealed);
  return w.take();
}

Deal decode_deal(const Plan& plan, ByteSpan body, size_t neighbours) {
  Reader r(body, "message 'deal'");
  Deal m;
  m.view = array_of<32>(r);
  const size_t expected = plan.rounds() * (64 + 32 * neighbours) + neighbours * sealed_bytes(plan);
  if (r.remaining() != expected) r.fail("has another size than its neighbours and rounds ask for");
  m.rounds.resize(plan.rounds());
  for (auto& round : m.rounds) {
    round.self_digest = array_of<32>(r);
    round.pad_digest = array_of<32>(r);
    round.pads.resize(neighbours);
    for (Seed& pad : round.pads) pad = array_of<32>(r);
  }
  const ByteSpan sealed = r.bytes(neighbours * sealed_bytes(plan));
  m.sealed.assign(sealed.begin(), sealed.end());
  r.done();
  return m;
}

Bytes encode(const Dealt& m) {
  std::vector<std::pair<Index, ByteSpan>> entries;
  for (const auto& entry : m.entries) entries.emplace_back(entry.dealer, entry.sealed);
  return encode_dealt(m.recipient, entries);
}

Bytes encode_dealt(Index recipient, std::span<const std::pair<Index, ByteSpan>> entries) {
  Writer w;
  w.u16(recipient).u16(static_cast<uint16_t>(entries.size()));
  for (const auto& [dealer, sealed] : entries) w.u16(dealer).bytes(sealed);
  return w.take();
}

Dealt decode_dealt(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'dealt'");
  Dealt m;
  m.recipient = r.u16();
  m.entries.resize(read_count(r, plan, 2 + sealed_bytes(plan)));
  int previous = -1;
  for (auto& entry : m.entries) {
    entry.dealer = read_member(r, plan, previous);
    const ByteSpan bytes = r.bytes(sealed_bytes(plan));
    entry.sealed.assign(bytes.begin(), bytes.end());
  }
  r.done();
  return m;
}

Bytes encode(const Confirm& m) {
  Writer w;
  w.u16(static_cast<uint16_t>(m.entries.size()));
  for (const auto& entry : m.entries) w.u16(entry.member).bytes(entry.tag);
  return w.take();
}

Confirm decode_confirm(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'confirm'");
  Confirm m;
  m.entries.resize(read_count(r, plan, 2 + kConfirmBytes));
  int previous = -1;
  for (auto& entry : m.entries) {
    entry.member = read_member(r, plan, previous);
    entry.tag = array_of<kConfirmBytes>(r);
  }
  r.done();
  return m;
}

Bytes encode(const Masked& m) {
  Writer w;
  w.bytes(m.packed).bytes(m.blinder);
  return w.take();
}

Masked decode_masked(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'masked'");
  Masked m;
  m.packed = r.bytes(packed_bytes(plan.length(), plan.bits()));
  m.blinder = array_of<32>(r);
  r.done();
  return m;
}

Bytes encode(const Plan& plan, const Set& m) {
  Writer w;
  write_set(w, plan.n(), m);
  return w.take();
}

Set decode_set(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'survivors'");
  Set m = read_set(r, plan.n());
  r.done();
  return m;
}

Bytes encode(const Plan& plan, const UnmaskRequest& m) {
  Writer w;
  write_set(w, plan.n(), m.set);
  w.u16(static_cast<uint16_t>(m.signatures.size()));
  for (const auto& entry : m.signatures) w.u16(entry.member).bytes(entry.signature);
  return w.take();
}

UnmaskRequest decode_unmask_request(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'unmask-request'");
  UnmaskRequest m;
  m.set = read_set(r, plan.n());
  m.signatures.resize(read_count(r, plan, 2 + kSignatureBytes));
  int previous = -1;
  for (auto& entry : m.signatures) {
    entry.member = read_member(r, plan, previous);
    entry.signature = array_of<kSignatureBytes>(r);
  }
  r.done();
  return m;
}

Bytes encode(const Unmask& m) {
  Writer w;
  w.bytes(m.set).u16(static_cast<uint16_t>(m.shares.size()));
  for (const auto& entry : m.shares) w.u16(entry.member).bytes(entry.share);
  return w.take();
}

Unmask decode_unmask(const Plan& plan, ByteSpan body) {
  Reader r(body, "message 'unmask'");
  Unmask m;
  m.set = array_of<32>(r);
  m.shares.resize(read_count(r, plan, 2 + kSecretBytes));
  int previous = -1;
  for (auto& entry : m.shares) {
    entry.member = read_member(r, plan, previous);
    entry.share = array_of<kSecretBytes>(r);
  }
  r.done();
  return m;
}

}  // namespace pyzkfl::secagg::standing

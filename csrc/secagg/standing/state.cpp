// Saving and restoring members and servers: everything they hold, sealed by AES-256-GCM (docs/secagg.md, "State").
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/aead.h"
#include "base/errors.h"
#include "base/hkdf.h"
#include "base/random.h"
#include "secagg/config.h"
#include "secagg/read_array.h"
#include "secagg/standing/client.h"
#include "secagg/standing/server.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr size_t kStateSalt = 32;

// --- bytes ------------------------------------------------------------------------------------------------

// Counts what SecretWriter will be given: memory that is wiped has its size from the start.
class Count {
 public:
  void bytes(ByteSpan data) { size_ += data.size(); }
  void u32(uint32_t) { size_ += 4; }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

class SecretWriter {
 public:
  explicit SecretWriter(size_t size) : out_(size) {}
  void bytes(ByteSpan data) {
    std::ranges::copy(data, out_.span().begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += data.size();
  }
  void u32(uint32_t v) { bytes(Writer().u32(v).view()); }
  ByteSpan written() const { return out_.span().first(at_); }

 private:
  SecretBytes out_;
  size_t at_ = 0;
};

template <class W>
void put_bytes(W& w, ByteSpan data) {
  w.u32(static_cast<uint32_t>(data.size()));
  w.bytes(data);
}

ByteSpan get_bytes(Reader& r) {
  const uint32_t size = r.u32();
  return r.bytes(size);
}

Index get_index(Reader& r, const Plan& plan) {
  const uint32_t member = r.u32();
  if (member >= plan.n()) r.fail("names a member that does not exist");
  return static_cast<Index>(member);
}

// How many entries follow, each of at least `least` bytes.
size_t get_count(Reader& r, size_t least) {
  const size_t count = r.u32();
  if (count > r.remaining() / least) r.fail("is truncated");
  return count;
}

template <class W>
void put_indices(W& w, const auto& members) {
  w.u32(static_cast<uint32_t>(members.size()));
  for (const Index member : members) w.u32(member);
}

std::vector<Index> get_indices(Reader& r, const Plan& plan) {
  std::vector<Index> out(get_count(r, 4));
  for (Index& member : out) member = get_index(r, plan);
  return out;
}

// --- sealing ----------------------------------------------------------------------------------------------

// Key and nonce from the identity key and a fresh salt: no password, no key used twice.
SecretBytes state_key(const Plan& plan, std::string_view magic, Index index, const Ed25519PrivateKey& identity,
                      ByteSpan salt) {
  Writer info;
  info.bytes(as_bytes(magic)).u16(index).bytes(plan.digest());
  return hkdf_sha256(identity.seed().span(), salt, info.view(), 44);
}

Bytes seal(const Plan& plan, std::string_view magic, Index index, const Ed25519PrivateKey& identity,
           ByteSpan state) {
  Bytes out(kStateSalt);
  random_bytes(out);
  const SecretBytes key = state_key(plan, magic, index, identity, out);
  const Bytes sealed =
      aes256_gcm_seal(key.span().first<32>(), key.span().subspan<32, 12>(), as_bytes(magic), state);
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

SecretBytes unseal(const Plan& plan, std::string_view magic, Index index, const Ed25519PrivateKey& identity,
                 ByteSpan saved) {
  if (saved.size() < kStateSalt) throw DecodeError("saved masking state: truncated");
  const SecretBytes key = state_key(plan, magic, index, identity, saved.first(kStateSalt));
  auto opened = aes256_gcm_open(key.span().first<32>(), key.span().subspan<32, 12>(), as_bytes(magic),
                                saved.subspan(kStateSalt));
  if (!opened) {
    throw DecodeError("saved masking state: damaged, or of another member, plan or identity");
  }
  return std::move(*opened);
}

constexpr std::string_view kMemberMagic = "pyzkfl secagg v1 standing state";
constexpr std::string_view kServerMagic = "pyzkfl secagg v1 standing server state";

}  // namespace

// --- member -----------------------------------------------------------------------------------------------

template <class W>
void Member::write_state(W& w) const {
  w.u32(static_cast<uint32_t>(phase_));
  put_bytes(w, session_secret_.span());
  put_bytes(w, self_root_.span());
  put_bytes(w, tag_key_.span());
  for (const auto* map : {&pair_roots_, &shares_}) {
    w.u32(static_cast<uint32_t>(map->size()));
    for (const auto& [member, secret] : *map) {
      w.u32(member);
      put_bytes(w, secret.span());
    }
  }
  put_indices(w, confirmed_);
  w.u32(next_round_);
  w.u32(entered_ ? 1 : 0);
  w.bytes(sent_);
  w.u32(bound_ ? 1 : 0);
  if (bound_) w.bytes(*bound_);
}

Bytes Member::save() const {
  Count count;
  write_state(count);
  SecretWriter w(count.size());
  write_state(w);
  return seal(*plan_, kMemberMagic, index_, *identity_, w.written());
}

Member Member::restore(std::shared_ptr<const Plan> plan, size_t index,
                       std::shared_ptr<const Ed25519PrivateKey> identity, ByteSpan saved) {
  Member out(std::move(plan), index, std::move(identity));
  const SecretBytes opened = unseal(*out.plan_, kMemberMagic, out.index_, *out.identity_, saved);
  Reader r(opened.span(), "saved masking state");
  const uint32_t phase = r.u32();
  if (phase > static_cast<uint32_t>(Phase::round)) r.fail("has an unknown phase");
  out.phase_ = static_cast<Phase>(phase);
  out.session_secret_ = SecretBytes::copy_of(get_bytes(r));
  out.self_root_ = SecretBytes::copy_of(get_bytes(r));
  out.tag_key_ = SecretBytes::copy_of(get_bytes(r));
  for (auto* map : {&out.pair_roots_, &out.shares_}) {
    for (size_t left = get_count(r, 8); left > 0; --left) {
      const Index member = get_index(r, *out.plan_);
      map->insert_or_assign(member, SecretBytes::copy_of(get_bytes(r)));
    }
  }
  for (const Index member : get_indices(r, *out.plan_)) out.confirmed_.insert(member);
  out.next_round_ = r.u32();
  out.entered_ = r.u32() != 0;
  out.sent_ = array_of<32>(r);
  if (r.u32() != 0) out.bound_ = array_of<32>(r);
  r.done();
  return out;
}

// --- server -----------------------------------------------------------------------------------------------

template <class W>
void Server::write_state(W& w) const {
  put_bytes(w, private_seed_.span());
  w.u32(static_cast<uint32_t>(phase_));
  w.u32(static_cast<uint32_t>(taken_.size()));
  for (const auto& [member, digest] : taken_) {
    w.u32(member);
    w.bytes(digest);
  }
  w.u32(static_cast<uint32_t>(parties_.size()));
  for (const auto& [member, party] : parties_) {
    w.u32(member);
    w.bytes(party.key);
    w.bytes(party.signature);
    put_bytes(w, party.tag_key.span());
    put_indices(w, party.shown);
    w.u32(party.deal ? 1 : 0);
    if (party.deal) {
      w.bytes(party.deal->view);
      for (const Deal::Round& round : party.deal->rounds) {
        w.bytes(round.self_digest);
        w.bytes(round.pad_digest);
        for (const Seed& pad : round.pads) w.bytes(pad);
      }
      put_bytes(w, party.deal->sealed);
    }
    w.u32(party.confirm ? 1 : 0);
    if (party.confirm) put_bytes(w, encode(*party.confirm));
  }
  put_indices(w, dealers_);
  w.u32(round_);
  w.u32(next_round_);
  w.u32(total_ ? 1 : 0);
  if (total_) {
    Bytes packed(packed_bytes(plan_->length(), plan_->bits()));
    total_->pack(packed);
    w.bytes(packed);
    w.bytes(total_->blinder().to_bytes_le());
  }
  w.bytes(set_.context);
  put_indices(w, set_.members);
  w.bytes(set_digest_);
  w.u32(static_cast<uint32_t>(signatures_.size()));
  for (const auto& [member, signature] : signatures_) {
    w.u32(member);
    w.bytes(signature);
  }
  w.u32(static_cast<uint32_t>(answers_.size()));
  for (const auto& [member, answer] : answers_) {
    w.u32(member);
    put_bytes(w, encode(answer));
  }
  put_indices(w, suspects_);
  w.u32(static_cast<uint32_t>(vectors_.size()));
  for (const auto& [member, digest] : vectors_) {
    w.u32(member);
    w.bytes(digest);
  }
}

Bytes Server::save(const Ed25519PrivateKey& identity) const {
  Count count;
  write_state(count);
  SecretWriter w(count.size());
  write_state(w);
  return seal(*plan_, kServerMagic, kServer, identity, w.written());
}

Server Server::restore(std::shared_ptr<const Plan> plan, const Ed25519PrivateKey& identity, ByteSpan saved) {
  if (!plan) throw ParameterError("masking: a server needs a plan");
  const SecretBytes opened = unseal(*plan, kServerMagic, kServer, identity, saved);
  Reader r(opened.span(), "saved masking state");
  SecretBytes private_seed = SecretBytes::copy_of(get_bytes(r));
  if (private_seed.size() != 32) r.fail("has no key");
  Server out(std::move(plan), std::move(private_seed));
  const Plan& p = *out.plan_;
  const uint32_t phase = r.u32();
  if (phase > static_cast<uint32_t>(Phase::unmask)) r.fail("has an unknown phase");
  out.phase_ = static_cast<Phase>(phase);
  for (size_t left = get_count(r, 36); left > 0; --left) {
    const Index member = get_index(r, p);
    out.taken_.emplace(member, array_of<32>(r));
  }
  for (size_t left = get_count(r, 4); left > 0; --left) {
    Party& party = out.parties_[get_index(r, p)];
    party.key = array_of<32>(r);
    party.signature = array_of<64>(r);
    party.tag_key = SecretBytes::copy_of(get_bytes(r));
    party.shown = get_indices(r, p);
    if (r.u32() != 0) {
      Deal& deal = party.deal.emplace();
      deal.view = array_of<32>(r);
      deal.rounds.resize(p.rounds());
      for (Deal::Round& round : deal.rounds) {
        round.self_digest = array_of<32>(r);
        round.pad_digest = array_of<32>(r);
        round.pads.resize(party.shown.size());
        for (Seed& pad : round.pads) pad = array_of<kSecretBytes>(r);
      }
      const ByteSpan sealed = get_bytes(r);
      if (!sealed.empty() && sealed.size() != party.shown.size() * sealed_bytes(p)) r.fail("has shares of another size");
      deal.sealed.assign(sealed.begin(), sealed.end());
    }
    if (r.u32() != 0) party.confirm = decode_confirm(p, get_bytes(r));
    out.keys_seen_.insert(party.key);
  }
  out.dealers_ = get_indices(r, p);
  out.round_ = r.u32();
  out.next_round_ = r.u32();
  if (r.u32() != 0) {
    out.total_.emplace(p.length(), p.bits());
    const ByteSpan packed = r.bytes(packed_bytes(p.length(), p.bits()));
    out.total_->add_packed(packed, array_of<32>(r));
  }
  out.set_.context = array_of<32>(r);
  out.set_.members = get_indices(r, p);
  out.set_digest_ = array_of<32>(r);
  for (size_t left = get_count(r, 4); left > 0; --left) {
    const Index member = get_index(r, p);
    out.signatures_.emplace(member, array_of<64>(r));
  }
  for (size_t left = get_count(r, 4); left > 0; --left) {
    const Index member = get_index(r, p);
    out.answers_.emplace(member, decode_unmask(p, get_bytes(r)));
  }
  for (const Index member : get_indices(r, p)) out.suspects_.insert(member);
  for (size_t left = get_count(r, 36); left > 0; --left) {
    const Index member = get_index(r, p);
    out.vectors_.emplace(member, array_of<32>(r));
  }
  r.done();
  return out;
}

}  // namespace pyzkfl::secagg::standing

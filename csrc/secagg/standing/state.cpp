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

// Rows in memory are in the state; of those in a file, their labels.
template <class W>
void put_rows(W& w, const MemberRows& rows) {
  w.u32(rows.in_file() ? 1 : 0);
  w.u32(rows.released() ? 1 : 0);
  uint32_t count = 0;
  for (size_t i = 0; i < rows.members(); ++i) count += rows.has(i) ? 1 : 0;
  w.u32(count);
  Bytes row(rows.row_bytes());
  for (size_t i = 0; i < rows.members(); ++i) {
    if (!rows.has(i)) continue;
    w.u32(static_cast<uint32_t>(i));
    w.bytes(rows.label(i));
    if (rows.in_file() || rows.released()) continue;
    rows.get(i, 0, row);
    w.bytes(row);
    wipe(row);
  }
}

// `needed`: without a row the state is of no use; else it is as if the row had not come yet.
void get_rows(Reader& r, const Plan& plan, MemberRows& rows, bool needed) {
  if ((r.u32() != 0) != rows.in_file()) r.fail("was saved by a server that kept shares elsewhere, in memory or in a folder");
  const bool released = r.u32() != 0;
  for (size_t left = get_count(r, 36); left > 0; --left) {
    const Index member = get_index(r, plan);
    const Digest label = array_of<32>(r);
    if (released) {
      rows.mark(member, label);
    } else if (!rows.in_file()) {
      rows.put(member, label, r.bytes(rows.row_bytes()));
    } else if (!rows.claim(member, label) && needed) {
      r.fail("speaks of shares that are not in the folder");
    }
  }
  if (released) rows.release();
}

void get_cells(Reader& r, const Plan& plan, NeighbourCells& cells, bool turned) {
  get_rows(r, plan, cells.rows(), /*needed=*/true);
  if (!turned || !cells.rows().in_file() || cells.rows().released()) return;
  const Digest label = cells.columns_label();
  for (size_t i = 0; i < plan.n(); ++i) {
    if (!cells.columns().claim(i, label)) r.fail("speaks of shares that are not in the folder");
  }
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
  }
  put_rows(w, deals_);
  put_rows(w, sealed_.rows());
  put_rows(w, confirms_.rows());
  put_rows(w, answers_.rows());
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
  put_indices(w, suspects_);
  w.u32(static_cast<uint32_t>(vectors_.size()));
  for (const auto& [member, digest] : vectors_) {
    w.u32(member);
    w.bytes(digest);
  }
}

Bytes Server::save(const Ed25519PrivateKey& identity) const {
  deals_.sync();
  for (const NeighbourCells* cells : {&sealed_, &confirms_, &answers_}) cells->sync();
  Count count;
  write_state(count);
  SecretWriter w(count.size());
  write_state(w);
  return seal(*plan_, kServerMagic, kServer, identity, w.written());
}

Server Server::restore(std::shared_ptr<const Plan> plan, const Ed25519PrivateKey& identity, ByteSpan saved,
                       const std::string& folder) {
  if (!plan) throw ParameterError("masking: a server needs a plan");
  const SecretBytes opened = unseal(*plan, kServerMagic, kServer, identity, saved);
  Reader r(opened.span(), "saved masking state");
  SecretBytes private_seed = SecretBytes::copy_of(get_bytes(r));
  if (private_seed.size() != 32) r.fail("has no key");
  Server out(std::move(plan), std::move(private_seed), folder);
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
    out.keys_seen_.insert(party.key);
  }
  get_rows(r, p, out.deals_, /*needed=*/true);
  get_cells(r, p, out.sealed_, /*turned=*/out.phase_ > Phase::deal);
  get_cells(r, p, out.confirms_, /*turned=*/p.active() && out.phase_ > Phase::confirm);
  get_rows(r, p, out.answers_.rows(), /*needed=*/false);
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
  for (const Index member : get_indices(r, p)) out.suspects_.insert(member);
  for (size_t left = get_count(r, 36); left > 0; --left) {
    const Index member = get_index(r, p);
    out.vectors_.emplace(member, array_of<32>(r));
  }
  r.done();
  return out;
}

}  // namespace pyzkfl::secagg::standing

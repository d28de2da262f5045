// The coordinator's side of standing rounds (see server.h). The sum is in unmasking.cpp.
#include "secagg/standing/server.h"

#include <algorithm>
#include <string>
#include <utility>

#include "secagg/member_text.h"
#include "secagg/standing/key_schedule.h"

namespace pyzkfl::secagg::standing {
namespace {

// What an authentic message holds is its sender's doing.
template <class F>
auto decoded(Index sender, F&& decode) {
  try {
    return decode();
  } catch (const DecodeError& e) {
    throw Misbehaviour(sender, std::string("masking: malformed ") + e.what());
  }
}

// An authentic message is known by its signature or tag; a long vector is not hashed again for this.
Digest trailer_digest(ByteSpan message) { return sha256(message.last(kTagBytes)); }

std::shared_ptr<const Plan> checked(std::shared_ptr<const Plan> plan) {
  if (!plan) throw ParameterError("masking: a server needs a plan");
  return plan;
}

std::string file_in(const std::string& folder, const char* name) {
  return folder.empty() ? folder : folder + "/" + name;
}

}  // namespace

Server::Server(std::shared_ptr<const Plan> plan, const std::string& folder)
    : Server(std::move(plan), SecretBytes::random(32), folder) {}

Server::Server(std::shared_ptr<const Plan> plan, SecretBytes private_seed, const std::string& folder)
    : plan_(checked(std::move(plan))),
      private_seed_(std::move(private_seed)),
      private_key_(std::as_const(private_seed_).span().first<32>()),
      deals_(plan_->n(), plan_->rounds() * deal_round_bytes(*plan_), file_in(folder, "deals")),
      sealed_(plan_->graph(), sealed_bytes(*plan_), file_in(folder, "shares")),
      confirms_(plan_->graph(), kConfirmBytes, file_in(folder, "confirmations")),
      answers_(plan_->graph(), kSecretBytes, file_in(folder, "answers"),
               derive_answers_key(*plan_, std::as_const(private_seed_).span())) {}

const char* Server::phase() const {
  switch (phase_) {
    case Phase::keys: return "keys";
    case Phase::deal: return "deal";
    case Phase::confirm: return "confirm";
    case Phase::idle: return "idle";
    case Phase::masked: return "masked";
    case Phase::consistency: return "consistency";
    case Phase::unmask: return "unmask";
  }
  return "";
}

void Server::need(Phase phase) const {
  if (phase_ != phase) {
    throw ProtocolError(std::string("masking: wrong phase, '") + this->phase() + "' is open");
  }
}

void Server::need_members(size_t present, const char* did_what) const {
  if (present < plan_->min_survivors()) {
    throw NotEnoughClients("masking: " + std::to_string(present) + " members " + did_what + ", " +
                           std::to_string(plan_->min_survivors()) + " are needed");
  }
}

const Server::Party& Server::party(Index member) const {
  const auto found = parties_.find(member);
  if (found == parties_.end()) throw ParameterError("masking: " + text(member) + " showed no key");
  return found->second;
}

bool Server::set_up(Index member) const {
  return deals_.has(member) && (!plan_->active() || confirms_.has(member));
}

std::vector<Index> Server::shown_to(Index member) const {
  std::vector<Index> out = plan_->graph().of(member);
  if (parties_.size() < plan_->n()) std::erase_if(out, [&](Index other) { return !parties_.contains(other); });
  return out;
}

std::vector<Index> Server::members() const {
  std::vector<Index> out;
  for (const auto& entry : parties_) {
    if (set_up(entry.first)) out.push_back(entry.first);
  }
  return out;
}

std::vector<Index> Server::responders() const {
  std::vector<Index> out;
  for (size_t i = 0; i < plan_->n(); ++i) {
    if (answers_.has(static_cast<Index>(i))) out.push_back(static_cast<Index>(i));
  }
  return out;
}

void Server::refuse_repeated(Index sender, ByteSpan message) const {
  const auto before = taken_.find(sender);
  if (before == taken_.end()) return;
  if (before->second == trailer_digest(message)) {
    throw ProtocolError("masking: a replay of the message of " + text(sender));
  }
  throw Misbehaviour(sender, "masking: a second, different message of " + text(sender));
}

// Authenticated, and the first of its sender in this phase.
ByteSpan Server::open(Kind kind, Index sender, ByteSpan message) const {
  const bool setup = phase_ == Phase::keys || phase_ == Phase::deal || phase_ == Phase::confirm;
  const bool by_key = kind == Kind::keys || kind == Kind::consistent;  // these others rely on
  ByteSpan tag_key;
  if (!by_key) {
    const auto found = parties_.find(sender);
    if (found == parties_.end()) throw ProtocolError("masking: " + text(sender) + " showed no key");
    tag_key = found->second.tag_key.span();
  }
  const ByteSpan body = open_member_message(*plan_, kind, sender, setup ? kSetup : round_, message, tag_key);
  refuse_repeated(sender, message);
  return body;
}

Index Server::receive(ByteSpan message) {
  const Index sender = read_header(*plan_, message).sender;
  switch (phase_) {
    case Phase::keys: take_keys(sender, message); break;
    case Phase::deal: take_deal(sender, message); break;
    case Phase::confirm: take_confirm(sender, message); break;
    case Phase::idle: throw ProtocolError("masking: no round is open");
    case Phase::masked: take_masked(sender, message); break;
    case Phase::consistency: take_consistent(sender, message); break;
    case Phase::unmask: take_unmask(sender, message); break;
  }
  taken_.emplace(sender, trailer_digest(message));
  return sender;
}

// --- setup ------------------------------------------------------------------------------------------------

void Server::take_keys(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::keys, sender, message);
  if (body.size() != 32) throw Misbehaviour(sender, "masking: malformed message 'keys'");
  Party party;
  std::ranges::copy(body, party.key.begin());
  if (keys_seen_.contains(party.key)) {
    throw Misbehaviour(sender, "masking: the key of " + text(sender) + " is equal to another's");
  }
  party.signature = signature_of(message);
  try {
    party.tag_key = derive_tag_key(*plan_, sender, party.key, private_key_.public_key(),
                                   private_key_.agree(party.key).span());
  } catch (const DecodeError&) {
    throw Misbehaviour(sender, "masking: the key of " + text(sender) + " is of low order");
  }
  keys_seen_.insert(party.key);
  parties_.emplace(sender, std::move(party));
}

void Server::close_keys() {
  need(Phase::keys);
  need_members(parties_.size(), "showed keys");
  taken_.clear();
  phase_ = Phase::deal;
}

Bytes Server::neighbour_keys(Index member) const {
  need(Phase::deal);
  NeighbourKeys out{private_key_.public_key(), {}};
  (void)party(member);
  for (const Index neighbour : shown_to(member)) {
    const Party& other = parties_.at(neighbour);
    out.entries.push_back({neighbour, other.key, other.signature});
  }
  return server_message(*plan_, Kind::neighbour_keys, kSetup, encode(out));
}

void Server::take_deal(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::deal, sender, message);
  const std::vector<Index> shown = shown_to(sender);
  const Deal deal = decoded(sender, [&] { return decode_deal(*plan_, body, shown.size()); });
  if (deal.view != sha256(neighbour_keys(sender))) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " deals shares for other keys than were shown");
  }
  // The pads of a round fill their place in the row only where all neighbours showed keys.
  Bytes row(deals_.row_bytes());
  for (size_t r = 0; r < deal.rounds.size(); ++r) {
    const Deal::Round& round = deal.rounds[r];
    const std::span<uint8_t> place = std::span(row).subspan(r * deal_round_bytes(*plan_));
    std::ranges::copy(round.self_digest, place.begin());
    std::ranges::copy(round.pad_digest, place.begin() + sizeof(Digest));
    for (size_t i = 0; i < round.pads.size(); ++i) {
      std::ranges::copy(round.pads[i], place.begin() + static_cast<std::ptrdiff_t>(kSecretDigests + i * kSecretBytes));
    }
  }
  sealed_.put(sender, trailer_digest(message), shown, deal.sealed);
  deals_.put(sender, trailer_digest(message), row);
}

void Server::close_deal() {
  need(Phase::deal);
  std::vector<Index> dealers;
  for (const auto& entry : parties_) {
    if (deals_.has(entry.first)) dealers.push_back(entry.first);
  }
  need_members(dealers.size(), "dealt shares");
  sealed_.turn();
  dealers_ = std::move(dealers);
  taken_.clear();
  phase_ = plan_->active() ? Phase::confirm : Phase::idle;
}

Bytes Server::dealt(Index member) const {
  if (dealers_.empty()) throw ProtocolError("masking: wrong phase, shares are not dealt yet");
  if (!deals_.has(member)) throw ParameterError("masking: " + text(member) + " dealt no shares");
  if (sealed_.rows().released()) throw ProtocolError("masking: shares are not kept once rounds begin");
  const Bytes column = sealed_.column(member);
  std::vector<std::pair<Index, ByteSpan>> out;
  for (const Index dealer : shown_to(member)) {
    if (!deals_.has(dealer)) continue;
    out.emplace_back(dealer, ByteSpan(column).subspan(sealed_.slot(member, dealer) * sealed_bytes(*plan_),
                                                      sealed_bytes(*plan_)));
  }
  return server_message(*plan_, Kind::dealt, kSetup, encode_dealt(member, out));
}

void Server::take_confirm(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::confirm, sender, message);
  if (!deals_.has(sender)) throw ProtocolError("masking: " + text(sender) + " dealt no shares");
  const Confirm confirm = decoded(sender, [&] { return decode_confirm(*plan_, body); });
  std::vector<Index> masked_with;
  for (const Index neighbour : shown_to(sender)) {
    if (deals_.has(neighbour)) masked_with.push_back(neighbour);
  }
  if (!std::ranges::equal(confirm.entries, masked_with, {}, &Confirm::Entry::member)) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " confirms other shares than were dealt to it");
  }
  Bytes tags;
  for (const auto& entry : confirm.entries) tags.insert(tags.end(), entry.tag.begin(), entry.tag.end());
  confirms_.put(sender, trailer_digest(message), masked_with, tags);
}

void Server::close_confirm() {
  need(Phase::confirm);
  need_members(members().size(), "confirmed");
  confirms_.turn();
  taken_.clear();
  phase_ = Phase::idle;
}

Bytes Server::confirmed(Index member) const {
  need(Phase::idle);
  if (!plan_->active()) throw ProtocolError("masking: a semi-honest server's setup has no confirmations");
  (void)party(member);
  Confirm out;
  if (deals_.has(member)) {  // else nobody masks with it
    const Bytes column = confirms_.column(member);
    for (const Index neighbour : shown_to(member)) {
      if (!confirms_.has(neighbour)) continue;
      auto& entry = out.entries.emplace_back(Confirm::Entry{neighbour, {}});
      std::copy_n(column.begin() + static_cast<std::ptrdiff_t>(confirms_.slot(member, neighbour) * kConfirmBytes),
                  kConfirmBytes, entry.tag.begin());
    }
  }
  return server_message(*plan_, Kind::confirmed, kSetup, encode(out));
}

// --- rounds -----------------------------------------------------------------------------------------------

void Server::open_round(uint32_t round) {
  if (phase_ == Phase::keys || phase_ == Phase::deal || phase_ == Phase::confirm) need(Phase::idle);
  if (round >= plan_->rounds()) {
    throw ParameterError("masking: the setup lasts for " + std::to_string(plan_->rounds()) + " rounds");
  }
  if (round < next_round_) {
    throw ParameterError("masking: round " + std::to_string(round) + " was opened or passed already");
  }
  total_.emplace(plan_->length(), plan_->bits());
  sealed_.rows().release();  // routed long ago
  confirms_.rows().release();
  round_ = round;
  next_round_ = round + 1;
  taken_.clear();
  set_ = {};
  signatures_.clear();
  answers_.rows().clear();
  suspects_.clear();
  vectors_.clear();
  phase_ = Phase::masked;
}

void Server::take_masked(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::masked, sender, message);
  const auto found = parties_.find(sender);
  if (found == parties_.end() || !set_up(sender)) {
    throw ProtocolError("masking: " + text(sender) + " is not set up");
  }
  decoded(sender, [&] {
    const Masked m = decode_masked(*plan_, body);
    total_->add_packed(m.packed, m.blinder);
    vectors_.insert_or_assign(sender, vector_digest(m.packed, m.blinder));
  });
}

Bytes Server::close_masked(const Digest& context) {
  need(Phase::masked);
  need_members(taken_.size(), "sent a masked vector");
  Set set{context, {}};
  for (const auto& entry : taken_) set.members.push_back(entry.first);
  set_ = std::move(set);
  set_digest_ = set_digest(*plan_, round_, set_);
  taken_.clear();
  if (!plan_->active()) {
    phase_ = Phase::unmask;
    return request();
  }
  phase_ = Phase::consistency;
  return server_message(*plan_, Kind::survivors, round_, encode(*plan_, set_));
}

Bytes Server::request() const {
  UnmaskRequest out{set_, {}};
  for (const auto& [member, signature] : signatures_) {
    if (out.signatures.size() == plan_->threshold()) break;  // as many as a member checks
    out.signatures.push_back({member, signature});
  }
  return server_message(*plan_, Kind::unmask_request, round_, encode(*plan_, out));
}

void Server::take_consistent(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::consistent, sender, message);
  if (!std::ranges::binary_search(plan_->committee(), sender) ||
      !std::ranges::binary_search(set_.members, sender)) {
    throw ProtocolError("masking: " + text(sender) + " is no survivor of the committee");
  }
  if (!std::ranges::equal(body, set_digest_)) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " signs another set of survivors");
  }
  signatures_.emplace(sender, signature_of(message));
}

Bytes Server::close_consistency() {
  need(Phase::consistency);
  if (signatures_.size() < plan_->threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(signatures_.size()) +
                           " of the committee signed the set of survivors, " +
                           std::to_string(plan_->threshold()) + " are needed");
  }
  Bytes out = request();
  taken_.clear();
  phase_ = Phase::unmask;
  return out;
}

void Server::take_unmask(Index sender, ByteSpan message) {
  const ByteSpan body = open(Kind::unmask, sender, message);
  if (!std::ranges::binary_search(set_.members, sender)) {
    throw ProtocolError("masking: " + text(sender) + " is not a survivor");
  }
  const Unmask m = decoded(sender, [&] { return decode_unmask(*plan_, body); });
  if (m.set != set_digest_) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " answers for another set of survivors");
  }
  for (const auto& entry : m.shares) {
    if (entry.member != sender && !plan_->graph().adjacent(entry.member, sender)) {
      throw Misbehaviour(sender, "masking: " + text(sender) + " sends a share that it cannot hold");
    }
  }
  std::vector<Index> about;
  Bytes shares;
  for (const auto& entry : m.shares) {
    about.push_back(entry.member);
    shares.insert(shares.end(), entry.share.begin(), entry.share.end());
  }
  answers_.put(sender, trailer_digest(message), about, shares);
  wipe(shares);
}

}  // namespace pyzkfl::secagg::standing

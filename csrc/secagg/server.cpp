// The coordinator's side of a masking round (see server.h).
#include "secagg/server.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/secret.h"
#include "base/thread_pool.h"
#include "fields/fr.h"
#include "secagg/key_schedule.h"
#include "secagg/member_text.h"
#include "secagg/shamir.h"

namespace pyzkfl::secagg {
namespace {

// What a signed message holds is its signer's doing.
template <class F>
auto decoded(Index sender, F&& decode) {
  try {
    return decode();
  } catch (const DecodeError& e) {
    throw Misbehaviour(sender, std::string("masking: malformed ") + e.what());
  }
}

template <class Value>
std::vector<Index> keys_of(const std::map<Index, Value>& map) {
  std::vector<Index> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

}  // namespace

ServerSession::ServerSession(Config config) : config_(std::move(config)) {}

const char* ServerSession::phase() const {
  switch (phase_) {
    case Phase::advertise: return "advertise";
    case Phase::share: return "share";
    case Phase::masked: return "masked";
    case Phase::consistency: return "consistency";
    case Phase::unmask: return "unmask";
  }
  return "";
}

std::vector<Index> ServerSession::advertisers() const { return keys_of(advertised_); }
std::vector<Index> ServerSession::sharers() const { return keys_of(shares_); }
std::vector<Index> ServerSession::submitters() const {
  return phase_ == Phase::masked ? keys_of(masked_) : submitters_;
}
std::vector<Index> ServerSession::signers() const { return keys_of(signatures_); }
std::vector<Index> ServerSession::responders() const { return keys_of(unmasked_); }

void ServerSession::need(Phase phase) const {
  if (phase_ != phase) {
    throw ProtocolError(std::string("masking: wrong phase, '") + this->phase() + "' is open");
  }
}

void ServerSession::refuse_repeated(Index sender, ByteSpan message) const {
  const auto before = taken_.find(sender);
  if (before == taken_.end()) return;
  if (before->second == signature_of(message)) {
    throw ProtocolError("masking: a replay of the message of " + text(sender));
  }
  throw Misbehaviour(sender, "masking: a second, different message of " + text(sender));
}

Index ServerSession::receive(ByteSpan message) {
  const Index sender = read_header(config_, message).sender;
  switch (phase_) {
    case Phase::advertise: take_advertise(sender, message); break;
    case Phase::share: take_share(sender, message); break;
    case Phase::masked: take_masked(sender, message); break;
    case Phase::consistency: take_consistent(sender, message); break;
    case Phase::unmask: take_unmask(sender, message); break;
  }
  taken_.emplace(sender, signature_of(message));
  return sender;
}

// --- phase 1: keys ----------------------------------------------------------------------------------------

void ServerSession::take_advertise(Index sender, ByteSpan message) {
  const ByteSpan body = open_client_message(config_, Kind::advertise, sender, message);
  refuse_repeated(sender, message);
  const Advertise m = decoded(sender, [&] { return decode_advertise(body); });
  if (m.keys.share_key == m.keys.mask_key) {
    throw Misbehaviour(sender, "masking: the two keys of " + text(sender) + " are equal");
  }
  if (x25519_is_low_order(m.keys.share_key) || x25519_is_low_order(m.keys.mask_key)) {
    throw Misbehaviour(sender, "masking: a key of " + text(sender) + " is of low order");
  }
  for (const auto& [other, advertised] : advertised_) {
    for (const X25519PublicKey& key : {advertised.keys.share_key, advertised.keys.mask_key}) {
      if (key == m.keys.share_key || key == m.keys.mask_key) {
        throw Misbehaviour(sender,
                           "masking: a key of " + text(sender) + " is equal to one of " + text(other));
      }
    }
  }
  advertised_.emplace(sender, Advertisement{m.keys, signature_of(message)});
}

Bytes ServerSession::close_advertise() {
  need(Phase::advertise);
  if (advertised_.size() < config_.min_clients()) {
    throw NotEnoughClients("masking: " + std::to_string(advertised_.size()) + " members advertised keys, " +
                           std::to_string(config_.min_clients()) + " are needed");
  }
  Advertised m;
  for (const auto& [member, a] : advertised_) m.entries.push_back({member, a.keys, a.signature});
  Bytes message = server_message(config_, Kind::advertised, encode(m));
  advertised_view_ = sha256(message);
  taken_.clear();
  phase_ = Phase::share;
  return message;
}

// --- phase 2: shares --------------------------------------------------------------------------------------

void ServerSession::take_share(Index sender, ByteSpan message) {
  const ByteSpan body = open_client_message(config_, Kind::share, sender, message);
  refuse_repeated(sender, message);
  if (!advertised_.contains(sender)) throw ProtocolError("masking: " + text(sender) + " advertised no keys");
  ShareMessage m = decoded(sender, [&] { return decode_share(body, advertised_.size()); });
  if (m.view != advertised_view_) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " deals shares for other keys than were shown");
  }
  shares_.emplace(sender, std::move(m));
}

std::map<Index, Bytes> ServerSession::close_share() {
  need(Phase::share);
  if (shares_.size() < config_.min_clients()) {
    throw NotEnoughClients("masking: " + std::to_string(shares_.size()) + " members dealt shares, " +
                           std::to_string(config_.min_clients()) + " are needed");
  }
  const std::vector<Index> members = advertisers();
  std::map<Index, Bytes> out;
  for (const auto& entry : shares_) {
    const Index recipient = entry.first;
    const auto place = static_cast<size_t>(std::ranges::lower_bound(members, recipient) - members.begin());
    Shared m{recipient, {}};
    for (const auto& [dealer, dealt] : shares_) {
      if (dealer == recipient) continue;
      // The dealer's list of sealed shares leaves the dealer out.
      m.entries.push_back({dealer, dealt.digests[place], dealt.sealed[place - (recipient > dealer ? 1 : 0)]});
    }
    out.emplace(recipient, server_message(config_, Kind::shared, encode(m)));
  }
  view_ = sharers_view(advertised_view_, sharers());
  taken_.clear();
  phase_ = Phase::masked;
  return out;
}

// --- phase 3: masked vectors ------------------------------------------------------------------------------

void ServerSession::take_masked(Index sender, ByteSpan message) {
  const ByteSpan body = open_client_message(config_, Kind::masked, sender, message);
  refuse_repeated(sender, message);
  if (!shares_.contains(sender)) throw ProtocolError("masking: " + text(sender) + " dealt no shares");
  const Masked m = decoded(sender, [&] { return decode_masked(config_, body); });
  if (m.view != view_) {
    throw Misbehaviour(sender,
                       "masking: " + text(sender) + " masked its vector for other sharers than were shown");
  }
  // What add_packed would refuse later, refused now, while its sender can be left out.
  const unsigned used = static_cast<unsigned>(config_.length() * config_.bits() % 8);
  if (used != 0 && (m.packed.back() >> used) != 0) {
    throw Misbehaviour(sender, "masking: nonzero padding bits in the vector of " + text(sender));
  }
  (void)decoded(sender, [&] { return Fr::from_bytes_le(m.blinder); });
  masked_.emplace(sender, Bytes(message.begin(), message.end()));
}

Bytes ServerSession::close_masked(std::span<const Index> accepted, const Digest& context) {
  need(Phase::masked);
  if (!std::ranges::is_sorted(accepted) || std::ranges::adjacent_find(accepted) != accepted.end()) {
    throw ParameterError("masking: the accepted members must be listed once each, in ascending order");
  }
  for (const Index member : accepted) {
    if (!masked_.contains(member)) {
      throw ParameterError("masking: " + text(member) + " sent no masked vector");
    }
  }
  if (accepted.size() < config_.min_clients()) {
    throw NotEnoughClients("masking: " + std::to_string(accepted.size()) + " masked vectors, " +
                           std::to_string(config_.min_clients()) + " are needed");
  }
  MaskedVector total(config_.length(), config_.bits());
  for (const Index member : accepted) {
    const ByteSpan message = masked_.at(member);
    const Masked m = decode_masked(
        config_, message.subspan(kHeaderBytes, message.size() - kHeaderBytes - kSignatureBytes));
    total.add_packed(m.packed, m.blinder);
  }
  Bytes out = server_message(config_, Kind::survivors,
                             encode(Survivors{view_, context, {accepted.begin(), accepted.end()}}));
  std::vector<Index> submitted = keys_of(masked_);

  survivors_digest_ = survivors_digest(view_, context, accepted);
  survivors_.assign(accepted.begin(), accepted.end());
  submitters_ = std::move(submitted);
  masked_.clear();
  total_.emplace(std::move(total));
  taken_.clear();
  phase_ = Phase::consistency;
  return out;
}

// --- phase 4: one set of survivors ------------------------------------------------------------------------

void ServerSession::take_consistent(Index sender, ByteSpan message) {
  const ByteSpan body = open_client_message(config_, Kind::consistent, sender, message);
  refuse_repeated(sender, message);
  if (!std::ranges::binary_search(survivors_, sender)) {
    throw ProtocolError("masking: " + text(sender) + " is not a survivor");
  }
  const Consistent m = decoded(sender, [&] { return decode_consistent(body); });
  if (m.survivors != survivors_digest_) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " signs another set of survivors");
  }
  signatures_.emplace(sender, signature_of(message));
}

std::vector<Index> ServerSession::dropped() const {
  std::vector<Index> out;
  std::ranges::set_difference(sharers(), survivors_, std::back_inserter(out));
  return out;
}

Bytes ServerSession::close_consistency() {
  need(Phase::consistency);
  if (signatures_.size() < config_.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(signatures_.size()) +
                           " members signed the set of survivors, " + std::to_string(config_.threshold()) +
                           " are needed");
  }
  UnmaskRequest m{survivors_digest_, {}, survivors_, dropped()};
  for (const auto& [member, signature] : signatures_) m.signatures.push_back({member, signature});
  Bytes out = server_message(config_, Kind::unmask_request, encode(m));
  taken_.clear();
  phase_ = Phase::unmask;
  return out;
}

// --- phase 5: shares of masks -----------------------------------------------------------------------------

void ServerSession::take_unmask(Index sender, ByteSpan message) {
  const ByteSpan body = open_client_message(config_, Kind::unmask, sender, message);
  refuse_repeated(sender, message);
  if (!std::ranges::binary_search(survivors_, sender)) {
    throw ProtocolError("masking: " + text(sender) + " is not a survivor");
  }
  Unmask m = decoded(sender, [&] { return decode_unmask(config_, body); });
  if (m.survivors != survivors_digest_) {
    throw Misbehaviour(sender, "masking: " + text(sender) + " answers for another set of survivors");
  }
  const std::vector<Index> members = advertisers();
  const auto place = static_cast<size_t>(std::ranges::lower_bound(members, sender) - members.begin());
  const auto check = [&](std::span<const Unmask::Entry> entries, std::span<const Index> asked,
                         ShareKind kind) {
    if (!std::ranges::equal(entries, asked, {}, &Unmask::Entry::member)) {
      throw Misbehaviour(sender, "masking: " + text(sender) + " sends other shares than were asked for");
    }
    for (const auto& entry : entries) {
      const ShareDigests& dealt = shares_.at(entry.member).digests[place];
      const Digest& expected = kind == ShareKind::self_mask ? dealt.self_mask : dealt.mask_key;
      if (share_digest(config_, entry.member, sender, kind, entry.share) != expected) {
        throw Misbehaviour(sender,
                           "masking: " + text(sender) + " sends a false share of " + text(entry.member));
      }
    }
  };
  check(m.self_masks, survivors_, ShareKind::self_mask);
  check(m.mask_keys, dropped(), ShareKind::mask_key);
  unmasked_.emplace(sender, std::move(m));
}

// The masks that the sum of the survivors' vectors still bears, with their signs reversed.
std::vector<MaskTerm> ServerSession::masks_in_sum() const {
  // The first `threshold` answers; each is known to hold the shares that were dealt.
  std::vector<const Unmask*> answers;
  std::vector<uint8_t> points;
  for (const auto& [member, answer] : unmasked_) {
    if (answers.size() == config_.threshold()) break;
    answers.push_back(&answer);
    points.push_back(static_cast<uint8_t>(member + 1));
  }
  const std::vector<uint8_t> weights = shamir_weights_vartime(points);
  const auto combine = [&](std::vector<Unmask::Entry> Unmask::* list, size_t i) {
    std::vector<ByteSpan> shares;
    for (const Unmask* answer : answers) shares.emplace_back((answer->*list)[i].share);
    SecretBytes secret(kShareBytes);
    shamir_combine(secret.span(), weights, shares);
    return secret;
  };

  std::vector<MaskTerm> terms;
  for (size_t i = 0; i < survivors_.size(); ++i) {
    const Index member = survivors_[i];
    const SecretBytes seed = combine(&Unmask::self_masks, i);
    if (seed_digest(config_, member, seed.span()) != shares_.at(member).seed_digest) {
      throw Misbehaviour(member,
                         "masking: the shares that " + text(member) + " dealt do not give its self mask");
    }
    terms.push_back({derive_self_mask_key(config_, member, seed.span()), /*negative=*/true});
  }
  const std::vector<Index> gone = dropped();
  for (size_t i = 0; i < gone.size(); ++i) {
    const Index member = gone[i];
    const X25519PublicKey& public_key = advertised_.at(member).keys.mask_key;
    const SecretBytes private_key = combine(&Unmask::mask_keys, i);
    if (x25519_public_key(private_key.span().first<32>()) != public_key) {
      throw Misbehaviour(member,
                         "masking: the shares that " + text(member) + " dealt do not give its mask key");
    }
    for (const Index survivor : survivors_) {
      const X25519PublicKey& survivor_key = advertised_.at(survivor).keys.mask_key;
      const SecretBytes agreed = x25519_agree(private_key.span().first<32>(), survivor_key);
      // The survivor added the mask if its index is the lower one.
      terms.push_back(
          {derive_pair_mask_key(config_, member, public_key, survivor, survivor_key, agreed.span()),
           /*negative=*/survivor < member});
    }
  }
  return terms;
}

ServerSession::Sum ServerSession::sum() const {
  need(Phase::unmask);
  if (unmasked_.size() < config_.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(unmasked_.size()) + " members sent shares, " +
                           std::to_string(config_.threshold()) + " are needed");
  }
  MaskedVector total = total_->clone();
  total.add_masks(masks_in_sum());
  Sum sum{std::vector<int64_t>(config_.length()), total.blinder().to_bytes_le()};
  total.lift(sum.values);
  return sum;
}

}  // namespace pyzkfl::secagg

// A member's side of a masking round (see client.h). Each step computes into locals and changes the session
// last.
#include "secagg/client.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "fields/fr.h"
#include "secagg/checks.h"
#include "secagg/masked_vector.h"
#include "secagg/shamir.h"

namespace pyzkfl::secagg {
namespace {

// A malformed message is, to a session, a message that an honest party would not send.
template <class F>
auto decoded(F&& decode) {
  try {
    return decode();
  } catch (const DecodeError& e) {
    throw ProtocolError(std::string("masking: malformed ") + e.what());
  }
}

void need_clients(const Config& config, size_t present, const char* did_what) {
  if (present < config.min_clients()) {
    throw NotEnoughClients("masking: " + std::to_string(present) + " members " + did_what + ", " +
                           std::to_string(config.min_clients()) + " are needed");
  }
}

uint8_t point_of(Index member) { return static_cast<uint8_t>(member + 1); }

void refuse_unless_allowed(const UnsafeSkips& unsafe) {
  if (!unsafe.same_set && !unsafe.one_share_each) return;
  const char* allowed = std::getenv("PYZKFL_ALLOW_UNSAFE");
  if (allowed == nullptr || std::string_view(allowed) != "1") {
    throw ParameterError(
        "a session without its checks reveals updates; mutation tests set PYZKFL_ALLOW_UNSAFE=1");
  }
}

}  // namespace

ClientSession::ClientSession(Config config, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
                             UnsafeSkips unsafe)
    : ClientSession(std::move(config), index, std::move(identity), SecretBytes::random(32).span(), unsafe) {}

ClientSession::ClientSession(Config config, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
                             ByteSpan session_secret, UnsafeSkips unsafe)
    : config_(std::move(config)),
      index_(static_cast<Index>(index)),
      identity_(std::move(identity)),
      unsafe_(unsafe) {
  refuse_unless_allowed(unsafe_);
  if (index >= config_.n()) throw ParameterError("masking: there is no member " + std::to_string(index));
  if (!identity_ || identity_->public_key() != config_.members()[index]) {
    throw ParameterError("masking: the identity key is not that of member " + std::to_string(index));
  }
  if (session_secret.size() != 32) throw ParameterError("masking: a session secret has 32 bytes");
  secrets_ = derive_client_secrets(config_, index_, session_secret);
}

const char* ClientSession::next_step() const {
  switch (phase_) {
    case Phase::advertise: return "advertise";
    case Phase::share: return "share";
    case Phase::masked_input: return "masked_input";
    case Phase::sign_survivors: return "sign_survivors";
    case Phase::unmask: return "unmask";
  }
  return "";
}

void ClientSession::need(Phase phase) const {
  if (phase_ != phase) {
    throw ProtocolError(std::string("masking: wrong phase, the next step is ") + next_step());
  }
}

Bytes ClientSession::advertise() {
  need(Phase::advertise);
  Bytes message =
      client_message(config_, Kind::advertise, index_, encode(Advertise{secrets_.public_keys}), *identity_);
  phase_ = Phase::share;
  return message;
}

Bytes ClientSession::share(ByteSpan message) {
  need(Phase::share);
  const Advertised advertised = decoded(
      [&] { return decode_advertised(config_, open_server_message(config_, Kind::advertised, message)); });
  need_clients(config_, advertised.entries.size(), "advertised keys");
  check_distinct_keys(advertised);
  std::map<Index, PublicKeys> keys;
  std::vector<uint8_t> points;
  for (const auto& entry : advertised.entries) {
    if (!verify_body(config_, Kind::advertise, entry.member, encode(Advertise{entry.keys}),
                     entry.signature)) {
      throw ProtocolError("masking: the keys shown for member " + std::to_string(entry.member) +
                          " are not signed by it");
    }
    keys.emplace(entry.member, entry.keys);
    points.push_back(point_of(entry.member));
  }
  const auto own = keys.find(index_);
  if (own == keys.end() || own->second.share_key != secrets_.public_keys.share_key ||
      own->second.mask_key != secrets_.public_keys.mask_key) {
    throw ProtocolError("masking: our own keys are not among those shown");
  }

  const Digest view = sha256(message);
  SecretBytes both(2 * kShareBytes);
  std::ranges::copy(secrets_.self_seed.span(), both.span().begin());
  std::ranges::copy(secrets_.mask_private.span(), both.span().begin() + kShareBytes);
  SecretBytes dealt(points.size() * both.size());
  shamir_split(dealt.span(), both.span(), secrets_.coefficients.span(), points);

  ShareMessage out{view, seed_digest(config_, index_, secrets_.self_seed.span()), {}, {}};
  SecretBytes own_shares;
  size_t i = 0;
  for (const auto& [member, member_keys] : keys) {
    const ByteSpan pair = std::as_const(dealt).span().subspan(i++ * both.size(), both.size());
    const ShareDigests digests{
        share_digest(config_, index_, member, ShareKind::self_mask, pair.first(kShareBytes)),
        share_digest(config_, index_, member, ShareKind::mask_key, pair.last(kShareBytes))};
    out.digests.push_back(digests);
    if (member == index_) {
      own_shares = SecretBytes::copy_of(pair);
      continue;
    }
    SecretBytes agreed;
    try {
      agreed = x25519_agree(secrets_.share_private.span().first<32>(), member_keys.share_key);
      if (x25519_is_low_order(member_keys.mask_key)) throw DecodeError("mask key");
    } catch (const DecodeError&) {
      throw Misbehaviour(member,
                         "masking: member " + std::to_string(member) + " advertises a key of low order");
    }
    const ShareKey key = derive_share_key(config_, index_, secrets_.public_keys.share_key, member,
                                          member_keys.share_key, agreed.span());
    const Bytes sealed =
        aes256_gcm_seal(key.key(), key.nonce(), share_associated_data(view, index_, member, digests), pair);
    SealedShares fixed;
    std::ranges::copy(sealed, fixed.begin());
    out.sealed.push_back(fixed);
  }
  Bytes reply = client_message(config_, Kind::share, index_, encode(out), *identity_);

  advertised_ = std::move(keys);
  advertised_view_ = view;
  own_shares_ = std::move(own_shares);
  phase_ = Phase::masked_input;
  return reply;
}

SecretBytes ClientSession::open_shares(const Shared::Entry& entry, const PublicKeys& dealer) const {
  const SecretBytes agreed = x25519_agree(secrets_.share_private.span().first<32>(), dealer.share_key);
  const ShareKey key = derive_share_key(config_, entry.dealer, dealer.share_key, index_,
                                        secrets_.public_keys.share_key, agreed.span());
  auto opened = aes256_gcm_open(key.key(), key.nonce(),
                                share_associated_data(advertised_view_, entry.dealer, index_, entry.digests),
                                entry.sealed);
  if (!opened) {
    throw Misbehaviour(entry.dealer, "masking: the shares from member " + std::to_string(entry.dealer) +
                                         " do not decrypt, or were changed on the way");
  }
  const ByteSpan pair = opened->span();
  const Digest self_mask =
      share_digest(config_, entry.dealer, index_, ShareKind::self_mask, pair.first(kShareBytes));
  const Digest mask_key =
      share_digest(config_, entry.dealer, index_, ShareKind::mask_key, pair.last(kShareBytes));
  if (!equal_constant_time(self_mask, entry.digests.self_mask) ||
      !equal_constant_time(mask_key, entry.digests.mask_key)) {
    throw Misbehaviour(entry.dealer, "masking: the shares from member " + std::to_string(entry.dealer) +
                                         " are not the ones it committed to");
  }
  return std::move(*opened);
}

Bytes ClientSession::masked_input(ByteSpan message, std::span<const int64_t> values,
                                  std::span<const uint8_t, 32> blinder) {
  need(Phase::masked_input);
  const Shared shared =
      decoded([&] { return decode_shared(config_, open_server_message(config_, Kind::shared, message)); });
  if (shared.recipient != index_) throw ProtocolError("masking: shares for another member");
  need_clients(config_, shared.entries.size() + 1, "dealt shares");

  std::map<Index, SecretBytes> shares;
  std::vector<Index> sharers;
  std::vector<MaskTerm> masks;
  for (const auto& entry : shared.entries) {
    const auto dealer = advertised_.find(entry.dealer);
    if (entry.dealer == index_ || dealer == advertised_.end()) {
      throw ProtocolError("masking: shares from member " + std::to_string(entry.dealer) +
                          ", which advertised no keys");
    }
    shares.emplace(entry.dealer, open_shares(entry, dealer->second));
    sharers.push_back(entry.dealer);
    const SecretBytes agreed =
        x25519_agree(secrets_.mask_private.span().first<32>(), dealer->second.mask_key);
    masks.push_back({derive_pair_mask_key(config_, index_, secrets_.public_keys.mask_key, entry.dealer,
                                          dealer->second.mask_key, agreed.span()),
                     /*negative=*/index_ > entry.dealer});
  }
  shares.emplace(index_, own_shares_.clone());
  sharers.insert(std::ranges::lower_bound(sharers, index_), index_);
  masks.push_back({derive_self_mask_key(config_, index_, secrets_.self_seed.span()), /*negative=*/false});

  if (values.size() != config_.length()) {
    throw ParameterError("masking: the vector has " + std::to_string(values.size()) + " coordinates, " +
                         std::to_string(config_.length()) + " are agreed on");
  }
  check_magnitudes(values, config_.max_abs());
  Fr blinder_element;
  try {
    blinder_element = Fr::from_bytes_le(blinder);
  } catch (const DecodeError&) {
    throw ParameterError("masking: the blinder is not a canonical scalar");
  }
  MaskedVector vector(config_.length(), config_.bits());
  vector.add_values(values, blinder_element);
  wipe_object(blinder_element);
  vector.add_masks(masks);
  Bytes packed(packed_bytes(config_.length(), config_.bits()));
  vector.pack(packed);

  const Digest view = sharers_view(advertised_view_, sharers);
  Bytes reply = client_message(config_, Kind::masked, index_,
                               encode(Masked{view, packed, vector.blinder().to_bytes_le()}), *identity_);
  shares_ = std::move(shares);
  sharers_ = std::move(sharers);
  view_ = view;
  secrets_ = ClientSecrets{};  // nothing after this needs them
  own_shares_ = SecretBytes{};
  phase_ = Phase::sign_survivors;
  return reply;
}

Bytes ClientSession::sign_survivors(ByteSpan message) {
  if (phase_ != Phase::unmask) need(Phase::sign_survivors);
  const Survivors survivors = decoded(
      [&] { return decode_survivors(config_, open_server_message(config_, Kind::survivors, message)); });
  if (survivors.view != view_) {
    throw ProtocolError("masking: the server saw other keys or other sharers than we were shown");
  }
  return sign_survivors(survivors.members, survivors.context);
}

Bytes ClientSession::sign_survivors(std::span<const Index> survivors, const Digest& context) {
  if (phase_ != Phase::unmask) need(Phase::sign_survivors);
  if (!std::ranges::is_sorted(survivors) || std::ranges::adjacent_find(survivors) != survivors.end()) {
    throw ProtocolError("masking: the set of survivors is not strictly ascending");
  }
  if (!std::ranges::includes(sharers_, survivors)) {
    throw ProtocolError("masking: a survivor that dealt no shares");
  }
  need_clients(config_, survivors.size(), "sent a masked vector");
  if (!std::ranges::binary_search(survivors, index_)) {
    throw ProtocolError("masking: we are not among the survivors, so the set is not ours to sign");
  }
  const Digest digest = survivors_digest(view_, context, survivors);
  if (!unsafe_.same_set) check_same_set(signed_set_, digest);

  Bytes reply = client_message(config_, Kind::consistent, index_, encode(Consistent{digest}), *identity_);
  survivors_.assign(survivors.begin(), survivors.end());
  signed_set_ = digest;
  phase_ = Phase::unmask;
  return reply;
}

Bytes ClientSession::unmask(ByteSpan message) {
  need(Phase::unmask);
  const UnmaskRequest request = decoded([&] {
    return decode_unmask_request(config_, open_server_message(config_, Kind::unmask_request, message));
  });
  check_same_set(signed_set_, request.survivors);
  check_signatures(config_, request, *signed_set_, survivors_);
  if (!unsafe_.one_share_each) check_one_share_each(request, survivors_, sharers_);

  Unmask out{*signed_set_, {}, {}};
  const auto add = [&](std::vector<Unmask::Entry>& entries, Index member, size_t offset) {
    const auto pair = shares_.find(member);
    if (pair == shares_.end()) {
      throw ProtocolError("masking: a share of member " + std::to_string(member) +
                          ", which dealt none, is asked for");
    }
    Unmask::Entry entry{member, {}};
    std::ranges::copy(std::as_const(pair->second).span().subspan(offset, kShareBytes), entry.share.begin());
    entries.push_back(entry);
  };
  for (const Index member : request.self_masks) add(out.self_masks, member, 0);
  for (const Index member : request.mask_keys) add(out.mask_keys, member, kShareBytes);
  return client_message(config_, Kind::unmask, index_, encode(out), *identity_);
}

}  // namespace pyzkfl::secagg

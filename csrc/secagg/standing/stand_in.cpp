// Clients without secrets (see stand_in.h).
#include "secagg/standing/stand_in.h"

#include <algorithm>
#include <utility>

#include "fields/fr.h"
#include "secagg/config.h"
#include "secagg/errors.h"
#include "secagg/masked_vector.h"
#include "secagg/standing/key_schedule.h"

namespace pyzkfl::secagg::standing {

StandIn::StandIn(std::shared_ptr<const Plan> plan, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
                 const Digest& crowd)
    : plan_(std::move(plan)), index_(static_cast<Index>(index)), identity_(std::move(identity)), crowd_(crowd) {
  if (!plan_ || index >= plan_->n() || !identity_ || identity_->public_key() != plan_->members()[index]) {
    throw ParameterError("masking: a stand-in needs a plan, and its member's index and key");
  }
}

Seed StandIn::secret(char purpose, uint32_t round, Index a, Index b) const {
  Writer w;
  w.bytes(crowd_).u8(static_cast<uint8_t>(purpose)).u32(round).u16(a).u16(b);
  return sha256(w.view());
}

Seed StandIn::pair_seed(uint32_t round, Index a, Index b) const {
  return secret('m', round, std::min(a, b), std::max(a, b));
}

Bytes StandIn::message(Kind kind, uint32_t round, ByteSpan body) const {
  return member_message(*plan_, kind, index_, round, body, {identity_.get(), tag_key_.span()});
}

Bytes StandIn::keys() {
  const X25519PublicKey key = X25519PrivateKey(secret('k', 0, index_, index_)).public_key();
  return member_message(*plan_, Kind::keys, index_, kSetup, key, {identity_.get(), {}});
}

Bytes StandIn::deal(ByteSpan neighbour_keys) {
  const NeighbourKeys shown =
      decode_neighbour_keys(*plan_, open_server_message(*plan_, Kind::neighbour_keys, kSetup, neighbour_keys));
  const X25519PrivateKey key(secret('k', 0, index_, index_));
  tag_key_ =
      derive_tag_key(*plan_, index_, key.public_key(), shown.server_key, key.agree(shown.server_key).span());
  Deal out;
  out.view = sha256(neighbour_keys);
  for (uint32_t r = 0; r < plan_->rounds(); ++r) {
    const Seed pads = pad_key(r, index_);
    Deal::Round round{self_digest(*plan_, r, index_, self_seed(r, index_)), pad_digest(*plan_, r, index_, pads), {}};
    for (const auto& entry : shown.entries) round.pads.push_back(pair_seed(r, index_, entry.member));
    apply_pads(round.pads, pads);
    out.rounds.push_back(std::move(round));
  }
  out.sealed.resize(shown.entries.size() * sealed_bytes(*plan_));
  return message(Kind::deal, kSetup, encode(out));
}

Bytes StandIn::accept(ByteSpan dealt) {
  Confirm confirm;
  peers_.clear();
  for (const auto& entry : decode_dealt(*plan_, open_server_message(*plan_, Kind::dealt, kSetup, dealt)).entries) {
    peers_.push_back(entry.dealer);
    confirm.entries.push_back({entry.dealer, {}});
  }
  return plan_->active() ? message(Kind::confirm, kSetup, encode(confirm)) : Bytes{};
}

void StandIn::confirmed(ByteSpan message) {
  (void)decode_confirm(*plan_, open_server_message(*plan_, Kind::confirmed, kSetup, message));
}

Bytes StandIn::masked_input(uint32_t round, std::span<const int64_t> values, std::span<const uint8_t, 32> blinder) {
  std::vector<MaskTerm> masks;
  masks.reserve(peers_.size() + 1);
  for (const Index peer : peers_) {
    masks.push_back({SecretBytes::copy_of(pair_seed(round, index_, peer)), /*negative=*/index_ > peer});
  }
  masks.push_back({SecretBytes::copy_of(self_seed(round, index_)), /*negative=*/false});
  MaskedVector vector(plan_->length(), plan_->bits());
  vector.add_values(values, Fr::from_bytes_le(blinder));
  vector.add_masks(masks);
  Bytes packed(packed_bytes(plan_->length(), plan_->bits()));
  vector.pack(packed);
  round_ = round;
  return message(Kind::masked, round, encode(Masked{packed, vector.blinder().to_bytes_le()}));
}

Bytes StandIn::sign_survivors(ByteSpan survivors) {
  const Set set = decode_set(*plan_, open_server_message(*plan_, Kind::survivors, round_, survivors));
  return member_message(*plan_, Kind::consistent, index_, round_, set_digest(*plan_, round_, set),
                        {identity_.get(), {}});
}

Bytes StandIn::unmask(ByteSpan request) {
  const Set set =
      decode_unmask_request(*plan_, open_server_message(*plan_, Kind::unmask_request, round_, request)).set;
  std::vector<Index> dealers = peers_;
  dealers.insert(std::ranges::lower_bound(dealers, index_), index_);
  Unmask out{set_digest(*plan_, round_, set), {}};
  for (const Index dealer : dealers) {  // the constant polynomial's share is the secret
    const bool survived = std::ranges::binary_search(set.members, dealer);
    out.shares.push_back({dealer, survived ? self_seed(round_, dealer) : pad_key(round_, dealer)});
  }
  return message(Kind::unmask, round_, encode(out));
}

}  // namespace pyzkfl::secagg::standing

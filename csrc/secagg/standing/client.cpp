// A member's side of standing rounds (see client.h). Each step computes into locals and changes the member
// last.
#include "secagg/standing/client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/hkdf.h"
#include "base/thread_pool.h"
#include "fields/fr.h"
#include "secagg/config.h"
#include "secagg/masked_vector.h"
#include "secagg/member_text.h"
#include "secagg/standing/checks.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/wide_shamir.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr size_t kPair = 2 * kSecretBytes;  // the shares of one round: self seed, pad key
constexpr size_t kAgreementsAThread = 2;    // fewer take no longer than waking another thread

// A malformed message is, to a member, a message that an honest server would not send.
template <class F>
auto decoded(F&& decode) {
  try {
    return decode();
  } catch (const DecodeError& e) {
    throw ProtocolError(std::string("masking: malformed ") + e.what());
  }
}

}  // namespace

Member::Member(std::shared_ptr<const Plan> plan, size_t index,
               std::shared_ptr<const Ed25519PrivateKey> identity)
    : Member(std::move(plan), index, std::move(identity), SecretBytes::random(32).span()) {}

Member::Member(std::shared_ptr<const Plan> plan, size_t index,
               std::shared_ptr<const Ed25519PrivateKey> identity, ByteSpan session_secret)
    : plan_(std::move(plan)), index_(static_cast<Index>(index)), identity_(std::move(identity)) {
  if (!plan_) throw ParameterError("masking: a member needs a plan");
  if (index >= plan_->n()) throw ParameterError("masking: there is no member " + std::to_string(index));
  if (!identity_ || identity_->public_key() != plan_->members()[index]) {
    throw ParameterError("masking: the identity key is not that of member " + std::to_string(index));
  }
  if (session_secret.size() != 32) throw ParameterError("masking: a session secret has 32 bytes");
  session_secret_ = SecretBytes::copy_of(session_secret);
  self_root_ = derive_self_root(*plan_, index_, session_secret);
}

const char* Member::next_step() const {
  switch (phase_) {
    case Phase::keys: return "keys";
    case Phase::deal: return "deal";
    case Phase::accept: return "accept";
    case Phase::confirmed: return "confirmed";
    case Phase::round: return "round";
  }
  return "";
}

bool Member::in_committee() const { return std::ranges::binary_search(plan_->committee(), index_); }

void Member::need(Phase phase) const {
  if (phase_ != phase) {
    throw ProtocolError(std::string("masking: wrong phase, the next step is ") + next_step());
  }
}

void Member::need_round() const {
  need(Phase::round);
  if (!entered_) throw ProtocolError("masking: no round is open, a masked vector comes first");
}

Author Member::author() const {
  return {identity_.get(), std::as_const(tag_key_).span()};
}

uint16_t Member::point_in(Index dealer) const {
  const std::vector<Index> holders = plan_->graph().holders(dealer);
  return static_cast<uint16_t>(std::ranges::lower_bound(holders, index_) - holders.begin() + 1);
}

// --- setup ------------------------------------------------------------------------------------------------

Bytes Member::keys() {
  need(Phase::keys);
  const SecretBytes seed = derive_private_key(*plan_, index_, std::as_const(session_secret_).span());
  auto key = std::make_shared<const X25519PrivateKey>(seed.span().first<32>());
  Bytes message =
      member_message(*plan_, Kind::keys, index_, kSetup, key->public_key(), {identity_.get(), {}});
  private_key_ = std::move(key);
  phase_ = Phase::deal;
  return message;
}

Bytes Member::deal(ByteSpan message) {
  need(Phase::deal);
  const Plan& plan = *plan_;
  const NeighbourKeys shown = decoded([&] {
    return decode_neighbour_keys(plan, open_server_message(plan, Kind::neighbour_keys, kSetup, message));
  });
  if (shown.entries.size() + 1 < plan.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(shown.entries.size()) +
                           " neighbours have keys; with ourselves " + std::to_string(plan.threshold()) +
                           " are needed");
  }
  std::shared_ptr<const X25519PrivateKey> private_key = private_key_;
  if (!private_key) {  // after a restart
    const SecretBytes seed = derive_private_key(plan, index_, std::as_const(session_secret_).span());
    private_key = std::make_shared<const X25519PrivateKey>(seed.span().first<32>());
  }
  const X25519PublicKey& own_key = private_key->public_key();
  check_neighbour_keys(plan, index_, own_key, shown);
  const SecretBytes tag_key = decoded([&] {
    return derive_tag_key(plan, index_, own_key, shown.server_key, private_key->agree(shown.server_key).span());
  });
  std::vector<SecretBytes> agreed(shown.entries.size());
  parallel_for(agreed.size(), kAgreementsAThread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto& entry = shown.entries[i];
      try {
        agreed[i] = derive_pair_root(plan, index_, own_key, entry.member, entry.key,
                                     private_key->agree(entry.key).span());
      } catch (const DecodeError&) {
        throw Misbehaviour(entry.member, "masking: " + text(entry.member) + " shows a key of low order");
      }
    }
  });
  std::map<Index, SecretBytes> roots;
  for (size_t i = 0; i < agreed.size(); ++i) {
    roots.emplace(shown.entries[i].member, std::move(agreed[i]));
  }

  // The secrets of all rounds, one after the other, are shared as one.
  const size_t rounds = plan.rounds();
  SecretBytes secrets(kPair * rounds);
  Deal out;
  out.view = sha256(message);
  const SecretBytes pad_root = derive_pad_root(plan, index_, std::as_const(session_secret_).span());
  for (uint32_t r = 0; r < rounds; ++r) {
    const SecretBytes self_seed = derive_self_seed(plan, r, std::as_const(self_root_).span());
    const SecretBytes pad_key = derive_pad_key(plan, r, pad_root.span());
    std::ranges::copy(self_seed.span(), secrets.span().begin() + static_cast<std::ptrdiff_t>(r * kPair));
    std::ranges::copy(pad_key.span(),
                      secrets.span().begin() + static_cast<std::ptrdiff_t>(r * kPair + kSecretBytes));
    Deal::Round round{self_digest(plan, r, index_, self_seed.span()),
                      pad_digest(plan, r, index_, pad_key.span()), {}};
    for (const auto& [member, root] : roots) {
      const SecretBytes seed = derive_pair_seed(plan, r, root.span());
      Seed& pad = round.pads.emplace_back();
      std::ranges::copy(seed.span(), pad.begin());
    }
    apply_pads(round.pads, pad_key.span());
    out.rounds.push_back(std::move(round));
  }
  std::vector<uint16_t> points;
  const std::vector<Index> holders = plan.graph().holders(index_);
  for (size_t i = 0; i < holders.size(); ++i) {
    if (holders[i] == index_ || roots.contains(holders[i])) points.push_back(static_cast<uint16_t>(i + 1));
  }
  SecretBytes dealt(points.size() * secrets.size());
  {
    const SecretBytes coefficients = derive_coefficients(plan, index_, std::as_const(session_secret_).span(),
                                                         (plan.threshold() - 1) * secrets.size());
    wide_shamir_split(dealt.span(), secrets.span(), coefficients.span(), points);
  }
  SecretBytes own_shares;
  for (size_t i = 0; i < points.size(); ++i) {
    const Index holder = holders[points[i] - 1U];
    const ByteSpan share = std::as_const(dealt).span().subspan(i * secrets.size(), secrets.size());
    if (holder == index_) {
      own_shares = SecretBytes::copy_of(share);
      continue;
    }
    const SecretBytes key = derive_share_key(plan, index_, holder, roots.at(holder).span());
    const Bytes sealed = aes256_gcm_seal(key.span().first<32>(), key.span().subspan<32, 12>(), plan.digest(), share);
    out.sealed.insert(out.sealed.end(), sealed.begin(), sealed.end());
  }
  Bytes reply = member_message(plan, Kind::deal, index_, kSetup, encode(out),
                               {identity_.get(), tag_key.span()});
  pair_roots_ = std::move(roots);
  shares_.emplace(index_, std::move(own_shares));
  tag_key_ = tag_key.clone();
  session_secret_ = SecretBytes{};
  private_key_.reset();
  phase_ = Phase::accept;
  return reply;
}

Bytes Member::accept(ByteSpan message) {
  need(Phase::accept);
  const Plan& plan = *plan_;
  const Dealt dealt =
      decoded([&] { return decode_dealt(plan, open_server_message(plan, Kind::dealt, kSetup, message)); });
  if (dealt.recipient != index_) throw ProtocolError("masking: shares for another member");
  if (dealt.entries.size() + 1 < plan.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(dealt.entries.size()) +
                           " neighbours dealt shares; with ourselves " + std::to_string(plan.threshold()) +
                           " are needed");
  }
  std::map<Index, SecretBytes> shares;
  std::map<Index, SecretBytes> roots;
  Confirm confirm;
  for (const auto& entry : dealt.entries) {
    const auto root = pair_roots_.find(entry.dealer);
    if (root == pair_roots_.end()) {
      throw ProtocolError("masking: shares from " + text(entry.dealer) + ", which showed us no key");
    }
    const SecretBytes key = derive_share_key(plan, entry.dealer, index_, root->second.span());
    auto opened = aes256_gcm_open(key.span().first<32>(), key.span().subspan<32, 12>(), plan.digest(),
                                  entry.sealed);
    if (!opened) {
      throw Misbehaviour(entry.dealer, "masking: the shares from " + text(entry.dealer) +
                                           " do not decrypt, or were changed on the way");
    }
    shares.emplace(entry.dealer, std::move(*opened));
    roots.emplace(entry.dealer, root->second.clone());
    if (plan.active()) {
      confirm.entries.push_back({entry.dealer, confirm_tag(plan, index_, entry.dealer, root->second.span())});
    }
  }
  Bytes reply;
  if (plan.active()) {
    reply = member_message(plan, Kind::confirm, index_, kSetup, encode(confirm), author());
  }
  shares_.merge(shares);
  pair_roots_ = std::move(roots);
  phase_ = plan.active() ? Phase::confirmed : Phase::round;
  return reply;
}

void Member::confirmed(ByteSpan message) {
  need(Phase::confirmed);
  const Plan& plan = *plan_;
  const Confirm confirm = decoded(
      [&] { return decode_confirm(plan, open_server_message(plan, Kind::confirmed, kSetup, message)); });
  std::set<Index> from;
  for (const auto& entry : confirm.entries) {
    const auto root = pair_roots_.find(entry.member);
    if (root == pair_roots_.end()) {
      throw ProtocolError("masking: a confirmation from " + text(entry.member) + ", which dealt us nothing");
    }
    // A false tag is no confirmation, whoever is to blame: its member's self mask is not ours to open.
    if (equal_constant_time(confirm_tag(plan, entry.member, index_, root->second.span()), entry.tag)) {
      from.insert(entry.member);
    }
  }
  confirmed_ = std::move(from);
  phase_ = Phase::round;
}

// --- a round ----------------------------------------------------------------------------------------------

Bytes Member::masked_input(uint32_t round, std::span<const int64_t> values,
                           std::span<const uint8_t, 32> blinder) {
  need(Phase::round);
  const Plan& plan = *plan_;
  if (round >= plan.rounds()) {
    throw ParameterError("masking: the setup lasts for " + std::to_string(plan.rounds()) +
                         " rounds; make a new one, of the next epoch");
  }
  if (round < next_round_) {
    throw ProtocolError("masking: round " + std::to_string(round) +
                        " was entered or passed already; a mask is used once");
  }
  if (values.size() != plan.length()) {
    throw ParameterError("masking: the vector has " + std::to_string(values.size()) + " coordinates, " +
                         std::to_string(plan.length()) + " are agreed on");
  }
  check_magnitudes(values, plan.max_abs());
  Fr blinder_element;
  try {
    blinder_element = Fr::from_bytes_le(blinder);
  } catch (const DecodeError&) {
    throw ParameterError("masking: the blinder is not a canonical scalar");
  }
  std::vector<MaskTerm> masks;
  masks.reserve(pair_roots_.size() + 1);
  for (const auto& [member, root] : pair_roots_) {
    masks.push_back({derive_pair_seed(plan, round, root.span()), /*negative=*/index_ > member});
  }
  masks.push_back({derive_self_seed(plan, round, std::as_const(self_root_).span()), /*negative=*/false});
  MaskedVector vector(plan.length(), plan.bits());
  vector.add_values(values, blinder_element);
  wipe_object(blinder_element);
  vector.add_masks(masks);
  Bytes packed(packed_bytes(plan.length(), plan.bits()));
  vector.pack(packed);
  Bytes reply = member_message(plan, Kind::masked, index_, round,
                               encode(Masked{packed, vector.blinder().to_bytes_le()}), author());
  // Shares of rounds that are over are of use to a thief only.
  for (auto& entry : shares_) wipe(entry.second.span().first(kPair * round));
  sent_ = vector_digest(packed, vector.blinder().to_bytes_le());
  next_round_ = round + 1;
  entered_ = true;
  bound_.reset();
  return reply;
}

void Member::check_set(const Set& set) const {
  if (set.members.size() < plan_->min_survivors()) {
    throw NotEnoughClients("masking: " + std::to_string(set.members.size()) + " survivors, " +
                           std::to_string(plan_->min_survivors()) + " are needed");
  }
  if (!std::ranges::binary_search(set.members, index_)) {
    throw ProtocolError("masking: we are not among the survivors, so the set is not ours to sign");
  }
}

Bytes Member::sign_survivors(ByteSpan message) {
  need_round();
  const Plan& plan = *plan_;
  if (!plan.active() || !in_committee()) {
    throw ProtocolError("masking: this member signs no sets of survivors");
  }
  const uint32_t round = next_round_ - 1;
  const Set set = decoded(
      [&] { return decode_set(plan, open_server_message(plan, Kind::survivors, round, message)); });
  check_set(set);
  const Digest digest = set_digest(plan, round, set);
  check_bound(bound_, digest);
  Bytes reply = member_message(plan, Kind::consistent, index_, round, digest, {identity_.get(), {}});
  bound_ = digest;
  return reply;
}

Bytes Member::unmask(ByteSpan message) {
  need_round();
  const Plan& plan = *plan_;
  const uint32_t round = next_round_ - 1;
  const UnmaskRequest request = decoded([&] {
    return decode_unmask_request(plan, open_server_message(plan, Kind::unmask_request, round, message));
  });
  check_set(request.set);
  const Digest digest = set_digest(plan, round, request.set);
  check_bound(bound_, digest);
  if (plan.active()) check_committee(plan, round, request, digest);

  Unmask out{digest, {}};
  for (const auto& [member, shares] : shares_) {
    const bool survived = std::ranges::binary_search(request.set.members, member);
    // A survivor that did not tell us that it masks with us gets no share of its self mask opened by us.
    if (survived && plan.active() && member != index_ && !confirmed_.contains(member)) continue;
    Unmask::Entry entry{member, {}};
    std::ranges::copy(
        shares.span().subspan(round * kPair + (survived ? 0 : kSecretBytes), kSecretBytes),
        entry.share.begin());
    out.shares.push_back(entry);
  }
  Bytes reply = member_message(plan, Kind::unmask, index_, round, encode(out), author());
  bound_ = digest;
  return reply;
}

}  // namespace pyzkfl::secagg::standing

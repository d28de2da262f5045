// The blame round's vectors (see blame.h), and the steps of members and server that give them.
#include "secagg/standing/blame.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/aes_ctr.h"
#include "base/errors.h"
#include "fields/fr.h"
#include "secagg/config.h"
#include "secagg/masked_vector.h"
#include "secagg/standing/checks.h"
#include "secagg/standing/client.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/server.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr int64_t kLimbMask = (int64_t{1} << kLimbBits) - 1;

using Values = std::vector<int64_t>;

// One mask, each coordinate centred modulo 2^b, and its element of Fr.
std::pair<Values, Fr> expanded(const Plan& plan, ByteSpan seed) {
  MaskedVector mask(plan.length(), plan.bits());
  std::vector<MaskTerm> terms;
  terms.push_back({SecretBytes::copy_of(seed), /*negative=*/false});
  mask.add_masks(terms);
  Values out(plan.length());
  mask.lift(out);
  return {std::move(out), mask.blinder()};
}

void wipe_values(Values& values) {
  wipe({reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(int64_t)});
}

void add(Values& sum, const Values& addend, bool negative) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += negative ? -addend[i] : addend[i];
}

// The high part of a wide mask: 60 bits in two limbs.
std::array<Values, 2> high_limbs(const Plan& plan, ByteSpan pair_seed) {
  const SecretBytes key = derive_wide_key(plan, pair_seed);
  AesCtr256 stream(key.span().first<32>());
  std::vector<uint64_t> words(plan.length());
  stream.keystream(std::span<uint64_t>(words));
  std::array<Values, 2> out = {Values(plan.length()), Values(plan.length())};
  for (size_t i = 0; i < words.size(); ++i) {
    out[0][i] = static_cast<int64_t>(words[i]) & kLimbMask;
    out[1][i] = static_cast<int64_t>(words[i] >> kLimbBits) & kLimbMask;
  }
  wipe({reinterpret_cast<uint8_t*>(words.data()), words.size() * 8});
  return out;
}

// Limbs of integers in [-2^(bits-1), 2^(bits-1)): all but the last are not negative. How many follows from `bits`.
void append_low(WideVector& out, Values values, unsigned bits) {
  unsigned exponent = 0;
  for (; bits > kLimbBits + 1; bits -= kLimbBits, exponent += kLimbBits) {
    Values upper(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      upper[i] = values[i] >> kLimbBits;
      values[i] &= kLimbMask;
    }
    out.limbs.push_back({exponent, std::move(values)});
    values = std::move(upper);
  }
  out.limbs.push_back({exponent, std::move(values)});
}

void append_high(WideVector& out, const Plan& plan, std::array<Values, 2> high) {
  out.limbs.push_back({plan.bits(), std::move(high[0])});
  out.limbs.push_back({plan.bits() + kLimbBits, std::move(high[1])});
}

// Of a sum of a value and k + 1 masks.
unsigned sum_bits(const Plan& plan) {
  return plan.bits() + static_cast<unsigned>(std::bit_width(plan.graph().k() + 2));
}

}  // namespace

void check_blamable(const Plan& plan) {
  if (sum_bits(plan) > 62) {
    throw ParameterError("masking: coordinates of " + std::to_string(plan.bits()) +
                         " bits are too wide for a blame round");
  }
}

Digest vector_digest(ByteSpan packed, std::span<const uint8_t, 32> blinder) {
  return Sha256().update(packed).update(blinder).finish();
}

WideVector sum_of_masks(const Plan& plan, std::span<const SignedSeed> masks) {
  Values sum(plan.length());
  Fr blinder;
  for (const SignedSeed& mask : masks) {
    auto [values, element] = expanded(plan, mask.seed);
    add(sum, values, mask.negative);
    blinder += mask.negative ? -element : element;
    wipe_values(values);
  }
  WideVector out{{}, blinder.to_bytes_le()};
  append_low(out, std::move(sum), sum_bits(plan));
  return out;
}

WideVector wide_mask(const Plan& plan, ByteSpan pair_seed) {
  auto [low, element] = expanded(plan, pair_seed);
  WideVector out{{}, element.to_bytes_le()};
  append_low(out, std::move(low), plan.bits());
  append_high(out, plan, high_limbs(plan, pair_seed));
  return out;
}

// --- member -----------------------------------------------------------------------------------------------

// `opens`: what we show is open only because this set was signed, so that is checked again.
Set Member::blamed_set(ByteSpan request, bool opens) const {
  need_round();
  check_blamable(*plan_);
  const uint32_t round = next_round_ - 1;
  UnmaskRequest asked;
  try {
    asked =
        decode_unmask_request(*plan_, open_server_message(*plan_, Kind::unmask_request, round, request));
  } catch (const DecodeError& e) {
    throw ProtocolError(std::string("masking: malformed ") + e.what());
  }
  const Digest digest = set_digest(*plan_, round, asked.set);
  if (!bound_ || *bound_ != digest) {
    throw ProtocolError("masking: a blame round is about the set that we are bound to, and this is another");
  }
  if (opens && plan_->active()) check_committee(*plan_, round, asked, digest);
  return asked.set;
}

WideVector Member::blamed_vector(ByteSpan request, std::span<const int64_t> values,
                                 std::span<const uint8_t, 32> blinder) const {
  const Set set = blamed_set(request, /*opens=*/true);
  const Plan& plan = *plan_;
  const uint32_t round = next_round_ - 1;
  if (values.size() != plan.length()) {
    throw ParameterError("masking: the vector has " + std::to_string(values.size()) + " coordinates, " +
                         std::to_string(plan.length()) + " are agreed on");
  }
  check_magnitudes(values, plan.max_abs());
  Fr element;
  try {
    element = Fr::from_bytes_le(blinder);
  } catch (const DecodeError&) {
    throw ParameterError("masking: the blinder is not a canonical scalar");
  }
  Values sum(values.begin(), values.end());
  std::array<Values, 2> high = {Values(values.size()), Values(values.size())};
  const auto add_mask = [&](const SecretBytes& seed, bool negative, bool wide) {
    auto [mask, mask_element] = expanded(plan, seed.span());
    add(sum, mask, negative);
    element += negative ? -mask_element : mask_element;
    wipe_values(mask);
    if (!wide) return;
    auto upper = high_limbs(plan, seed.span());
    for (size_t limb = 0; limb < 2; ++limb) {
      add(high[limb], upper[limb], negative);
      wipe_values(upper[limb]);
    }
  };
  for (const auto& [member, root] : pair_roots_) {
    // Masks with lost members are no secret any more.
    add_mask(derive_pair_seed(plan, round, root.span()), /*negative=*/index_ > member,
             /*wide=*/std::ranges::binary_search(set.members, member));
  }
  // An active server may know every other mask and not be able to open this one: then it alone hides the vector.
  add_mask(derive_self_seed(plan, round, self_root_.span()), /*negative=*/false, /*wide=*/true);

  // The residue that was sent, and what is above it into the high part.
  const unsigned shift = 64 - plan.bits();
  Values low(sum.size());
  Values top(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) {
    low[i] = static_cast<int64_t>(static_cast<uint64_t>(sum[i]) << shift) >> shift;
    high[0][i] += (sum[i] - low[i]) >> plan.bits();
    high[1][i] += high[0][i] >> kLimbBits;
    high[0][i] &= kLimbMask;
    top[i] = high[1][i] >> kLimbBits;
    high[1][i] &= kLimbMask;
  }
  wipe_values(sum);
  MaskedVector sent(plan.length(), plan.bits());
  sent.add_values(low, element);
  Bytes packed(packed_bytes(plan.length(), plan.bits()));
  sent.pack(packed);
  if (vector_digest(packed, element.to_bytes_le()) != sent_) {
    throw ParameterError("masking: these are not the values and the blinder that went into round " +
                         std::to_string(round));
  }
  WideVector out{{}, element.to_bytes_le()};
  append_low(out, std::move(low), plan.bits());
  append_high(out, plan, std::move(high));
  out.limbs.push_back({plan.bits() + 2 * kLimbBits, std::move(top)});
  return out;
}

std::vector<LostSeed> Member::lost_seeds(ByteSpan request) const {
  const Set set = blamed_set(request, /*opens=*/true);
  std::vector<LostSeed> out;
  for (const auto& [member, root] : pair_roots_) {
    if (std::ranges::binary_search(set.members, member)) continue;
    LostSeed& shown = out.emplace_back();
    shown.lost = member;
    std::ranges::copy(derive_pair_seed(*plan_, next_round_ - 1, root.span()).span(), shown.seed.begin());
  }
  return out;
}

WideVector Member::blame_mask(ByteSpan request, Index survivor) const {
  const Set set = blamed_set(request, /*opens=*/false);
  const auto root = pair_roots_.find(survivor);
  if (root == pair_roots_.end() || !std::ranges::binary_search(set.members, survivor)) {
    throw ParameterError("masking: member " + std::to_string(survivor) + " is no neighbour that survived");
  }
  return wide_mask(*plan_, derive_pair_seed(*plan_, next_round_ - 1, root->second.span()).span());
}

// --- server -----------------------------------------------------------------------------------------------

bool Server::sent_vector(Index survivor, std::span<const int64_t> low,
                         std::span<const uint8_t, 32> blinder) const {
  const auto sent = vectors_.find(survivor);
  if (sent == vectors_.end()) throw ParameterError("masking: no vector of this member is in the round");
  if (low.size() != plan_->length()) return false;
  MaskedVector vector(plan_->length(), plan_->bits());
  Bytes packed(packed_bytes(plan_->length(), plan_->bits()));
  vector.add_values(low, Fr());
  vector.pack(packed);
  return vector_digest(packed, blinder) == sent->second;
}

std::vector<Index> Server::lost_neighbours(Index survivor) const {
  need(Phase::unmask);
  check_blamable(*plan_);
  if (!std::ranges::binary_search(set_.members, survivor)) {
    throw ParameterError("masking: member " + std::to_string(survivor) + " is not a survivor");
  }
  std::vector<Index> out;
  for (const Index dealer : dealers_) {
    if (std::ranges::binary_search(set_.members, dealer)) continue;
    if (plan_->graph().adjacent(dealer, survivor)) out.push_back(dealer);
  }
  return out;
}

WideVector Server::opened_masks(Index survivor, std::span<const LostSeed> shown) const {
  if (!std::ranges::equal(shown, lost_neighbours(survivor), {}, &LostSeed::lost)) {
    throw Misbehaviour(survivor, "masking: member " + std::to_string(survivor) +
                                     " does not show its masks with those who were lost");
  }
  std::set<Index> suspects;
  const SecretBytes self_seed = recover(survivor, /*survived=*/true, shares_for(survivor), suspects);
  std::vector<SignedSeed> masks = {{self_seed.span(), /*negative=*/false}};
  for (const LostSeed& entry : shown) masks.push_back({entry.seed, survivor > entry.lost});
  WideVector out = sum_of_masks(*plan_, masks);
  append_high(out, *plan_, high_limbs(*plan_, self_seed.span()));
  return out;
}

std::vector<Index> Server::other_seeds(Index survivor, std::span<const LostSeed> shown) const {
  std::vector<Index> out;
  std::set<Index> suspects;
  for (const Index lost : lost_neighbours(survivor)) {
    const std::vector<Index> neighbours = shown_to(lost);
    std::vector<Seed> seeds = pads_of(lost, neighbours.size());
    apply_pads(seeds, recover(lost, /*survived=*/false, shares_for(lost), suspects).span());
    const auto place = std::ranges::lower_bound(neighbours, survivor) - neighbours.begin();
    const auto entry = std::ranges::find(shown, lost, &LostSeed::lost);
    if (entry == shown.end() || entry->seed != seeds[static_cast<size_t>(place)]) out.push_back(lost);
  }
  return out;
}

}  // namespace pyzkfl::secagg::standing

// The sum of a standing round: secrets from shares, masks from secrets (see server.h).
#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "secagg/member_text.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/server.h"
#include "secagg/standing/wide_shamir.h"

namespace pyzkfl::secagg::standing {
namespace {

constexpr size_t kBatch = 64;  // terms that go over a stretch of the vector together
// Below so many bytes of masks a second thread costs more than it brings.
constexpr uint64_t kParallelBytes = uint64_t{1} << 20;

bool is_zero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// The weights of the holders that were asked for last: in a complete graph they are the same for everybody.
const std::vector<uint16_t>& weights_of(const std::vector<uint16_t>& points) {
  thread_local std::vector<uint16_t> last_points;
  thread_local std::vector<uint16_t> last_weights;
  if (last_points != points) {
    last_weights = wide_shamir_weights_vartime(points);
    last_points = points;
  }
  return last_weights;
}

}  // namespace

Server::Shares Server::shares_for(Index dealer) const { return answers_.block(plan_->graph().place(dealer), 1); }

// The encrypted seeds of its pairs in this round.
std::vector<Seed> Server::pads_of(Index dealer, size_t neighbours) const {
  std::vector<Seed> seeds(neighbours);
  deals_.get(dealer, round_ * deal_round_bytes(*plan_) + kSecretDigests,
             {reinterpret_cast<uint8_t*>(seeds.data()), seeds.size() * sizeof(Seed)});
  return seeds;
}

// The round's secret of a dealer: its self-mask seed if it survived, its pad key if not.
SecretBytes Server::recover(Index dealer, bool survived, const Shares& from, std::set<Index>& suspects) const {
  const std::vector<Index> holders = plan_->graph().holders(dealer);
  std::vector<uint16_t> points;
  std::vector<ByteSpan> shares;
  for (size_t i = 0; i < holders.size(); ++i) {
    if (points.size() > plan_->threshold()) break;  // one more, to outvote a false one
    if (!answers_.has(holders[i])) continue;
    const ByteSpan share = from.cell(holders[i], dealer);
    if (is_zero(share)) continue;
    points.push_back(static_cast<uint16_t>(i + 1));
    shares.push_back(share);
  }
  const size_t t = plan_->threshold();
  if (points.size() < t) {
    throw NotEnoughClients("masking: " + std::to_string(points.size()) + " shares of " + text(dealer) +
                           " came, " + std::to_string(t) + " are needed");
  }
  Digest dealt{};  // what it committed to
  deals_.get(dealer, round_ * deal_round_bytes(*plan_) + (survived ? 0 : sizeof(Digest)), dealt);
  SecretBytes secret(kSecretBytes);
  const auto fits = [&](const std::vector<uint16_t>& at, std::span<const ByteSpan> those) {
    wide_shamir_combine(secret.span(), weights_of(at), those);
    return dealt == (survived ? self_digest(*plan_, round_, dealer, std::as_const(secret).span())
                              : pad_digest(*plan_, round_, dealer, std::as_const(secret).span()));
  };
  if (fits({points.begin(), points.begin() + static_cast<std::ptrdiff_t>(t)}, std::span(shares).first(t))) {
    return secret;
  }
  // Leave out one after the other of those just used.
  for (size_t out = 0; points.size() > t && out < t; ++out) {
    std::vector<uint16_t> some_points = points;
    std::vector<ByteSpan> some_shares = shares;
    some_points.erase(some_points.begin() + static_cast<std::ptrdiff_t>(out));
    some_shares.erase(some_shares.begin() + static_cast<std::ptrdiff_t>(out));
    if (fits(some_points, some_shares)) {
      suspects.insert(holders[points[out] - 1U]);
      return secret;
    }
  }
  throw ProtocolError("masking: the shares of " + text(dealer) +
                      " do not give what it committed to: it dealt false ones, or several of those who hold "
                      "them sent false ones");
}

// The masks that the sum still bears on account of this dealer, with their signs reversed.
std::vector<MaskTerm> Server::masks_of(Index dealer, const Shares& shares, std::set<Index>& suspects) const {
  const bool survived = std::ranges::binary_search(set_.members, dealer);
  SecretBytes secret = recover(dealer, survived, shares, suspects);
  std::vector<MaskTerm> terms;
  if (survived) {
    terms.push_back({std::move(secret), /*negative=*/true});
    return terms;
  }
  const std::vector<Index> shown = shown_to(dealer);
  std::vector<Seed> seeds = pads_of(dealer, shown.size());
  apply_pads(seeds, std::as_const(secret).span());
  for (size_t i = 0; i < seeds.size(); ++i) {
    const Index neighbour = shown[i];
    if (!std::ranges::binary_search(set_.members, neighbour)) continue;
    // The survivor added the mask if its index is the lower one.
    terms.push_back({SecretBytes::copy_of(seeds[i]), /*negative=*/neighbour < dealer});
  }
  wipe({reinterpret_cast<uint8_t*>(seeds.data()), seeds.size() * sizeof(Seed)});
  return terms;
}

Server::Sum Server::sum() {
  need(Phase::unmask);
  const size_t answered = responders().size();
  if (answered < plan_->threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(answered) + " members sent shares, " +
                           std::to_string(plan_->threshold()) + " of each neighbourhood are needed");
  }
  MaskedVector total = total_->clone();
  std::set<Index> suspects;
  std::mutex mutex;
  const uint64_t bytes = total.mask_bytes() * dealers_.size();
  // In the order of the ring, in which shares are read.
  const size_t n = plan_->n();
  const size_t chunk = std::min(answers_.block_width(), bytes < kParallelBytes ? n : n / (4 * thread_count()) + 1);
  parallel_for(n, chunk, [&](size_t begin, size_t end) {
    const Shares shares = answers_.block(begin, end - begin);
    MaskedVector masks(plan_->length(), plan_->bits());
    std::set<Index> found;
    std::vector<MaskTerm> terms;
    for (size_t i = begin; i < end; ++i) {
      const Index dealer = plan_->graph().at_place(i);
      if (deals_.has(dealer)) {
        for (MaskTerm& term : masks_of(dealer, shares, found)) terms.push_back(std::move(term));
      }
      if (terms.size() >= kBatch || i + 1 == end) {
        masks.add_masks(terms);
        terms.clear();
      }
    }
    const std::lock_guard lock(mutex);
    total.add(masks);
    suspects.merge(found);
  });
  Sum sum{std::vector<int64_t>(plan_->length()), total.blinder().to_bytes_le()};
  total.lift(sum.values);
  suspects_ = std::move(suspects);
  return sum;
}

}  // namespace pyzkfl::secagg::standing

// A member's checks against the server (see checks.h).
#include "secagg/standing/checks.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/thread_pool.h"
#include "secagg/errors.h"

namespace pyzkfl::secagg::standing {
namespace {

// The first of n signatures that does not verify, or n. On all threads: a signature takes a tenth of a
// millisecond.
template <class F>
size_t first_invalid(size_t n, F&& valid) {
  std::vector<uint8_t> ok(n);
  parallel_for(n, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) ok[i] = valid(i) ? 1 : 0;
  });
  return static_cast<size_t>(std::ranges::find(ok, 0) - ok.begin());
}

std::string text(Index member) { return "member " + std::to_string(member); }

}  // namespace

void check_neighbour_keys(const Plan& plan, Index member, const X25519PublicKey& own_key,
                          const NeighbourKeys& shown) {
  std::set<X25519PublicKey> seen = {own_key};
  for (const auto& entry : shown.entries) {
    const std::string who = text(entry.member);
    if (!plan.graph().adjacent(member, entry.member)) {
      throw ProtocolError("masking: a key of " + who + ", which is no neighbour of ours");
    }
    if (!seen.insert(entry.key).second) throw ProtocolError("masking: " + who + " shows a key of another");
  }
  if (!plan.active()) return;
  const size_t bad = first_invalid(shown.entries.size(), [&](size_t i) {
    const auto& entry = shown.entries[i];
    return verify_body(plan, Kind::keys, entry.member, kSetup, entry.key, entry.signature);
  });
  if (bad < shown.entries.size()) {
    throw ProtocolError("masking: the key shown for " + text(shown.entries[bad].member) + " is not signed by it");
  }
}

void check_bound(const std::optional<Digest>& bound, const Digest& asked) {
  if (bound && *bound != asked) {
    throw ProtocolError(
        "masking: the server shows a second, different set of survivors; this member is bound to another");
  }
}

void check_committee(const Plan& plan, uint32_t round, const UnmaskRequest& request, const Digest& digest) {
  if (request.signatures.size() < plan.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(request.signatures.size()) +
                           " of the committee signed the set of survivors, " +
                           std::to_string(plan.threshold()) + " are needed");
  }
  for (const auto& entry : request.signatures) {
    if (!std::ranges::binary_search(plan.committee(), entry.member) ||
        !std::ranges::binary_search(request.set.members, entry.member)) {
      throw ProtocolError("masking: a signature of " + text(entry.member) +
                          ", which is no survivor of the committee");
    }
  }
  const size_t bad = first_invalid(request.signatures.size(), [&](size_t i) {
    const auto& entry = request.signatures[i];
    return verify_body(plan, Kind::consistent, entry.member, round, digest, entry.signature);
  });
  if (bad < request.signatures.size()) {
    throw ProtocolError("masking: the signature of " + text(request.signatures[bad].member) +
                        " is not over this set of survivors");
  }
}

}  // namespace pyzkfl::secagg::standing

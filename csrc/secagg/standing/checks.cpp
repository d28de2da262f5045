// A member's checks against the server (see checks.h).
#include "secagg/standing/checks.h"

#include <algorithm>
#include <set>
#include <string>

#include "secagg/errors.h"
#include "secagg/member_text.h"

namespace pyzkfl::secagg::standing {
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
  std::vector<SignedBody> bodies;
  for (const auto& entry : shown.entries) bodies.push_back({entry.member, entry.key, entry.signature});
  const size_t bad = first_not_signed(plan, Kind::keys, kSetup, bodies);
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
  std::vector<SignedBody> bodies;
  for (const auto& entry : request.signatures) bodies.push_back({entry.member, digest, entry.signature});
  const size_t bad = first_not_signed(plan, Kind::consistent, round, bodies);
  if (bad < request.signatures.size()) {
    throw ProtocolError("masking: the signature of " + text(request.signatures[bad].member) +
                        " is not over this set of survivors");
  }
}

}  // namespace pyzkfl::secagg::standing

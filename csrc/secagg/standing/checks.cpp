// A member's checks against the server (see checks.h).
#include "secagg/standing/checks.h"

#include <algorithm>
#include <set>
#include <string>

#include "secagg/errors.h"

namespace pyzkfl::secagg::standing {

void check_neighbour_keys(const Plan& plan, Index member, const X25519PublicKey& own_key,
                          const NeighbourKeys& shown) {
  std::set<X25519PublicKey> seen = {own_key};
  for (const auto& entry : shown.entries) {
    const std::string who = "member " + std::to_string(entry.member);
    if (!plan.graph().adjacent(member, entry.member)) {
      throw ProtocolError("masking: a key of " + who + ", which is no neighbour of ours");
    }
    if (!seen.insert(entry.key).second) throw ProtocolError("masking: " + who + " shows a key of another");
    if (plan.active() &&
        !verify_body(plan, Kind::keys, entry.member, kSetup, entry.key, entry.signature)) {
      throw ProtocolError("masking: the key shown for " + who + " is not signed by it");
    }
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
    const std::string who = "member " + std::to_string(entry.member);
    if (!std::ranges::binary_search(plan.committee(), entry.member) ||
        !std::ranges::binary_search(request.set.members, entry.member)) {
      throw ProtocolError("masking: a signature of " + who + ", which is no survivor of the committee");
    }
    if (!verify_body(plan, Kind::consistent, entry.member, round, digest, entry.signature)) {
      throw ProtocolError("masking: the signature of " + who + " is not over this set of survivors");
    }
  }
}

}  // namespace pyzkfl::secagg::standing

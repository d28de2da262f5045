// The checks of a member on which privacy against the server rests, each a function of its own. None of them
// looks at a secret. Each throws ProtocolError, or what it says.
#pragma once

#include <optional>
#include <span>

#include "secagg/standing/messages.h"

namespace pyzkfl::secagg::standing {

// All are neighbours of `member`, none has our key or another's, and, with an active server, each key is
// signed by its member. Without this the server is everybody's neighbour.
void check_neighbour_keys(const Plan& plan, Index member, const X25519PublicKey& own_key,
                          const NeighbourKeys& shown);

// A member binds itself to one set of survivors a round. Without this the server gets shares of both secrets
// of whoever is in one set only.
void check_bound(const std::optional<Digest>& bound, const Digest& asked);

// At least `threshold` members of the committee, survivors, signed this very set. NotEnoughClients if fewer.
// Without this the server shows each member another set.
void check_committee(const Plan& plan, uint32_t round, const UnmaskRequest& request, const Digest& digest);

}  // namespace pyzkfl::secagg::standing

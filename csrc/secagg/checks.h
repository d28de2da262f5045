// The checks of a client on which privacy against the server rests, each a function of its own.
//
// Each throws ProtocolError. None of them looks at a secret.
#pragma once

#include <optional>
#include <span>

#include "secagg/config.h"
#include "secagg/messages.h"

namespace pyzkfl::secagg {

// A member commits itself to one set of survivors a round. `signed_before`: the digest it signed, if any.
// Without this a server has all members sign and answer for two sets, and gets both shares of whoever is in
// one only.
void check_same_set(const std::optional<Digest>& signed_before, const Digest& asked);

// At least `threshold` survivors signed this very set, this member's own view included.
// Without this the server tells each member another set.
void check_signatures(const Config& config, const UnmaskRequest& request, const Digest& survivors,
                      std::span<const Index> survivor_set);

// Exactly one share is asked of each sharer: the self mask of a survivor, the mask key of a member that
// dropped. Without this the server asks for both of one member, and removes both masks from that member's
// vector.
void check_one_share_each(const UnmaskRequest& request, std::span<const Index> survivors,
                          std::span<const Index> sharers);

// All advertised keys differ: no two members, and no two keys of one member, are equal.
void check_distinct_keys(const Advertised& advertised);

}  // namespace pyzkfl::secagg

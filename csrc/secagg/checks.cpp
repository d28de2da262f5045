// A client's checks against the server (see checks.h).
#include "secagg/checks.h"

#include <algorithm>
#include <map>
#include <string>

#include "secagg/errors.h"

namespace pyzkfl::secagg {

void check_same_set(const std::optional<Digest>& signed_before, const Digest& asked) {
  if (signed_before && *signed_before != asked) {
    throw ProtocolError(
        "masking: the server shows a second, different set of survivors; this member signed another");
  }
}

void check_signatures(const Config& config, const UnmaskRequest& request, const Digest& survivors,
                      std::span<const Index> survivor_set) {
  if (request.signatures.size() < config.threshold()) {
    throw NotEnoughClients("masking: " + std::to_string(request.signatures.size()) +
                           " members signed the set of survivors, " + std::to_string(config.threshold()) +
                           " are needed");
  }
  for (const auto& entry : request.signatures) {
    if (!std::ranges::binary_search(survivor_set, entry.member)) {
      throw ProtocolError("masking: a signature of member " + std::to_string(entry.member) +
                          ", which is not a survivor, over the set of survivors");
    }
    if (!verify_body(config, Kind::consistent, entry.member, encode(Consistent{survivors}),
                     entry.signature)) {
      throw ProtocolError("masking: the signature of member " + std::to_string(entry.member) +
                          " is not over this set of survivors");
    }
  }
}

void check_one_share_each(const UnmaskRequest& request, std::span<const Index> survivors,
                          std::span<const Index> sharers) {
  for (const Index member : request.self_masks) {
    if (std::ranges::binary_search(request.mask_keys, member)) {
      throw ProtocolError("masking: the server asks for both shares of member " + std::to_string(member) +
                          ", which would reveal its vector");
    }
  }
  std::vector<Index> dropped;
  std::ranges::set_difference(sharers, survivors, std::back_inserter(dropped));
  if (!std::ranges::equal(request.self_masks, survivors) || !std::ranges::equal(request.mask_keys, dropped)) {
    throw ProtocolError(
        "masking: the server asks for other shares than the self masks of the survivors and the mask keys of "
        "those "
        "who dropped");
  }
}

void check_distinct_keys(const Advertised& advertised) {
  std::map<X25519PublicKey, Index> owners;
  for (const auto& entry : advertised.entries) {
    for (const X25519PublicKey& key : {entry.keys.share_key, entry.keys.mask_key}) {
      const auto [it, fresh] = owners.emplace(key, entry.member);
      if (!fresh) {
        throw ProtocolError("masking: members " + std::to_string(it->second) + " and " +
                            std::to_string(entry.member) + " advertise equal keys");
      }
    }
  }
}

}  // namespace pyzkfl::secagg

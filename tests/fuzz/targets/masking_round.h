// An honest masking round of four members, whose messages the targets change, and all of whose secrets they know.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "member_identities.h"
#include "secagg/client.h"
#include "secagg/server.h"
#include "target.h"

namespace pyzkfl::fuzz {

struct MaskingRound {
  static constexpr size_t n = 4, threshold = 3;
  static constexpr uint64_t length = 5, max_abs = 1000;
  using Index = secagg::Index;

  Identities identities = make_identities(n);
  secagg::Config config{Digest{42}, 7, public_keys(identities), threshold, length, max_abs};
  std::map<Index, Bytes> advertise, share, masked, consistent, unmask;  // the members'
  Bytes advertised, survivors, request;                                 // the server's, to all
  std::map<Index, Bytes> shared;                                        // and to one
  secagg::ServerSession::Sum sum;

  MaskingRound() {
    std::vector<std::unique_ptr<secagg::ClientSession>> clients;
    secagg::ServerSession server(config);
    for (Index i = 0; i < n; ++i) clients.push_back(std::make_unique<secagg::ClientSession>(client(i)));
    for (Index i = 0; i < n; ++i) server.receive(advertise[i] = clients[i]->advertise());
    advertised = server.close_advertise();
    for (Index i = 0; i < n; ++i) server.receive(share[i] = clients[i]->share(advertised));
    shared = server.close_share();
    for (Index i = 0; i < n; ++i) {
      server.receive(masked[i] = clients[i]->masked_input(shared.at(i), values(i), Fr::from_u64(i + 1).to_bytes_le()));
    }
    survivors = server.close_masked(server.submitters());
    for (Index i = 0; i < n; ++i) server.receive(consistent[i] = clients[i]->sign_survivors(survivors));
    request = server.close_consistency();
    for (Index i = 0; i < n; ++i) server.receive(unmask[i] = clients[i]->unmask(request));
    sum = server.sum();
  }

  // Member i at the beginning, with the secrets that all messages here came from.
  secagg::ClientSession client(Index i) const {
    std::array<uint8_t, 32> secret{};
    secret[0] = static_cast<uint8_t>(100 + i);
    // Without the two checks the target must find what they stop (scripts/fuzz.py --self-test).
    const bool unsafe = std::getenv("PYZKFL_ALLOW_UNSAFE") != nullptr;
    return {config, i, identities[i], ByteSpan(secret), {.same_set = unsafe, .one_share_each = unsafe}};
  }
  static std::vector<int64_t> values(Index i) { return {1000, -1000, i, -int64_t{i}, 0}; }
  // What members send in the order of the phases, then what the server sends.
  std::vector<Bytes> messages() const {
    std::vector<Bytes> out;
    for (const auto* phase : {&advertise, &share, &masked, &consistent, &unmask}) {
      for (const auto& [member, message] : *phase) out.push_back(message);
    }
    out.push_back(advertised);
    for (const auto& [member, message] : shared) out.push_back(message);
    out.push_back(survivors);
    out.push_back(request);
    return out;
  }

  static const MaskingRound& shared_round() {
    static const MaskingRound round;
    return round;
  }
};

}  // namespace pyzkfl::fuzz

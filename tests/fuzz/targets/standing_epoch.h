// An honest epoch of standing rounds with an active server: eight members, one round of which one member drops out.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "member_identities.h"
#include "secagg/standing/client.h"
#include "secagg/standing/key_schedule.h"
#include "secagg/standing/server.h"
#include "target.h"

namespace pyzkfl::fuzz {

struct StandingEpoch {
  static constexpr size_t n = 8;
  using Index = uint16_t;
  using Kind = secagg::standing::Kind;
  using Member = secagg::standing::Member;
  using Server = secagg::standing::Server;

  Identities identities = make_identities(n);
  std::shared_ptr<const secagg::standing::Plan> plan = make_plan(identities);
  // What was said, in the order in which it was; and states: the server's and member 0's after the setup and in the round.
  std::vector<Bytes> from_members, from_server;
  std::vector<Bytes> server_states, member_states;
  Bytes survivors, request;
  std::map<Index, SecretBytes> tag_keys;

  StandingEpoch() {
    std::vector<std::unique_ptr<Member>> members;
    Server server(plan);
    for (Index i = 0; i < n; ++i) members.push_back(std::make_unique<Member>(plan, i, identities[i], session_secret(i)));
    const auto send = [&](Bytes message) { server.receive(from_members.emplace_back(std::move(message))); };
    const auto keep = [&] {
      server_states.push_back(server.save(*identities[0]));
      member_states.push_back(members[0]->save());
    };
    keep();
    std::map<Index, Bytes> shown;
    for (Index i = 0; i < n; ++i) send(members[i]->keys());
    server.close_keys();
    for (Index i = 0; i < n; ++i) from_server.push_back(shown[i] = server.neighbour_keys(i));
    for (Index i = 0; i < n; ++i) note_tag_key(i, shown.at(i));
    for (Index i = 0; i < n; ++i) send(members[i]->deal(shown.at(i)));
    server.close_deal();
    keep();
    for (Index i = 0; i < n; ++i) from_server.push_back(shown[i] = server.dealt(i));
    for (Index i = 0; i < n; ++i) send(members[i]->accept(shown.at(i)));
    server.close_confirm();
    for (Index i = 0; i < n; ++i) {
      from_server.push_back(server.confirmed(i));
      members[i]->confirmed(from_server.back());
    }
    keep();
    server.open_round(0);
    for (Index i = 0; i < n - 1; ++i) send(members[i]->masked_input(0, values(i), blinder(i).to_bytes_le()));
    from_server.push_back(survivors = server.close_masked());
    keep();
    for (Index i = 0; i < n - 1; ++i) {
      if (members[i]->in_committee()) send(members[i]->sign_survivors(survivors));
    }
    from_server.push_back(request = server.close_consistency());
    for (Index i = 0; i < n - 1; ++i) send(members[i]->unmask(request));
    keep();
    require(server.sum().values == sum_over(server.survivors()), "the honest sum is right");
  }

  static Bytes session_secret(Index i) {
    Bytes secret(32);
    secret[0] = static_cast<uint8_t>(100 + i);
    return secret;
  }
  static std::vector<int64_t> values(Index i) { return {1000, -1000, i, -int64_t{i}, 0}; }
  static Fr blinder(Index i) { return Fr::from_u64(i + 1u); }
  static std::vector<int64_t> sum_over(const std::vector<Index>& members) {
    std::vector<int64_t> out(5);
    for (const Index i : members) {
      const auto v = values(i);
      for (size_t j = 0; j < out.size(); ++j) out[j] += v[j];
    }
    return out;
  }
  // A message of member i, whatever is in it, that bears the tag or signature it should.
  Bytes authenticated(Kind kind, Index i, uint32_t round, ByteSpan body) const {
    const bool by_signature = kind == Kind::keys || kind == Kind::consistent;
    return secagg::standing::member_message(*plan, kind, i, round, body,
                                            {identities[i].get(), by_signature ? ByteSpan{} : tag_keys.at(i).span()});
  }

  static const StandingEpoch& shared() {
    static const StandingEpoch epoch;
    return epoch;
  }

 private:
  static std::shared_ptr<const secagg::standing::Plan> make_plan(const Identities& identities) {
    using namespace secagg;
    using namespace secagg::standing;
    const std::vector<Ed25519PublicKey> members = public_keys(identities);
    const Assumptions a{n, 0.38, 0.12, Adversary::active, 40, 30};
    const Neighbourhood chosen = choose_neighbourhood(a);
    return std::make_shared<const Plan>(Digest{42}, 7, members, a, chosen.k, chosen.t, Digest{9}, 2, 5, 1000);
  }
  void note_tag_key(Index i, ByteSpan shown) {
    using namespace secagg::standing;
    const NeighbourKeys keys = decode_neighbour_keys(*plan, open_server_message(*plan, Kind::neighbour_keys, kSetup, shown));
    const SecretBytes own = derive_private_key(*plan, i, session_secret(i));
    tag_keys.emplace(i, derive_tag_key(*plan, i, x25519_public_key(own.span().first<32>()), keys.server_key,
                                       x25519_agree(own.span().first<32>(), keys.server_key).span()));
  }
};

}  // namespace pyzkfl::fuzz

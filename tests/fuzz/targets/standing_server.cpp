// The server of standing rounds, against members who are all the attacker's: honest messages, changed ones that are
// authenticated again, in any order, phases closed at any time, restarts from the last state saved.
//
// Whatever happens: what is refused changes nothing, and if all that was taken is honest, a sum that comes out is right.
#include <string>
#include <tuple>

#include "standing_epoch.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg::standing;
using pyzkfl::secagg::Index;
using pyzkfl::fuzz::Decisions;
using pyzkfl::fuzz::refused;
using pyzkfl::fuzz::require;
using pyzkfl::fuzz::StandingEpoch;

namespace {

auto seen(const Server& s) {
  return std::tuple(std::string(s.phase()), s.round(), s.members(), s.survivors(), s.responders());
}

Bytes authenticated_again(const StandingEpoch& honest, Decisions& d, const Bytes& message) {
  const Header header = read_header(*honest.plan, message);
  const bool by_signature = header.kind == Kind::keys || header.kind == Kind::consistent;
  Bytes body(message.begin() + kHeaderBytes,
             message.end() - static_cast<std::ptrdiff_t>(by_signature ? kSignatureBytes : kTagBytes));
  body = d.edited(std::move(body));
  const Index sender = d.below(4) == 3 ? static_cast<Index>(d.below(StandingEpoch::n)) : header.sender;
  const uint32_t round = d.below(4) == 3 ? d.below(3) : header.round;
  return honest.authenticated(header.kind, sender, round, body);
}

}  // namespace

// The first byte says which state the server begins in (the setup's keys are that state's own). Then steps: 0 to 7 one
// of the honest messages, 8 to 12 closing, 13 a sum, 14 a restart, 15 a round, 16 and more a message that was changed.
std::vector<Bytes> fuzz::seeds() {
  const StandingEpoch& epoch = StandingEpoch::shared();
  std::map<Kind, Bytes> of_kind;
  for (size_t i = 0; i < epoch.from_members.size(); ++i) {
    Bytes& steps = of_kind[read_header(*epoch.plan, epoch.from_members[i]).kind];
    steps.push_back(0);
    steps.push_back(static_cast<uint8_t>(i));
  }
  const auto join = [](std::initializer_list<Bytes> parts) {
    Bytes out;
    for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
  };
  return {
      join({{2, 15, 0}, of_kind[Kind::masked], {11}, of_kind[Kind::consistent], {12}, of_kind[Kind::unmask], {13}}),
      join({{3, 14}, of_kind[Kind::consistent], {12, 14}, of_kind[Kind::unmask], {13, 15, 1}}),
      join({{1}, of_kind[Kind::confirm], {10, 15, 0}, of_kind[Kind::masked], {11}}),
      join({{2, 15, 0, 16, 24, 1, 3, 0, 0, 1, 0}, of_kind[Kind::masked], {11, 14, 13}}),
      join({{4, 13, 14, 13, 15, 1, 15, 0}}),
      join({{0}, of_kind[Kind::keys], {8}}),
  };
}

void fuzz::run(ByteSpan input) {
  const StandingEpoch& honest = StandingEpoch::shared();
  Decisions d(input);
  const auto restored = [&](const Bytes& state) {
    return std::make_unique<Server>(Server::restore(honest.plan, *honest.identities[0], state));
  };
  auto server = restored(honest.server_states[d.below(honest.server_states.size())]);
  bool unchanged = true;
  for (size_t steps = 0; steps < 80 && !d.empty(); ++steps) {
    const size_t what = d.below(20);
    const auto before = seen(*server);
    bool no = false;
    if (what < 8) {
      const Bytes& message = honest.from_members[d.below(honest.from_members.size())];
      no = refused([&] { server->receive(message); });
    } else if (what < 16) {
      no = refused([&] {
        switch (what) {
          case 8:
            return server->close_keys();
          case 9:
            return server->close_deal();
          case 10:
            return server->close_confirm();
          case 11:
            return (void)server->close_masked(Digest{static_cast<uint8_t>(d.below(2))});
          case 12:
            return (void)server->close_consistency();
          case 13: {
            const Server::Sum sum = server->sum();
            require(!unchanged || sum.values == StandingEpoch::sum_over(server->survivors()), "a sum of honest vectors is right");
            return;
          }
          case 14: {
            const Bytes state = server->save(*honest.identities[0]);
            server = restored(state);
            require(before == seen(*server), "a restart forgets nothing that was saved");
            return;
          }
          default:
            return server->open_round(static_cast<uint32_t>(d.below(3)));
        }
      });
    } else {
      const Bytes& message = honest.from_members[d.below(honest.from_members.size())];
      const Bytes other = what < 19 ? authenticated_again(honest, d, message) : d.edited(message);
      no = refused([&] { server->receive(other); });
      if (!no && std::ranges::find(honest.from_members, other) == honest.from_members.end()) unchanged = false;
    }
    // A failed sum may have found out who sent a false share: that is no state of the protocol.
    if (no) require(before == seen(*server), "what is refused changes nothing");
  }
}

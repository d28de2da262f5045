// One honest member of standing rounds, against a server and seven members who are the attacker's. Its messages come in
// any order, changed, for any set with any signatures that the attacker can make, and its process may end at any time.
//
// Whatever happens: no round is masked in twice, one set a round is signed or answered for, of each neighbour one share a
// round is told, and a message that it refuses changes nothing.
#include <optional>
#include <string>

#include "standing_epoch.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg::standing;
using pyzkfl::secagg::Index;
using pyzkfl::fuzz::Decisions;
using pyzkfl::fuzz::refused;
using pyzkfl::fuzz::require;
using pyzkfl::fuzz::StandingEpoch;

namespace {

enum Step : uint8_t { keys, deal, accept, confirmed, mask, sign, unmask, restart, blame, count };

struct Attack {
  const StandingEpoch& honest = StandingEpoch::shared();
  const std::shared_ptr<const Plan>& plan = honest.plan;
  Member victim;
  std::map<uint32_t, Bytes> vectors;
  std::map<uint32_t, Digest> sets;
  std::map<std::pair<uint32_t, Index>, Bytes> shares;

  explicit Attack(size_t from) : victim(Member::restore(plan, 0, honest.identities[0], honest.member_states[from])) {
    // What was said before that state stays said.
    if (from >= 3) vectors[0] = {};
  }

  std::vector<Index> some(Decisions& d) const {
    std::vector<Index> out;
    const uint8_t bits = d.byte();
    for (Index i = 0; i < StandingEpoch::n; ++i) {
      if ((bits >> i & 1) != 0) out.push_back(i);
    }
    return out;
  }
  Bytes message(Decisions& d) const {
    const uint32_t round = d.below(4) == 3 ? 1 : 0;
    switch (d.below(6)) {
      case 0:
        return server_message(*plan, Kind::survivors, round, encode(*plan, Set{Digest{static_cast<uint8_t>(d.below(2))}, some(d)}));
      case 1:
      case 2: {
        UnmaskRequest body;
        body.set = {Digest{static_cast<uint8_t>(d.below(2))}, some(d)};
        const Digest digest = set_digest(*plan, round, body.set);
        for (const Index member : some(d)) {
          // The victim's own signature only over what it signed.
          const bool own = member == 0 && !(sets.contains(round) && sets.at(round) == digest);
          const Bytes said = member_message(*plan, Kind::consistent, member, round, digest,
                                            {honest.identities[own ? 1 : member].get(), {}});
          body.signatures.push_back({member, signature_of(said)});
        }
        return server_message(*plan, Kind::unmask_request, round, encode(*plan, body));
      }
      case 3: {
        Bytes bytes = honest.from_server[d.below(honest.from_server.size())];
        const Header header = read_header(*plan, bytes);
        const Bytes body = d.edited(Bytes(bytes.begin() + kHeaderBytes, bytes.end()));
        return server_message(*plan, header.kind, d.coin() ? header.round : round, body);
      }
      case 4:
        return d.edited(honest.from_server[d.below(honest.from_server.size())]);
      default:
        return honest.from_server[d.below(honest.from_server.size())];
    }
  }
  void bind(uint32_t round, const Digest& set) {
    const auto [at, is_new] = sets.emplace(round, set);
    require(is_new || at->second == set, "a member signs or answers for two sets of a round");
  }
  void note(Step step, const Bytes& out) {
    if (out.empty()) return;
    const Header header = read_header(*plan, out);
    if (step == mask) {
      require(!vectors.contains(header.round), "a member masks twice in a round");
      vectors[header.round] = out;
    }
    if (step == sign) {
      bind(header.round, [&] {
        const ByteSpan body = open_member_message(*plan, Kind::consistent, 0, header.round, out);
        Digest digest;
        require(body.size() == digest.size(), "a signature is over a digest");
        std::ranges::copy(body, digest.begin());
        return digest;
      }());
    }
    if (step == unmask) {
      const ByteSpan body = ByteSpan(out).subspan(kHeaderBytes, out.size() - kHeaderBytes - kTagBytes);
      const Unmask answer = decode_unmask(*plan, body);
      bind(header.round, answer.set);
      require(vectors.contains(header.round), "a member answers for a round that it did not enter");
      for (const auto& entry : answer.shares) {
        const Bytes share(entry.share.begin(), entry.share.end());
        const auto [at, is_new] = shares.emplace(std::pair(header.round, entry.member), share);
        require(is_new || at->second == share, "two shares of one member are told in a round");
      }
    }
  }

  void step(Decisions& d) {
    const auto what = static_cast<Step>(d.below(Step::count));
    const Bytes in = what == restart || what == keys ? Bytes{} : message(d);
    const std::string before = victim.next_step();
    const uint32_t round_before = victim.next_round();
    Bytes out;
    const bool no = refused([&] {
      switch (what) {
        case keys:
          out = victim.keys();
          break;
        case deal:
          out = victim.deal(in);
          break;
        case accept:
          out = victim.accept(in);
          break;
        case confirmed:
          victim.confirmed(in);
          break;
        case mask:
          out = victim.masked_input(static_cast<uint32_t>(d.below(3)), StandingEpoch::values(0), StandingEpoch::blinder(0).to_bytes_le());
          break;
        case sign:
          out = victim.sign_survivors(in);
          break;
        case unmask:
          out = victim.unmask(in);
          break;
        case restart: {
          const Bytes state = victim.save();
          victim = Member::restore(plan, 0, honest.identities[0], state);
          break;
        }
        default:
          (void)victim.blamed_vector(in, StandingEpoch::values(0), StandingEpoch::blinder(0).to_bytes_le());
          (void)victim.lost_seeds(in);
          (void)victim.blame_mask(in, static_cast<Index>(d.below(9)));
      }
    });
    if (no) {
      require(before == victim.next_step() && round_before == victim.next_round(), "a refused message moves a member on");
    } else {
      note(what, out);
    }
  }
};

}  // namespace

// The first byte says which state the member begins in: 0 nothing said, 1 dealt, 2 set up, 3 masked.
std::vector<Bytes> fuzz::seeds() {
  return {
      {0, keys, deal, 0, 5, 0, accept, 0, 5, 8, confirmed, 0, 5, 16, mask, 0, 5, 0, 0, sign, 0, 5, 24, unmask, 0, 5, 25},
      {2, mask, 0, 5, 0, 0, sign, 0, 0, 0, 0x7f, unmask, 0, 1, 0, 0x7f, 0x7f, restart, unmask, 0, 1, 0, 0x3f, 0x3f},
      {3, sign, 0, 5, 24, restart, sign, 0, 0, 1, 0x7f, unmask, 0, 5, 25, unmask, 0, 1, 0, 0x3f, 0x3e, blame, 0, 5, 25, 1},
      {1, accept, 0, 5, 8, restart, confirmed, 0, 5, 16, mask, 0, 5, 0, 1, mask, 0, 5, 0, 0},
  };
}

void fuzz::run(ByteSpan input) {
  Decisions d(input);
  Attack attack(d.below(4));
  for (size_t steps = 0; steps < 40 && !d.empty(); ++steps) attack.step(d);
}

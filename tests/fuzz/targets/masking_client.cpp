// One honest member of a masking round, against a server and three members who are all the attacker's: which messages
// it is sent, when, how often and with what in them is decided by the input, and their signatures hold where the input says.
//
// Whatever happens: it masks once, signs one set, answers for that set alone, of each dealer with one kind of share, and a
// message that it refuses changes nothing.
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "masking_round.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using pyzkfl::fuzz::Decisions;
using pyzkfl::fuzz::MaskingRound;
using pyzkfl::fuzz::refused;
using pyzkfl::fuzz::require;

namespace {

enum Step : uint8_t { advertise, share, masked, sign, unmask, sign_set, count };

struct Attack {
  const MaskingRound& honest = MaskingRound::shared_round();
  const Config& config = honest.config;
  ClientSession victim = honest.client(0);
  std::optional<Digest> signed_set;
  std::set<Index> told_seed, told_key;
  std::optional<Bytes> sent_vector;

  std::vector<Index> some(Decisions& d) const {
    std::vector<Index> out;
    const uint8_t bits = d.byte();
    for (Index i = 0; i < 5; ++i) {
      if ((bits >> i & 1) != 0) out.push_back(i == 4 ? static_cast<Index>(d.byte()) : i);
    }
    return out;
  }
  Ed25519Signature signature(Decisions& d, Kind kind, Index member, ByteSpan body) const {
    // Never the victim's: that is what the attacker does not have.
    const size_t whose = 1 + d.below(3);
    const Index name = member;
    return signature_of(client_message(config, kind, name, body,
                                       *honest.identities[member > 0 && member < 4 && !d.coin() ? member : whose]));
  }

  Bytes server_bytes(Decisions& d) const {
    switch (d.below(9)) {
      case 0:
        return honest.advertised;
      case 1:
        return honest.shared.at(static_cast<Index>(d.below(4)));
      case 2:
        return honest.survivors;
      case 3:
        return honest.request;
      case 4: {  // keys of the attacker's choice, equal ones and points of low order among them
        Advertised body = decode_advertised(config, open_server_message(config, Kind::advertised, honest.advertised));
        for (size_t changes = d.below(4); changes > 0; --changes) {
          if (body.entries.empty()) break;
          auto& entry = body.entries[d.below(body.entries.size())];
          const size_t what = d.below(5);
          if (what == 0) body.entries.erase(body.entries.begin() + (&entry - body.entries.data()));
          if (what == 1) entry.keys.mask_key = body.entries[d.below(body.entries.size())].keys.mask_key;
          if (what == 2) entry.keys.share_key = {};
          if (what == 3) entry.keys.mask_key[d.below(32)] ^= 1;
          if (what == 4) entry.member = static_cast<Index>(d.byte());
          if (what < 4 && what > 0) entry.signature = signature(d, Kind::advertise, entry.member, encode(Advertise{entry.keys}));
        }
        return server_message(config, Kind::advertised, encode(body));
      }
      case 5: {
        Shared body = decode_shared(config, open_server_message(config, Kind::shared, honest.shared.at(0)));
        for (size_t changes = d.below(3); changes > 0 && !body.entries.empty(); --changes) {
          const size_t at = d.below(body.entries.size());
          if (d.coin()) body.entries.erase(body.entries.begin() + static_cast<std::ptrdiff_t>(at));
          else body.entries[at].sealed[d.below(kSealedSharesBytes)] ^= d.byte();
        }
        return server_message(config, Kind::shared, encode(body));
      }
      case 6: {
        Survivors body = decode_survivors(config, open_server_message(config, Kind::survivors, honest.survivors));
        body.members = some(d);
        if (d.coin()) body.context[0] = d.byte();
        if (d.below(8) == 7) body.view[0] ^= 1;
        return server_message(config, Kind::survivors, encode(body));
      }
      default: {  // a request for any shares, for any set, with as many signatures as the attacker can give
        UnmaskRequest body =
            decode_unmask_request(config, open_server_message(config, Kind::unmask_request, honest.request));
        if (d.coin() && signed_set) body.survivors = *signed_set;
        if (d.below(8) == 7) body.survivors[0] ^= d.byte();
        body.signatures.clear();
        for (const Index member : some(d)) {
          body.signatures.push_back({member, signature(d, Kind::consistent, member, encode(Consistent{body.survivors}))});
        }
        body.self_masks = some(d);
        body.mask_keys = some(d);
        return server_message(config, Kind::unmask_request, encode(body));
      }
    }
  }

  // Everything the victim gave out so far fits together.
  void note(Step step, const Bytes& out) {
    if (step == masked) {
      require(!sent_vector, "a member masks twice");
      sent_vector = out;
    }
    if (step == sign || step == sign_set) {
      const Consistent body = decode_consistent(open_client_message(config, Kind::consistent, 0, out));
      require(!signed_set || *signed_set == body.survivors, "a member signs two sets");
      signed_set = body.survivors;
    }
    if (step == unmask) {
      const Unmask body = decode_unmask(config, open_client_message(config, Kind::unmask, 0, out));
      require(signed_set && *signed_set == body.survivors, "a member answers for a set that it did not sign");
      for (const auto& entry : body.self_masks) told_seed.insert(entry.member);
      for (const auto& entry : body.mask_keys) told_key.insert(entry.member);
      for (const Index member : told_seed) require(!told_key.contains(member), "both shares of a member are told");
      require(!told_key.contains(0), "the key of a member who stayed is told");
    }
  }

  void step(Decisions& d) {
    const auto what = static_cast<Step>(d.below(Step::count));
    Bytes message = server_bytes(d);
    if (d.below(4) == 3) message = d.edited(std::move(message));
    const std::string before = victim.next_step();
    Bytes out;
    const bool no = refused([&] {
      switch (what) {
        case advertise:
          out = victim.advertise();
          break;
        case share:
          out = victim.share(message);
          break;
        case masked:
          out = victim.masked_input(message, MaskingRound::values(0), Fr::from_u64(1).to_bytes_le());
          break;
        case sign:
          out = victim.sign_survivors(message);
          break;
        case unmask:
          out = victim.unmask(message);
          break;
        default:
          out = victim.sign_survivors(some(d), Digest{d.byte()});
      }
    });
    if (no) require(before == victim.next_step(), "a refused message moves a member on");
    else note(what, out);
  }
};

}  // namespace

// Decisions for an honest round, then for the attacks that issue reports know.
std::vector<Bytes> fuzz::seeds() {
  const Bytes start = {advertise, 0, 0, share, 0, 0, masked, 1, 0, 0};
  const auto then = [&](std::initializer_list<uint8_t> more) {
    Bytes out = start;
    out.insert(out.end(), more);
    return out;
  };
  return {
      then({sign, 2, 0, unmask, 3, 0}),
      // Two sets, one after the other.
      then({sign, 2, 0, sign, 6, 0x07, 0, 0, 0, unmask, 3, 0}),
      // The same shares again, then the others.
      then({sign, 2, 0, unmask, 3, 0, unmask, 7, 1, 0, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0, 0, unmask, 7, 1, 0, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0}),
      {advertise, 0, 0, share, 4, 2, 1, 1, 2, 1, 0, 2, 2, 0, 0, masked, 5, 1, 0, 1, 0},
      {advertise, 3, 0, sign, 2, 0, unmask, 3, 0},
  };
}

void fuzz::run(ByteSpan input) {
  Decisions d(input);
  Attack attack;
  for (size_t steps = 0; steps < 40 && !d.empty(); ++steps) attack.step(d);
}

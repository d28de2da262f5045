// The coordinator's side of a masking round, against members who are all the attacker's: honest messages, changed ones
// signed again, in any order, phases closed at any time.
//
// Whatever happens: a refused message or call changes nothing, whoever is in the sum sent a vector, and if all that was
// taken came from honest members unchanged, a sum that comes out is right.
#include <algorithm>
#include <string>
#include <tuple>

#include "masking_round.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using pyzkfl::fuzz::Decisions;
using pyzkfl::fuzz::MaskingRound;
using pyzkfl::fuzz::refused;
using pyzkfl::fuzz::require;

namespace {

auto seen(const ServerSession& s) {
  return std::tuple(std::string(s.phase()), s.advertisers(), s.sharers(), s.submitters(), s.survivors(), s.signers(),
                    s.responders());
}

Bytes signed_again(const MaskingRound& honest, Decisions& d, const Bytes& message) {
  const Header header = read_header(honest.config, message);
  if (header.sender >= MaskingRound::n) return message;
  Bytes body(message.begin() + kHeaderBytes, message.end() - kSignatureBytes);
  body = d.edited(std::move(body));
  const Index sender = d.coin() ? static_cast<Index>(d.below(MaskingRound::n)) : header.sender;
  return client_message(honest.config, header.kind, sender, body, *honest.identities[sender]);
}

}  // namespace

// A step: below 20 the honest message of that number, 20 to 24 closing phases, 25 a sum, then messages that were changed.
std::vector<Bytes> fuzz::seeds() {
  Bytes all;
  for (uint8_t phase = 0; phase < 5; ++phase) {
    for (uint8_t member = 0; member < 4; ++member) all.push_back(static_cast<uint8_t>(4 * phase + member));
    all.push_back(static_cast<uint8_t>(20 + phase));
    if (phase == 2) all.push_back(0xff);
  }
  all.push_back(25);
  Bytes dropouts = {0, 1, 2, 3, 20, 4, 5, 6, 7, 21, 8, 9, 10, 22, 0xff, 12, 13, 14, 23, 16, 17, 18, 25};
  Bytes changed = {0, 1, 2, 3, 20, 26, 4, 1, 9, 0, 1, 3, 0, 4, 5, 6, 7, 21, 26, 8, 1, 2, 0, 1, 0, 8, 9, 10, 11, 22, 0x0f, 25};
  return {all, dropouts, changed};
}

void fuzz::run(ByteSpan input) {
  const MaskingRound& honest = MaskingRound::shared_round();
  static const std::vector<Bytes> messages = honest.messages();
  Decisions d(input);
  ServerSession server(honest.config);
  bool unchanged = true;
  for (size_t steps = 0; steps < 60 && !d.empty(); ++steps) {
    const size_t what = d.below(30);
    const auto before = seen(server);
    bool no = false;
    if (what < 20) {
      no = refused([&] { server.receive(messages[what]); });
    } else if (what < 25) {
      no = refused([&] {
        switch (what) {
          case 20:
            (void)server.close_advertise();
            break;
          case 21:
            (void)server.close_share();
            break;
          case 22: {
            std::vector<Index> accepted;
            const uint8_t bits = d.byte();
            for (Index i = 0; i < 5; ++i) {
              if ((bits >> i & 1) != 0) accepted.push_back(i);
            }
            if ((bits & 0x80) != 0) accepted = server.submitters();
            (void)server.close_masked(accepted);
            break;
          }
          default:
            (void)server.close_consistency();
        }
      });
    } else if (what == 25) {
      no = refused([&] {
        const ServerSession::Sum sum = server.sum();
        require(sum.values.size() == honest.config.length(), "a sum has the length of the vectors");
        if (!unchanged) return;
        std::vector<int64_t> expected(honest.config.length());
        Fr blinder;
        for (const Index i : server.survivors()) {
          const auto values = MaskingRound::values(i);
          for (size_t j = 0; j < expected.size(); ++j) expected[j] += values[j];
          blinder += Fr::from_u64(i + 1);
        }
        require(sum.values == expected && sum.blinder == blinder.to_bytes_le(), "a sum of honest vectors is right");
      });
    } else {
      const Bytes& message = messages[d.below(messages.size())];
      const Bytes other = what < 29 ? signed_again(honest, d, message) : d.edited(message);
      no = refused([&] { server.receive(other); });
      if (!no && std::ranges::find(messages, other) == messages.end()) unchanged = false;
    }
    if (no) require(before == seen(server), "what is refused changes nothing");
    for (const Index i : server.survivors()) {
      const auto sent = server.submitters();
      require(std::ranges::find(sent, i) != sent.end(), "who is in the sum sent a vector");
    }
  }
}

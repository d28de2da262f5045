// Bodies of standing rounds' messages (secagg/standing/messages.h): one encoding each.
#include "standing_epoch.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg::standing;
using pyzkfl::secagg::Index;
using pyzkfl::fuzz::StandingEpoch;

namespace {

Bytes again(const Plan& plan, Kind kind, ByteSpan body) {
  switch (kind) {
    case Kind::neighbour_keys:
      return encode(decode_neighbour_keys(plan, body));
    case Kind::deal:
      return encode(decode_deal(plan, body, StandingEpoch::n - 1));
    case Kind::dealt:
      return encode(decode_dealt(plan, body));
    case Kind::confirm:
    case Kind::confirmed:
      return encode(decode_confirm(plan, body));
    case Kind::masked:
      return encode(decode_masked(plan, body));
    case Kind::survivors:
      return encode(plan, decode_set(plan, body));
    case Kind::unmask_request:
      return encode(plan, decode_unmask_request(plan, body));
    case Kind::unmask:
      return encode(decode_unmask(plan, body));
    default:
      return Bytes(body.begin(), body.end());
  }
}

}  // namespace

// The kind, then a body.
std::vector<Bytes> fuzz::seeds() {
  std::vector<Bytes> out;
  std::map<uint8_t, int> of_kind;
  const StandingEpoch& epoch = StandingEpoch::shared();
  for (const auto* messages : {&epoch.from_members, &epoch.from_server}) {
    for (const Bytes& message : *messages) {
      const Header header = read_header(*epoch.plan, message);
      const auto kind = static_cast<uint8_t>(header.kind);
      if (of_kind[kind]++ > 1) continue;
      const bool is_signed = header.kind == Kind::keys || header.kind == Kind::consistent;
      const size_t tail = header.sender == kServer ? 0 : is_signed ? kSignatureBytes : kTagBytes;
      Bytes seed{kind};
      seed.insert(seed.end(), message.begin() + kHeaderBytes, message.end() - static_cast<std::ptrdiff_t>(tail));
      out.push_back(seed);
    }
  }
  return out;
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const auto kind = static_cast<Kind>(96 + input[0] % 11);
  const Plan& plan = *StandingEpoch::shared().plan;
  one_encoding(input.subspan(1), [](ByteSpan b) { return b; }, [&](ByteSpan b) { return again(plan, kind, b); });
  (void)refused([&] { (void)read_header(plan, input); });
}

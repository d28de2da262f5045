// Bodies of the one-round masking protocol's messages (secagg/messages.h): one encoding each.
#include "secagg/messages.h"

#include "masking_round.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

// Decodes a body of this kind and encodes it again.
Bytes again(const Config& config, Kind kind, ByteSpan body) {
  switch (kind) {
    case Kind::advertise:
      return encode(decode_advertise(body));
    case Kind::advertised:
      return encode(decode_advertised(config, body));
    case Kind::share:
      return encode(decode_share(body, config.n()));
    case Kind::shared:
      return encode(decode_shared(config, body));
    case Kind::masked:
      return encode(decode_masked(config, body));
    case Kind::survivors:
      return encode(decode_survivors(config, body));
    case Kind::consistent:
      return encode(decode_consistent(body));
    case Kind::unmask_request:
      return encode(decode_unmask_request(config, body));
    default:
      return encode(decode_unmask(config, body));
  }
}

}  // namespace

// The kind, then a body.
std::vector<Bytes> fuzz::seeds() {
  std::vector<Bytes> out;
  for (const Bytes& message : MaskingRound::shared_round().messages()) {
    const Header header = read_header(MaskingRound::shared_round().config, message);
    Bytes seed{static_cast<uint8_t>(header.kind)};
    const size_t signature = header.sender == kServer ? 0 : kSignatureBytes;
    seed.insert(seed.end(), message.begin() + kHeaderBytes, message.end() - static_cast<std::ptrdiff_t>(signature));
    out.push_back(seed);
  }
  return out;
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const auto kind = static_cast<Kind>(64 + input[0] % 9);
  const Config& config = MaskingRound::shared_round().config;
  one_encoding(input.subspan(1), [](ByteSpan b) { return b; }, [&](ByteSpan b) { return again(config, kind, b); });
  (void)refused([&] { (void)read_header(config, input); });
}

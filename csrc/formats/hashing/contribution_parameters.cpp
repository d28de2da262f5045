// See contribution_parameters.h.
#include "formats/hashing/contribution_parameters.h"

#include "base/errors.h"
#include "base/sha256.h"

namespace pyzkfl::formats {
namespace {

constexpr unsigned most_iterations_exponent = 28;
constexpr size_t most_name_bytes = 64;
enum Parameter : uint8_t { name_parameter = 1, exponent_parameter = 2, beacon_parameter = 3 };

}  // namespace

ContributionParameters ContributionParameters::read(Reader& in) {
  ContributionParameters out;
  out.type = in.u32();
  const uint32_t length = in.u32();
  Reader rest(in.bytes(length), "parameters of a contribution");
  for (uint8_t last = 0; rest.remaining() > 0;) {
    const uint8_t which = rest.u8();
    if (which <= last) rest.fail("not in order");
    last = which;
    if (which == exponent_parameter) {
      out.iterations_exponent = rest.u8();
    } else if (which == name_parameter || which == beacon_parameter) {
      const ByteSpan value = rest.bytes(rest.u8());
      if (which == name_parameter)
        out.name.assign(value.begin(), value.end());
      else
        out.beacon.assign(value.begin(), value.end());
    } else {
      rest.fail("of an unknown kind");
    }
  }
  return out;
}

void ContributionParameters::write(Writer& out) const {
  if (name.size() > most_name_bytes) throw ParameterError("a contribution's name has at most 64 bytes");
  Writer rest;
  if (!name.empty()) rest.u8(name_parameter).u8(static_cast<uint8_t>(name.size())).bytes(as_bytes(name));
  if (is_beacon()) {
    rest.u8(exponent_parameter).u8(iterations_exponent);
    rest.u8(beacon_parameter).u8(static_cast<uint8_t>(beacon.size())).bytes(beacon);
  }
  out.u32(type).u32(static_cast<uint32_t>(rest.view().size())).bytes(rest.view());
}

std::array<uint8_t, 32> ContributionParameters::beacon_seed() const {
  if (iterations_exponent > most_iterations_exponent)
    throw UnsupportedVersion("a beacon of 2^" + std::to_string(iterations_exponent) +
                             " iterations; this release checks 2^28 at most");
  Digest hash = sha256(beacon);
  for (uint64_t i = 1; i < uint64_t{1} << iterations_exponent; ++i) hash = sha256(hash);
  return hash;
}

}  // namespace pyzkfl::formats

// See contribution_parameters.h.
#include "formats/hashing/contribution_parameters.h"

#include "base/errors.h"
#include "base/sha256.h"

namespace pyzkfl::formats {
namespace {

constexpr uint64_t iterations_a_report = 1 << 15;  // some milliseconds
constexpr size_t most_name_bytes = 64;
enum Parameter : uint8_t { name_parameter = 1, exponent_parameter = 2, beacon_parameter = 3 };

[[noreturn]] void refuse_iterations(const std::string& which, const ContributionParameters& parameters) {
  throw UnsupportedVersion(which + " is of a beacon of 2^" + std::to_string(parameters.iterations_exponent) +
                           " iterations; this release checks 2^28 at most");
}

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
  check_contribution_name(name);
  Writer rest;
  if (!name.empty()) rest.u8(name_parameter).u8(static_cast<uint8_t>(name.size())).bytes(as_bytes(name));
  if (is_beacon()) {
    rest.u8(exponent_parameter).u8(iterations_exponent);
    rest.u8(beacon_parameter).u8(static_cast<uint8_t>(beacon.size())).bytes(beacon);
  }
  out.u32(type).u32(static_cast<uint32_t>(rest.view().size())).bytes(rest.view());
}

void check_contribution_name(const std::string& name) {
  if (name.size() > most_name_bytes)
    throw ParameterError("a contribution's name has at most 64 bytes, and this one " +
                         std::to_string(name.size()));
}

std::array<uint8_t, 32> ContributionParameters::beacon_seed(const Progress& progress) const {
  if (iterations_exponent > BeaconBudget::most_exponent) refuse_iterations("a contribution", *this);
  const uint64_t count = uint64_t{1} << iterations_exponent;
  Digest hash = sha256(beacon);
  for (uint64_t i = 1; i < count; ++i) {
    hash = sha256(hash);
    if (i % iterations_a_report == 0)
      report(progress, static_cast<double>(i) / static_cast<double>(count));
  }
  report(progress, 1.0);
  return hash;
}

void BeaconBudget::take(const ContributionParameters& parameters, const std::string& which) {
  if (!parameters.is_beacon()) return;
  if (parameters.beacon.empty()) throw DecodeError(which + " is of a beacon that has no bytes");
  if (parameters.iterations_exponent > most_exponent) refuse_iterations(which, parameters);
  spent_ += uint64_t{1} << parameters.iterations_exponent;
  if (spent_ > uint64_t{1} << most_exponent)
    throw UnsupportedVersion("the beacons up to " + which + " take " + std::to_string(spent_) +
                             " iterations; this release checks 2^28 in all those of a file at most");
}

void BeaconBudget::take_new(const ContributionParameters& beacon) {
  if (beacon.beacon.empty() || beacon.beacon.size() > 255)
    throw ParameterError("a beacon has 1 to 255 bytes, and this one " + std::to_string(beacon.beacon.size()));
  if (beacon.iterations_exponent < least_new_exponent || beacon.iterations_exponent > most_exponent)
    throw ParameterError("a beacon takes 2^10 to 2^28 iterations, not 2^" +
                         std::to_string(beacon.iterations_exponent));
  take(beacon, "this beacon");
}

}  // namespace pyzkfl::formats

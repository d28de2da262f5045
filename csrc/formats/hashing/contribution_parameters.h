// How a contribution names itself, and how a public beacon stands in for a contributor, in .zkey and .ptau
// files.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace pyzkfl::formats {

// Type (u32), length of the rest (u32), then in ascending order: 1 name, 2 exponent of the beacon's
// iterations, 3 the beacon; each a type byte, then (not 2) a length byte, then its bytes.
struct ContributionParameters {
  static constexpr uint32_t beacon_type = 1;

  uint32_t type = 0;
  std::string name;  // as the contributor says: not to be trusted, not even to be UTF-8
  uint8_t iterations_exponent = 0;
  Bytes beacon;

  bool is_beacon() const { return type == beacon_type; }
  // Throws DecodeError.
  static ContributionParameters read(Reader& in);
  // Throws ParameterError for a name of more than 64 bytes.
  void write(Writer& out) const;
  // The seed of a beacon's secrets: SHA-256 applied 2^exponent times. Throws UnsupportedVersion above 2^28,
  // which would take a minute.
  std::array<uint8_t, 32> beacon_seed() const;
};

}  // namespace pyzkfl::formats

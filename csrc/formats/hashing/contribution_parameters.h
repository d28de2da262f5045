// How a contribution names itself, and how a public beacon stands in for a contributor, in .zkey and .ptau
// files.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/progress.h"

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
  // The seed of a beacon's secrets: SHA-256 applied 2^exponent times. Throws UnsupportedVersion for more than
  // BeaconBudget::most_exponent.
  std::array<uint8_t, 32> beacon_seed(const Progress& progress = {}) const;
};

// Throws ParameterError for a name that write() would refuse.
void check_contribution_name(const std::string& name);

// What a verifier spends on the beacons of one file: the format's exponent goes up to 255, nothing pays for it
// in bytes, and a record of 2^63 iterations (snarkjs makes 2^10 to 2^63) would take centuries. Beacons of 2^0 to
// 2^28 iterations are accepted, and 2^28 in all those of a file together: about a minute.
class BeaconBudget {
 public:
  static constexpr unsigned least_new_exponent = 10, most_exponent = 28;

  // Counts a contribution's beacon, if it is one. Throws UnsupportedVersion naming `which` where the beacons so
  // far take too long, DecodeError for a beacon of no bytes.
  void take(const ContributionParameters& parameters, const std::string& which);
  // The same for a beacon that is to be made: 1 to 255 bytes and at least 2^10 iterations, as snarkjs makes them.
  // ParameterError for others.
  void take_new(const ContributionParameters& beacon);
  // Iterations counted so far.
  uint64_t spent() const { return spent_; }

 private:
  uint64_t spent_ = 0;
};

}  // namespace pyzkfl::formats

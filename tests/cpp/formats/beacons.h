// Parameters of contributions that end a ceremony.
#pragma once

#include <initializer_list>

#include "formats/hashing/contribution_parameters.h"

namespace pyzkfl::test {

inline formats::ContributionParameters beacon_of(std::initializer_list<uint8_t> bytes, uint8_t exponent) {
  formats::ContributionParameters out;
  out.type = formats::ContributionParameters::beacon_type;
  out.beacon = bytes;
  out.iterations_exponent = exponent;
  return out;
}

}  // namespace pyzkfl::test

// The domain of a proof's transcript (docs/engine.md, section 3): it fixes the protocol and, by the program's digest,
// every call.
#pragma once

#include <string>

#include "sumcheck/program.h"

namespace pyzkfl::sumcheck {

inline std::string engine_domain(const Program& program) {
  std::string domain = "pyzkfl/engine/1/";
  for (const uint8_t byte : program.digest()) {
    constexpr const char* digits = "0123456789abcdef";
    domain += digits[byte >> 4];
    domain += digits[byte & 15];
  }
  return domain;
}

}  // namespace pyzkfl::sumcheck

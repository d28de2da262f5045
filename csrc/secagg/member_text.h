// How errors of secure aggregation name a member.
#pragma once

#include <cstdint>
#include <string>

namespace pyzkfl::secagg {

inline std::string text(uint16_t member) { return "member " + std::to_string(member); }

}  // namespace pyzkfl::secagg

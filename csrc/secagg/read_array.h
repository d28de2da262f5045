// Fixed-length fields of messages and saved states.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace pyzkfl::secagg {

template <size_t N>
std::array<uint8_t, N> array_of(Reader& r) {
  std::array<uint8_t, N> out;
  std::ranges::copy(r.bytes<N>(), out.begin());
  return out;
}

}  // namespace pyzkfl::secagg

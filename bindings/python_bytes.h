// Python's bytes and the core's spans of them.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/errors.h"
#include "registry.h"

namespace pyzkfl::bindings {

inline py::bytes to_py(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Good as long as `in`, without the GIL too.
inline ByteSpan span_of(const py::bytes& in) {
  const auto text = static_cast<std::string_view>(in);
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::array<uint8_t, 32> bytes32(const py::bytes& in, const char* name) {
  const auto text = static_cast<std::string_view>(in);
  if (text.size() != 32) {
    throw ParameterError(std::string(name) + " must have 32 bytes, got " + std::to_string(text.size()));
  }
  std::array<uint8_t, 32> out;
  std::copy(text.begin(), text.end(), out.begin());
  return out;
}

}  // namespace pyzkfl::bindings

// Python's bytes and the core's spans of them.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "registry.h"

namespace pyzkfl::bindings {

inline py::bytes to_py(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Good as long as `in`, without the GIL too.
inline ByteSpan span_of(const py::bytes& in) {
  const auto text = static_cast<std::string_view>(in);
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace pyzkfl::bindings

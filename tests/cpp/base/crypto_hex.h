// Hexadecimal for test vectors.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pyzkfl::test {

inline Bytes unhex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<uint8_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); };
  Bytes out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return out;
}

template <size_t N>
std::span<const uint8_t, N> fixed(const Bytes& bytes) {
  return std::span<const uint8_t>(bytes).first<N>();
}

inline std::string hex(ByteSpan bytes) {
  std::string out;
  for (const uint8_t byte : bytes) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

}  // namespace pyzkfl::test

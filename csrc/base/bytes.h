// Byte strings, and the strict reader and writer that every decoder and encoder of the core uses.
//
// Integers are little-endian. A Reader never reads past its end and a decoder ends with done(), so truncated
// and overlong inputs are both refused with DecodeError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace pyzkfl {

using Bytes = std::vector<uint8_t>;
using ByteSpan = std::span<const uint8_t>;
// Takes the bytes of an artefact piece by piece, in order; a piece is gone when the call returns.
using ByteSink = std::function<void(ByteSpan)>;

// The bytes of a string, without copying; valid as long as the string is.
inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class Reader {
 public:
  // Reads from `data`, which must outlive the reader. `what` names the artefact in error messages.
  explicit Reader(ByteSpan data, std::string what = "input") : rest_(data), what_(std::move(what)) {}

  // Each throws DecodeError if fewer bytes are left.
  uint8_t u8() { return static_cast<uint8_t>(integer(1)); }
  uint16_t u16() { return static_cast<uint16_t>(integer(2)); }
  uint32_t u32() { return static_cast<uint32_t>(integer(4)); }
  uint64_t u64() { return integer(8); }
  // A view of the next `n` bytes, not a copy.
  ByteSpan bytes(size_t n);
  // The same for a length known to the compiler, e.g. bytes<32>().
  template <size_t N>
  std::span<const uint8_t, N> bytes() {
    return bytes(N).template first<N>();
  }

  // Bytes not read yet. Compare lengths and counts from the input with this before allocating for them.
  size_t remaining() const { return rest_.size(); }
  // Throws DecodeError unless everything was read.
  void done() const;
  // Throws DecodeError with the artefact's name in front of `problem`.
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  uint64_t integer(size_t n);

  ByteSpan rest_;
  std::string what_;
};

class Writer {
 public:
  Writer& u8(uint8_t v) { return integer(v, 1); }
  Writer& u16(uint16_t v) { return integer(v, 2); }
  Writer& u32(uint32_t v) { return integer(v, 4); }
  Writer& u64(uint64_t v) { return integer(v, 8); }
  Writer& bytes(ByteSpan data) {
    out_.insert(out_.end(), data.begin(), data.end());
    return *this;
  }
  // Room for `n` bytes, for the caller to fill; valid until the next call on this writer.
  std::span<uint8_t> extend(size_t n) {
    out_.resize(out_.size() + n);
    return std::span<uint8_t>(out_).last(n);
  }

  const Bytes& view() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  Writer& integer(uint64_t v, size_t n) {
    for (size_t i = 0; i < n; ++i) out_.push_back(static_cast<uint8_t>(v >> (8 * i)));
    return *this;
  }

  Bytes out_;
};

}  // namespace pyzkfl

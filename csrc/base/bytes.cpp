// The strict reader (see bytes.h).
#include "base/bytes.h"

namespace pyzkfl {

ByteSpan Reader::bytes(size_t n) {
  if (n > rest_.size()) {
    fail("truncated: " + std::to_string(n) + " bytes wanted, " + std::to_string(rest_.size()) + " left");
  }
  const ByteSpan head = rest_.first(n);
  rest_ = rest_.subspan(n);
  return head;
}

uint64_t Reader::integer(size_t n) {
  const ByteSpan data = bytes(n);
  uint64_t v = 0;
  for (size_t i = 0; i < n; ++i) v |= static_cast<uint64_t>(data[i]) << (8 * i);
  return v;
}

void Reader::done() const {
  if (!rest_.empty()) fail(std::to_string(rest_.size()) + " trailing bytes");
}

void Reader::fail(const std::string& problem) const { throw DecodeError(what_ + ": " + problem); }

}  // namespace pyzkfl

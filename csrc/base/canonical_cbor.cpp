// The check of deterministic CBOR (see canonical_cbor.h).
#include "base/canonical_cbor.h"

#include <algorithm>

namespace pyzkfl {
namespace {

constexpr uint64_t kIntegerMax = (uint64_t{1} << 63) - 1;

class Checker {
 public:
  explicit Checker(ByteSpan data) : data_(data) {}

  bool whole(size_t depth) { return item(depth) && at_ == data_.size(); }

 private:
  enum Major : uint8_t { kUnsigned, kNegative, kBytes, kText, kList, kMap, kTag, kSimple };

  // The item's type and its argument, in the shortest form.
  bool head(uint8_t& major, uint64_t& argument) {
    if (at_ == data_.size()) return false;
    const uint8_t first = data_[at_++];
    major = first >> 5;
    const uint8_t low = first & 31;
    argument = low;
    if (low < 24) return true;
    if (low > 27 || major == kSimple) return false;  // indefinite, reserved, a float or a long simple value
    const size_t size = size_t{1} << (low - 24);
    if (data_.size() - at_ < size) return false;
    argument = 0;
    for (size_t i = 0; i < size; ++i) argument = argument << 8 | data_[at_++];
    return size == 1 ? argument >= 24 : argument >> (4 * size) != 0;  // else it fits half the bytes
  }

  bool item(size_t depth) {
    uint8_t major = 0;
    uint64_t argument = 0;
    if (!head(major, argument)) return false;
    switch (major) {
      case kUnsigned:
      case kNegative: return argument <= kIntegerMax;
      case kBytes:
      case kText: return skip(argument);
      case kList: return depth > 0 && list(argument, depth - 1);
      case kMap: return depth > 0 && map(argument, depth - 1);
      case kSimple: return argument >= 20 && argument <= 22;
      default: return false;
    }
  }

  bool skip(uint64_t size) {
    if (data_.size() - at_ < size) return false;
    at_ += size;
    return true;
  }

  bool list(uint64_t count, size_t depth) {
    if (count > data_.size() - at_) return false;
    for (uint64_t i = 0; i < count; ++i) {
      if (!item(depth)) return false;
    }
    return true;
  }

  bool map(uint64_t count, size_t depth) {
    if (count > data_.size() - at_) return false;
    ByteSpan before;
    for (uint64_t i = 0; i < count; ++i) {
      const size_t start = at_;
      uint8_t major = 0;
      uint64_t size = 0;
      if (!head(major, size) || major != kText || !skip(size)) return false;
      const ByteSpan key = data_.subspan(start, at_ - start);
      if (i > 0 && !std::ranges::lexicographical_compare(before, key)) return false;
      before = key;
      if (!item(depth)) return false;
    }
    return true;
  }

  ByteSpan data_;
  size_t at_ = 0;
};

}  // namespace

bool is_canonical_cbor(ByteSpan data, size_t depth_max) { return Checker(data).whole(depth_max); }

}  // namespace pyzkfl

// Numbers in five limbs of 52 bits, as lanes hold them, against wide integers: for tests of lanes.
#pragma once

#include <array>
#include <cstdint>

#include "schoolbook.h"

namespace pyzkfl::test {

constexpr uint64_t ones52 = (uint64_t{1} << 52) - 1;
using Value = std::array<uint64_t, 5>;

inline Wide wide(const Value& v) {
  Wide out, shift;
  shift.word[1] = 1 << 20;  // 2^52
  for (size_t i = 5; i-- > 0;) out = out * shift + Wide::from({v[i], 0, 0, 0});
  return out;
}

// The low 260 bits.
inline Value narrow(const Wide& v) {
  Value out{};
  for (size_t i = 0; i < 260; ++i) out[i / 52] |= static_cast<uint64_t>(v.bit(i)) << (i % 52);
  return out;
}

inline bool less(const Wide& a, const Wide& b) {
  for (size_t i = a.word.size(); i-- > 0;) {
    if (a.word[i] != b.word[i]) return a.word[i] < b.word[i];
  }
  return false;
}

inline Wide small(uint64_t v) { return Wide::from({v, 0, 0, 0}); }

inline Wide minus(const Wide& a, const Wide& b) {  // a is not less
  Wide out;
  int64_t borrow = 0;
  for (size_t i = 0; i < a.word.size(); ++i) {
    const int64_t d = static_cast<int64_t>(a.word[i]) - b.word[i] - borrow;
    borrow = d < 0 ? 1 : 0;
    out.word[i] = static_cast<uint32_t>(d);
  }
  return out;
}

}  // namespace pyzkfl::test

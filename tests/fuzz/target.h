// What a fuzzing target is: one file of targets/, with the honest inputs that mutations start from, and a function that
// takes any bytes. Whatever they are, it ends in a value or in an error of ours; anything else ends the process.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/errors.h"

namespace pyzkfl::fuzz {

// Each target defines these two. `seeds` is asked when the corpus in tests/fuzz/corpus is written anew.
std::vector<Bytes> seeds();
void run(ByteSpan input);

// What must hold whatever the input was.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzzing: does not hold: %s\n", what);
  std::abort();
}

// Whether `call` threw an error of ours. One of the operating system, or of no kind, is a finding.
template <class F>
bool refused(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const SystemError& error) {
    std::fprintf(stderr, "fuzzing: %s\n", error.what());
    std::abort();
  } catch (const Error&) {
    return true;
  }
  return false;
}

// Decodes `data`, encodes what came out, and wants the same bytes: one encoding for each value.
template <class Decode, class Encode>
void one_encoding(ByteSpan data, Decode&& decode, Encode&& encode) {
  (void)refused([&] {
    const auto value = decode(data);
    const auto again = encode(value);
    require(std::equal(again.begin(), again.end(), data.begin(), data.end()), "a decoded value has other bytes");
  });
}

// The input as decisions: a scenario asks for numbers and pieces until there are none. What is missing reads as 0.
class Decisions {
 public:
  explicit Decisions(ByteSpan input) : rest_(input) {}

  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t out = rest_[0];
    rest_ = rest_.subspan(1);
    return out;
  }
  uint16_t word() { return static_cast<uint16_t>(byte() | byte() << 8); }
  size_t below(size_t n) { return n == 0 ? 0 : (n <= 256 ? byte() : word()) % n; }
  bool coin() { return (byte() & 1) != 0; }
  // `bytes` with up to three changes: a byte, a cut, a piece again.
  Bytes edited(Bytes bytes) {
    for (size_t edits = below(4); edits > 0 && !bytes.empty(); --edits) {
      const size_t at = word() % bytes.size();
      switch (below(5)) {
        case 0:
          bytes[at] ^= static_cast<uint8_t>(1u << below(8));
          break;
        case 1:
          bytes[at] = byte();
          break;
        case 2:
          bytes.resize(at);
          break;
        case 3:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), byte());
          break;
        default: {
          const size_t size = std::min<size_t>(bytes.size() - at, below(256));
          const Bytes piece(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                            bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(word() % bytes.size()), piece.begin(), piece.end());
        }
      }
    }
    return bytes;
  }

 private:
  ByteSpan rest_;
};

}  // namespace pyzkfl::fuzz

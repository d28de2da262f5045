// Deterministic CBOR (base/canonical_cbor.h): what jobs, statements and ledger records are written in.
#include "base/canonical_cbor.h"

#include "target.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() {
  return {{0x00},
          {0x18, 0x18},
          {0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
          {0x83, 0x01, 0x41, 0xaa, 0x62, 'h', 'i'},
          {0xa2, 0x61, 'a', 0xf5, 0x61, 'b', 0x81, 0xf6},
          {0x81, 0x81, 0x81, 0x81, 0xa1, 0x60, 0xf4},
          {0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

void fuzz::run(ByteSpan input) {
  bool before = false;
  for (const size_t depth : {size_t{0}, size_t{1}, size_t{4}, size_t{16}}) {
    const bool canonical = is_canonical_cbor(input, depth);
    require(canonical || !before, "a deeper limit refuses what a smaller one takes");
    before = canonical;
  }
  if (!before || input.empty()) return;
  // One item, whole: no part of it and nothing behind it is one.
  require(!is_canonical_cbor(input.first(input.size() - 1), 16), "an item without its last byte is an item");
  Bytes longer(input.begin(), input.end());
  longer.push_back(0);
  require(!is_canonical_cbor(longer, 16), "an item and a byte are an item");
}

// Whether bytes are deterministic CBOR as docs/formats.md has it (RFC 8949, section 4.2.1, with fewer types).
#pragma once

#include "base/bytes.h"

namespace pyzkfl {

// Whether `data` is exactly one item made of integers of 64 bits with sign, byte strings, text, lists, maps with text for
// keys, true, false and null; every length and number in its shortest form, none indefinite; keys ascending by their
// encodings, none twice; lists and maps nested at most `depth_max` deep. Text is NOT looked at: whoever decodes it finds
// what is not UTF-8. No memory is allocated, whatever the bytes say.
[[nodiscard]] bool is_canonical_cbor(ByteSpan data, size_t depth_max);

}  // namespace pyzkfl

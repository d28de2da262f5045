// Masks by the vector AES instructions (VAES), in plain words: what masked_vector.cpp uses where the processor has them.
//
// AES-256 in counter mode from counter zero (NIST SP 800-38A, FIPS 197), added to the vector as it comes: no stream
// is stored. Constant time in keys and lanes. See fields/kernels/ifma_field.h for why nothing but pointers passes here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::vaes {

constexpr size_t round_key_bytes = 240;

struct KeyStream {
  // The round keys of a 32-byte key.
  void (*expand)(uint8_t* round_keys, const uint8_t* key);
  // lanes += (or -= if negative) the stream from its 16-byte block `block` on, modulo 2^(8 width) a lane. width is 2, 4
  // or 8 bytes and divides n_bytes.
  void (*add)(void* lanes, size_t n_bytes, unsigned width, bool negative, const uint8_t* round_keys, uint64_t block);
};

// Null where the compiler does not know the instruction set.
const KeyStream* key_stream();

}  // namespace pyzkfl::vaes

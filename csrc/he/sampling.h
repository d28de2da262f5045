// Polynomials drawn from a cryptographic key stream (AES-256-CTR): small ones, uniform ones, noise.
//
// Constant time but for uniform(), whose output is public.
#pragma once

#include <cstdint>
#include <span>

#include "base/aes_ctr.h"
#include "he/ring.h"

namespace pyzkfl::he {

// |error| <= 21, of standard deviation sqrt(21/2) = 3.24: the difference of two sums of 21 bits. The homomorphic
// encryption standard asks for 3.19 (8 / sqrt(2 pi)) at least.
inline constexpr uint64_t error_bound = 21;

// A key stream with a fresh key.
AesCtr256 fresh_stream();

// Uniform in {-1, 0, 1}: 64 bits a coefficient, so at most 2^-62 from uniform.
void sample_ternary(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream);
void sample_error(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream);
// Uniform in [-2^bits, 2^bits), bits at most 120.
void sample_noise(std::span<uint64_t> out, const Ring& ring, unsigned bits, AesCtr256& stream);
// Uniform residues by rejection of 50-bit words (docs/formats.md). Variable time.
void uniform(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream);
// The same as if secret: 128 bits a residue, so at most 2^-77 from uniform.
void sample_uniform(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream);

}  // namespace pyzkfl::he

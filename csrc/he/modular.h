// Arithmetic of 64-bit words on secrets: GMP's constant-time functions, with scratch memory that is wiped.
//
// Numbers are little-endian spans of words; their sizes are public, their values are not. Outputs may not overlap
// inputs unless said.
#pragma once

#include <cstdint>
#include <span>

#include "base/secret.h"

namespace pyzkfl::he::modular {

// out = a b, of a.size() + b.size() words.
void multiply(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b);
// out = a modulo m, for m whose top word is not zero. `out` has m.size() words and may be a.
void remainder(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> m);
// The same with the quotient, which must fit.
void divide(std::span<uint64_t> quotient, std::span<uint64_t> rest, std::span<const uint64_t> a,
            std::span<const uint64_t> m);
// x -= n and 1, or 0 if x is below n; x has one word more than n, or as many.
uint64_t subtract_if_possible(std::span<uint64_t> x, std::span<const uint64_t> n);
// out = a - b modulo m, for a, b below m. `out` may be a or b.
void subtract(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b,
              std::span<const uint64_t> m);
// out = a b modulo m.
void multiply_modulo(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b,
                     std::span<const uint64_t> m);
// out = 1 / a modulo m, odd; false if there is none.
[[nodiscard]] bool invert(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> m);
// -1 / odd modulo 2^64.
uint64_t minus_inverse(uint64_t odd);

}  // namespace pyzkfl::he::modular

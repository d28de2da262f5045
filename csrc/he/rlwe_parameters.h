// Parameters of the additive ring-LWE scheme: which ring, how many values to a coefficient, and the proof that sums
// fit.
//
// Security: ternary secrets, so log2 q is held below the line of the homomorphic encryption standard (Albrecht et
// al., 2018, table 1, ternary, classical, 128 bits): 54 for n = 2048, 109 for 4096, 218 for 8192. We use primes of 50
// bits: 50, 100 and 200.
//
// Noise, in the worst case and not on average. Of one encryption under the joint key of M members (1 for a single
// decryptor), errors of at most B = 21, s and e sums of M:
//     F = |e u + e1 + e2 s| + rounding <= B (2 n M + 1) + 1.
// Of a sum of S encryptions: S F. A decryption share adds noise uniform in [-2^b, 2^b) with 2^b >= 2^64 S F, which
// hides the rest (smudging); all M of them add M 2^b. A plaintext of k bits decodes if the noise is below q /
// 2^(k+1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "he/packing.h"

namespace pyzkfl::he {

struct RlweParameters {
  // The ring that takes the fewest bytes a value. `members`: 1 for a single decryptor without smudging; else how many
  // share the key, at most 255. Throws ParameterError if no ring has room.
  RlweParameters(const Packing& packing, unsigned members);

  Packing packing;
  unsigned members;
  unsigned log_n;        // n = 2^log_n
  unsigned primes;       // of 50 bits
  unsigned slots;        // values to a coefficient
  unsigned noise_bits;   // of a sum and all shares: |noise| < 2^noise_bits
  unsigned smudge_bits;  // b; 0 for a single decryptor

  bool shared() const { return members > 1; }
  size_t n() const { return size_t{1} << log_n; }
  unsigned plaintext_bits() const { return slots * packing.slot_bits; }
  size_t values_each() const { return n() * slots; }

  friend bool operator==(const RlweParameters&, const RlweParameters&) = default;
};

// How a decryption share hides the noise: statistical distance 2^-64 a coefficient, so below 2^-40 for the 2^24
// coefficients that a key may decrypt.
inline constexpr unsigned smudge_security_bits = 64;
inline constexpr uint64_t most_shared_coefficients = uint64_t{1} << 24;

// max_abs (u64), summands (u32), members (u16): all else follows.
void write_parameters(Writer& out, const RlweParameters& parameters);
RlweParameters read_parameters(Reader& in);

}  // namespace pyzkfl::he

// Secret primes for Paillier's keys.
#pragma once

#include "he/integer.h"

namespace pyzkfl::he {

enum class PrimeKind {
  plain,  // p = 3 modulo 4
  safe,   // (p - 1) / 2 is prime too: for threshold keys (Damgard, Jurik, PKC 2001, section 4.1). Takes a minute at
          // 1024 bits
};

// A random prime of exactly `bits` bits whose top two bits are set, so that the product of two has 2 bits bits. The
// chance of a composite is below 2^-128 (40 Miller-Rabin rounds after a Baillie-PSW test).
Integer random_prime(size_t bits, PrimeKind kind);

[[nodiscard]] bool is_prime(const Integer& p);
// Whether (p - 1) / 2 is prime as well as p.
[[nodiscard]] bool is_safe_prime(const Integer& p);

}  // namespace pyzkfl::he

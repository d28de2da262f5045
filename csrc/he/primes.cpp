// A sieve from a fresh random start, then probabilistic tests (see primes.h).
#include "he/primes.h"

#include <array>
#include <vector>

#include "base/errors.h"

namespace pyzkfl::he {
namespace {

constexpr int rounds = 40 + 24;  // GMP makes a Baillie-PSW test of the first 24

// Odd primes below 2^14.
const std::vector<uint32_t>& small_primes() {
  static const std::vector<uint32_t> list = [] {
    std::vector<bool> composite(1 << 14);
    std::vector<uint32_t> out;
    for (uint32_t p = 3; p < composite.size(); p += 2) {
      if (composite[p]) continue;
      out.push_back(p);
      for (uint32_t m = p * p; m < composite.size(); m += 2 * p) composite[m] = true;
    }
    return out;
  }();
  return list;
}

// A cheap test that nearly every composite fails.
bool passes_fermat(const Integer& p) { return power_vartime(Integer(2), p - Integer(1), p) == Integer(1); }

}  // namespace

bool is_prime(const Integer& p) { return mpz_probab_prime_p(p.get(), rounds) != 0; }

bool is_safe_prime(const Integer& p) {
  return mpz_odd_p(p.get()) != 0 && is_prime((p - Integer(1)) / Integer(2)) && is_prime(p);
}

Integer random_prime(size_t bits, PrimeKind kind) {
  if (bits < 256) throw ParameterError("primes below 256 bits are not for keys");
  const bool safe = kind == PrimeKind::safe;
  // Candidates are start + 4 i, 3 modulo 4; short stretches keep them close to uniform.
  constexpr size_t stretch = 4096;
  for (;;) {
    Integer start = Integer::random_bits(bits);
    mpz_setbit(start.get(), bits - 1);
    mpz_setbit(start.get(), bits - 2);
    mpz_setbit(start.get(), 0);
    mpz_setbit(start.get(), 1);
    std::array<bool, stretch> composite{};
    for (const uint32_t s : small_primes()) {
      // p = 0 and, for (p - 1) / 2, p = 1 modulo s are out.
      const uint64_t rest = mpz_fdiv_ui(start.get(), s);
      uint64_t quarter = (s + 1) / 4;  // 1 / 4 modulo s
      if (s % 4 == 1) quarter = s - (s - 1) / 4;
      for (uint64_t root = 0; root <= (safe ? 1 : 0); ++root) {
        for (uint64_t i = (s + root - rest % s + s) % s * quarter % s; i < stretch; i += s) composite[i] = true;
      }
    }
    for (size_t i = 0; i < stretch; ++i) {
      if (composite[i]) continue;
      const Integer p = start + Integer(4 * i);
      if (p.bits() != bits) break;
      if (safe) {
        if (passes_fermat((p - Integer(1)) / Integer(2)) && passes_fermat(p) && is_safe_prime(p)) return p;
      } else if (passes_fermat(p) && is_prime(p)) {
        return p;
      }
    }
  }
}

}  // namespace pyzkfl::he

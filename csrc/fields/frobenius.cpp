// Frobenius constants, derived by the compiler from p and xi (see frobenius.h).
#include "fields/frobenius.h"

namespace pyzkfl {
namespace {

using Table = std::array<std::array<Fp2, 6>, 12>;

// (p - 1) / 6, by long division; p = 1 modulo 6.
constexpr Limbs p_minus_1_sixth() {
  Limbs out{};
  const Limbs dividend = Fp::M::minus(1);
  uint64_t remainder = 0;
  for (size_t i = 256; i-- > 0;) {
    remainder = remainder << 1 | (dividend[i / 64] >> (i % 64) & 1);
    if (remainder >= 6) {
      remainder -= 6;
      out[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
  return out;
}

// f(n) = xi^((p^n - 1) / 6) satisfies f(n) = f(n - 1)^p f(1), and the factor of w^k is f(n)^k.
constexpr Table make_table() {
  Table table{};
  const Limbs exponent = p_minus_1_sixth();
  const Fp2 first = Fp2::xi().pow_vartime(exponent);
  Fp2 factor = Fp2::one();
  for (auto& row : table) {
    row[0] = Fp2::one();
    for (size_t k = 1; k < 6; ++k) row[k] = row[k - 1] * factor;
    factor = factor.conjugate() * first;
  }
  return table;
}

constinit const Table factors = make_table();

}  // namespace

const Fp2& frobenius_factor(unsigned power, unsigned k) { return factors[power % 12][k]; }

}  // namespace pyzkfl

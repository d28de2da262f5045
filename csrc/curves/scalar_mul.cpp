// Scalar multiplication, constant time and variable time (see scalar_mul.h).
#include "curves/scalar_mul.h"

#include <algorithm>
#include <array>

#include "curves/complete.h"
#include "curves/decomposition.h"
#include "curves/wnaf.h"

namespace pyzkfl {
namespace {

// Digit i of the recoding is nibble i of k + 0x88..8, minus 8: in [-8, 7], and the sum is k. No carry chain
// to leak.
template <class F>
Jacobian<F> mul_constant_time(const Jacobian<F>& p, const Fr& k) {
  Limbs shifted{};
  const Limbs offset = {0x8888888888888888, 0x8888888888888888, 0x8888888888888888, 0x8888888888888888};
  limbs::add(shifted, k.to_canonical(), offset);  // k < 2^254: no carry out

  std::array<CompletePoint<F>, 9> table;  // j P
  table[1] = CompletePoint<F>::from(p);
  for (size_t j = 2; j < table.size(); ++j) table[j] = table[j - 1] + table[1];

  CompletePoint<F> sum;
  for (size_t i = 64; i-- > 0;) {
    for (int d = 0; d < 4; ++d) sum = sum.dbl();
    const uint64_t nibble = (shifted[i / 16] >> (4 * (i % 16))) & 15;
    const uint64_t negative = limbs::barrier((nibble >> 3) - 1);  // nibble < 8
    const uint64_t magnitude = ((nibble - 8) ^ negative) - negative;
    CompletePoint<F> term = table[0];
    for (uint64_t j = 1; j < table.size(); ++j) {
      const uint64_t difference = j ^ magnitude;
      const uint64_t equal = limbs::barrier(((difference | (0 - difference)) >> 63) - 1);
      term = CompletePoint<F>::select(equal, table[j], term);
    }
    sum = sum + CompletePoint<F>::select(negative, -term, term);
  }
  return sum.to_jacobian();
}

constexpr unsigned window = 5;
constexpr size_t odd_multiple_count = size_t{1} << (window - 2);  // odd multiples P, 3P, .. 15P

template <class F>
std::array<Jacobian<F>, odd_multiple_count> odd_multiples(const Jacobian<F>& p) {
  std::array<Jacobian<F>, odd_multiple_count> table;
  table[0] = p;
  const Jacobian<F> twice = p.dbl();
  for (size_t i = 1; i < odd_multiple_count; ++i) table[i] = table[i - 1] + twice;
  return table;
}

// sum_j parts[j] endomorphism(P, j), for tables of odd multiples of P. `image(point, j)` applies the
// endomorphism.
template <class F, size_t N, class Image>
Jacobian<F> interleaved(const Jacobian<F>& p, const std::array<SignedPart, N>& parts, const Image& image) {
  std::array<std::array<Jacobian<F>, odd_multiple_count>, N> table;
  table[0] = odd_multiples(p);
  for (size_t j = 1; j < N; ++j) {
    for (size_t i = 0; i < odd_multiple_count; ++i) table[j][i] = image(table[0][i], static_cast<unsigned>(j));
  }
  std::array<std::array<int8_t, 129>, N> digits;
  size_t length = 0;
  for (size_t j = 0; j < N; ++j) {
    length = std::max(length, wnaf_vartime(digits[j], parts[j].abs, window, parts[j].negative != 0));
  }
  Jacobian<F> sum;
  for (size_t i = length; i-- > 0;) {
    sum = sum.dbl();
    for (size_t j = 0; j < N; ++j) {
      const int d = digits[j][i];
      if (d > 0) sum += table[j][static_cast<size_t>(d) / 2];
      if (d < 0) sum -= table[j][static_cast<size_t>(-d) / 2];
    }
  }
  return sum;
}

}  // namespace

G1 mul(const G1& p, const Fr& k) { return mul_constant_time(p, k); }
G2 mul(const G2& p, const Fr& k) { return mul_constant_time(p, k); }

G1 mul_vartime(const G1& p, const Fr& k) {
  return interleaved(p, split_phi(k), [](const G1& q, unsigned) { return phi(q); });
}

G2 mul_vartime(const G2& p, const Fr& k) {
  return interleaved(p, split_psi(k), [](const G2& q, unsigned power) { return psi(q, power); });
}

}  // namespace pyzkfl

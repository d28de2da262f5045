// Plaintexts in and out of polynomials (see rlwe.h).
#include <algorithm>

#include "base/errors.h"
#include "he/integer.h"
#include "he/rlwe.h"

namespace pyzkfl::he {
namespace {

using Wide = unsigned __int128;
constexpr uint64_t low50 = (uint64_t{1} << 50) - 1;

// a += b, three words.
void add_words(std::array<uint64_t, 3>& a, const std::array<uint64_t, 3>& b) {
  Wide carry = 0;
  for (size_t i = 0; i < 3; ++i) {
    carry += Wide{a[i]} + b[i];
    a[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
}

// 1 if a < b.
uint64_t below(const std::array<uint64_t, 3>& a, const std::array<uint64_t, 3>& b) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < 3; ++i) {
    const Wide difference = Wide{a[i]} - b[i] - borrow;
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
  return borrow;
}

}  // namespace

RlweScheme::RlweScheme(const RlweParameters& parameters, CpuKernel kernel)
    : parameters_(parameters), ring_(parameters.log_n, parameters.primes, kernel), half_{} {
  const unsigned k = parameters.plaintext_bits();
  Integer q(1), power(1);
  for (size_t i = 0; i < ring_.primes(); ++i) q = q * Integer(ring_.prime(i));
  mpz_mul_2exp(power.get(), power.get(), k);
  const auto rest = (q % power).words(2);
  q_modulo_2k_ = Wide{rest[1]} << 64 | rest[0];
  Integer one(1), top;
  mpz_mul_2exp(top.get(), one.get(), 192);
  for (size_t i = 0; i < ring_.primes(); ++i) {
    const Integer prime(ring_.prime(i));
    const Integer inverse_power = inverse(power, prime);
    std::array<FixedFactor, 3> factors;
    for (size_t j = 0; j < 3; ++j) {
      Integer shifted;
      mpz_mul_2exp(shifted.get(), inverse_power.get(), 50 * j);
      factors[j] = FixedFactor(((prime - shifted % prime) % prime).words(1)[0], ring_.prime(i));
    }
    encode_.push_back(factors);
    punctured_inverse_.emplace_back(inverse(q / prime % prime, prime).words(1)[0], ring_.prime(i));
    const auto fraction = (top / prime).words(3);
    fraction_.push_back({fraction[0], fraction[1], fraction[2]});
  }
  const auto as_fraction = [&](const Integer& v) {
    const auto words = v.words(3);
    return std::array<uint64_t, 3>{words[0], words[1], words[2]};
  };
  Integer half, noise;
  mpz_mul_2exp(half.get(), one.get(), 191 - k);
  mpz_mul_2exp(noise.get(), one.get(), 192 + parameters.noise_bits);
  // Rounded up, and the fractions' own errors: below 2^53 in all.
  Integer slack;
  mpz_mul_2exp(slack.get(), one.get(), 53);
  noise = noise / q + slack;
  half_ = as_fraction(half);
  noise_ = as_fraction(noise);
  twice_noise_ = as_fraction(noise + noise);
}

size_t RlweScheme::polynomials(uint64_t length) const {
  return static_cast<size_t>((length + parameters_.values_each() - 1) / parameters_.values_each());
}

void RlweScheme::add_plaintext(std::span<uint64_t> out, std::span<const int64_t> values) const {
  const unsigned k = parameters_.plaintext_bits(), slots = parameters_.slots, b = parameters_.packing.slot_bits;
  const Wide mask = (Wide{1} << k) - 1;
  for (size_t j = 0, at = 0; at < values.size(); ++j, at += slots) {
    Wide m = 0;
    const size_t here = std::min<size_t>(slots, values.size() - at);
    for (size_t s = here; s-- > 0;) m = (m << b) + static_cast<Wide>(static_cast<__int128>(values[at + s]));
    // With r = q m modulo 2^k, between -2^(k-1) and 2^(k-1): round(q m / 2^k) = (q m - r) / 2^k = -r / 2^k modulo q.
    const Wide r = q_modulo_2k_ * m & mask;
    const auto top = static_cast<uint64_t>(r >> (k - 1));
    const uint64_t chunk[3] = {static_cast<uint64_t>(r) & low50, static_cast<uint64_t>(r >> 50) & low50,
                               static_cast<uint64_t>(r >> 100)};
    for (size_t i = 0; i < ring_.primes(); ++i) {
      const uint64_t q = ring_.prime(i);
      uint64_t sum = top;
      for (size_t c = 0; c < 3; ++c) sum += reduce_once(encode_[i][c].lazy(chunk[c], q), q);
      uint64_t& to = out[i * ring_.n() + j];
      to = reduce_once(reduce_once(sum + to, 2 * q), q);  // below 4 q before
    }
  }
}

bool RlweScheme::read_plaintext(std::span<int64_t> values, PolynomialSpan polynomial, uint32_t terms) const {
  const unsigned k = parameters_.plaintext_bits(), slots = parameters_.slots, b = parameters_.packing.slot_bits;
  const auto limit = static_cast<int64_t>(parameters_.packing.max_abs * terms);
  uint64_t good = 1;
  int64_t wrong = 0;
  for (size_t j = 0; j < ring_.n(); ++j) {
    // The coefficient as a fraction of q, plus a half of 2^-k: the sum of y_i / q_i.
    std::array<uint64_t, 3> fraction = half_;
    for (size_t i = 0; i < ring_.primes(); ++i) {
      const uint64_t q = ring_.prime(i);
      const uint64_t y = reduce_once(punctured_inverse_[i].lazy(polynomial[i * ring_.n() + j], q), q);
      std::array<uint64_t, 3> term;
      Wide carry = 0;
      for (size_t w = 0; w < 3; ++w) {
        carry += Wide{y} * fraction_[i][w];
        term[w] = static_cast<uint64_t>(carry);
        carry >>= 64;
      }
      add_words(fraction, term);
    }
    const Wide top = Wide{fraction[2]} << 64 | fraction[1];
    Wide m = top >> (128 - k);
    // What is below the top k bits is the noise plus a half: it must lie within the bound of the half.
    std::array<uint64_t, 3> rest = fraction;
    const Wide mask = (Wide{1} << (128 - k)) - 1;
    rest[1] &= static_cast<uint64_t>(mask);
    rest[2] &= static_cast<uint64_t>(mask >> 64);
    Wide borrow = 0;
    for (size_t w = 0; w < 3; ++w) {  // rest - half + noise, modulo 2^192
      const Wide v = Wide{rest[w]} + noise_[w] + borrow;
      rest[w] = static_cast<uint64_t>(v);
      borrow = v >> 64;
    }
    borrow = 0;
    for (size_t w = 0; w < 3; ++w) {
      const Wide v = Wide{rest[w]} - half_[w] - borrow;
      rest[w] = static_cast<uint64_t>(v);
      borrow = v >> 64 & 1;
    }
    good &= below(rest, twice_noise_);
    if (j * slots >= values.size()) continue;
    const size_t here = std::min<size_t>(slots, values.size() - j * slots);
    const uint64_t slot_mask = (uint64_t{1} << b) - 1;
    for (size_t s = 0; s < here; ++s) {
      const uint64_t field = static_cast<uint64_t>(m) & slot_mask;
      const uint64_t negative = field >> (b - 1);
      const auto v = static_cast<int64_t>(field | ((0 - negative) & ~slot_mask));
      values[j * slots + s] = v;
      wrong |= (limit - v) | (limit + v);
      m = (m >> b) + negative;  // a negative slot took one from the next
    }
  }
  return good == 1 && wrong >= 0;
}

}  // namespace pyzkfl::he

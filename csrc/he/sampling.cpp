// See sampling.h.
#include "he/sampling.h"

#include <vector>

namespace pyzkfl::he {
namespace {

using Wide = unsigned __int128;

// Bits set in the low 21, without a table (the compiler's own may use one where there is no instruction).
uint64_t ones(uint64_t v) {
  v = v - (v >> 1 & 0x5555555555555555);
  v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
  v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return v * 0x0101010101010101 >> 56;
}

// small + q where it is negative, modulo every prime.
void spread(std::span<uint64_t> out, const Ring& ring, std::span<const uint64_t> small) {
  for (size_t i = 0; i < ring.primes(); ++i) {
    const uint64_t q = ring.prime(i);
    for (size_t j = 0; j < ring.n(); ++j) out[i * ring.n() + j] = small[j] + (q & (0 - (small[j] >> 63)));
  }
}

}  // namespace

AesCtr256 fresh_stream() {
  const SecretBytes key = SecretBytes::random(32);
  return AesCtr256(key.span().first<32>());
}

void sample_ternary(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream) {
  SecretVector<uint64_t> words(ring.n());
  stream.keystream(words);
  for (uint64_t& w : words) w = static_cast<uint64_t>(Wide{w} * 3 >> 64) - 1;
  spread(out, ring, words);
}

void sample_error(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream) {
  SecretVector<uint64_t> words(ring.n());
  stream.keystream(words);
  constexpr uint64_t mask = (1U << error_bound) - 1;
  for (uint64_t& w : words) w = ones(w & mask) - ones(w >> error_bound & mask);
  spread(out, ring, words);
}

void sample_noise(std::span<uint64_t> out, const Ring& ring, unsigned bits, AesCtr256& stream) {
  SecretVector<uint64_t> words(2 * ring.n());
  stream.keystream(words);
  const Wide mask = (Wide{1} << (bits + 1)) - 1;
  for (size_t i = 0; i < ring.primes(); ++i) {
    const uint64_t q = ring.prime(i);
    const FixedFactor middle(static_cast<uint64_t>((Wide{1} << 50) % q), q),
        high(static_cast<uint64_t>((Wide{1} << 100) % q), q);
    const uint64_t half = q - power_modulo(2, bits, q);
    constexpr uint64_t low50 = (uint64_t{1} << 50) - 1;
    for (size_t j = 0; j < ring.n(); ++j) {
      const Wide v = (Wide{words[2 * j + 1]} << 64 | words[2 * j]) & mask;
      const uint64_t sum = reduce_once(static_cast<uint64_t>(v) & low50, q) +
                           reduce_once(middle.lazy(static_cast<uint64_t>(v >> 50) & low50, q), q) +
                           reduce_once(high.lazy(static_cast<uint64_t>(v >> 100), q), q) + half;
      out[i * ring.n() + j] = reduce_once(reduce_once(sum, 2 * q), q);
    }
  }
}

void uniform(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream) {
  std::vector<uint64_t> words(ring.n());
  constexpr uint64_t mask = (uint64_t{1} << prime_bits) - 1;
  size_t used = words.size();
  for (size_t i = 0; i < ring.primes(); ++i) {
    for (size_t made = 0; made < ring.n();) {
      if (used == words.size()) {
        stream.keystream(words);
        used = 0;
      }
      const uint64_t v = words[used++] & mask;
      if (v < ring.prime(i)) out[i * ring.n() + made++] = v;
    }
  }
}

void sample_uniform(std::span<uint64_t> out, const Ring& ring, AesCtr256& stream) {
  SecretVector<uint64_t> words(2 * ring.n());
  for (size_t i = 0; i < ring.primes(); ++i) {
    stream.keystream(words);
    const uint64_t q = ring.prime(i);
    for (size_t j = 0; j < ring.n(); ++j) {
      // floor(q r / 2^128) for r of 128 bits.
      const Wide low = Wide{words[2 * j]} * q;
      const Wide high = Wide{words[2 * j + 1]} * q + (low >> 64);
      out[i * ring.n() + j] = static_cast<uint64_t>(high >> 64);
    }
  }
}

}  // namespace pyzkfl::he

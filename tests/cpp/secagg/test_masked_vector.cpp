// Masks and packing against their definitions, bit by bit, and sums at the edge of the modulus.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "base/aes_ctr.h"
#include "base/cpu.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "secagg/config.h"
#include "secagg/kernels/key_stream_vaes.h"
#include "secagg/masked_vector.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;

namespace {

uint64_t modulo(uint64_t value, unsigned bits) {
  return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
}

std::vector<int64_t> random_values(size_t n, unsigned bits) {
  std::vector<int64_t> values(n);
  random_bytes({reinterpret_cast<uint8_t*>(values.data()), n * 8});
  for (int64_t& v : values) v >>= 64 - bits;
  return values;
}

SecretBytes key_number(uint8_t number) {
  SecretBytes key(32);
  key.span()[0] = number;
  return key;
}

std::vector<MaskTerm> terms_of(std::initializer_list<std::pair<uint8_t, bool>> list) {
  std::vector<MaskTerm> terms;
  for (const auto& [number, negative] : list) terms.push_back({key_number(number), negative});
  return terms;
}

Bytes packed(const MaskedVector& vector, size_t length, unsigned bits) {
  Bytes out(packed_bytes(length, bits));
  vector.pack(out);
  return out;
}

// The mask's coordinate i, from the definition.
uint64_t mask_at(const SecretBytes& key, size_t i, unsigned bits) {
  const size_t width = bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
  Bytes stream(64 + (i + 1) * width);
  AesCtr256(key.span().first<32>()).keystream(stream);
  uint64_t value = 0;
  for (size_t j = 0; j < width; ++j) value |= static_cast<uint64_t>(stream[64 + i * width + j]) << (8 * j);
  return modulo(value, bits);
}

}  // namespace

TEST_CASE("packing writes bits little-endian, for every width, and what is packed comes back") {
  for (unsigned bits = 2; bits <= 64; ++bits) {
    for (const size_t length : {1U, 2U, 7U, 63U, 64U, 65U, 129U}) {
      CAPTURE(bits);
      CAPTURE(length);
      const auto values = random_values(length, bits);
      MaskedVector vector(length, bits);
      vector.add_values(values, Fr::zero());
      const Bytes out = packed(vector, length, bits);
      Bytes expected((length * bits + 7) / 8);
      for (size_t i = 0; i < length * bits; ++i) {
        const uint64_t bit = static_cast<uint64_t>(values[i / bits]) >> (i % bits) & 1;
        expected[i / 8] = static_cast<uint8_t>(expected[i / 8] | bit << (i % 8));
      }
      REQUIRE(out == expected);

      MaskedVector back(length, bits);
      back.add_packed(out, Fr::one().to_bytes_le());
      std::vector<int64_t> lifted(length);
      back.lift(lifted);
      REQUIRE(lifted == values);
      REQUIRE(back.blinder() == Fr::one());
    }
  }
}

TEST_CASE("a mask is the key stream that its definition says, at every width and block edge") {
  const SecretBytes key = key_number(9);
  for (const unsigned bits : {2U, 13U, 16U, 17U, 24U, 32U, 33U, 63U, 64U}) {
    for (const size_t length : {1U, 100U, 5000U}) {
      MaskedVector vector(length, bits);
      vector.add_masks(terms_of({{9, false}}));
      std::vector<int64_t> lifted(length);
      vector.lift(lifted);
      for (const size_t i : {size_t{0}, length / 2, length - 1}) {
        CHECK(modulo(static_cast<uint64_t>(lifted[i]), bits) == mask_at(key, i, bits));
      }
      std::array<uint8_t, 64> stream;
      AesCtr256(key.span().first<32>()).keystream(stream);
      CHECK(vector.blinder() == Fr::from_bytes_wide_be(stream));
    }
  }
}

TEST_CASE("masks that are added and subtracted cancel, and leave no value in sight while they are there") {
  for (const unsigned bits : {16U, 21U, 40U}) {
    // Around the 8 KiB blocks and the stretches of sixteen of them.
    for (const size_t length : {1U, 1023U, 1024U, 1025U, 4096U, 4097U, 65535U, 65536U, 65537U, 140000U}) {
      const auto values = random_values(length, bits);
      const Fr blinder = Fr::random();
      MaskedVector vector(length, bits);
      vector.add_values(values, blinder);
      vector.add_masks(terms_of({{1, false}, {2, true}, {3, false}}));
      std::vector<int64_t> lifted(length);
      vector.lift(lifted);
      size_t equal = 0;
      for (size_t i = 0; i < length; ++i) equal += lifted[i] == values[i] ? 1 : 0;
      CHECK(equal <= 3 + length / 4096);
      CHECK(vector.blinder() != blinder);
      vector.add_masks(terms_of({{3, true}, {1, true}, {2, false}}));
      vector.lift(lifted);
      CHECK(lifted == values);
      CHECK(vector.blinder() == blinder);
    }
  }
}

TEST_CASE("masks and packing do not depend on the number of threads") {
  constexpr size_t length = 300000;
  const auto values = random_values(length, 20);
  Bytes expected;
  for (const size_t threads : {1U, 2U, 5U}) {
    set_thread_count(threads);
    MaskedVector vector(length, 20);
    vector.add_values(values, Fr::one());
    vector.add_masks(terms_of({{1, false}, {2, true}}));
    MaskedVector sum(length, 20);
    sum.add_packed(packed(vector, length, 20), vector.blinder().to_bytes_le());
    const Bytes out = packed(sum, length, 20);
    if (expected.empty()) expected = out;
    CHECK(out == expected);
  }
  set_thread_count(0);
}

TEST_CASE(
    "a packed vector of the wrong size, with padding bits, or with a blinder that is not reduced is "
    "refused") {
  MaskedVector vector(3, 17);  // 51 bits, 7 bytes, 5 bits of padding
  Bytes good(7, 0xff);
  good[6] = 0x07;
  const auto one = Fr::one().to_bytes_le();
  Bytes bad = good;
  bad[6] = 0x0f;
  CHECK_THROWS_AS(vector.add_packed(bad, one), DecodeError);
  bad[6] = 0x87;
  CHECK_THROWS_AS(vector.add_packed(bad, one), DecodeError);
  CHECK_THROWS_AS(vector.add_packed(ByteSpan(good).first(6), one), DecodeError);
  CHECK_THROWS_AS(vector.add_packed(Bytes(8), one), DecodeError);
  std::array<uint8_t, 32> modulus;
  limbs::to_bytes_le(std::span<uint8_t, 32>(modulus), Fr::modulus);
  CHECK_THROWS_AS(vector.add_packed(good, modulus), DecodeError);
  // None of these changed it.
  std::vector<int64_t> lifted(3);
  vector.lift(lifted);
  CHECK(lifted == std::vector<int64_t>{0, 0, 0});
  CHECK(vector.blinder().is_zero());
  vector.add_packed(good, one);
  vector.lift(lifted);
  CHECK(lifted == std::vector<int64_t>{-1, -1, -1});
}

TEST_CASE("sums at the edge of the modulus are exact") {
  // n * max_abs is the largest number below 2^(b-1): for n = 255 and the largest max_abs it is close to 2^63.
  for (const auto& [n, max_abs] :
       std::vector<std::pair<uint64_t, uint64_t>>{{3, 1},
                                                  {3, 2},
                                                  {4, 1U << 20},
                                                  {255, 257},
                                                  {7, 9},
                                                  {3, (uint64_t{1} << 63) / 3},
                                                  {255, ((uint64_t{1} << 63) - 1) / 255}}) {
    CAPTURE(n);
    CAPTURE(max_abs);
    const unsigned bits = static_cast<unsigned>(std::bit_width(n * max_abs)) + 1;
    for (const int sign : {1, -1}) {
      const int64_t value = sign * static_cast<int64_t>(max_abs);
      MaskedVector sum(1, bits);
      for (uint64_t i = 0; i < n; ++i) sum.add_values(std::vector<int64_t>{value}, Fr::one());
      std::vector<int64_t> lifted(1);
      sum.lift(lifted);
      CHECK(lifted[0] == sign * static_cast<int64_t>(n * max_abs));
      CHECK(sum.blinder() == Fr::from_u64(n));
    }
  }
}

TEST_CASE("a vector of another length or an impossible width is refused") {
  MaskedVector vector(2, 10);
  CHECK_THROWS_AS(vector.add_values(std::vector<int64_t>{1}, Fr::zero()), ParameterError);
  CHECK_THROWS_AS(MaskedVector(2, 1), ParameterError);
  CHECK_THROWS_AS(MaskedVector(2, 65), ParameterError);
}

TEST_CASE("the kernel of vector AES gives OpenSSL's stream: every width, sign, start, and lengths about a vector") {
  const vaes::KeyStream* const kernel = wide_aes_selected() ? vaes::key_stream() : nullptr;
  if (kernel == nullptr) return;  // another processor, or PYZKFL_CPU: nothing but OpenSSL is used then
  Bytes key(32);
  random_bytes(key);
  std::array<uint8_t, vaes::round_key_bytes> round_keys;
  kernel->expand(round_keys.data(), key.data());
  for (const uint64_t block : {uint64_t{0}, uint64_t{4}, uint64_t{255}, (uint64_t{1} << 32) - 2}) {
    for (const size_t words : {1, 7, 8, 9, 63, 64, 65, 200}) {
      for (const unsigned width : {2U, 4U, 8U}) {
        // Also lengths that end within a vector's last word.
        const size_t size = 8 * words - (words % 2 == 0 ? 0 : 8 - width);
        Bytes stream(size);
        AesCtr256 cipher(std::span<const uint8_t>(key).first<32>());
        cipher.seek(block);
        cipher.keystream(stream);
        Bytes before(size + 8);
        random_bytes(before);
        for (const bool negative : {false, true}) {
          Bytes lanes = before;
          kernel->add(lanes.data(), size, width, negative, round_keys.data(), block);
          bool equal = std::ranges::equal(std::span(lanes).subspan(size), std::span(before).subspan(size));
          for (size_t at = 0; at < size; at += width) {
            uint64_t was = 0, mask = 0, now = 0;
            std::memcpy(&was, before.data() + at, width);
            std::memcpy(&mask, stream.data() + at, width);
            std::memcpy(&now, lanes.data() + at, width);
            equal = equal && now == modulo(negative ? was - mask : was + mask, 8 * width);
          }
          CHECK(equal);
        }
      }
    }
  }
}

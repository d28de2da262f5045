// Column keys and the commitments that they make.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "kzg/artefact.h"
#include "kzg/column_key.h"

using namespace pyzkfl;

namespace {

G1Affine g1_times(const Fr& k) { return mul_vartime(G1(g1_generator()), k).to_affine(); }
G2Affine g2_times(const Fr& k) { return mul_vartime(G2(g2_generator()), k).to_affine(); }

LargeArray<G1Affine> powers_of(const Fr& tau, size_t count) {
  LargeArray<G1Affine> out(count);
  Fr power = Fr::one();
  for (size_t i = 0; i < count; ++i, power *= tau) out[i] = g1_times(power);
  return out;
}

}  // namespace

TEST_CASE("a column key has the powers of its tau") {
  const Fr tau = Fr::from_u64(17);
  const ColumnKey key = ColumnKey::insecure(3, tau);
  CHECK(key.log_n() == 3);
  CHECK(key.size() == 8);
  REQUIRE(key.powers().size() == 9);
  Fr power = Fr::one();
  for (size_t i = 0; i < 9; ++i, power *= tau) CHECK(key.powers()[i] == g1_times(power));
  CHECK(key.verifier().tau_1() == g1_times(tau));
  CHECK(key.verifier().tau_2() == g2_times(tau));
  CHECK(key.verifier().tau_squared_2() == g2_times(tau.square()));
  CHECK(ColumnKey(powers_of(tau, 9), g2_times(tau), g2_times(tau.square())).digest() == key.digest());
}

TEST_CASE("more powers than a column needs are allowed, and counted") {
  const Fr tau = Fr::random();
  for (const size_t count : {2, 3, 4, 5, 8, 9, 16, 17, 31}) {
    CAPTURE(count);
    const ColumnKey key(powers_of(tau, count), g2_times(tau), g2_times(tau.square()));
    CHECK(key.size() + 1 <= count);
    CHECK(2 * key.size() + 1 > count);
  }
}

TEST_CASE("points that are not the powers of one tau are refused") {
  const Fr tau = Fr::random();
  const G2Affine tau_2 = g2_times(tau), squared = g2_times(tau.square());
  const auto with = [&](size_t at, const G1Affine& point) {
    LargeArray<G1Affine> powers = powers_of(tau, 9);
    powers[at] = point;
    return ColumnKey(std::move(powers), tau_2, squared);
  };
  CHECK_NOTHROW(with(8, powers_of(tau, 9)[8]));
  for (size_t i = 0; i < 9; ++i) {
    CAPTURE(i);
    CHECK_THROWS_AS(with(i, g1_times(Fr::random())), ParameterError);
    CHECK_THROWS_AS(with(i, G1Affine()), ParameterError);
  }
  CHECK_THROWS_AS(ColumnKey(powers_of(tau, 9), squared, squared), ParameterError);
  CHECK_THROWS_AS(ColumnKey(powers_of(tau, 9), tau_2, tau_2), ParameterError);
  CHECK_THROWS_AS(ColumnKey(powers_of(tau, 9), G2Affine(), squared), ParameterError);
  CHECK_THROWS_AS(ColumnKey(powers_of(tau, 9), tau_2, G2Affine()), ParameterError);
  // All powers times one factor: consistent with each other, not with the generator.
  LargeArray<G1Affine> scaled(9);
  Fr power = Fr::from_u64(5);
  for (size_t i = 0; i < 9; ++i, power *= tau) scaled[i] = g1_times(power);
  CHECK_THROWS_AS(ColumnKey(std::move(scaled), tau_2, squared), ParameterError);
  CHECK_THROWS_AS(ColumnKey(powers_of(tau, 1), tau_2, squared), ParameterError);
  CHECK_THROWS_AS(ColumnKey(LargeArray<G1Affine>(), tau_2, squared), ParameterError);
}

TEST_CASE("a tau that is 0, 1 or -1 is refused") {
  for (const Fr& tau : {Fr(), Fr::one(), -Fr::one()}) {
    CHECK_THROWS_AS(ColumnKey(powers_of(tau, 5), g2_times(tau), g2_times(tau.square())), ParameterError);
    CHECK_THROWS_AS(ColumnKey::insecure(2, tau), ParameterError);
  }
}

TEST_CASE("a column key's bytes are canonical, and decoded strictly") {
  const Fr tau = Fr::random();
  const ColumnKey key = ColumnKey::insecure(2, tau);
  const Bytes bytes = key.to_bytes();
  CHECK(bytes.size() == 7 + 4 + 5 * 64 + 2 * 128);
  CHECK(key.digest() == sha256(bytes));
  for (const PowersCheck check : {PowersCheck::done, PowersCheck::skipped}) {
    const ColumnKey again = ColumnKey::from_bytes(bytes, check);
    CHECK(again.to_bytes() == bytes);
    CHECK(again.digest() == key.digest());
    CHECK(again.log_n() == 2);
  }
  for (size_t length = 0; length < bytes.size(); length += 37)
    CHECK_THROWS_AS(ColumnKey::from_bytes(ByteSpan(bytes).first(length)), DecodeError);
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_THROWS_AS(ColumnKey::from_bytes(longer), DecodeError);
  for (size_t at = 0; at < bytes.size(); at += at < 11 ? 1 : 29) {
    CAPTURE(at);
    Bytes changed = bytes;
    changed[at] ^= 1;
    CHECK_THROWS_AS(ColumnKey::from_bytes(changed), DecodeError);
  }
  // A count that the bytes do not hold is refused before anything is allocated for it.
  Bytes many = bytes;
  many[10] = 0x1f;
  CHECK_THROWS_AS(ColumnKey::from_bytes(many), DecodeError);
  // On the curves, but not powers: what the check is for.
  const ColumnKey other = ColumnKey::insecure(2, Fr::random());
  Bytes mixed = other.to_bytes();
  std::copy(bytes.end() - 256, bytes.end(), mixed.end() - 256);
  CHECK_THROWS_AS(ColumnKey::from_bytes(mixed), DecodeError);
  CHECK_NOTHROW(ColumnKey::from_bytes(mixed, PowersCheck::skipped));
  // Another artefact's bytes.
  Bytes kind = bytes;
  kind[5] = static_cast<uint8_t>(ArtefactKind::commitment_key);
  CHECK_THROWS_WITH_AS(ColumnKey::from_bytes(kind), "column key: this is a commitment key, not a column key",
                       DecodeError);
}

TEST_CASE("the bytes of a column key are those of the golden vector") {
  // Recomputed by tests/python/kzg/test_column_key_vector.py.
  std::ifstream file(PYZKFL_VECTORS "/column_key.txt");
  std::string expected, found;
  REQUIRE((file >> expected));
  const Digest digest = ColumnKey::insecure(2, Fr::from_u64(17)).digest();
  for (const uint8_t byte : digest) {
    constexpr const char* digits = "0123456789abcdef";
    found += {digits[byte >> 4], digits[byte & 15]};
  }
  CHECK(found == expected);
}

TEST_CASE("a commitment to a column is its polynomial at tau") {
  const Fr tau = Fr::random();
  const ColumnKey key = ColumnKey::insecure(6, tau);
  std::vector<int32_t> cells = {1, -1, 0, 32767, -32768, std::numeric_limits<int32_t>::max(),
                                std::numeric_limits<int32_t>::min()};
  for (int32_t i = 0; cells.size() < 64; ++i) cells.push_back(i * 977 % 65536 - 32768);
  for (const size_t length : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{64}}) {
    CAPTURE(length);
    const auto own = std::span<const int32_t>(cells).first(length);
    std::vector<Fr> coefficients;
    Fr value, power = Fr::one();
    for (size_t i = 0; i < length; ++i, power *= tau) {
      coefficients.push_back(Fr::from_i64(cells[i]));
      value += coefficients.back() * power;
    }
    CHECK(commit_column(key, own) == g1_times(value));
    CHECK(commit_polynomial(key, coefficients) == g1_times(value));
    const Fr blinder = Fr::random();
    const std::array<uint64_t, 1> position = {64};
    CHECK(commit_column(key, own, blinder, 64) == g1_times(value + blinder * tau.pow_vartime(position)));
    // A blinder may stand where a cell stands: they add.
    CHECK(commit_column(key, own, blinder, 0) == g1_times(value + blinder));
  }
  CHECK_THROWS_AS(commit_column(key, cells, Fr::one(), 65), ParameterError);
  CHECK_THROWS_AS(commit_column(key, std::vector<int32_t>(66)), ParameterError);
  CHECK_THROWS_AS(commit_polynomial(key, std::vector<Fr>(66)), ParameterError);
}

TEST_CASE("commitments add up to the commitment of the sum") {
  const ColumnKey key = ColumnKey::insecure(4);
  std::vector<int32_t> a(16), b(16), sum(16);
  for (int32_t i = 0; i < 16; ++i) a[i] = 31 * i - 7, b[i] = -i * i, sum[i] = a[i] + b[i];
  const Fr x = Fr::random(), y = Fr::random();
  const G1 both = G1(commit_column(key, a, x, 16)) + commit_column(key, b, y, 16);
  CHECK(both.to_affine() == commit_column(key, sum, x + y, 16));
}

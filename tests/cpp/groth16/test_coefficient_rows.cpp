// Rows from a .zkey's list of coefficients.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "groth16/coefficient_rows.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;

namespace {

void put(Bytes& out, uint32_t matrix, uint32_t row, uint32_t wire, const Fr& coefficient) {
  Bytes entry(coefficient_entry_bytes);
  // The limbs of c R are c R^2 for the element c, R being the element with the limbs R^2.
  const Fr scaled = coefficient * Fr::from_montgomery_limbs(Fr::M::r2);
  std::memcpy(entry.data(), &matrix, 4);
  std::memcpy(entry.data() + 4, &row, 4);
  std::memcpy(entry.data() + 8, &wire, 4);
  std::memcpy(entry.data() + 12, &scaled, 32);
  out.insert(out.end(), entry.begin(), entry.end());
}

uint32_t below(uint32_t n) {
  uint32_t v;
  random_bytes({reinterpret_cast<uint8_t*>(&v), sizeof v});
  return v % n;
}

}  // namespace

TEST_CASE("rows are sums of coefficients times wires, whatever the order of the entries") {
  const unsigned log_n = 12;
  const uint32_t n = 1u << log_n, wires = 100;
  std::vector<Fr> witness(wires);
  for (Fr& w : witness) w = Fr::random();
  for (const bool ordered : {true, false}) {
    std::vector<Fr> a(n), b(n);
    Bytes bytes;
    for (uint32_t i = 0; i < 40000; ++i) {
      const uint32_t row = ordered ? i / 10 : below(n), wire = below(wires), matrix = below(2);
      const std::array<Fr, 5> some = {Fr::one(), -Fr::one(), Fr::from_u64(2), Fr::random(), Fr::zero()};
      const Fr& c = some[below(some.size())];
      put(bytes, matrix, row, wire, c);
      (matrix == 0 ? a : b)[row] += c * witness[wire];
    }
    const RowValues rows = rows_of(bytes, log_n, witness);
    CHECK(std::equal(a.begin(), a.end(), rows.a.begin(), rows.a.end()));
    CHECK(std::equal(b.begin(), b.end(), rows.b.begin(), rows.b.end()));
  }
}

TEST_CASE("one row that is longer than a thread's share") {
  std::vector<Fr> witness(3, Fr::from_u64(5));
  Bytes bytes;
  for (size_t i = 0; i < 50000; ++i) put(bytes, 0, 1, 2, Fr::one());
  CHECK(rows_of(bytes, 1, witness).a[1] == Fr::from_u64(250000));
  CHECK(rows_of({}, 1, witness).a[1].is_zero());
}

TEST_CASE("the ends of rows are found in few steps, however long a row is") {
  // Every range of 2^13 entries asks for the end of its row. Walking there, a row of m entries took m^2 / 2^13 steps.
  const size_t count = size_t{1} << 27;  // as many as a .zkey of 6 GB holds
  size_t steps = 0;
  const auto one_row = [&](size_t) { return ++steps, 7u; };
  for (size_t i = 0; i <= count; i += size_t{1} << 13) CHECK(row_boundary(i, count, one_row) == (i == 0 ? 0 : count));
  CHECK(steps < (count >> 13) * 64);

  for (const uint32_t rows : {1u, 2u, 3u, 10u, 300u}) {
    std::vector<uint32_t> of(300);
    for (uint32_t& row : of) row = below(rows);
    std::sort(of.begin(), of.end());
    for (size_t i = 0; i <= of.size() + 1; ++i) {
      size_t expected = std::min(i, of.size());
      while (expected > 0 && expected < of.size() && of[expected] == of[expected - 1]) ++expected;
      CHECK(row_boundary(i, of.size(), [&](size_t at) { return of.at(at); }) == expected);
    }
  }
  CHECK(row_boundary(0, 0, one_row) == 0);
}

TEST_CASE("coefficients for what does not exist, or not below r, are refused") {
  const std::vector<Fr> witness(3, Fr::one());
  Bytes good;
  put(good, 1, 3, 2, Fr::one());
  CHECK(rows_of(good, 2, witness).b[3].is_one());
  const auto refused = [&](size_t at, uint32_t value) {
    Bytes bad = good;
    std::memcpy(bad.data() + at, &value, 4);
    CHECK_THROWS_AS((void)rows_of(bad, 2, witness), DecodeError);
  };
  refused(0, 2);
  refused(0, 0xffffffff);
  refused(4, 4);
  refused(4, 0xffffffff);
  refused(8, 3);
  refused(8, 0xffffffff);
  refused(40, 0x30644e73);
  CHECK_THROWS_AS((void)rows_of(ByteSpan(good).first(43), 2, witness), DecodeError);
  CHECK_THROWS_AS((void)rows_of(good, 29, witness), ParameterError);
  Bytes modulus = good;
  for (size_t i = 0; i < 32; ++i) modulus[12 + i] = static_cast<uint8_t>(Fr::modulus[i / 8] >> 8 * (i % 8));
  CHECK_THROWS_AS((void)rows_of(modulus, 2, witness), DecodeError);
}

// Poseidon2 against published vectors (tests/vectors/poseidon2.json has them with their sources; the Python
// tests read that file, these are the same values) and against its own definition.
#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "hash/poseidon2.h"

using namespace pyzkfl;

namespace {

Fr hex(std::string_view digits) {
  std::array<uint8_t, 32> bytes{};
  REQUIRE(digits.size() == 64);
  const auto nibble = [](char c) { return static_cast<uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (size_t i = 0; i < 32; ++i) {
    bytes[i] = static_cast<uint8_t>(nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]));
  }
  return Fr::from_bytes_be(bytes);
}

std::vector<Fr> counting(size_t n) {
  std::vector<Fr> out;
  for (size_t i = 1; i <= n; ++i) out.push_back(Fr::from_u64(i));
  return out;
}

}  // namespace

TEST_CASE("the permutation of 0, 1, 2, 3 is the one that Horizen Labs and barretenberg publish") {
  Poseidon2State state{Fr::from_u64(0), Fr::from_u64(1), Fr::from_u64(2), Fr::from_u64(3)};
  poseidon2_permute(state);
  CHECK(state[0] == hex("01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737"));
  CHECK(state[1] == hex("239b62e7db98aa3a2a8f6a0d2fa1709e7a35959aa6c7034814d9daa90cbac662"));
  CHECK(state[2] == hex("04cbb44c61d928ed06808456bf758cbf0c18d1e15a7b6dbc8245fa7515d5e3cb"));
  CHECK(state[3] == hex("2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847a"));
}

TEST_CASE("hashes of 0 to 5 elements are noir's") {
  const char* expected[] = {
      "18dfb8dc9b82229cff974efefc8df78b1ce96d9d844236b496785c698bc6732e",
      "168758332d5b3e2d13be8048c8011b454590e06c44bce7f702f09103eef5a373",
      "038682aa1cb5ae4e0a3f13da432a95c77c5c111f6f030faf9cad641ce1ed7383",
      "23864adb160dddf590f1d3303683ebcb914f828e2635f6e85a32f0a1aecd3dd8",
      "130bf204a32cac1f0ace56c78b731aa3809f06df2731ebcf6b3464a15788b1b9",
      "2247be7014a54d17342a7ef677f58d28877780d203860396967f5d0a18d259db",
  };
  for (size_t n = 0; n <= 5; ++n) {
    CAPTURE(n);
    CHECK(poseidon2_hash(counting(n)) == hex(expected[n]));
  }
}

TEST_CASE("trailing zeros, order and every element change the hash") {
  const std::vector<Fr> base = counting(7);
  const Fr hash = poseidon2_hash(base);
  for (size_t i = 0; i < base.size(); ++i) {
    std::vector<Fr> other = base;
    other[i] += Fr::one();
    CHECK(poseidon2_hash(other) != hash);
    other = base;
    std::swap(other[i], other[(i + 1) % base.size()]);
    CHECK(poseidon2_hash(other) != hash);
  }
  for (size_t n = 0; n < 4; ++n) {
    std::vector<Fr> padded = counting(n);
    padded.push_back(Fr::zero());
    CHECK(poseidon2_hash(padded) != poseidon2_hash(counting(n)));
  }
}

TEST_CASE("many states permuted at once are each permuted") {
  std::vector<Poseidon2State> states(100);
  for (auto& state : states) {
    for (Fr& v : state) v = Fr::random();
  }
  std::vector<Poseidon2State> expected = states;
  for (auto& state : expected) poseidon2_permute(state);
  poseidon2_permute(std::span<Poseidon2State>(states));
  for (size_t i = 0; i < states.size(); ++i) CHECK(states[i] == expected[i]);
  poseidon2_permute(std::span<Poseidon2State>());
}

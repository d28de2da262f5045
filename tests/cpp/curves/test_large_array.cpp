// Memory that large arrays use again.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "curves/large_array.h"

using namespace pyzkfl;

namespace {

constexpr size_t kBytes = size_t{5} << 20;  // in pages of its own

template <class Array>
void fill_and_drop() {
  Array array(kBytes);
  std::fill(array.span().begin(), array.span().end(), uint8_t{0xa5});
}

bool all_zero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

}  // namespace

TEST_CASE("an array begins as zeros, whatever was in the memory before") {
  for (int i = 0; i < 3; ++i) {
    fill_and_drop<LargeArray<uint8_t>>();
    fill_and_drop<SecretArray<uint8_t>>();
    const LargeArray<uint8_t> first(kBytes), second(kBytes);
    CHECK(first.data() != second.data());
    CHECK(all_zero(first.span()));
    CHECK(all_zero(second.span()));
  }
}

TEST_CASE("what a secret array held is in no array that begins as anything") {
  constexpr uint8_t secret_byte = 0x5b;
  for (int i = 0; i < 3; ++i) {
    SecretArray<uint8_t> secret(kBytes);
    std::fill(secret.span().begin(), secret.span().end(), secret_byte);
  }
  for (int i = 0; i < 3; ++i) {
    const LargeArray<uint8_t> after(kBytes, Start::any);
    CHECK(std::find(after.span().begin(), after.span().end(), secret_byte) == after.span().end());
  }
}

TEST_CASE("more memory than is kept is given back and taken again") {
  for (int round = 0; round < 2; ++round) {
    std::vector<LargeArray<uint8_t>> arrays;
    for (int i = 0; i < 40; ++i) arrays.emplace_back(size_t{12} << 20);
    for (auto& array : arrays) {
      CHECK(array[0] == 0);
      CHECK(array[array.size() - 1] == 0);
      array[0] = array[array.size() - 1] = 1;
    }
  }
}

TEST_CASE("a secret array does not hand on as zeros what an open one left behind its end") {
  const size_t whole = size_t{5} << 20 | 4096;  // its last page of 2 MiB holds both ends
  for (int round = 0; round < 8; ++round) {
    {
      LargeArray<uint8_t> open(whole, Start::any);
      std::fill(open.span().begin(), open.span().end(), uint8_t{0xa5});
    }
    { const SecretArray<uint8_t> shorter(whole - 8192, Start::any); }
    const LargeArray<uint8_t> zero(whole);
    CHECK(std::all_of(zero.span().begin(), zero.span().end(), [](uint8_t v) { return v == 0; }));
  }
}

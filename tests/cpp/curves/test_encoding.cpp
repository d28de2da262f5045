// Encodings of points, and everything that must be refused.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/errors.h"
#include "curves/encoding.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

// Adds p to the big-endian coordinate at `at`; false if that overflows 2^256.
bool add_modulus(std::span<uint8_t> bytes, size_t at) {
  unsigned carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += bytes[at + 31 - i] + (Fp::modulus[i / 8] >> (8 * (i % 8)) & 0xff);
    bytes[at + 31 - i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return carry == 0;
}

const auto g1_evm = [](const auto& b) { return g1_from_evm(b, Infinity::refused); };
const auto g2_evm = [](const auto& b) { return g2_from_evm(b, Infinity::refused); };
const auto g1_short = [](const auto& b) { return g1_decompress(b, Infinity::refused); };
const auto g2_short = [](const auto& b) { return g2_decompress(b, Infinity::refused); };

}  // namespace

TEST_CASE("points survive both encodings, whichever root their y is") {
  for (const auto& p : naive::points<G1Affine>(20)) {
    for (const auto& q : {p, -p}) {
      CHECK(g1_evm(to_evm(q)) == q);
      CHECK(g1_short(compress(q)) == q);
    }
    CHECK(compress(p) != compress(-p));
  }
  for (const auto& p : naive::points<G2Affine>(10)) {
    for (const auto& q : {p, -p}) {
      CHECK(g2_evm(to_evm(q)) == q);
      CHECK(g2_short(compress(q)) == q);
    }
    CHECK(compress(p) != compress(-p));
  }
}

TEST_CASE("the generators have their published bytes") {
  std::array<uint8_t, 64> g1{};
  g1[31] = 1;
  g1[63] = 2;
  CHECK(to_evm(g1_generator()) == g1);
  std::array<uint8_t, 32> short_g1{};
  short_g1[0] = 0x80;  // y = 2 is the smaller root
  short_g1[31] = 1;
  CHECK(compress(g1_generator()) == short_g1);
  // EIP-197: the imaginary part first.
  const auto g2 = to_evm(g2_generator());
  CHECK(g2[0] == 0x19);
  CHECK(g2[1] == 0x8e);
  CHECK(g2[32] == 0x18);
  CHECK(g2[33] == 0x00);
  CHECK(g2[64] == 0x09);
  CHECK(g2[96] == 0x12);
}

TEST_CASE("infinity has one encoding in each form, and is taken only where it is allowed") {
  const G1Affine o1 = G1Affine::infinity();
  const G2Affine o2 = G2Affine::infinity();
  CHECK(to_evm(o1) == std::array<uint8_t, 64>{});
  CHECK(to_evm(o2) == std::array<uint8_t, 128>{});
  CHECK(compress(o1) == std::array<uint8_t, 32>{0x40});
  CHECK(compress(o2) == std::array<uint8_t, 64>{0x40});
  CHECK(g1_from_evm(to_evm(o1), Infinity::allowed).is_infinity());
  CHECK(g2_from_evm(to_evm(o2), Infinity::allowed).is_infinity());
  CHECK(g1_decompress(compress(o1), Infinity::allowed).is_infinity());
  CHECK(g2_decompress(compress(o2), Infinity::allowed).is_infinity());
  CHECK_THROWS_AS(g1_evm(to_evm(o1)), DecodeError);
  CHECK_THROWS_AS(g2_evm(to_evm(o2)), DecodeError);
  CHECK_THROWS_AS(g1_short(compress(o1)), DecodeError);
  CHECK_THROWS_AS(g2_short(compress(o2)), DecodeError);
  // Infinity with anything besides its flag.
  for (size_t i = 0; i < 32; ++i) {
    auto bytes = compress(o1);
    bytes[i] |= 1;
    CHECK_THROWS_AS(g1_decompress(bytes, Infinity::allowed), DecodeError);
  }
  for (uint8_t first : {0x00, 0x80, 0xc0, 0x60}) {
    std::array<uint8_t, 64> bytes{first};
    CHECK_THROWS_AS(g2_decompress(bytes, Infinity::allowed), DecodeError);
  }
}

TEST_CASE("a coordinate that is not below p is refused, though its residue is right") {
  for (const auto& p : naive::points<G1Affine>(4)) {
    for (size_t at : {size_t{0}, size_t{32}}) {
      auto bytes = to_evm(p);
      REQUIRE(add_modulus(bytes, at));
      CHECK_THROWS_AS(g1_evm(bytes), DecodeError);
    }
    // Compressed: x + p must stay below 2^254 to leave the flags alone.
    auto bytes = compress(p);
    const uint8_t flags = bytes[0] & 0xc0;
    bytes[0] &= 0x3f;
    if (add_modulus(bytes, 0) && bytes[0] < 0x40) {
      bytes[0] |= flags;
      CHECK_THROWS_AS(g1_short(bytes), DecodeError);
    }
  }
  std::array<uint8_t, 32> modulus{};
  add_modulus(modulus, 0);
  modulus[0] |= 0x80;
  CHECK_THROWS_AS(g1_short(modulus), DecodeError);
  const auto q = naive::points<G2Affine>(1)[0];
  for (size_t at : {size_t{0}, size_t{32}, size_t{64}, size_t{96}}) {
    auto bytes = to_evm(q);
    REQUIRE(add_modulus(bytes, at));
    CHECK_THROWS_AS(g2_evm(bytes), DecodeError);
  }
}

TEST_CASE("points off the curve and off the subgroup are refused") {
  auto g1 = to_evm(g1_generator());
  g1[63] ^= 1;
  CHECK_THROWS_AS(g1_evm(g1), DecodeError);
  auto g2 = to_evm(g2_generator());
  g2[127] ^= 1;
  CHECK_THROWS_AS(g2_evm(g2), DecodeError);
  // About half of all x belong to no point.
  int without = 0;
  for (uint8_t x = 0; x < 20; ++x) {
    std::array<uint8_t, 32> bytes{0x80};
    bytes[31] = x;
    const Fp f = Fp::from_u64(x);
    if ((f.square() * f + Fp::from_u64(3)).is_square()) {
      CHECK(g1_short(bytes).x == f);
    } else {
      ++without;
      CHECK_THROWS_AS(g1_short(bytes), DecodeError);
    }
  }
  CHECK(without > 0);
  for (int i = 0; i < 4; ++i) {
    const G2Affine outside = naive::twist_point();
    REQUIRE(outside.is_on_curve());
    CHECK_THROWS_AS(g2_evm(to_evm(outside)), DecodeError);
    CHECK_THROWS_AS(g2_short(compress(outside)), DecodeError);
  }
}

TEST_CASE("wrong flags are refused, and the other sign is the other point") {
  const auto p = naive::points<G1Affine>(1)[0];
  for (uint8_t flags : {0x00, 0x40}) {
    auto bytes = compress(p);
    bytes[0] = static_cast<uint8_t>((bytes[0] & 0x3f) | flags);
    CHECK_THROWS_AS(g1_decompress(bytes, Infinity::allowed), DecodeError);
  }
  auto bytes = compress(p);
  bytes[0] ^= 0x40;
  CHECK(g1_short(bytes) == -p);
  auto bytes2 = compress(g2_generator());
  bytes2[0] ^= 0x40;
  CHECK(g2_short(bytes2) == -g2_generator());
}

// Our verification of Ed25519, with tables and without, against OpenSSL: honest signatures, changed ones, and those that implementations disagree about.
#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "base/ed25519.h"
#include "edwards/points.h"
#include "edwards/scalars.h"
#include "edwards/verifier.h"

using namespace pyzkfl;
using namespace pyzkfl::edwards;

namespace {

using Key = std::array<uint8_t, 32>;

struct Case {
  Key key;
  Bytes message;
  Ed25519Signature signature;
};

std::vector<SignedMessage> views(const std::vector<Case>& cases) {
  std::vector<SignedMessage> out;
  for (const Case& one : cases) out.push_back({one.key, one.message, one.signature});
  return out;
}

// Our word in every way and OpenSSL's must be the same, case by case; returns how many hold.
size_t agree(const std::vector<Case>& cases) {
  using enum Verifier::Way;
  Verifier verifier;
  const std::vector<uint8_t> whole = verifier.verify(views(cases));
  std::vector<uint8_t> expected;
  for (const Case& one : cases) expected.push_back(ed25519_verify(one.key, one.message, one.signature) ? 1 : 0);
  for (const auto way : {eights, tables, digits, chosen}) {  // eights: where the processor has them
    CAPTURE(static_cast<int>(way));
    const std::vector<uint8_t> ours = verifier.verify_ourselves(views(cases), false, way);
    for (size_t i = 0; i < cases.size(); ++i) {
      CAPTURE(i);
      CHECK(ours[i] == expected[i]);
    }
  }
  CHECK(whole == expected);
  // One alone, which is never on a full vector.
  const std::vector<SignedMessage> items = views(cases);
  for (size_t i = 0; i < items.size(); i += 7) {
    CHECK(verifier.verify_ourselves({&items[i], 1}, true)[0] == expected[i]);
  }
  return static_cast<size_t>(std::ranges::count(expected, 1));
}

Bytes text(size_t length, uint8_t first) {
  Bytes out(length);
  for (size_t i = 0; i < length; ++i) out[i] = static_cast<uint8_t>(first + 7 * i);
  return out;
}

// The eight points of small order: multiples of one of order 8, found as [L] P for a P with a part of that order.
std::vector<Key> small_order() {
  for (uint8_t seed = 2;; ++seed) {
    Key y{};
    y[0] = seed;
    const std::optional<Point> p = decompress(y);
    if (!p) continue;
    Point low = kNeutral;  // [L] p, bit by bit
    const Scalar order{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
    for (size_t bit = 253; bit-- > 0;) {
      low = twice(low);
      if ((order[bit / 64] >> (bit % 64) & 1) != 0) low = add(low, *p);
    }
    std::vector<Point> all{kNeutral};
    while (all.size() < 8) all.push_back(add(all.back(), low));
    std::vector<Key> keys = compress(all);
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) == keys.end()) return keys;
  }
}

Key with_p_added(const Key& y) {  // the other encoding of y < 19
  Key out = y;
  uint32_t carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    const uint32_t p = i == 0 ? 0xed : i == 31 ? 0x7f : 0xff;
    carry += uint32_t{y[i]} + p;
    out[i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return out;
}

}  // namespace

TEST_CASE("the constants of the curve are those of RFC 8032") {
  const Key base = compress(std::vector<Point>{base_point()})[0];
  CHECK(base[0] == 0x58);
  CHECK(std::all_of(base.begin() + 1, base.end(), [](uint8_t byte) { return byte == 0x66; }));
  const Key d = to_bytes(curve_d());
  CHECK(d[0] == 0xa3);
  CHECK(d[1] == 0x78);
  CHECK(d[31] == 0x52);
}

TEST_CASE("honest signatures of few and of many signers hold without OpenSSL") {
  std::vector<Case> cases;
  for (size_t signer = 0; signer < 20; ++signer) {
    const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
    for (size_t i = 0; i < (signer == 0 ? 200 : 3); ++i) {
      const Bytes message = text(i * 37 % 301, static_cast<uint8_t>(signer));
      cases.push_back({key.public_key(), message, key.sign(message)});
    }
  }
  CHECK(agree(cases) == cases.size());
}

TEST_CASE("a signature with any bit of it, of the key or of the message changed is refused by both") {
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  const Bytes message = text(20, 3);
  const Case honest{key.public_key(), message, key.sign(message)};
  std::vector<Case> cases;
  for (size_t bit = 0; bit < 8 * 64; ++bit) {
    Case changed = honest;
    changed.signature[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    cases.push_back(changed);
    changed = honest;
    changed.key[bit / 8 % 32] ^= static_cast<uint8_t>(1 << (bit % 8));
    cases.push_back(changed);
    changed = honest;
    changed.message[bit / 8 % 20] ^= static_cast<uint8_t>(1 << (bit % 8));
    cases.push_back(changed);
  }
  CHECK(agree(cases) == 0);
}

TEST_CASE("S and S + L are not both taken") {
  const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
  std::vector<Case> cases;
  for (uint8_t i = 0; i < 20; ++i) {
    Case one{key.public_key(), text(9, i), key.sign(text(9, i))};
    const Key order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    uint32_t carry = 0;
    for (size_t j = 0; j < 32; ++j) {
      carry += uint32_t{one.signature[32 + j]} + order[j];
      one.signature[32 + j] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
    cases.push_back(one);
  }
  CHECK(agree(cases) == 0);
}

TEST_CASE("keys and points of small order, in every encoding, get OpenSSL's verdict") {
  const std::vector<Key> low = small_order();
  std::vector<Key> encodings = low;
  for (const Key& key : low) {
    Key sign = key;
    sign[31] ^= 0x80;
    encodings.push_back(sign);
    Key y = key;
    y[31] &= 0x7f;
    if (std::all_of(y.begin() + 1, y.end(), [](uint8_t byte) { return byte == 0; })) {
      encodings.push_back(with_p_added(y));
      encodings.push_back(with_p_added(y));
      encodings.back()[31] |= 0x80;
    }
  }
  std::vector<Case> cases;
  for (const Key& a : encodings) {
    for (const Key& r : encodings) {
      for (uint8_t i = 0; i < 6; ++i) {
        Case one{a, text(5, i), {}};
        std::copy(r.begin(), r.end(), one.signature.begin());
        cases.push_back(one);  // S = 0: holds where R = -[k] A
      }
    }
  }
  const size_t holding = agree(cases);
  CHECK(holding > 20);
  CHECK(holding < cases.size() / 2);
}

TEST_CASE("a key with a part of small order is multiplied by k itself, modulo L as it was hashed") {
  // A = B + T, R = [5] B + U and S = 5 + k, with T and U of small order: the signature holds where U = -[k] T, which
  // depends on k modulo 8.
  const std::vector<Key> low = small_order();
  const Point five = add(twice(twice(base_point())), base_point());
  std::vector<Case> cases;
  for (const Key& t : low) {
    const Key a = compress(std::vector<Point>{add(base_point(), *decompress(t))})[0];
    for (const Key& u : low) {
      const Key r = compress(std::vector<Point>{add(five, *decompress(u))})[0];
      for (uint8_t i = 0; i < 8; ++i) {
        Case one{a, text(11, i), {}};
        Bytes hashed(r.begin(), r.end());
        hashed.insert(hashed.end(), a.begin(), a.end());
        hashed.insert(hashed.end(), one.message.begin(), one.message.end());
        std::array<uint8_t, 64> wide{};
        REQUIRE(EVP_Digest(hashed.data(), hashed.size(), wide.data(), nullptr, EVP_sha512(), nullptr) == 1);
        Scalar s = reduce(wide);
        s[0] += 5;  // no carry but once in 2^61 messages
        std::copy(r.begin(), r.end(), one.signature.begin());
        for (size_t j = 0; j < 32; ++j) one.signature[32 + j] = static_cast<uint8_t>(s[j / 8] >> (8 * (j % 8)));
        cases.push_back(one);
      }
    }
  }
  const size_t holding = agree(cases);
  CHECK(holding > 24);  // one U of eight holds; k, and so the messages that do, is as good as random
  CHECK(holding < cases.size() / 2);
}

TEST_CASE("sums that wrap around modulo L come out as by long division") {
  for (const uint8_t fill : {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff}) {
    std::array<uint8_t, 64> wide{};
    wide.fill(fill);
    // Bit by bit: twice, plus the next bit, less L where it fits.
    Scalar slow{};
    const Scalar order{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
    for (size_t bit = 512; bit-- > 0;) {
      Scalar next{};
      for (size_t i = 0; i < 4; ++i) next[i] = slow[i] << 1 | (i > 0 ? slow[i - 1] >> 63 : 0);
      next[0] |= wide[bit / 8] >> (bit % 8) & 1;
      if (!is_reduced(next)) {
        uint64_t borrow = 0;
        for (size_t i = 0; i < 4; ++i) {
          const unsigned __int128 t = static_cast<unsigned __int128>(next[i]) - order[i] - borrow;
          next[i] = static_cast<uint64_t>(t);
          borrow = static_cast<uint64_t>(t >> 64) & 1;
        }
      }
      slow = next;
    }
    CHECK(reduce(wide) == slow);
  }
}

TEST_CASE("sparse digits stand for their scalar, and a product without a table is the sum of doublings") {
  const Scalar order{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};
  std::vector<Scalar> scalars{{}, {1}, {15}, {16}, {17}, {31}, {~uint64_t{0}}, {0, 1}, {0xf800000000000000, 7}};
  for (uint64_t less = 1; less < 20; ++less) scalars.push_back({order[0] - less, order[1], order[2], order[3]});
  scalars.push_back({~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 11});  // 2^253 - 1
  for (uint8_t i = 0; i < 50; ++i) {
    std::array<uint8_t, 64> wide{};
    const Bytes hashed = text(3, i);
    REQUIRE(EVP_Digest(hashed.data(), hashed.size(), wide.data(), nullptr, EVP_sha512(), nullptr) == 1);
    scalars.push_back(reduce(wide));
  }
  for (const Scalar& k : scalars) {
    const std::array<int8_t, 256> digits = sparse_digits(k);
    Point expected = kNeutral;  // bit by bit
    Point by_digits = kNeutral;
    size_t since = 5;  // places since the last digit that is not 0, from the top
    for (size_t i = 256; i-- > 0;) {
      expected = twice(expected);
      if ((k[i / 64] >> (i % 64) & 1) != 0) expected = add(expected, base_point());
      by_digits = twice(by_digits);
      const int digit = digits[i];
      ++since;
      if (digit == 0) continue;
      CHECK(digit % 2 != 0);
      CHECK(std::abs(digit) < 16);
      CHECK(since >= 5);
      since = 0;
      for (int j = 0; j < std::abs(digit); ++j) {
        by_digits = add(by_digits, digit > 0 ? base_point() : negate(base_point()));
      }
    }
    const auto encoded = compress(std::vector<Point>{expected, by_digits, multiply(base_point(), k)});
    CHECK(encoded[1] == encoded[0]);
    CHECK(encoded[2] == encoded[0]);
  }
}

TEST_CASE("more keys than are kept, no key kept, no item, and signatures of other lengths") {
  std::vector<Case> cases;
  for (uint8_t i = 0; i < 10; ++i) {
    const Ed25519PrivateKey key = Ed25519PrivateKey::generate();
    cases.push_back({key.public_key(), text(4, i), key.sign(text(4, i))});
  }
  for (const size_t keys_max : {0, 1, 3, 100}) {
    Verifier verifier(keys_max);
    for (int time = 0; time < 6; ++time) {  // with tables from the fourth on
      const std::vector<uint8_t> good = verifier.verify(views(cases));
      CHECK(std::ranges::count(good, 1) == 10);
    }
    CHECK(verifier.verify({}).empty());
    std::vector<SignedMessage> items = views(cases);
    items[3].signature = items[3].signature.first(63);
    items[4].signature = {};
    const std::vector<uint8_t> good = verifier.verify(items);
    CHECK(std::ranges::count(good, 1) == 8);
    CHECK(good[3] + good[4] == 0);
  }
}

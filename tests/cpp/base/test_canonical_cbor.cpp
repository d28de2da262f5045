// The check of deterministic CBOR: RFC 8949's own examples, and hostile lengths.
#include <doctest/doctest.h>

#include "base/canonical_cbor.h"
#include "crypto_hex.h"

using namespace pyzkfl;
using test::unhex;

TEST_CASE("RFC 8949's examples of our types are canonical") {
  for (const char* good : {"00", "17", "1818", "190100", "1a00010000", "1b0000000100000000", "1b7fffffffffffffff", "20",
                           "3b7fffffffffffffff", "f4", "f5", "f6", "40", "4401020304", "6161", "80", "83010203",
                           "a0", "a26161016162820203", "a26161016261610a"}) {
    CAPTURE(good);
    CHECK(is_canonical_cbor(unhex(good), 16));
  }
}

TEST_CASE("other forms, other types and hostile lengths are not") {
  for (const char* bad :
       {"", "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1b8000000000000000", "3b8000000000000000", "f7", "f0",
        "f93c00", "fb3ff0000000000000", "c000", "9f00ff", "5f4100ff", "ff", "1c", "0000", "8100 00", "5b7fffffffffffffff00",
        "9b7fffffffffffffff", "bb7fffffffffffffff", "41", "82 00", "a16161", "a10001", "a2616201616101", "a2616101616101",
        "a262616101616101"}) {
    std::string hex(bad);
    std::erase(hex, ' ');
    CAPTURE(hex);
    CHECK_FALSE(is_canonical_cbor(unhex(hex), 16));
  }
}

TEST_CASE("nesting is bounded") {
  Bytes deep(16, 0x81);
  deep.push_back(0x00);
  CHECK(is_canonical_cbor(deep, 16));
  CHECK_FALSE(is_canonical_cbor(deep, 15));
  CHECK_FALSE(is_canonical_cbor(Bytes(1 << 20, 0x81), 16));
}

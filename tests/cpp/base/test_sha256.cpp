// SHA-256 against the examples of FIPS 180-4 (NIST's "Cryptographic Standards and Guidelines: Examples").
#include <doctest/doctest.h>

#include <string>

#include "base/sha256.h"

using namespace pyzkfl;

namespace {

std::string hex(const Digest& digest) {
  std::string out;
  for (const uint8_t byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4") {
  CHECK(hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex(sha256(as_bytes(std::string(1000000, 'a')))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a message in pieces has the digest of the whole, and the object can be used again") {
  const std::string message(1000, 'x');
  Sha256 hash;
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (size_t at = 0, step = 0; at < message.size(); at += step, ++step) {
      hash.update(as_bytes(std::string_view(message).substr(at, step)));
    }
    CHECK(hash.finish() == sha256(as_bytes(message)));
  }
  Sha256 moved = std::move(hash);
  CHECK(moved.update(as_bytes("abc")).finish() == sha256(as_bytes("abc")));
}

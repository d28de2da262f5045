// BLAKE2b, ChaCha and what is drawn from them, against the RFCs' vectors and golden ones from snarkjs.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "base/errors.h"
#include "formats/hashing/blake2b.h"
#include "formats/hashing/chacha_points.h"
#include "formats/hashing/contribution_parameters.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

namespace {

template <class Range>
std::string hex(const Range& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

Bytes counting(size_t n) {
  Bytes out(n);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(i * 7 + i / 256);
  return out;
}

}  // namespace

TEST_CASE("BLAKE2b of abc is that of RFC 7693, appendix A") {
  CHECK(hex(blake2b(as_bytes("abc"))) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  CHECK(hex(blake2b({})) ==
        "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
        "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

TEST_CASE("BLAKE2b takes a message in any pieces, and goes on from a saved state") {
  const Bytes message = counting(1000);
  for (const size_t length : {0, 1, 127, 128, 129, 255, 256, 257, 384, 1000}) {
    const ByteSpan whole = ByteSpan(message).first(length);
    const Blake2bDigest expected = blake2b(whole);
    for (size_t cut = 0; cut <= length; cut += cut < 300 ? 1 : 37) {
      Blake2b hash;
      hash.update(whole.first(cut));
      Blake2b restored = Blake2b::restored(hash.save());
      CHECK(hash.digest() == blake2b(whole.first(cut)));
      CHECK(hash.update(whole.subspan(cut)).digest() == expected);
      CHECK(restored.update(whole.subspan(cut)).digest() == expected);
    }
  }
}

TEST_CASE("a saved state with more than a block is refused") {
  Blake2b::State state = Blake2b().save();
  state[200] = 128;
  (void)Blake2b::restored(state);
  state[200] = 129;
  CHECK_THROWS_AS((void)Blake2b::restored(state), DecodeError);
  state[200] = 0;
  state[207] = 1;
  CHECK_THROWS_AS((void)Blake2b::restored(state), DecodeError);
}

TEST_CASE("the words are ChaCha20's key stream, RFC 8439 appendix A.1") {
  ChaChaWords words(std::array<uint8_t, 32>{});
  // Vector 1: key, nonce and counter zero: 76 b8 e0 ad a0 f1 3d 90 ...; vector 2: counter 1: 9f 07 e7 be ...
  CHECK(words.next() == 0xade0b876);
  CHECK(words.next() == 0x903df1a0);
  for (int i = 2; i < 16; ++i) words.next();
  CHECK(words.next() == 0xbee7079f);
}

TEST_CASE("points that are drawn are points of their groups, and depend on every word of the seed") {
  std::array<uint8_t, 64> hash{};
  const G2Affine first = hash_to_g2(hash);
  CHECK(first.is_on_curve());
  CHECK(is_in_subgroup(first));
  CHECK(hash_to_g2(hash) == first);
  hash[40] = 1;  // behind the seed
  CHECK(hash_to_g2(hash) == first);
  for (size_t word = 0; word < 8; ++word) {
    std::array<uint8_t, 64> other{};
    other[4 * word + 3] = 1;
    CHECK(!(hash_to_g2(other) == first));
  }
  ChaChaWords words(std::array<uint8_t, 32>{});
  for (int i = 0; i < 8; ++i) CHECK(draw_g1(words).is_on_curve());
}

TEST_CASE("parameters of contributions are read back, and refused out of order or of unknown kinds") {
  ContributionParameters parameters;
  parameters.name = "somebody";
  Writer out;
  parameters.write(out);
  Reader in(out.view());
  CHECK(ContributionParameters::read(in).name == "somebody");
  in.done();
  parameters.type = ContributionParameters::beacon_type;
  parameters.iterations_exponent = 3;
  parameters.beacon = {1, 2, 3};
  Writer beacon;
  parameters.write(beacon);
  Reader again(beacon.view());
  const ContributionParameters read = ContributionParameters::read(again);
  CHECK(read.is_beacon());
  CHECK(read.beacon == Bytes{1, 2, 3});
  CHECK(read.beacon_seed() == parameters.beacon_seed());

  for (const Bytes& rest : {Bytes{2, 1, 1, 0}, Bytes{1, 0, 1, 0}, Bytes{4, 0}, Bytes{1, 5, 0}, Bytes{1}}) {
    Writer bad;
    bad.u32(0).u32(static_cast<uint32_t>(rest.size())).bytes(rest);
    Reader reader(bad.view());
    CHECK_THROWS_AS((void)ContributionParameters::read(reader), DecodeError);
  }
  Writer overlong;
  overlong.u32(0).u32(0xffffffff);
  Reader reader(overlong.view());
  CHECK_THROWS_AS((void)ContributionParameters::read(reader), DecodeError);
  parameters.iterations_exponent = 63;
  CHECK_THROWS_AS((void)parameters.beacon_seed(), UnsupportedVersion);
  parameters.name = std::string(65, 'x');
  CHECK_THROWS_AS(parameters.write(overlong), ParameterError);
}

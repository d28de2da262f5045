// BLAKE2b, ChaCha and what is drawn from them, against the RFCs' vectors and golden ones from snarkjs.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "base/errors.h"
#include "curves/encoding.h"
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

TEST_CASE("what is drawn from a seed is what ffjavascript 0.3.1 draws") {
  std::array<uint8_t, 64> seed{};
  for (size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<uint8_t>(i);
  CHECK(hex(to_evm(hash_to_g2(seed))) ==
        "097197b18b86f218d43cf232ae11cb0318f9ff79c8315ba8cc3494ece86bd08c"
        "0993c1f526542d4ea0f7960fe68c321263da35704524158f53a5ec1f6ae3cc0c"
        "07e5f5e692f511f13c16f270392204a3e2ebf321f8b80f73d87faaea048b7bf0"
        "1f619cecd6aebc1a35e6397979d76d2caa56e4cacbc10cd20d93cf715a0dd968");
  const std::span<const uint8_t, 32> key = std::span(seed).first<32>();
  ChaChaWords for_g1(key), for_fr(key);
  CHECK(hex(to_evm(draw_g1(for_g1))) ==
        "22399ee7de05fef4880d6de7b79e8e08ce44decdaf7cfed2d73eec546ccd6a9d"
        "2913ffbac54be8d6a6bea6e7867cfb18e56fecd60b6b817afc18628f7a6f04e0");
  CHECK(hex(draw_fr(for_fr).to_bytes_be()) ==
        "0a403c7333d8cd2c4003dd99c45d9793a042e69470ed71221c7a71c6809a0a82");
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
  parameters.iterations_exponent = 255;
  CHECK_THROWS_AS(BeaconBudget().take(parameters, "it"), UnsupportedVersion);
  parameters.name = std::string(65, 'x');
  CHECK_THROWS_AS(parameters.write(overlong), ParameterError);
}

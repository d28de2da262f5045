// The OpenSSL wrappers against the published vectors: RFC 8032, 7748, 5869, NIST SP 800-38A and the GCM
// submission.
#include <doctest/doctest.h>

#include <array>

#include "base/aead.h"
#include "base/aes_ctr.h"
#include "base/ed25519.h"
#include "base/hkdf.h"
#include "base/x25519.h"
#include "crypto_hex.h"

using namespace pyzkfl;
using test::fixed;
using test::hex;
using test::unhex;

TEST_CASE("Ed25519 gives the keys and signatures of RFC 8032, section 7.1") {
  struct Vector {
    const char *seed, *public_key, *message, *signature;
  };
  static constexpr Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf"
       "5f0595b"
       "be24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2"
       "eaeb430"
       "2aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c1"
       "5e9716e"
       "d28dc027beceea1ec40a"},
      {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
       "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4"
       "423643c"
       "e80e2a9ac94fa54ca49f",
       "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca1"
       "79c138a"
       "c17ad9bef1177331a704"},
  };
  for (const Vector& vector : vectors) {
    CAPTURE(vector.message);
    const Bytes seed = unhex(vector.seed);
    const Bytes message = unhex(vector.message);
    const auto key = Ed25519PrivateKey::from_seed(fixed<32>(seed));
    CHECK(hex(key.public_key()) == vector.public_key);
    CHECK(hex(key.seed().span()) == vector.seed);
    const Ed25519Signature signature = key.sign(message);
    CHECK(hex(signature) == vector.signature);
    CHECK(ed25519_verify(key.public_key(), message, signature));
  }
}

TEST_CASE("an Ed25519 signature with any bit changed is refused") {
  const auto key = Ed25519PrivateKey::generate();
  const Bytes message = unhex("00112233");
  const Ed25519Signature signature = key.sign(message);
  REQUIRE(ed25519_verify(key.public_key(), message, signature));
  for (size_t bit = 0; bit < 512; ++bit) {
    Ed25519Signature changed = signature;
    changed[bit / 8] = static_cast<uint8_t>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(ed25519_verify(key.public_key(), message, changed));
  }
  CHECK_FALSE(ed25519_verify(key.public_key(), unhex("00112234"), signature));
  CHECK_FALSE(ed25519_verify(key.public_key(), ByteSpan(message).first(3), signature));
  CHECK_FALSE(ed25519_verify(Ed25519PrivateKey::generate().public_key(), message, signature));
}

TEST_CASE("an Ed25519 signature whose scalar is not reduced is refused") {
  // S + L verifies under a sloppy verifier: the same signature in a second encoding.
  const auto key = Ed25519PrivateKey::generate();
  const Bytes message = unhex("aa");
  Ed25519Signature signature = key.sign(message);
  const Bytes order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(ed25519_verify(key.public_key(), message, signature));
}

TEST_CASE("an Ed25519 public key that is no point verifies nothing and does not throw") {
  Ed25519PublicKey no_point;
  no_point.fill(0xff);
  CHECK_FALSE(ed25519_verify(no_point, unhex("00"), Ed25519Signature{}));
}

TEST_CASE("X25519 gives the results of RFC 7748, sections 5.2 and 6.1") {
  const auto agree = [](const char* scalar, const char* u) {
    const Bytes k = unhex(scalar);
    const Bytes point = unhex(u);
    return hex(x25519_agree(fixed<32>(k), fixed<32>(point)).span());
  };
  CHECK(agree("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
              "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c") ==
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  CHECK(agree("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
              "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493") ==
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");

  const char* alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
  const char* bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
  const Bytes a = unhex(alice);
  const Bytes b = unhex(bob);
  CHECK(hex(x25519_public_key(fixed<32>(a))) ==
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  CHECK(hex(x25519_public_key(fixed<32>(b))) ==
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const char* shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  CHECK(agree(alice, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f") == shared);
  CHECK(agree(bob, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a") == shared);
}

TEST_CASE("X25519 iterated a thousand times gives the value of RFC 7748, section 5.2") {
  Bytes k(32);
  k[0] = 9;
  Bytes u = k;
  for (int i = 1; i <= 1000; ++i) {
    const SecretBytes next = x25519_agree(fixed<32>(k), fixed<32>(u));
    u = k;
    k.assign(next.span().begin(), next.span().end());
    if (i == 1) CHECK(hex(k) == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  }
  CHECK(hex(k) == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST_CASE("X25519 refuses every point of low order") {
  static constexpr const char* points[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  const SecretBytes key = SecretBytes::random(32);
  for (const char* text : points) {
    CAPTURE(text);
    const Bytes point = unhex(text);
    CHECK(x25519_is_low_order(fixed<32>(point)));
    CHECK_THROWS_AS(x25519_agree(key.span().first<32>(), fixed<32>(point)), DecodeError);
  }
  CHECK_FALSE(x25519_is_low_order(x25519_public_key(key.span().first<32>())));
}

TEST_CASE("HKDF-SHA256 gives the results of RFC 5869, appendix A") {
  const auto run = [](const char* secret, const char* salt, const char* info, size_t length) {
    return hex(hkdf_sha256(unhex(secret), unhex(salt), unhex(info), length).span());
  };
  CHECK(run("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            42) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  CHECK(run("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
            "30313233"
            "3435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
            "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
            "90919293"
            "9495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
            "e0e1e2e3"
            "e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
            82) ==
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da32"
        "75600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  CHECK(run("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("HKDF refuses an empty secret and impossible lengths") {
  const Bytes secret = unhex("01");
  CHECK_THROWS_AS(hkdf_sha256({}, {}, {}, 32), ParameterError);
  CHECK_THROWS_AS(hkdf_sha256(secret, {}, {}, 0), ParameterError);
  CHECK_THROWS_AS(hkdf_sha256(secret, {}, {}, 8161), ParameterError);
  CHECK(hkdf_sha256(secret, {}, {}, 8160).size() == 8160);
}

TEST_CASE("AES-256-GCM gives test cases 13 to 16 of the GCM specification, and opens them") {
  struct Vector {
    const char *key, *nonce, *associated_data, *plaintext, *sealed;
  };
  static constexpr const char* zero_key = "0000000000000000000000000000000000000000000000000000000000000000";
  static constexpr const char* key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
  static constexpr Vector vectors[] = {
      {zero_key, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {zero_key, "000000000000000000000000", "", "00000000000000000000000000000000",
       "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
      {key, "cafebabefacedbaddecaf888", "",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16ae"
       "df5aa0d"
       "e657ba637b391aafd255",
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61"
       "e6393ba"
       "7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
      {key, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16ae"
       "df5aa0d"
       "e657ba637b39",
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61"
       "e6393ba"
       "7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
  };
  for (const Vector& vector : vectors) {
    const Bytes k = unhex(vector.key);
    const Bytes nonce = unhex(vector.nonce);
    const Bytes associated_data = unhex(vector.associated_data);
    const Bytes sealed =
        aes256_gcm_seal(fixed<32>(k), fixed<12>(nonce), associated_data, unhex(vector.plaintext));
    CHECK(hex(sealed) == vector.sealed);
    const auto opened = aes256_gcm_open(fixed<32>(k), fixed<12>(nonce), associated_data, sealed);
    REQUIRE(opened.has_value());
    CHECK(hex(opened->span()) == vector.plaintext);
  }
}

TEST_CASE("AES-256-GCM opens nothing when a bit of anything was changed or the end is missing") {
  const Bytes key = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const Bytes nonce = unhex("000102030405060708090a0b");
  const Bytes data = unhex("0011");
  const Bytes sealed = aes256_gcm_seal(fixed<32>(key), fixed<12>(nonce), data, unhex("a1a2a3"));
  const auto open = [](const Bytes& k, const Bytes& n, const Bytes& ad, const Bytes& box) {
    return aes256_gcm_open(fixed<32>(k), fixed<12>(n), ad, box).has_value();
  };
  REQUIRE(open(key, nonce, data, sealed));
  const auto flipped = [](Bytes bytes, size_t bit) {
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    return bytes;
  };
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    CHECK_FALSE(open(key, nonce, data, flipped(sealed, bit)));
  }
  for (size_t bit = 0; bit < 8 * key.size(); ++bit) CHECK_FALSE(open(flipped(key, bit), nonce, data, sealed));
  for (size_t bit = 0; bit < 8 * nonce.size(); ++bit) {
    CHECK_FALSE(open(key, flipped(nonce, bit), data, sealed));
  }
  for (size_t bit = 0; bit < 8 * data.size(); ++bit) {
    CHECK_FALSE(open(key, nonce, flipped(data, bit), sealed));
  }
  for (size_t n = 0; n < sealed.size(); ++n) {
    CHECK_FALSE(
        open(key, nonce, data, Bytes(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(n))));
  }
}

TEST_CASE("AES-256-CTR gives the key stream of NIST SP 800-38A, F.5.5") {
  const Bytes key = unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const Bytes counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const Bytes plaintext = unhex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f24"
      "45df4f9b17"
      "ad2b417be66c3710");
  const Bytes ciphertext = unhex(
      "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c5"
      "8db67aada6"
      "13c2dd08457941a6");
  std::array<uint8_t, 16> initial;
  std::copy(counter.begin(), counter.end(), initial.begin());
  AesCtr256 cipher(fixed<32>(key), initial);
  Bytes stream(64);
  cipher.keystream(stream);
  for (size_t i = 0; i < 64; ++i) CHECK((stream[i] ^ plaintext[i]) == ciphertext[i]);
  // The same blocks again by seeking: the counter's carry passes a byte at block 1.
  for (const size_t block : {3U, 1U, 2U, 0U}) {
    cipher.seek(block);
    Bytes again(16);
    cipher.keystream(again);
    CHECK(hex(again) == hex(ByteSpan(stream).subspan(16 * block, 16)));
  }
}

TEST_CASE("the AES-CTR stream is the same however it is cut, and as words") {
  const SecretBytes secret = SecretBytes::random(32);
  const auto key = secret.span().first<32>();
  constexpr size_t n = 40000;  // more than one internal block
  Bytes whole(n);
  AesCtr256(key).keystream(whole);

  AesCtr256 pieces(key);
  Bytes cut(n);
  size_t done = 0;
  for (size_t size = 1; done < n; size = size * 3 + 1) {
    const size_t take = std::min(size, n - done);
    pieces.keystream(std::span<uint8_t>(cut).subspan(done, take));
    done += take;
  }
  CHECK(cut == whole);

  std::vector<uint64_t> words(n / 8);
  AesCtr256(key).keystream(words);
  for (size_t i = 0; i < words.size(); ++i) {
    uint64_t expected = 0;
    for (size_t j = 0; j < 8; ++j) expected |= static_cast<uint64_t>(whole[8 * i + j]) << (8 * j);
    REQUIRE(words[i] == expected);
  }

  AesCtr256 seeking(key);
  seeking.keystream(std::span<uint8_t>(cut).first(5));  // a rest of a block is dropped by seek
  seeking.seek(1000);
  Bytes tail(n - 16000);
  seeking.keystream(tail);
  CHECK(std::equal(tail.begin(), tail.end(), whole.begin() + 16000));
}

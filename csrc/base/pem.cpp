// Encrypted PKCS#8 PEM over OpenSSL (see pem.h).
#include "base/pem.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <array>
#include <string_view>

#include "base/evp.h"
#include "base/random.h"

namespace pyzkfl {
namespace {

// scrypt's cost. OpenSSL refuses to decrypt beyond 32 MiB, which bounds N; p makes up for it (OWASP's
// equivalent of N = 2^17, p = 1).
constexpr uint64_t kScryptN = 1 << 14;
constexpr uint64_t kScryptR = 8;
constexpr uint64_t kScryptP = 5;
// What we are willing to compute for a file: about twenty times our own.
constexpr uint64_t kMaxScryptCost = kScryptN * kScryptR * kScryptP * 20;
constexpr int64_t kMaxPbkdf2Iterations = 10'000'000;
constexpr size_t kMaxPemBytes = 4096;
constexpr size_t kMaxPassphraseBytes = 1024;

constexpr std::string_view kBegin = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END ENCRYPTED PRIVATE KEY-----";

using Bio = std::unique_ptr<BIO, evp::Deleter<BIO_free_all>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, evp::Deleter<PKCS8_PRIV_KEY_INFO_free>>;
using Encrypted = std::unique_ptr<X509_SIG, evp::Deleter<X509_SIG_free>>;
using Algorithm = std::unique_ptr<X509_ALGOR, evp::Deleter<X509_ALGOR_free>>;
using Pbes2 = std::unique_ptr<PBE2PARAM, evp::Deleter<PBE2PARAM_free>>;
using Pbkdf2 = std::unique_ptr<PBKDF2PARAM, evp::Deleter<PBKDF2PARAM_free>>;
using Scrypt = std::unique_ptr<SCRYPT_PARAMS, evp::Deleter<SCRYPT_PARAMS_free>>;

void check_passphrase(ByteSpan passphrase) {
  if (passphrase.empty()) throw ParameterError("the passphrase of an identity key must not be empty");
  if (passphrase.size() > kMaxPassphraseBytes) {
    throw ParameterError("the passphrase of an identity key is longer than 1024 bytes");
  }
}

[[noreturn]] void malformed(const char* problem) {
  ERR_clear_error();
  throw DecodeError(std::string("identity key: ") + problem);
}

uint64_t small_integer(const ASN1_INTEGER* integer) {
  uint64_t value = 0;
  if (integer == nullptr || ASN1_INTEGER_get_uint64(&value, integer) != 1 || value > (uint64_t{1} << 30)) {
    malformed("the key derivation's cost is out of range");
  }
  return value;
}

// Refuses every encryption but PBES2, and every derivation whose cost is absurd.
void check_encryption(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  if (OBJ_obj2nid(object) != NID_pbes2) malformed("it is not encrypted by PBES2");
  const Pbes2 pbes2(
      static_cast<PBE2PARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter)));
  if (!pbes2) malformed("its encryption parameters are malformed");
  X509_ALGOR_get0(&object, &type, &value, pbes2->keyfunc);
  if (OBJ_obj2nid(object) == NID_id_scrypt) {
    const Scrypt scrypt(static_cast<SCRYPT_PARAMS*>(
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), pbes2->keyfunc->parameter)));
    if (!scrypt) malformed("its scrypt parameters are malformed");
    const uint64_t n = small_integer(scrypt->costParameter);
    const uint64_t r = small_integer(scrypt->blockSize);
    const uint64_t p = small_integer(scrypt->parallelizationParameter);
    if (r > 1024 || p > 1024 || n * r * p > kMaxScryptCost) malformed("its scrypt cost is out of range");
  } else if (OBJ_obj2nid(object) == NID_id_pbkdf2) {
    const Pbkdf2 pbkdf2(static_cast<PBKDF2PARAM*>(
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbes2->keyfunc->parameter)));
    if (!pbkdf2) malformed("its PBKDF2 parameters are malformed");
    if (small_integer(pbkdf2->iter) > kMaxPbkdf2Iterations) malformed("its PBKDF2 cost is out of range");
  } else {
    malformed("its key derivation is neither scrypt nor PBKDF2");
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

std::string ed25519_to_pem(const Ed25519PrivateKey& key, ByteSpan passphrase) {
  check_passphrase(passphrase);
  const auto plain = evp::own<Pkcs8>(EVP_PKEY2PKCS8(key.handle()), "encode a private key");
  std::array<uint8_t, 16> salt;
  std::array<uint8_t, 16> iv;
  random_bytes(salt);
  random_bytes(iv);
  auto scrypt = evp::own<Algorithm>(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt.data(), salt.size(),
                                                          iv.data(), kScryptN, kScryptR, kScryptP),
                                    "set up the encryption of a key");
  const auto encrypted =
      evp::own<Encrypted>(PKCS8_set0_pbe(reinterpret_cast<const char*>(passphrase.data()),
                                         static_cast<int>(passphrase.size()), plain.get(), scrypt.get()),
                          "encrypt a private key");
  (void)scrypt.release();  // PKCS8_set0_pbe took it
  const auto bio = evp::own<Bio>(BIO_new(BIO_s_mem()), "allocate a buffer");
  evp::check(PEM_write_bio_PKCS8(bio.get(), encrypted.get()), "write a PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Ed25519PrivateKey ed25519_from_pem(ByteSpan pem, ByteSpan passphrase) {
  check_passphrase(passphrase);
  if (pem.size() > kMaxPemBytes) malformed("the file is larger than any identity key");
  const std::string_view text = trimmed({reinterpret_cast<const char*>(pem.data()), pem.size()});
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.find(kBegin, 1) != std::string_view::npos) {
    malformed("not exactly one encrypted PKCS#8 PEM block (BEGIN ENCRYPTED PRIVATE KEY)");
  }
  const auto bio =
      evp::own<Bio>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "allocate a buffer");
  const Encrypted encrypted(PEM_read_bio_PKCS8(bio.get(), nullptr, nullptr, nullptr));
  if (!encrypted || BIO_pending(bio.get()) != 0) malformed("malformed PEM");
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* unused = nullptr;
  X509_SIG_get0(encrypted.get(), &algorithm, &unused);
  check_encryption(algorithm);
  const Pkcs8 plain(PKCS8_decrypt(encrypted.get(), reinterpret_cast<const char*>(passphrase.data()),
                                  static_cast<int>(passphrase.size())));
  if (!plain) malformed("wrong passphrase, or a damaged key");
  const evp::Pkey key(EVP_PKCS82PKEY(plain.get()));
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) malformed("not an Ed25519 key");
  SecretBytes seed(32);
  size_t size = seed.size();
  evp::check(EVP_PKEY_get_raw_private_key(key.get(), seed.span().data(), &size), "read an Ed25519 seed");
  return Ed25519PrivateKey::from_seed(seed.span().first<32>());
}

}  // namespace pyzkfl

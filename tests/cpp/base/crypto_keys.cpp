// Identity keys at rest: encrypted PEM, and files that only their owner can read.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/pem.h"
#include "base/private_file.h"
#include "crypto_hex.h"

using namespace pyzkfl;
using test::fixed;
using test::unhex;

namespace {

// A folder of its own for a test, gone afterwards.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pyzkfl-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }
  std::filesystem::path path;
};

Ed25519PrivateKey test_key() {
  const Bytes seed = unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  return Ed25519PrivateKey::from_seed(fixed<32>(seed));
}

// The test key under the passphrase "correct horse", by `openssl pkcs8 -topk8 -v2 aes-256-cbc` (2048 rounds
// of PBKDF2).
constexpr std::string_view kOpenSslPem = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgxEa7JhOE7kQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEERPurEHNOBE/Jhzfk9vrwUEQKga
xcdAo7FDhnzG1W6zSxUr6wHPzPmpqWAMojmyy5vL8rX1UtudXL+zeVslDcv3y1YR
XmrTeiX24BJviDJdBgc=
-----END ENCRYPTED PRIVATE KEY-----
)";
// The same key, not encrypted: `openssl pkey`.
constexpr std::string_view kPlainPem = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
)";
// An X25519 key under the passphrase "correct horse".
constexpr std::string_view kX25519Pem = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg5zFbwX08uWwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEENjFG/PS5f6mVitH+Mb1aVsEQPpL
9mblG5pIfgsbcaFNN55yU6KqA7Krunyxze5+D60N5ufKUFlgNm79ZeDoydCcGo7D
ZMcBtxYdRXKA/be0zaA=
-----END ENCRYPTED PRIVATE KEY-----
)";
// The test key under 20 million rounds of PBKDF2: a file that would stall us for seconds.
constexpr std::string_view kTooManyRounds = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGdMFkGCSqGSIb3DQEFDTBMMCsGCSqGSIb3DQEFDDAeBAhPpyktJ0Lb6wIEATEt
ADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQHP/BV70BCgqA4HhyuTPs0wRA
DS24p7Gvub75fSwnDyJPP8LaNIosqQybnnaqfFHRU4Kd43jReG+feFvQlJrsK3SA
PwUiC+nzOVpQseAT7lLI/w==
-----END ENCRYPTED PRIVATE KEY-----
)";

}  // namespace

TEST_CASE("a key comes back from its PEM under its passphrase, and under no other") {
  const auto key = test_key();
  const std::string pem = ed25519_to_pem(key, as_bytes("correct horse"));
  CHECK(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(pem.ends_with("-----END ENCRYPTED PRIVATE KEY-----\n"));
  const auto back = ed25519_from_pem(as_bytes(pem), as_bytes("correct horse"));
  CHECK(back.public_key() == key.public_key());
  CHECK(equal_constant_time(back.seed().span(), key.seed().span()));
  CHECK_THROWS_AS(ed25519_from_pem(as_bytes(pem), as_bytes("correct horsf")), DecodeError);
  CHECK(ed25519_to_pem(key, as_bytes("correct horse")) != pem);  // a fresh salt and IV
}

TEST_CASE("a key that the openssl command encrypted is read") {
  const auto key = ed25519_from_pem(as_bytes(kOpenSslPem), as_bytes("correct horse"));
  CHECK(key.public_key() == test_key().public_key());
}

TEST_CASE("a PEM that is not one encrypted Ed25519 key of sane cost is refused") {
  const std::string good(kOpenSslPem);
  const auto refused = [](std::string_view pem) {
    CHECK_THROWS_AS(ed25519_from_pem(as_bytes(pem), as_bytes("correct horse")), DecodeError);
  };
  refused("");
  refused("hello");
  refused(kPlainPem);
  refused(kX25519Pem);
  refused(kTooManyRounds);
  refused(good + good);
  refused("text before\n" + good);
  refused(good + "text after\n");
  refused(good.substr(0, good.size() / 2));
  refused(std::string(5000, '\n') + good);
  std::string damaged = good;
  damaged[120] = damaged[120] == 'A' ? 'B' : 'A';
  refused(damaged);
}

TEST_CASE("an empty or endless passphrase is refused") {
  const auto key = test_key();
  CHECK_THROWS_AS(ed25519_to_pem(key, {}), ParameterError);
  CHECK_THROWS_AS(ed25519_from_pem(as_bytes(kOpenSslPem), {}), ParameterError);
  CHECK_THROWS_AS(ed25519_to_pem(key, Bytes(1025, 'x')), ParameterError);
}

TEST_CASE("a private file has mode 0600 whatever the umask and comes back as it was") {
  const Folder folder;
  const std::string path = folder.file("key.pem");
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const mode_t before = ::umask(mask);
    write_private_file(path, as_bytes("content"));
    ::umask(before);
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(test::hex(read_private_file(path, 100).span()) == test::hex(as_bytes("content")));
    CHECK(folder.entries() == 1);
    std::filesystem::remove(path);
  }
}

TEST_CASE("a private file never replaces one that exists, and leaves nothing behind when it fails") {
  const Folder folder;
  const std::string path = folder.file("key.pem");
  write_private_file(path, as_bytes("first"));
  CHECK_THROWS_AS(write_private_file(path, as_bytes("second")), SystemError);
  CHECK(test::hex(read_private_file(path, 100).span()) == test::hex(as_bytes("first")));
  CHECK_THROWS_AS(write_private_file(folder.file("no/such/folder"), as_bytes("x")), SystemError);
  std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("link"));
  CHECK_THROWS_AS(write_private_file(folder.file("link"), as_bytes("x")), SystemError);
  CHECK_FALSE(std::filesystem::exists(folder.file("elsewhere")));
  CHECK(folder.entries() == 2);
}

TEST_CASE("a full disk is an error that leaves nothing behind") {
  // A limit on file sizes gives the short write and the error that a full disk gives.
  const Folder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{3, 3};
    bool refused = ::setrlimit(RLIMIT_FSIZE, &limit) != 0;
    try {
      write_private_file(folder.file("key.pem"), as_bytes("content"));
    } catch (const SystemError&) {
      refused = true;
    }
    ::_exit(refused ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(folder.entries() == 0);
}

TEST_CASE("a file that others may read, a folder, a pipe, or one too large is refused") {
  const Folder folder;
  const std::string path = folder.file("key.pem");
  write_private_file(path, as_bytes("content"));
  CHECK_THROWS_AS(read_private_file(path, 6), ParameterError);
  for (const mode_t mode : {mode_t{0640}, mode_t{0604}, mode_t{0620}, mode_t{0601}}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK_THROWS_AS(read_private_file(path, 100), ParameterError);
  }
  CHECK_THROWS_AS(read_private_file(folder.path.string(), 100), ParameterError);
  CHECK_THROWS_AS(read_private_file(folder.file("none"), 100), SystemError);
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_private_file(folder.file("pipe"), 100), ParameterError);
}

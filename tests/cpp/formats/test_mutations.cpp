// Readers of iden3's formats survive any file: thousands of small changes to good ones, read, checked and
// used. Under the sanitizers of `make test-deep` this is the fuzzer; PYZKFL_LONG_FUZZ=1 makes it a long one.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>

#include "base/errors.h"
#include "chain_files.h"
#include "formats/circuit/r1cs_file.h"
#include "formats/circuit/wtns_file.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/phase1_records.h"
#include "formats/zkey/ceremony.h"
#include "formats/zkey/setup.h"
#include "formats/zkey/zkey_check.h"
#include "groth16/plain_prover.h"
#include "temporary_folder.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

namespace {

Bytes content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

struct Samples {
  test::TemporaryFolder folder;
  Witness witness = test::write_chain_files(folder);
};

const Samples& samples() {
  static const Samples made;
  return made;
}

// A changed copy: bytes, words that are counts or lengths, cuts, doublings.
Bytes mutated(const Bytes& good, std::mt19937_64& random) {
  static constexpr uint64_t values[] = {
      0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~0ull >> 1, ~0ull};
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  Bytes bytes = good;
  for (size_t changes = 1 + below(3); changes > 0 && !bytes.empty(); --changes) {
    // Headers and tables are at the front: half of the changes go there.
    const size_t at = below(2) == 0 ? below(std::min<size_t>(bytes.size(), 160)) : below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 2:
      case 3: {
        const uint64_t value = values[below(std::size(values))];
        std::memcpy(&bytes[at], &value, std::min<size_t>(bytes.size() - at, below(2) == 0 ? 4 : 8));
        break;
      }
      case 4:
        bytes.resize(at);
        break;
      default: {
        const Bytes part(bytes.begin() + static_cast<ptrdiff_t>(at),
                         bytes.begin() + static_cast<ptrdiff_t>(std::min(bytes.size(), at + below(200))));
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(below(bytes.size())), part.begin(), part.end());
      }
    }
  }
  return bytes;
}

void survive(const char* kind, const std::function<void(const std::string&)>& use, size_t rounds) {
  if (const char* deep = std::getenv("PYZKFL_LONG_FUZZ"); deep != nullptr && *deep == '1') rounds *= 100;
  const Bytes good = content_of(samples().folder.at(kind));
  const std::string path = samples().folder.at("mutated");
  std::mt19937_64 random(20261122);
  size_t refused = 0;
  for (size_t i = 0; i < rounds; ++i) {
    const Bytes bytes = mutated(good, random);
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    try {
      use(path);
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > rounds / 10);
}

}  // namespace

TEST_CASE("circuits: any change is read or refused") {
  survive(
      "r1cs",
      [](const std::string& path) {
        uint64_t terms = 0;
        const R1csFile file(path);
        file.for_each_term([&](uint32_t row, unsigned, uint32_t wire, const uint8_t*) {
          CHECK(row < file.num_constraints());
          CHECK(wire < file.num_wires());
          ++terms;
        });
        CHECK(terms == file.num_terms());
      },
      2000);
}

TEST_CASE("witnesses: any change is read or refused") {
  survive(
      "wtns",
      [](const std::string& path) {
        const Witness witness = read_wtns(path);
        CHECK(witness[0].is_one());
      },
      2000);
}

TEST_CASE("proving keys: any change is refused, or makes the prover fail, or changes nothing that matters") {
  survive(
      "zkey",
      [](const std::string& path) {
        const ZkeyFile key(path);
        if (problem_with_zkey(key)) throw DecodeError("refused");
      },
      300);
  survive(
      "zkey",
      [](const std::string& path) {
        const ZkeyFile key(path);
        (void)groth16::prove_plain(key.view(), key.rows(samples().witness), samples().witness, {},
                                   groth16::UnfinishedKey::allowed);
      },
      200);
}

TEST_CASE("ceremonies of keys: any change is refused by who contributes and who verifies, or changes nothing that matters") {
  survive(
      "zkey",
      [](const std::string& path) { contribute_zkey(path, samples().folder.at("made"), {.name = "next"}); }, 200);
  survive(
      "zkey",
      [](const std::string& path) {
        if (problem_with_ceremony(samples().folder.at("r1cs"), samples().folder.at("ptau"), ZkeyFile(path)))
          throw DecodeError("refused");
      },
      100);
}

TEST_CASE("powers of tau: any change is refused or changes nothing that matters") {
  survive(
      "ptau",
      [](const std::string& path) {
        const PtauFile file(path);
        if (file.ceremony_log_n() > 12) throw DecodeError("its first challenge would take too long here");
        if (problem_with_ptau(file)) throw DecodeError("refused");
      },
      200);
  survive(
      "ptau",
      [](const std::string& path) {
        setup_zkey(samples().folder.at("r1cs"), path, samples().folder.at("made"), "mutations");
      },
      100);
}

TEST_CASE("circuits that were changed make a key, or an error") {
  survive(
      "r1cs",
      [](const std::string& path) {
        setup_zkey(path, samples().folder.at("ptau"), samples().folder.at("made"), "mutations");
        const ZkeyFile key(samples().folder.at("made"));
        CHECK(!problem_with_zkey(key));
      },
      100);
}

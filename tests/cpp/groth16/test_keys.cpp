// Key files: they come back as they were, and nothing else is read.
#include <doctest/doctest.h>

#include <random>

#include "groth16/phase2.h"
#include "toy_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::groth16;
using namespace pyzkfl::groth16::testing;

TEST_CASE("keys come back from their bytes") {
  const Fixture& f = Fixture::shared();
  const Bytes proving = f.key.to_bytes();
  CHECK(ProvingKey::from_bytes(proving).elements() == f.elements);
  CHECK(ProvingKey::from_bytes(proving, SubgroupCheck::skipped).elements() == f.elements);
  const Bytes verifying = f.verifying_key().to_bytes();
  const VerifyingKey again = VerifyingKey::from_bytes(verifying);
  CHECK(again.to_bytes() == verifying);
  CHECK(again.digest() == f.verifying_key().digest());
  CHECK(verify(again, f.public_inputs(), f.proved.commitments, f.proved.proof));
  const CommitmentKey& basis = f.key.commitment_key(1);
  const CommitmentKey basis_again = CommitmentKey::from_bytes(basis.to_bytes());
  CHECK(basis_again.digest() == basis.digest());
  CHECK(basis_again.digest() != f.key.commitment_key(0).digest());
}

TEST_CASE("a truncated or overlong key is refused at every length") {
  const Fixture& f = Fixture::shared();
  const auto check = [](const Bytes& bytes, auto read) {
    for (size_t length = 0; length < bytes.size(); length += length < 64 ? 1 : 61)
      CHECK_THROWS_AS(read(ByteSpan(bytes).first(length)), DecodeError);
    CHECK_THROWS_AS(read(ByteSpan(bytes).first(bytes.size() - 1)), DecodeError);
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_THROWS_AS(read(ByteSpan(longer)), DecodeError);
  };
  check(f.key.to_bytes(), [](ByteSpan data) { (void)ProvingKey::from_bytes(data); });
  check(f.verifying_key().to_bytes(), [](ByteSpan data) { (void)VerifyingKey::from_bytes(data); });
  check(f.key.commitment_key(0).to_bytes(), [](ByteSpan data) { (void)CommitmentKey::from_bytes(data); });
}

TEST_CASE("headers of other magic, version, kind and suite are refused") {
  const Fixture& f = Fixture::shared();
  const Bytes bytes = f.verifying_key().to_bytes();
  const auto with = [&](size_t at, uint8_t value) {
    Bytes changed = bytes;
    changed[at] = value;
    return changed;
  };
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(with(0, 'p')), DecodeError);
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(with(4, 2)), UnsupportedVersion);
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(with(5, 0x81)), DecodeError);
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(with(5, 3)), UnsupportedVersion);
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(with(6, 9)), UnsupportedVersion);
}

TEST_CASE("a small file that asks for huge arrays is refused before memory is taken") {
  const Fixture& f = Fixture::shared();
  Bytes bytes = f.key.to_bytes();
  bytes.resize(4096);
  const size_t sizes = 7 + 32;  // log_n, then number of public and private wires
  bytes[sizes] = 28;
  CHECK_THROWS_AS((void)ProvingKey::from_bytes(bytes), DecodeError);
  bytes[sizes] = 4;
  for (size_t i = 1; i <= 8; ++i) bytes[sizes + i] = 0xff;
  CHECK_THROWS_AS((void)ProvingKey::from_bytes(bytes), DecodeError);
  Bytes verifying = f.verifying_key().to_bytes();
  for (size_t i = 0; i < 4; ++i) verifying[7 + 32 + i] = 0xff;
  CHECK_THROWS_AS((void)VerifyingKey::from_bytes(verifying), DecodeError);
  Bytes basis = f.key.commitment_key(0).to_bytes();
  for (size_t i = 0; i < 4; ++i) basis[7 + i] = 0xff;
  CHECK_THROWS_AS((void)CommitmentKey::from_bytes(basis), DecodeError);
}

TEST_CASE("a key file with one byte changed is refused or is another key") {
  const Fixture& f = Fixture::shared();
  const Bytes bytes = f.verifying_key().to_bytes();
  for (size_t i = 7; i < bytes.size(); i += 3) {
    Bytes changed = bytes;
    changed[i] ^= 1;
    bool same = false;
    try {
      same = VerifyingKey::from_bytes(changed).digest() == f.verifying_key().digest();
    } catch (const DecodeError&) {
    }
    CHECK_FALSE(same);
  }
}

TEST_CASE("damaged files of every kind are refused with DecodeError, never worse") {
  const Fixture& f = Fixture::shared();
  Phase1 one = contribute(Phase1::initial(f.elements.log_n, {}), "ada", {}).state;
  const auto two = contribute(Phase2::initial(one, f.cs, {}), "ada", {});
  std::mt19937_64 random(20261122);
  const auto damage = [&](const Bytes& whole, auto read) {
    for (int i = 0; i < 150; ++i) {
      Bytes bytes = whole;
      // Mostly the header, where the sizes are; then anywhere, with a cut at times.
      const size_t range = i % 3 == 0 ? bytes.size() : std::min<size_t>(bytes.size(), 80);
      for (int change = 0; change < 1 + i % 4; ++change)
        bytes[random() % range] = static_cast<uint8_t>(random());
      if (i % 5 == 0) bytes.resize(random() % bytes.size());
      try {
        read(bytes);
      } catch (const DecodeError&) {
      }
    }
  };
  damage(f.key.to_bytes(), [](const Bytes& b) { (void)ProvingKey::from_bytes(b); });
  damage(f.verifying_key().to_bytes(), [](const Bytes& b) { (void)VerifyingKey::from_bytes(b); });
  damage(f.key.commitment_key(0).to_bytes(), [](const Bytes& b) { (void)CommitmentKey::from_bytes(b); });
  damage(one.to_bytes(), [](const Bytes& b) { (void)Phase1::from_bytes(b); });
  damage(two.state.to_bytes(), [](const Bytes& b) { (void)Phase2::from_bytes(b); });
  damage(two.record.to_bytes(), [](const Bytes& b) { (void)Contribution::from_bytes(b); });
}

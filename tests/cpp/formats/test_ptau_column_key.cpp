// Column keys from powers of tau.
#include <doctest/doctest.h>

#include <fstream>

#include "base/errors.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/column_key.h"
#include "kzg/symmetric_opening.h"
#include "temporary_folder.h"

using namespace pyzkfl;
using namespace pyzkfl::formats;

TEST_CASE("a .ptau file serves as a column key up to its size, and openings verify under it") {
  const test::TemporaryFolder folder;
  new_ptau(folder.at("new"), 3);
  contribute_ptau(folder.at("new"), folder.at("ptau"), {.name = "a member"});
  const PtauFile file(folder.at("ptau"));
  const PowersOfTau powers = file.powers();
  for (unsigned log_n = 0; log_n <= 3; ++log_n) {
    CAPTURE(log_n);
    const ColumnKey key = column_key_from_ptau(file, log_n);
    CHECK(key.log_n() == log_n);
    REQUIRE(key.powers().size() == key.size() + 1);
    for (size_t i = 0; i < key.powers().size(); ++i) CHECK(key.powers()[i] == powers.tau_1[i]);
    CHECK(key.verifier().tau_2() == powers.tau_2[1]);
    CHECK(key.verifier().tau_squared_2() == powers.tau_2[2]);
    CHECK(ColumnKey::from_bytes(key.to_bytes()).digest() == key.digest());
  }
  const ColumnKey key = column_key_from_ptau(file, 3);
  std::vector<Fr> f(9);
  for (Fr& v : f) v = Fr::random();
  const Fr z = Fr::random();
  const PairOpening opening = open_at_pair(key, f, z);
  CHECK(verify_pair_opening(key.verifier(), commit_polynomial(key, f), opening, z));
  CHECK_THROWS_AS(column_key_from_ptau(file, 4), ParameterError);
}

TEST_CASE("powers without contributions, too few or changed ones make no column key") {
  const test::TemporaryFolder folder;
  new_ptau(folder.at("new"), 3);
  CHECK_THROWS_WITH_AS(column_key_from_ptau(PtauFile(folder.at("new")), 2),
                       "column key: tau is 1 or -1, nobody contributed to it", ParameterError);
  new_ptau(folder.at("small"), 1);
  contribute_ptau(folder.at("small"), folder.at("small"), {.name = "a member"});
  CHECK_THROWS_AS(column_key_from_ptau(PtauFile(folder.at("small")), 1), ParameterError);

  contribute_ptau(folder.at("new"), folder.at("ptau"), {.name = "a member"});
  const auto write_at = [&](uint32_t type, size_t point, size_t point_bytes, ByteSpan bytes) {
    size_t at = 0;
    {
      const PtauFile file(folder.at("ptau"));
      at = static_cast<size_t>(file.container().section(type).data() - file.container().file().data());
    }
    std::fstream out(folder.at("ptau"), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(at + point * point_bytes));
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  const PowersOfTau powers = PtauFile(folder.at("ptau")).powers();
  const auto bytes_of = [](const auto& point) {
    return ByteSpan(reinterpret_cast<const uint8_t*>(&point), sizeof point);
  };
  // Another power in the place of one, in G1 and in G2.
  write_at(ptau_tau_1, 4, sizeof(G1Affine), bytes_of(powers.tau_1[5]));
  CHECK_THROWS_AS(column_key_from_ptau(PtauFile(folder.at("ptau")), 3), ParameterError);
  CHECK_NOTHROW(column_key_from_ptau(PtauFile(folder.at("ptau")), 1));  // which does not reach that far
  write_at(ptau_tau_1, 4, sizeof(G1Affine), bytes_of(powers.tau_1[4]));
  CHECK_NOTHROW(column_key_from_ptau(PtauFile(folder.at("ptau")), 3));
  for (const size_t i : {0, 1, 2}) {
    CAPTURE(i);
    write_at(ptau_tau_2, i, sizeof(G2Affine), bytes_of(powers.tau_2[3]));
    CHECK_THROWS_AS(column_key_from_ptau(PtauFile(folder.at("ptau")), 3), ParameterError);
    write_at(ptau_tau_2, i, sizeof(G2Affine), bytes_of(powers.tau_2[i]));
  }
  // A point off the curve.
  G1Affine off = powers.tau_1[3];
  off.y += Fp::one();
  write_at(ptau_tau_1, 3, sizeof(G1Affine), bytes_of(off));
  CHECK_THROWS_AS(column_key_from_ptau(PtauFile(folder.at("ptau")), 3), DecodeError);
}

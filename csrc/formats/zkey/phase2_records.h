// The contributions to a .zkey's second phase (its section 10), as snarkjs records and checks them.
//
// Circuit hash (64 bytes), number of contributions (u32), then for each: delta after it, s, x s (G1), x s'
// (G2), transcript (64), ContributionParameters. x is the secret, s' = hash_to_g2(transcript), and the
// transcript is the hash of the circuit hash, all public keys before, s and x s: so x s' shows knowledge of x
// (Bowe, Gabizon, Miers 2017, section 3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/progress.h"
#include "curves/bn254.h"
#include "fields/fr.h"
#include "formats/hashing/blake2b.h"
#include "formats/hashing/contribution_parameters.h"

namespace pyzkfl::formats {

struct Phase2Record {
  G1Affine delta_after, s, s_x;
  G2Affine s_x_2;
  Blake2bDigest transcript{};
  ContributionParameters parameters;

  // What a contributor publishes, and looks for in the finished key: the hash of the record's points and transcript,
  // and through that of all records before. Not of the parameters: neither the name nor what a beacon was is in it.
  Blake2bDigest hash() const;
};

// A contributor's secret x, and the point s with which it is shown to be known. Wiped when it goes.
struct Phase2Secret {
  Fr x, x_inverse;
  G1Affine s;

  // From the system's generator. x is neither 0 nor 1.
  Phase2Secret();
  // What everybody gets from this beacon. Throws UnsupportedVersion for too many iterations.
  explicit Phase2Secret(const ContributionParameters& beacon, const Progress& progress = {});
  Phase2Secret(const Phase2Secret&) = delete;
  Phase2Secret& operator=(const Phase2Secret&) = delete;
  ~Phase2Secret();
};

struct Phase2Records {
  Blake2bDigest circuit{};
  std::vector<Phase2Record> records;

  // Reads the whole section. Every point is checked. Throws DecodeError.
  static Phase2Records read(Reader& in, const Progress& progress = {});
  void write(Writer& out) const;

  // Appends the record of a secret, which takes delta in G1 from `before` to x before. Constant time in x.
  void append(const Phase2Secret& secret, const G1Affine& before, ContributionParameters parameters);

  // Throws DecodeError for beacons that nobody would verify (BeaconBudget).
  void check_beacons() const;

  // What is wrong with the chain that is to end at delta_1; nothing if it is right. What a beacon leads to is
  // computed last, being the longest. Throws as check_beacons does.
  [[nodiscard]] std::optional<std::string> problem_with(const G1Affine& delta_1,
                                                        const Progress& progress = {}) const;
};

}  // namespace pyzkfl::formats

// The contributions to powers of tau (section 7 of a .ptau), as snarkjs records and checks them.
//
// For each: tau (G1, G2), alpha (G1), beta (G1, G2) after it; for tau, alpha, beta the points s, x s (G1, six
// in all), then x s' (G2, three), x being the contributor's secret; the state of its response's hash before
// the public keys (216 bytes, blake2b.h); the next challenge (64 bytes); ContributionParameters.
//
// The response's hash covers the challenge, all new powers (compressed), and the public keys; the next
// challenge covers that hash and all new powers (uncompressed). s' is the hash to G2 of the challenge, s and
// x s, so that x s' shows knowledge of x (Bowe, Gabizon, Miers 2017, section 3). The hashes of all but the
// last contribution cannot be recomputed: their powers are gone.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/progress.h"
#include "curves/bn254.h"
#include "fields/fr.h"
#include "formats/hashing/blake2b.h"
#include "formats/hashing/contribution_parameters.h"
#include "formats/ptau/ptau_file.h"

namespace pyzkfl::formats {

// Knowledge of one secret x.
struct SecretProof {
  G1Affine s, s_x;
  G2Affine s_x_2;
};

// tau, alpha, beta multiplied into the generators: what contributions chain.
struct PowersHead {
  G1Affine tau_1 = g1_generator();
  G2Affine tau_2 = g2_generator();
  G1Affine alpha_1 = g1_generator(), beta_1 = g1_generator();
  G2Affine beta_2 = g2_generator();

  static PowersHead of(const PowersOfTau& powers);
  bool operator==(const PowersHead&) const = default;
};

struct Phase1Record {
  PowersHead head;
  std::array<SecretProof, 3> proofs;  // of tau, alpha, beta
  Blake2b::State response_state{};
  Blake2bDigest next_challenge{};
  ContributionParameters parameters;

  Blake2bDigest response() const;
};

// A contributor's secrets, and the points with which they are shown to be known. Wiped when they go.
struct Phase1Secrets {
  std::array<Fr, 3> values;  // tau, alpha, beta; none is 0
  std::array<G1Affine, 3> s;

  // From the system's generator.
  Phase1Secrets();
  // What everybody gets from this beacon. Throws UnsupportedVersion for too many iterations.
  explicit Phase1Secrets(const ContributionParameters& beacon, const Progress& progress = {});
  Phase1Secrets(const Phase1Secrets&) = delete;
  Phase1Secrets& operator=(const Phase1Secrets&) = delete;
  ~Phase1Secrets();

  const Fr& tau() const { return values[0]; }
  const Fr& alpha() const { return values[1]; }
  const Fr& beta() const { return values[2]; }
};

// Every point is checked. Throws DecodeError.
std::vector<Phase1Record> read_phase1_records(const PtauFile& file, const Progress& progress = {});
// Throws DecodeError for beacons that nobody would verify (BeaconBudget).
void check_beacons(std::span<const Phase1Record> records);
void write_phase1_records(Writer& out, std::span<const Phase1Record> records);

// The challenge before the first contribution to 2^log_n powers. Hashes 384 bytes for each power.
Blake2bDigest first_challenge(unsigned log_n, const Progress& progress = {});

// Proofs of knowledge of the secrets for a contribution that answers `challenge`. Constant time in them.
std::array<SecretProof, 3> prove_secrets(const Phase1Secrets& secrets, const Blake2bDigest& challenge);

// The next challenge after a response and these powers.
Blake2bDigest next_challenge(const Blake2bDigest& response, const PowersOfTau& powers);

// What is wrong with a chain that begins with `first`; nothing if it is right. The last record's hashes are
// not looked at. What a beacon leads to is computed last, being the longest. Throws as check_beacons does.
[[nodiscard]] std::optional<std::string> problem_with_chain(std::span<const Phase1Record> records,
                                                            const Blake2bDigest& first,
                                                            const Progress& progress = {});

}  // namespace pyzkfl::formats

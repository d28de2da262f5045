// One link of a setup ceremony: the record that a contributor leaves (docs/protocol.md, section 4).
//
// A contribution multiplies secrets into leading points: for secret x and old leading point L it publishes x
// L and a Schnorr proof of knowledge of x to the base L. Kohlweiss, Maller, Siim, Volkhov 2021 ("Snarky
// Ceremonies"): such records and the consistency of the final state suffice for those who verify the end. Who
// contributes must verify the state first (problem_with, Start::allowed): secrets multiplied into foreign
// elements are the key to a forgery, although the end may verify.
//
// The base is the leading point itself, never the generator: x G would be sigma G for a single contributor
// (and x_1 G would give it to the second of two, who knows x_2), and whoever knows sigma G has a proof of
// knowledge for points that commit to nothing (a test shows it). So the leading point of sigma is sigma
// K_blind.
//
// Records form a hash chain: the challenge covers the chain before, the name, the context, all points and the
// digest of the state after, so a record can be neither replayed, nor moved, nor renamed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl::groth16 {

struct Contribution {
  std::string name;               // 1 to 64 bytes
  Bytes context;                  // whatever the contributor wants bound to it, at most 1024 bytes
  std::vector<G1Affine> leading;  // the new leading points, one for each secret
  std::vector<G1Affine> nonces;   // Schnorr: k L
  std::vector<Fr> responses;      // k + c x
  Digest state{};                 // SHA-256 of the state's elements after this contribution

  // Header, u8 length and name, u16 length and context, u8 number of secrets, then for each: leading point
  // and nonce (64 bytes each), response (32, big-endian); digest of the state.
  Bytes to_bytes() const;
  // Throws DecodeError or UnsupportedVersion.
  static Contribution from_bytes(ByteSpan data);

  bool operator==(const Contribution&) const = default;
};

// The start of a chain: SHA-256 of a domain name, the phase and what the ceremony is for.
Digest ceremony_digest(std::string_view phase, std::span<const ByteSpan> parts);

// The challenge of all Schnorr proofs of a record: SHA-256 twice, 512 bits reduced modulo r, over everything
// but the responses.
Fr contribution_challenge(const Contribution& record, const Digest& before,
                          std::span<const G1Affine> old_leading);

// The chain's digest after `record`.
Digest chain_digest(const Digest& before, const Contribution& record);

// Makes the record for `secrets` (constant time in them), whose nonces are drawn from the system's generator.
// Throws ParameterError for a name or context that is too long, or empty name.
Contribution make_contribution(const Digest& before, std::string_view name, ByteSpan context,
                               std::span<const G1Affine> old_leading, std::span<const Fr> secrets,
                               const Digest& state);

// What is wrong with the record in this place of the chain; nothing if it is right.
[[nodiscard]] std::optional<std::string> problem_with(const Contribution& record, const Digest& before,
                                                      std::span<const G1Affine> old_leading);

// Throws ParameterError unless a record could carry this name and context.
void check_contributor(std::string_view name, ByteSpan context);

// Whether a ceremony may be at its start, with no contribution yet. A member checks the state that it
// contributes to, the first member too; a finished setup that nobody contributed to is never right.
enum class Start { refused, allowed };

// A chain of records from the ceremony's digest and first leading points. `end` gets the last leading points
// and the chain's digest, valid where nothing is wrong.
struct ChainEnd {
  Digest chain{};
  std::vector<G1Affine> leading;
  Digest state{};  // of the last record
};
[[nodiscard]] std::optional<std::string> problem_with_chain(ChainEnd& end, const Digest& ceremony,
                                                            std::span<const G1Affine> first_leading,
                                                            std::span<const Contribution> records,
                                                            Start start = Start::refused);

}  // namespace pyzkfl::groth16

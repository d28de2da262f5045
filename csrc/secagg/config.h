// What all parties of a masking round agree on before it begins, and what follows from it.
//
// Its digest stands in every message, so that a message of another job, round, attempt, member list,
// threshold or vector shape is never mistaken for one of this.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ed25519.h"
#include "base/sha256.h"

namespace pyzkfl::secagg {

// Every round has at least this many survivors: the sum of two shows each of them the other's update.
inline constexpr size_t kMinClients = 3;
// Shares are points of a polynomial over GF(2^8) other than zero.
inline constexpr size_t kMaxClients = 255;
inline constexpr uint64_t kMaxLength = uint64_t{1} << 32;

class Config {
 public:
  // `members`: the Ed25519 keys of all n members, in the job's order; a member's index is its place here.
  // `threshold` t: how many must stay to the end; 2 t > n. `length`: coordinates of a vector. `max_abs`: no
  // coordinate of an honest vector is larger in magnitude. `attempt` counts the repetitions of a round that
  // was void. Throws ParameterError for 2 t <= n, t > n, n outside 3..255, equal members, length 0 or above
  // 2^32, max_abs 0, or n * max_abs >= 2^63 (the sum would not fit int64).
  Config(const Digest& job_digest, uint64_t round, std::vector<Ed25519PublicKey> members, size_t threshold,
         uint64_t length, uint64_t max_abs, uint32_t attempt = 0);

  const Digest& job_digest() const { return job_digest_; }
  uint64_t round() const { return round_; }
  uint32_t attempt() const { return attempt_; }
  const std::vector<Ed25519PublicKey>& members() const { return members_; }
  size_t n() const { return members_.size(); }
  size_t threshold() const { return threshold_; }
  uint64_t length() const { return length_; }
  uint64_t max_abs() const { return max_abs_; }

  // max(t, 3): a phase with fewer parties ends the round.
  size_t min_clients() const;
  // So many members may collude with the server, dealing, signing and answering as they like: with one more
  // it could get both shares of an honest member (2 t - n - 1), or the sum could hold a single honest vector
  // (max(t, 3) - 2); the smaller of the two. docs/secagg.md, "What it protects".
  size_t max_corrupt() const;
  // The width of a masked coordinate: the least b with n * max_abs < 2^(b-1), so that the sum lifts uniquely.
  unsigned bits() const { return bits_; }
  // SHA-256 of the canonical encoding of all of the above (docs/secagg.md).
  const Digest& digest() const { return digest_; }

 private:
  Digest job_digest_;
  uint64_t round_;
  uint32_t attempt_;
  std::vector<Ed25519PublicKey> members_;
  size_t threshold_;
  uint64_t length_;
  uint64_t max_abs_;
  unsigned bits_;
  Digest digest_;
};

// Bytes of `length` coordinates of `bits` bits each, packed.
uint64_t packed_bytes(uint64_t length, unsigned bits);
// Bytes of a client's masked-input message.
uint64_t masked_bytes(const Config& config);

// What a client sends and receives in a round in which all n members take part up to the masked input and
// `survivors` of them to the end, in bytes.
struct Traffic {
  uint64_t sent;
  uint64_t received;
};
Traffic client_traffic(const Config& config, size_t survivors);

}  // namespace pyzkfl::secagg

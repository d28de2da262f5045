// What all members agree on before they set up standing keys: many rounds of masked sums over a graph of
// neighbours (docs/secagg.md, part two).
//
// Its digest is the salt of every key and stands in every message.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ed25519.h"
#include "base/sha256.h"
#include "edwards/verifier.h"
#include "secagg/standing/neighbours.h"
#include "secagg/standing/parameters.h"

namespace pyzkfl::secagg::standing {

inline constexpr uint32_t kMaxRounds = 4096;

class Plan {
 public:
  // `epoch`: which setup of the job this is; a member sets up once an epoch. `members`: the Ed25519 keys of
  // the members file, in its order. `seed`: of the graph, from a beacon made after the members were fixed.
  // `rounds`: how many rounds the setup lasts for. `length`, `max_abs`: of a vector, as in Config. The
  // neighbourhood is checked against `assumptions`. Throws ParameterError.
  Plan(const Digest& job_digest, uint64_t epoch, std::vector<Ed25519PublicKey> members,
       const Assumptions& assumptions, size_t neighbours, size_t threshold, const Digest& seed,
       uint32_t rounds, uint64_t length, uint64_t max_abs);

  const Digest& job_digest() const { return job_digest_; }
  uint64_t epoch() const { return epoch_; }
  const std::vector<Ed25519PublicKey>& members() const { return members_; }
  size_t n() const { return members_.size(); }
  const Assumptions& assumptions() const { return assumptions_; }
  bool active() const { return assumptions_.adversary == Adversary::active; }
  const Neighbourhood& neighbourhood() const { return neighbourhood_; }
  size_t threshold() const { return neighbourhood_.t; }
  size_t min_survivors() const { return neighbourhood_.min_survivors; }
  const Neighbours& graph() const { return graph_; }
  const std::vector<Index>& committee() const { return committee_; }
  uint32_t rounds() const { return rounds_; }
  uint64_t length() const { return length_; }
  uint64_t max_abs() const { return max_abs_; }
  // The least b with n * max_abs < 2^(b-1).
  unsigned bits() const { return bits_; }
  const Digest& digest() const { return digest_; }
  // Verifies the members' signatures for whoever holds this plan, and keeps tables of those that sign often. It knows public
  // values only.
  edwards::Verifier& verifier() const { return *verifier_; }

 private:
  Digest job_digest_;
  uint64_t epoch_;
  std::vector<Ed25519PublicKey> members_;
  Assumptions assumptions_;
  Neighbourhood neighbourhood_;
  Neighbours graph_;
  std::vector<Index> committee_;
  uint32_t rounds_;
  uint64_t length_;
  uint64_t max_abs_;
  unsigned bits_;
  Digest digest_;
  std::unique_ptr<edwards::Verifier> verifier_ = std::make_unique<edwards::Verifier>();
};

}  // namespace pyzkfl::secagg::standing

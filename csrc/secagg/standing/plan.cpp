// The agreed parameters of standing rounds (see plan.h).
#include "secagg/standing/plan.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/errors.h"
#include "secagg/config.h"

namespace pyzkfl::secagg::standing {
namespace {

[[noreturn]] void refuse_plan(const std::string& why) { throw ParameterError("standing plan: " + why); }

void check_members(const std::vector<Ed25519PublicKey>& members, const Assumptions& assumptions) {
  if (members.size() != assumptions.n) {
    refuse_plan(std::to_string(members.size()) + " keys of members, but assumptions about " +
           std::to_string(assumptions.n));
  }
  auto sorted = members;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) refuse_plan("two members have the same key");
}

unsigned bits_of(size_t n, uint64_t length, uint64_t max_abs, uint32_t rounds) {
  if (length == 0 || length > kMaxLength) refuse_plan("the vector length must be 1 to 2^32");
  if (rounds == 0 || rounds > kMaxRounds) refuse_plan("a setup lasts for 1 to 4096 rounds");
  if (max_abs == 0) refuse_plan("max_abs must be at least 1");
  if (max_abs > (uint64_t{1} << 63) / n || max_abs * n >= uint64_t{1} << 63) {
    refuse_plan("n * max_abs does not fit a signed 64-bit sum");
  }
  return static_cast<unsigned>(std::bit_width(n * max_abs)) + 1;
}

Digest digest_of(const Plan& p, const Digest& seed) {
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 plan")).bytes(p.job_digest()).u64(p.epoch()).bytes(seed);
  w.u8(static_cast<uint8_t>(p.assumptions().adversary));
  w.u16(static_cast<uint16_t>(p.assumptions().dropped()));
  w.u16(static_cast<uint16_t>(p.assumptions().colluding()));
  w.u16(static_cast<uint16_t>(p.graph().k())).u16(static_cast<uint16_t>(p.threshold()));
  w.u32(p.rounds()).u64(p.length()).u64(p.max_abs()).u16(static_cast<uint16_t>(p.n()));
  for (const Ed25519PublicKey& key : p.members()) w.bytes(key);
  return sha256(w.view());
}

}  // namespace

Plan::Plan(const Digest& job_digest, uint64_t epoch, std::vector<Ed25519PublicKey> members,
           const Assumptions& assumptions, size_t neighbours, size_t threshold, const Digest& seed,
           uint32_t rounds, uint64_t length, uint64_t max_abs)
    : job_digest_(job_digest),
      epoch_(epoch),
      members_(std::move(members)),
      assumptions_(assumptions),
      neighbourhood_(check_neighbourhood(assumptions, neighbours, threshold)),
      graph_(assumptions.n, neighbours, seed),
      committee_(graph_.committee()),
      rounds_(rounds),
      length_(length),
      max_abs_(max_abs) {
  check_members(members_, assumptions_);
  bits_ = bits_of(n(), length_, max_abs_, rounds_);
  digest_ = digest_of(*this, seed);
}

}  // namespace pyzkfl::secagg::standing

// The agreed parameters of a masking round (see config.h).
#include "secagg/config.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/bytes.h"
#include "base/errors.h"
#include "secagg/messages.h"

namespace pyzkfl::secagg {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw ParameterError("masking configuration: " + why); }

void check(const Config& c) {
  const size_t n = c.n();
  if (n < kMinClients) refuse(std::to_string(n) + " members, at least 3 are needed");
  if (n > kMaxClients) refuse(std::to_string(n) + " members, at most 255 are supported");
  if (c.threshold() > n) {
    refuse("threshold " + std::to_string(c.threshold()) + " is above the number of members, " +
           std::to_string(n));
  }
  if (2 * c.threshold() <= n) {
    refuse("threshold " + std::to_string(c.threshold()) + " of " + std::to_string(n) +
           " members: it must be more than half, or two groups could unmask two different sums");
  }
  auto sorted = c.members();
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    refuse("two members have the same key");
  }
  if (c.length() == 0 || c.length() > kMaxLength) refuse("the vector length must be 1 to 2^32");
  if (c.max_abs() == 0) refuse("max_abs must be at least 1");
  if (c.max_abs() > (uint64_t{1} << 63) / n || c.max_abs() * n >= uint64_t{1} << 63) {
    refuse("n * max_abs does not fit a signed 64-bit sum");
  }
}

Digest digest_of(const Config& c) {
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 config"));
  w.bytes(c.job_digest()).u64(c.round()).u32(c.attempt());
  w.u16(static_cast<uint16_t>(c.threshold())).u64(c.length()).u64(c.max_abs());
  w.u16(static_cast<uint16_t>(c.n()));
  for (const Ed25519PublicKey& key : c.members()) w.bytes(key);
  return sha256(w.view());
}

}  // namespace

Config::Config(const Digest& job_digest, uint64_t round, std::vector<Ed25519PublicKey> members,
               size_t threshold, uint64_t length, uint64_t max_abs, uint32_t attempt)
    : job_digest_(job_digest),
      round_(round),
      attempt_(attempt),
      members_(std::move(members)),
      threshold_(threshold),
      length_(length),
      max_abs_(max_abs) {
  check(*this);
  // n * max_abs < 2^k for k = bit_width, so b = k + 1 is the least with n * max_abs < 2^(b-1).
  bits_ = static_cast<unsigned>(std::bit_width(n() * max_abs_)) + 1;
  digest_ = digest_of(*this);
}

size_t Config::min_clients() const { return std::max(threshold_, kMinClients); }

size_t Config::max_corrupt() const { return std::min(2 * threshold_ - n() - 1, min_clients() - 2); }

uint64_t packed_bytes(uint64_t length, unsigned bits) { return (length * bits + 7) / 8; }

uint64_t masked_bytes(const Config& config) {
  return kHeaderBytes + 32 + packed_bytes(config.length(), config.bits()) + 32 + kSignatureBytes;
}

Traffic client_traffic(const Config& config, size_t survivors) {
  const uint64_t n = config.n();
  const uint64_t s = survivors;
  Traffic t{};
  t.sent += kHeaderBytes + 64 + kSignatureBytes;                                          // advertise
  t.received += kHeaderBytes + 2 + n * (2 + 64 + kSignatureBytes);                        // advertised
  t.sent += kHeaderBytes + 64 + n * 64 + (n - 1) * kSealedSharesBytes + kSignatureBytes;  // share
  t.received += kHeaderBytes + 4 + (n - 1) * (2 + 64 + kSealedSharesBytes);               // shared
  t.sent += masked_bytes(config);                                                         // masked
  t.received += kHeaderBytes + 64 + 2 + 2 * s;                                            // survivors
  t.sent += kHeaderBytes + 32 + kSignatureBytes;                                          // consistent
  t.received += kHeaderBytes + 32 + 2 + s * (2 + kSignatureBytes) + 4 + 2 * n;            // unmask request
  t.sent += kHeaderBytes + 32 + 4 + n * (2 + 32) + kSignatureBytes;                       // unmask
  return t;
}

}  // namespace pyzkfl::secagg

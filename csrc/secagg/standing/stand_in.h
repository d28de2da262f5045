// A crowd of clients that cost next to nothing, to measure the server of many: for `pyzkfl bench secagg` alone.
//
// The server cannot tell a stand-in from a member: it gets messages of the same form and size, keys, signatures, tags and
// commitments that hold, pads and shares that open. But nothing is secret and nothing is checked: all secrets follow from
// one that the crowd shares, shares are of constant polynomials, sealed shares and confirmations are zeros. So the server
// does what it would do for members, and clients do not agree on keys with thousands of neighbours.
#pragma once

#include <memory>
#include <vector>

#include "secagg/standing/messages.h"

namespace pyzkfl::secagg::standing {

class StandIn {
 public:
  // `crowd`: 32 bytes, the same for all.
  StandIn(std::shared_ptr<const Plan> plan, size_t index, std::shared_ptr<const Ed25519PrivateKey> identity,
          const Digest& crowd);

  // Member's steps, in Member's order.
  Bytes keys();
  Bytes deal(ByteSpan neighbour_keys);
  Bytes accept(ByteSpan dealt);
  void confirmed(ByteSpan message);
  Bytes masked_input(uint32_t round, std::span<const int64_t> values, std::span<const uint8_t, 32> blinder);
  Bytes sign_survivors(ByteSpan survivors);
  Bytes unmask(ByteSpan request);

  const Plan& plan() const { return *plan_; }

 private:
  Seed secret(char purpose, uint32_t round, Index a, Index b) const;
  Seed self_seed(uint32_t round, Index member) const { return secret('s', round, member, member); }
  Seed pad_key(uint32_t round, Index member) const { return secret('p', round, member, member); }
  Seed pair_seed(uint32_t round, Index a, Index b) const;
  Bytes message(Kind kind, uint32_t round, ByteSpan body) const;

  std::shared_ptr<const Plan> plan_;
  Index index_;
  std::shared_ptr<const Ed25519PrivateKey> identity_;
  Digest crowd_;
  SecretBytes tag_key_;
  std::vector<Index> peers_;  // those that dealt
  uint32_t round_ = 0;
};

}  // namespace pyzkfl::secagg::standing

// Who is whose neighbour: a ring of members in random order, each next to k/2 on either side (the Harary
// graph of Bell et al. 2020, algorithm 1), or everybody next to everybody.
//
// The order follows from a seed that must be chosen after the members are fixed and by no party alone (a
// beacon): a server that could choose it would put its friends around a victim. Public; nothing here is
// secret.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/sha256.h"

namespace pyzkfl::secagg {

using Index = uint16_t;

class Neighbours {
 public:
  // n >= 3, k even with k + 1 < n, or k = n - 1.
  Neighbours(size_t n, size_t k, const Digest& seed);

  size_t n() const { return place_.size(); }
  size_t k() const { return k_; }
  // Ascending; without the member.
  std::vector<Index> of(Index member) const;
  // Ascending; with the member: who holds shares of its secrets. A holder's Shamir point is its place in this
  // list, plus one.
  std::vector<Index> holders(Index member) const;
  bool adjacent(Index a, Index b) const;
  // Where a member stands on the ring, and who stands at a place.
  size_t place(Index member) const { return place_[member]; }
  Index at_place(size_t place) const { return ring_[place]; }
  // The first k + 1 of the ring, ascending: who signs the set of survivors.
  std::vector<Index> committee() const;

 private:
  size_t k_;
  std::vector<Index> ring_;   // members in ring order
  std::vector<Index> place_;  // its inverse
};

}  // namespace pyzkfl::secagg

// How many neighbours a member has, and how many of them must answer (Bell et al. 2020, sections 3.2 and 4).
//
// A member's secrets are shared among its neighbourhood: its k neighbours and itself, m = k + 1 holders,
// threshold t. Neighbours are drawn at random (neighbours.h), so how many of them are corrupt, or drop out,
// is hypergeometric; k and t are the smallest that keep the probability of each failure below what is asked.
// Tails are summed term by term; only the union over members is a bound.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::secagg {

enum class Adversary : uint8_t {
  semi_honest = 1,  // the server follows the protocol, and pools what it sees with the corrupt members
  active = 2,       // the server does what it likes
};

// What a plan is made against. Fractions of all n members.
struct Assumptions {
  size_t n;
  double dropout;  // so many may be lost in a round, at any moment, whoever they are
  double corrupt;  // so many members collude with the server
  Adversary adversary = Adversary::active;
  double security_bits = 40;     // privacy fails with probability at most 2^-this over the graph
  double correctness_bits = 30;  // a round is lost with probability at most 2^-this though so many stayed

  size_t dropped() const;  // floor(dropout * n)
  size_t colluding() const;  // ceil(corrupt * n)
};

struct Neighbourhood {
  size_t k;  // neighbours of each member: even, or n - 1
  size_t t;  // holders of k + 1 that must answer
  size_t min_survivors;  // fewer vectors in a sum end the round: n - dropped, at least 3
  // What holds for these, in bits; infinity where it cannot fail.
  double security_bits;
  double correctness_bits;
  bool complete(size_t n) const { return k + 1 == n; }
};

// log2 of the probability that privacy fails for some member, over the random graph; -infinity if it cannot.
//
// Semi-honest server: some member has t corrupt neighbours; or the honest survivors fall apart, which on a
// ring of neighbours needs k/2 places in a row without one.
// Active server: some member has 2 t - m corrupt neighbours or more, so that both its secrets can be asked
// for; the committee (m members) has as many, so that two sets can be signed; or the server, which drops whom
// it likes, can cut a group of survivors off: a member at the end of the group lacks all neighbours on one
// side and still finds t answers, so that t - k/2 - 1 or more on that side are corrupt.
double log2_privacy_failure(const Assumptions& a, size_t k, size_t t);

// log2 of the probability that some member's secrets, or the committee's signatures, cannot be had though
// only `dropped` members, drawn at random, are gone.
double log2_correctness_failure(const Assumptions& a, size_t k, size_t t);

// The least k with a t that satisfies both, and the greatest such t. Throws ParameterError if not even the
// complete graph does, naming what is too high; or for n outside 3..65,534 and fractions outside [0, 1).
Neighbourhood choose_neighbourhood(const Assumptions& a);
// The figures of a given k and t. Throws ParameterError if they are too weak for `a`.
Neighbourhood check_neighbourhood(const Assumptions& a, size_t k, size_t t);

// log2 P[X >= x] for X hypergeometric: `draws` of `population`, of which `marked` are marked. -infinity if
// impossible.
double log2_hypergeometric_tail(size_t population, size_t marked, size_t draws, size_t x);

}  // namespace pyzkfl::secagg

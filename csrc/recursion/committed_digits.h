// The committed wires of a circuit: digits of 15 bits, proven to be such by logUp (Habock, eprint 2022/1530), and bits.
// docs/recursion.md, section 2.
//
//   sum over digits 1 / (rho - d)  =  sum over rows v < 2^15 of m_v / (rho - v)
//
// rho is a challenge made after the commitment to all digits and multiplicities m_v. A digit d that is no row leaves a
// pole at d whose coefficient is a count of digits, below 2^27 and so not 0 modulo r: the two sides differ as rational
// functions, and agree at rho with probability (digits + 2^15) / r at most. (rho = d has no inverse; rho = v leaves its
// fraction free, and is among these.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1cs/builder.h"

namespace pyzkfl::recursion {

inline constexpr unsigned digit_bits = 15;
inline constexpr uint32_t digit_rows = 1u << digit_bits;

class CommittedDigits;

// A wire in {0, 1} that is committed: only such a bit may choose between operands (docs/recursion.md, section 6). Made by
// CommittedDigits alone.
class CommittedBit {
 public:
  const Wire& wire() const { return wire_; }
  bool value() const { return wire_.value.is_one(); }

 private:
  friend class CommittedDigits;
  CommittedBit(const Wire& wire, const CommittedDigits* owner) : wire_(wire), owner_(owner) {}
  Wire wire_;
  const CommittedDigits* owner_;
};

class CommittedDigits {
 public:
  // The builder must outlive this and have the group, which must be empty: all its wires are made here.
  CommittedDigits(Builder& builder, uint32_t group);
  CommittedDigits(const CommittedDigits&) = delete;
  CommittedDigits& operator=(const CommittedDigits&) = delete;

  // A committed wire in [0, 2^15); `value` modulo 2^15 where the builder computes. One constraint, made by finish().
  Wire digit(uint64_t value);
  // One constraint.
  CommittedBit bit(bool value);
  bool made(const CommittedBit& bit) const { return bit.owner_ == this; }
  size_t num_digits() const { return digits_.size(); }

  // The end of the committed wires: multiplicities and a blinder. No digit or bit can be made after it
  // (ParameterError).
  void seal(const Fr& blinder);
  // The ranges of all digits, after seal(): digits + 2^15 + 1 constraints.
  void prove_ranges(const Wire& rho);

 private:
  void expect_open() const;

  Builder& b_;
  uint32_t group_;
  bool sealed_ = false;
  std::vector<Wire> digits_, multiplicities_;
};

}  // namespace pyzkfl::recursion

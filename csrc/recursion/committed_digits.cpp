// See committed_digits.h.
#include "recursion/committed_digits.h"

#include "base/errors.h"
#include "fields/batch_inverse.h"
#include "r1cs/gadgets_bits.h"

namespace pyzkfl::recursion {

CommittedDigits::CommittedDigits(Builder& builder, uint32_t group) : b_(builder), group_(group) {
  if (!builder.committed_values(group).empty())
    throw ParameterError("committed group " + std::to_string(group) + " holds wires that are no digits");
}

void CommittedDigits::expect_open() const {
  if (sealed_)
    throw ParameterError(b_.path("a committed wire after the challenge: make all values before the circuit is finished"));
}

Wire CommittedDigits::digit(uint64_t value) {
  expect_open();
  digits_.push_back(b_.committed(group_, b_.computes() ? Fr::from_u64(value & (digit_rows - 1)) : Fr()));
  return digits_.back();
}

CommittedBit CommittedDigits::bit(bool value) {
  expect_open();
  const Wire wire = b_.committed(group_, value ? Fr::one() : Fr());
  gadgets::assert_boolean(b_, wire, "committed bit");
  return CommittedBit(wire, this);
}

void CommittedDigits::seal(const Fr& blinder) {
  expect_open();
  sealed_ = true;
  std::vector<uint64_t> counts(digit_rows);
  if (b_.computes()) {
    for (const Wire& digit : digits_) {
      const Limbs v = digit.value.to_canonical();
      // A digit that is no row (a forger's) is counted nowhere.
      if (v[0] < digit_rows && (v[1] | v[2] | v[3]) == 0) ++counts[v[0]];
    }
  }
  multiplicities_.reserve(digit_rows);
  for (const uint64_t count : counts) multiplicities_.push_back(b_.committed(group_, Fr::from_u64(count)));
  b_.committed_blinder(group_, blinder);
}

void CommittedDigits::prove_ranges(const Wire& rho) {
  if (!sealed_) throw ParameterError(b_.path("ranges are proven after the committed wires are sealed"));
  std::vector<Fr> inverses;
  if (b_.computes()) {
    inverses.reserve(digits_.size() + digit_rows);
    for (const Wire& digit : digits_) inverses.push_back(rho.value - digit.value);
    for (uint32_t row = 0; row < digit_rows; ++row) inverses.push_back(rho.value - Fr::from_u64(row));
    batch_inverse(std::span<Fr>(inverses));
  }
  // Full-size wires stand left, small ones right: the right side's points are in G2, where they cost three times as much.
  LC sum;
  for (size_t i = 0; i < digits_.size(); ++i) {
    const Wire inverse = b_.private_wire(b_.computes() ? inverses[i] : Fr());
    b_.constrain(inverse, LC(rho) - digits_[i], 1, "digit");
    sum.add_scaled(inverse, Fr::one());  // grows by doubling: a million terms
  }
  for (uint32_t row = 0; row < digit_rows; ++row) {
    const Wire& count = multiplicities_[row];
    const Wire fraction = b_.private_wire(b_.computes() ? count.value * inverses[digits_.size() + row] : Fr());
    b_.constrain(fraction, LC(rho) - row, count, "table row");
    sum.add_scaled(fraction, -Fr::one());
  }
  gadgets::assert_zero(b_, sum, "lookup sum");
}

}  // namespace pyzkfl::recursion

// Wires and linear combinations of wires, as a circuit under construction sees them.
//
// Both carry their value, and, where the builder records constraints, their terms. In a builder that only
// computes a witness no term is ever stored, so arithmetic on combinations is a few field operations and no
// allocation.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "fields/fr.h"

namespace pyzkfl {

// A wire before its final place is known: class and index within the class. Ordered as the final wires are.
class WireId {
 public:
  // Classes: 0 the constant and public inputs, 1 + g committed group g, 15 private.
  static constexpr uint32_t private_class = 15;
  static constexpr uint32_t max_groups = 14;
  static constexpr uint32_t max_index = (1u << 27) - 1;

  constexpr WireId() = default;
  constexpr WireId(uint32_t wire_class, uint32_t index, bool recorded)
      : bits_(static_cast<uint32_t>(recorded) << 31 | wire_class << 27 | index) {}

  constexpr uint32_t wire_class() const { return bits_ >> 27 & 15; }
  constexpr uint32_t index() const { return bits_ & max_index; }
  // Whether combinations keep a term for this wire.
  constexpr bool recorded() const { return (bits_ >> 31) != 0; }
  constexpr auto operator<=>(const WireId&) const = default;

 private:
  uint32_t bits_ = 0;
};

struct Wire {
  WireId id;
  Fr value;  // zero where the builder computes no values
};

// constant + sum of coefficient * wire. Terms may repeat a wire until Builder::constrain merges them.
class LinearCombination {
 public:
  struct Term {
    WireId wire;
    Fr coefficient;
  };

  LinearCombination() = default;
  LinearCombination(const Fr& constant) : constant_(constant) {}
  template <std::signed_integral T>
  LinearCombination(T constant) : constant_(Fr::from_i64(constant)) {}
  template <std::unsigned_integral T>
  LinearCombination(T constant) : constant_(Fr::from_u64(constant)) {}
  LinearCombination(const Wire& wire) : linear_(wire.value) {
    if (wire.id.recorded()) terms_.push_back({wire.id, Fr::one()});
  }

  // The value, if the builder computes values; else the constant part.
  Fr value() const { return constant_ + linear_; }
  const Fr& constant() const { return constant_; }
  const std::vector<Term>& terms() const { return terms_; }

  LinearCombination& operator+=(const LinearCombination& b);
  LinearCombination& operator-=(const LinearCombination& b);
  LinearCombination& operator*=(const Fr& k);
  // this += b * k, without a temporary.
  LinearCombination& add_scaled(const LinearCombination& b, const Fr& k);
  LinearCombination& add_scaled(const Wire& b, const Fr& k);
  // this += 2^shift * b; shift <= 253.
  LinearCombination& add_shifted(const LinearCombination& b, unsigned shift);
  LinearCombination operator-() const;

  // Sorts the terms by wire, merges repeated wires and drops zeros.
  void normalise();

 private:
  Fr constant_;
  Fr linear_;  // value of the terms
  std::vector<Term> terms_;
};

using LC = LinearCombination;

inline LC operator+(LC a, const LC& b) { return std::move(a += b); }
inline LC operator-(LC a, const LC& b) { return std::move(a -= b); }
inline LC operator*(LC a, const Fr& k) { return std::move(a *= k); }
inline LC operator*(const Fr& k, LC a) { return std::move(a *= k); }
template <std::integral T>
LC operator*(LC a, T k) {
  return std::move(a *= (std::signed_integral<T> ? Fr::from_i64(static_cast<int64_t>(k))
                                                 : Fr::from_u64(static_cast<uint64_t>(k))));
}
template <std::integral T>
LC operator*(T k, LC a) {
  return std::move(a) * k;
}

// 2^k in Fr, k <= 253, from a table.
const Fr& power_of_two(unsigned k);

}  // namespace pyzkfl

// Arithmetic of Fp, BN254's base field, in a circuit over Fr: every digit of every value, quotient and carry is ranged,
// and all products of the circuit are checked together, as polynomials in the limb base, at challenges that are made after
// the commitment to the digits. docs/recursion.md, section 2, has the argument and the counts.
//
//   value      an integer in [0, 2^255), 17 digits: some element of Fp, not always the least representative
//   operand    an integer combination of values and choices, and a constant: what products are made of; costs nothing
//   reduction  sum c a b + l = q p + v over the integers, v a new value or 0
//
//   BaseField fp(builder, 0);
//   Value x = fp.value(x_hint), y = ...;
//   Value product = fp.product(x, y);
//   fp.finish(blinder, [&] { return commitment_challenge(...builder.committed_values(0)...); });
//
// Everything is made before finish(), which adds a public input (the challenge rho) and the constraints of all reductions.
// Whoever verifies must compute rho itself from the commitment to the group (recursion/challenge.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fields/fp.h"
#include "recursion/committed_digits.h"

namespace pyzkfl::recursion {

inline constexpr unsigned limb_bits = 75;
inline constexpr unsigned num_limbs = 4;
inline constexpr unsigned product_limbs = 2 * num_limbs - 1;
inline constexpr unsigned value_digits = 17, quotient_digits = 18, carry_digits = 6;
// The largest sum of |c| size(a) size(b) in a reduction: then nothing wraps modulo r, and honest hints fit.
inline constexpr uint64_t largest_sum = 1u << 11;

using LimbValues = std::array<Fr, num_limbs>;

// A value or a choice of a BaseField, by number.
struct Value {
  uint32_t index = 0;
};

// constant + sum of coefficient * value, as a polynomial in the limb base.
class Operand {
 public:
  struct Term {
    uint32_t index;
    int64_t coefficient;
  };

  Operand() = default;
  Operand(Value v) : terms_{{v.index, 1}} {}
  Operand(const Fp& constant);

  Operand& operator+=(const Operand& other) { return add_scaled(other, 1); }
  Operand& operator-=(const Operand& other) { return add_scaled(other, -1); }
  Operand& add_scaled(const Operand& other, int64_t factor);
  friend Operand operator+(Operand a, const Operand& b) { return std::move(a += b); }
  friend Operand operator-(Operand a, const Operand& b) { return std::move(a -= b); }
  friend Operand operator-(const Operand& a) { return Operand() - a; }
  friend Operand operator*(int64_t k, const Operand& a) { return Operand().add_scaled(a, k); }

  const std::vector<Term>& terms() const { return terms_; }
  // The value that this operand is. ParameterError if it is a combination.
  Value single() const;
  // The constant's limbs times the coefficients it came with; a bound of its limbs in units of 2^75.
  const LimbValues& constant() const { return constant_; }
  uint64_t constant_size() const { return constant_size_; }
  const Fp& constant_element() const { return element_; }

 private:
  std::vector<Term> terms_;
  LimbValues constant_{};
  Fp element_;
  uint64_t constant_size_ = 0;
};

// coefficient * a * b.
struct Product {
  int64_t coefficient;
  Operand a, b;
};

// What a reduction reduces.
struct Sum {
  std::vector<Product> products;
  Operand linear;
};

class BaseField {
 public:
  BaseField(Builder& builder, uint32_t group);

  Builder& builder() { return b_; }
  CommittedBit bit(bool value) { return digits_.bit(value); }
  Wire digit(uint64_t value) { return digits_.digit(value); }

  // A new value, nothing known of it. 20 constraints.
  Value value(const Fp& hint);
  // A value congruent to the sum. 54 constraints, and one for each product.
  Value reduce(Sum sum);
  // Proves that the sum is 0 modulo p. 34 constraints, and one for each product.
  void assert_zero(Sum sum);
  Value product(const Operand& a, const Operand& b) { return reduce({{{1, a, b}}, {}}); }

  // Several reductions whose products share work at the challenge: `at_chi` gets each operand's evaluation from the
  // function it is given and returns the sums' values there, one for each, with as few constraints as it can. The sums
  // say what is meant: they give hints and bounds, and `at_chi` must compute exactly them.
  using Evaluate = std::function<LC(const Operand&)>;
  using AtChi = std::function<std::vector<LC>(const Evaluate&)>;
  std::vector<Value> reduce_together(const std::vector<Sum>& sums, AtChi at_chi);
  void assert_zero_together(const std::vector<Sum>& sums, AtChi at_chi);

  // bit ? a : b, as an operand. One constraint.
  Value choose(const CommittedBit& bit, const Operand& a, const Operand& b);
  // Proves that x - y is not 0 modulo p. Both as native_integer() takes them. 4 constraints, and those of choices.
  void assert_different(const Operand& x, const Operand& y);
  // Proves that the value is below p: the least representative, whose bytes may be hashed. 22 constraints.
  void assert_canonical(Value v);
  // The value's digits sum up to this in Fr; it is the integer if that is below r. Not for choices (ParameterError).
  LC native(Value v) const;
  // The integer in [0, 2^255), modulo r, that a value, a constant or a choice among such operands stands for; of any other
  // operand ParameterError. One constraint for each choice, the first time.
  LC native_integer(const Operand& a);
  // The bits from 75 i on, as an integer of 75 bits (30 for i = 3).
  const LC& limb(Value v, unsigned i) const;
  // The element that a value or an operand stands for, where the builder computes.
  Fp element(const Operand& a) const;

  size_t num_digits() const { return digits_.num_digits(); }
  size_t num_reductions() const { return reductions_.size(); }

  // Seals the committed wires, then asks for the challenge (once; in shape mode never), makes it a public input and
  // proves all ranges and reductions. 801 constraints for chi, 16 for the rest, 2^15 + 1 for the table, beside those above.
  void finish(const Fr& blinder, const std::function<Fr()>& challenge);

 private:
  struct Cell {
    std::array<LC, num_limbs> limbs;  // of a value
    LimbValues values{};
    Fp element;
    uint64_t size = 1;  // |limb| <= size 2^75
    std::optional<Wire> bit;  // a choice: bit ? yes : no
    Operand yes, no;
    std::optional<LC> integer;  // of a choice, once somebody asked for it
    LC at_chi;
  };
  // The digits' part of a reduction: E0, E1 and E2 without T.
  struct Reduction {
    LC low, high, native;
    std::array<Fr, product_limbs> t{};
  };
  struct Together {
    size_t count;
    std::vector<Sum> sums;
    AtChi at_chi;  // empty: one constraint a product
  };

  const Cell& cell(Value v) const { return cells_[v.index]; }
  uint64_t size_of(const Operand& a) const;
  LimbValues limbs_of(const Operand& a) const;
  void expect_small(const Sum& sum) const;
  std::array<Fr, product_limbs> polynomial_of(const Sum& sum) const;
  Fp element_of(const Sum& sum) const;
  std::optional<Value> add_reduction(const Sum& sum, bool with_value);
  void evaluate_cells(const LC& chi);

  Builder& b_;
  CommittedDigits digits_;
  std::vector<Cell> cells_;
  std::vector<Reduction> reductions_;
  std::vector<Together> together_;
  Evaluate evaluate_;  // of operands at chi, once the cells are
};

}  // namespace pyzkfl::recursion

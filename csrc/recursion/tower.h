// Fp2 and Fp12 in a circuit, on operands of BaseField (the tower is written out in fields/fp2.h). docs/recursion.md, section 3.
//
// An element of Fp12 is its six coefficients of w^0 .. w^5 over Fp2, w^6 = xi = 9 + u. A product is twelve reductions, each
// of a sum over all pairs of coefficients. At the challenge the same twelve sums come from one product of polynomials in
// w over Fp (u = w^6 - 9), by evaluation at small points and interpolation: 23 constraints.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "fields/fp12.h"
#include "recursion/base_field.h"

namespace pyzkfl::recursion {

struct Fp2Operand {
  Operand c0, c1;

  Fp2Operand() = default;
  Fp2Operand(Operand a, Operand b) : c0(std::move(a)), c1(std::move(b)) {}
  Fp2Operand(const Fp2& constant) : c0(constant.c0), c1(constant.c1) {}

  friend Fp2Operand operator+(const Fp2Operand& a, const Fp2Operand& b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend Fp2Operand operator-(const Fp2Operand& a, const Fp2Operand& b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  friend Fp2Operand operator-(const Fp2Operand& a) { return {-a.c0, -a.c1}; }
  friend Fp2Operand operator*(int64_t k, const Fp2Operand& a) { return {k * a.c0, k * a.c1}; }
  Fp2Operand conjugate() const { return {c0, -c1}; }
};

// coefficient * a * b, and xi times that if asked.
struct Fp2Product {
  int64_t coefficient;
  Fp2Operand a, b;
  bool times_xi = false;
};

struct Fp2Sum {
  std::vector<Fp2Product> products;
  Fp2Operand linear;
};

struct Fp12Operand {
  std::array<Fp2Operand, 6> w;  // of w^0 .. w^5; constants 0 cost nothing

  Fp12Operand() = default;
  Fp12Operand(const Fp12& constant);
};

// Coefficients of w^0 .. w^5, and back.
std::array<Fp2, 6> coefficients(const Fp12& f);
Fp12 from_coefficients(const std::array<Fp2, 6>& c);

class Tower {
 public:
  explicit Tower(BaseField& fp) : fp_(fp) {}

  BaseField& base() { return fp_; }
  Fp2 element(const Fp2Operand& a) const { return {fp_.element(a.c0), fp_.element(a.c1)}; }
  Fp12 element(const Fp12Operand& a) const;

  // New values. 40 and 240 constraints.
  Fp2Operand value(const Fp2& hint);
  Fp12Operand value(const Fp12& hint);
  // Two reductions; three constraints for each product.
  Fp2Operand reduce(const Fp2Sum& sum);
  void assert_zero(const Fp2Sum& sum);
  // Twice one reduction with one product.
  Fp2Operand scale(const Fp2Operand& a, const Operand& factor);

  // Twelve reductions, at most 23 constraints for the products.
  Fp12Operand product(const Fp12Operand& a, const Fp12Operand& b);
  // Proves a b = c.
  void assert_product(const Fp12Operand& a, const Fp12Operand& b, const Fp12Operand& c);
  // a^(p^power), power 1 to 3, of values: ten reductions.
  Fp12Operand frobenius(const Fp12Operand& a, unsigned power);
  // bit ? a : b. One constraint for each of the twelve that are no constant 0 in both.
  Fp12Operand choose(const CommittedBit& bit, const Fp12Operand& a, const Fp12Operand& b);

 private:
  BaseField& fp_;
};

}  // namespace pyzkfl::recursion

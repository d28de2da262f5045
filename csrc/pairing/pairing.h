// The optimal ate pairing on BN254 (Vercauteren 2008; Aranha, Karabina, Longa, Gebotys, Lopez 2010, eprint
// 2010/526).
//
//   e(P, Q) = (f_{6x+2,Q}(P) l_{[6x+2]Q, pi(Q)}(P) l_{[6x+2]Q + pi(Q), -pi^2(Q)}(P))^(c (p^12 - 1) / r)
//
// with c = 2x (6x^2 + 3x + 1), which is prime to r and makes the last step cheaper (Fuentes-Castaneda, Knapp,
// Rodriguez-Henriquez 2011): the reduced pairing of other libraries to the power c. Products and equations do
// not notice. An input at infinity contributes 1.
//
// Inputs are points of G1 and G2 (checked when they are decoded); for others the value means nothing. For
// public data: the time depends on which inputs are infinite, and on nothing else.
#pragma once

#include <span>
#include <vector>

#include "curves/bn254.h"
#include "fields/fp12.h"

namespace pyzkfl {

struct PairingInput {
  G1Affine p;
  G2Affine q;
};

// A point of G2 with the coefficients of its lines, for verification keys: half the cost of each later Miller
// loop, for 11 KB of memory.
class G2Prepared {
 public:
  explicit G2Prepared(const G2Affine& q);

  // The line 1 + (c3 x_P / y_P) w + (c4 / y_P) w^3, scaled so that its constant coefficient is 1.
  struct Line {
    Fp2 c3, c4;
  };

  bool is_infinity() const { return lines_.empty(); }
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::vector<Line> lines_;  // in the order of the loop; empty for infinity
};

struct PreparedPairingInput {
  G1Affine p;
  const G2Prepared* q;  // not null
};

// The product of the Miller functions of all inputs, to be given to final_exponentiation. The squarings are
// shared. Many inputs are spread over the thread pool.
Fp12 multi_miller_loop(std::span<const PairingInput> inputs,
                       std::span<const PreparedPairingInput> prepared = {});

// f^(c (p^12 - 1) / r). Zero has no image, and gives zero.
Fp12 final_exponentiation(const Fp12& f);

Fp12 pairing(const G1Affine& p, const G2Affine& q);

// Whether the product of e(p, q) over all inputs is 1. The empty product is.
[[nodiscard]] bool pairing_product_is_one(std::span<const PairingInput> inputs,
                                          std::span<const PreparedPairingInput> prepared = {});

}  // namespace pyzkfl

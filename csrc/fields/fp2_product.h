// Products in Fp2 before their reduction: what Fp2 and Fp6 are multiplied with (Aranha, Karabina, Longa, Gebotys, Lopez,
// eprint 2010/526, section 5). Three products of integers (Karatsuba), and a reduction only for each component of a
// result that is a sum of many.
//
// RANGES. Components are integers of 512 bits in two's complement, which holds 14 p^2 in absolute value; only what is
// reduced has to be between -p R and p R, 5.29 p^2. Of factors below p (or sums of two of them, x for each such factor)
// the real part is between -x p^2 and x p^2, the other below 2 x p^2.
//
// Without mulx and adx this takes a seventh off a pairing. With them it takes longer than the sums of two products of Fp2's
// own operator, where a reduction costs little beside its multiplications; so those stay. Constant time.
#pragma once

#include "fields/fp2.h"
#include "fields/kernels/arithmetic.h"

namespace pyzkfl::lazy {

using A = kernel::GenericArithmetic;

struct Fp2Product {
  Limbs512 c0, c1;
};

// a + b without reduction, a factor of products only: below 2p.
[[gnu::always_inline]] inline Fp2 unreduced_sum(const Fp2& a, const Fp2& b) {
  return {Fp::from_montgomery_limbs(A::add_integers(a.c0.l, b.c0.l)),
          Fp::from_montgomery_limbs(A::add_integers(a.c1.l, b.c1.l))};
}

// a b, for components below 2p. Out of line: inlined, the tower would not fit into the instruction cache.
[[gnu::noinline]] inline void multiply(Fp2Product& out, const Fp2& a, const Fp2& b) {
  Limbs512 second;
  const Limbs a_sum = A::add_integers(a.c0.l, a.c1.l), b_sum = A::add_integers(b.c0.l, b.c1.l);
  A::product(out.c1, a_sum, b_sum);
  A::product(out.c0, a.c0.l, b.c0.l);
  A::product(second, a.c1.l, b.c1.l);
  A::sub_products(out.c1, out.c1, out.c0);
  A::sub_products(out.c1, out.c1, second);
  A::sub_products(out.c0, out.c0, second);
}

[[gnu::always_inline]] inline void add(Fp2Product& out, const Fp2Product& a) {
  A::add_products(out.c0, out.c0, a.c0);
  A::add_products(out.c1, out.c1, a.c1);
}
[[gnu::always_inline]] inline void subtract(Fp2Product& out, const Fp2Product& a) {
  A::sub_products(out.c0, out.c0, a.c0);
  A::sub_products(out.c1, out.c1, a.c1);
}
// Takes p R off the second component, where a sum of three products may be above p R.
[[gnu::always_inline]] inline void lower(Fp2Product& out) {
  const Limbs high = A::sub_integers({out.c1[4], out.c1[5], out.c1[6], out.c1[7]}, Fp::modulus);
  for (size_t i = 0; i < 4; ++i) out.c1[4 + i] = high[i];
}

[[gnu::noinline]] inline void reduce(Fp2& out, const Fp2Product& a) {
  out.c0.l = A::reduce<Fp::M>(a.c0);
  out.c1.l = A::reduce<Fp::M>(a.c1);
}
[[gnu::always_inline]] inline Fp2 reduced(const Fp2Product& a) {
  Fp2 out;
  reduce(out, a);
  return out;
}

}  // namespace pyzkfl::lazy

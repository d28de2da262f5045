// Montgomery arithmetic for x86-64, as inline assembly: addition and subtraction with the instructions that
// every such processor has, multiplication with mulx, adcx and adox (BMI2 and ADX: Intel since Broadwell, AMD
// since Zen).
//
// Why assembly: compilers do not keep two carry chains in flight, and turn selections into branches or
// carries into set/compare sequences as they please. Inline, because a call costs as much as a third of a
// multiplication. The functions of namespace adx must run only where selected_kernel() says so (see
// montgomery.h).
//
// Contracts as in montgomery_portable.h, function by function.
#pragma once

#include "fields/limbs.h"

// Without optimisation the compiler gives every memory operand a register, and there are not enough of them.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__OPTIMIZE__)
#define PYZKFL_X86_KERNELS 1

namespace pyzkfl::x86 {

[[gnu::always_inline]] inline Limbs subtract_if_not_below(const Limbs& v, const Limbs& bound) {
  uint64_t t0 = v[0], t1 = v[1], t2 = v[2], t3 = v[3];
  uint64_t s0, s1, s2, s3;
  __asm__(
      "movq %[t0], %[s0]\n\t"
      "movq %[t1], %[s1]\n\t"
      "movq %[t2], %[s2]\n\t"
      "movq %[t3], %[s3]\n\t"
      "subq %[p0], %[s0]\n\t"
      "sbbq %[p1], %[s1]\n\t"
      "sbbq %[p2], %[s2]\n\t"
      "sbbq %[p3], %[s3]\n\t"
      "cmovncq %[s0], %[t0]\n\t"
      "cmovncq %[s1], %[t1]\n\t"
      "cmovncq %[s2], %[t2]\n\t"
      "cmovncq %[s3], %[t3]"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "=&r"(s0), [s1] "=&r"(s1),
        [s2] "=&r"(s2), [s3] "=&r"(s3)
      : [p0] "m"(bound[0]), [p1] "m"(bound[1]), [p2] "m"(bound[2]), [p3] "m"(bound[3])
      : "cc");
  return {t0, t1, t2, t3};
}

[[gnu::always_inline]] inline Limbs add_integers(const Limbs& a, const Limbs& b) {
  uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3];
  __asm__(
      "addq %[b0], %[t0]\n\t"
      "adcq %[b1], %[t1]\n\t"
      "adcq %[b2], %[t2]\n\t"
      "adcq %[b3], %[t3]"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3)
      : [b0] "rm"(b[0]), [b1] "rm"(b[1]), [b2] "rm"(b[2]), [b3] "rm"(b[3])
      : "cc");
  return {t0, t1, t2, t3};
}

[[gnu::always_inline]] inline Limbs sub_integers(const Limbs& a, const Limbs& b) {
  uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3];
  __asm__(
      "subq %[b0], %[t0]\n\t"
      "sbbq %[b1], %[t1]\n\t"
      "sbbq %[b2], %[t2]\n\t"
      "sbbq %[b3], %[t3]"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3)
      : [b0] "rm"(b[0]), [b1] "rm"(b[1]), [b2] "rm"(b[2]), [b3] "rm"(b[3])
      : "cc");
  return {t0, t1, t2, t3};
}

template <class M>
[[gnu::always_inline]] inline Limbs reduce_once(const Limbs& v) {
  return subtract_if_not_below(v, M::p);
}

template <class M>
[[gnu::always_inline]] inline Limbs add(const Limbs& a, const Limbs& b) {
  return reduce_once<M>(add_integers(a, b));
}

template <class M>
[[gnu::always_inline]] inline Limbs sub(const Limbs& a, const Limbs& b) {
  uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3];
  uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  __asm__(
      "subq %[b0], %[t0]\n\t"
      "sbbq %[b1], %[t1]\n\t"
      "sbbq %[b2], %[t2]\n\t"
      "sbbq %[b3], %[t3]\n\t"
      "cmovcq %[p0], %[s0]\n\t"
      "cmovcq %[p1], %[s1]\n\t"
      "cmovcq %[p2], %[s2]\n\t"
      "cmovcq %[p3], %[s3]\n\t"
      "addq %[s0], %[t0]\n\t"
      "adcq %[s1], %[t1]\n\t"
      "adcq %[s2], %[t2]\n\t"
      "adcq %[s3], %[t3]"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "+&r"(s0), [s1] "+&r"(s1),
        [s2] "+&r"(s2), [s3] "+&r"(s3)
      : [b0] "m"(b[0]), [b1] "m"(b[1]), [b2] "m"(b[2]), [b3] "m"(b[3]), [p0] "m"(M::p[0]),
        [p1] "m"(M::p[1]), [p2] "m"(M::p[2]), [p3] "m"(M::p[3])
      : "cc");
  return {t0, t1, t2, t3};
}

// The multiplications of portable::, by the mulq that every such processor has: compilers turn carries into set and
// compare. Contracts there.

// x + 2^64 y + 2^128 z += a[A] b[B], and the next column of a product: x, y, z take turns.
#define PYZKFL_COLUMN(A, B, X, Y, Z)     \
  "movq " A "(%[a]), %%rax\n\t"          \
  "mulq " B "(%[b])\n\t"                 \
  "addq %%rax, %[" X "]\n\t"             \
  "adcq %%rdx, %[" Y "]\n\t"             \
  "adcq $0, %[" Z "]\n\t"
#define PYZKFL_NEXT(OFFSET, X) "movq %[" X "], " OFFSET "(%[out])\n\txorl %k[" X "], %k[" X "]\n\t"
[[gnu::always_inline]] inline void product(Limbs512& out, const Limbs& a, const Limbs& b) {
  uint64_t x, y, z;
  __asm__(
      "xorl %k[x], %k[x]\n\txorl %k[y], %k[y]\n\txorl %k[z], %k[z]\n\t"                                   //
      PYZKFL_COLUMN("0", "0", "x", "y", "z") PYZKFL_NEXT("0", "x")                                        //
      PYZKFL_COLUMN("0", "8", "y", "z", "x") PYZKFL_COLUMN("8", "0", "y", "z", "x") PYZKFL_NEXT("8", "y")  //
      PYZKFL_COLUMN("0", "16", "z", "x", "y") PYZKFL_COLUMN("8", "8", "z", "x", "y")                       //
      PYZKFL_COLUMN("16", "0", "z", "x", "y") PYZKFL_NEXT("16", "z")                                      //
      PYZKFL_COLUMN("0", "24", "x", "y", "z") PYZKFL_COLUMN("8", "16", "x", "y", "z")                      //
      PYZKFL_COLUMN("16", "8", "x", "y", "z") PYZKFL_COLUMN("24", "0", "x", "y", "z") PYZKFL_NEXT("24", "x")  //
      PYZKFL_COLUMN("8", "24", "y", "z", "x") PYZKFL_COLUMN("16", "16", "y", "z", "x")                     //
      PYZKFL_COLUMN("24", "8", "y", "z", "x") PYZKFL_NEXT("32", "y")                                      //
      PYZKFL_COLUMN("16", "24", "z", "x", "y") PYZKFL_COLUMN("24", "16", "z", "x", "y") PYZKFL_NEXT("40", "z")  //
      PYZKFL_COLUMN("24", "24", "x", "y", "z") "movq %[x], 48(%[out])\n\tmovq %[y], 56(%[out])"
      : [x] "=&r"(x), [y] "=&r"(y), [z] "=&r"(z), "=m"(out)
      : [a] "r"(a.data()), [b] "r"(b.data()), [out] "r"(out.data()), "m"(a), "m"(b)
      : "rax", "rdx", "cc");
}
#undef PYZKFL_COLUMN
#undef PYZKFL_NEXT

// t + m p, divided by 2^64: a limb of it is T + m P + carry.
#define PYZKFL_LIMB(T, P, CARRY)          \
  "movq %[m], %%rax\n\t"                  \
  "mulq %[" P "]\n\t"                     \
  "addq %%rax, %[" T "]\n\t"              \
  "adcq $0, %%rdx\n\t"                    \
  "addq %[carry], %[" T "]\n\t"           \
  "adcq $0, %%rdx\n\t"                    \
  "movq %%rdx, %[" CARRY "]\n\t"
#define PYZKFL_REDUCE(T0, T1, T2, T3)     \
  "movq %[n0], %[m]\n\t"                  \
  "imulq %[" T0 "], %[m]\n\t"             \
  "movq %[m], %%rax\n\t"                  \
  "mulq %[p0]\n\t"                        \
  "negq %[" T0 "]\n\t"                    \
  "adcq $0, %%rdx\n\t"                    \
  "movq %%rdx, %[carry]\n\t"              \
  PYZKFL_LIMB(T1, "p1", "carry") PYZKFL_LIMB(T2, "p2", "carry") PYZKFL_LIMB(T3, "p3", T0)
template <class M>
[[gnu::always_inline]] inline Limbs reduced_low_half(const Limbs512& t) {
  uint64_t t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3], m, carry;
  __asm__(PYZKFL_REDUCE("t0", "t1", "t2", "t3") PYZKFL_REDUCE("t1", "t2", "t3", "t0")
          PYZKFL_REDUCE("t2", "t3", "t0", "t1") PYZKFL_REDUCE("t3", "t0", "t1", "t2")
          : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [m] "=&r"(m), [carry] "=&r"(carry)
          : [n0] "m"(M::n0), [p0] "m"(M::p[0]), [p1] "m"(M::p[1]), [p2] "m"(M::p[2]), [p3] "m"(M::p[3])
          : "rax", "rdx", "cc");
  return {t0, t1, t2, t3};
}
#undef PYZKFL_LIMB
#undef PYZKFL_REDUCE

#define PYZKFL_EIGHT_LIMBS(FIRST, NEXT)                                                              \
  "movq 0(%[a]), %[t]\n\t" FIRST " 0(%[b]), %[t]\n\tmovq %[t], 0(%[out])\n\t"                       \
  "movq 8(%[a]), %[t]\n\t" NEXT " 8(%[b]), %[t]\n\tmovq %[t], 8(%[out])\n\t"                        \
  "movq 16(%[a]), %[t]\n\t" NEXT " 16(%[b]), %[t]\n\tmovq %[t], 16(%[out])\n\t"                     \
  "movq 24(%[a]), %[t]\n\t" NEXT " 24(%[b]), %[t]\n\tmovq %[t], 24(%[out])\n\t"                     \
  "movq 32(%[a]), %[t]\n\t" NEXT " 32(%[b]), %[t]\n\tmovq %[t], 32(%[out])\n\t"                     \
  "movq 40(%[a]), %[t]\n\t" NEXT " 40(%[b]), %[t]\n\tmovq %[t], 40(%[out])\n\t"                     \
  "movq 48(%[a]), %[t]\n\t" NEXT " 48(%[b]), %[t]\n\tmovq %[t], 48(%[out])\n\t"                     \
  "movq 56(%[a]), %[t]\n\t" NEXT " 56(%[b]), %[t]\n\tmovq %[t], 56(%[out])"

[[gnu::always_inline]] inline void add_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
  uint64_t t;
  __asm__(PYZKFL_EIGHT_LIMBS("addq", "adcq")
          : [t] "=&r"(t), "=m"(out)
          : [a] "r"(a.data()), [b] "r"(b.data()), [out] "r"(out.data()), "m"(a), "m"(b)
          : "cc");
}
[[gnu::always_inline]] inline void sub_products(Limbs512& out, const Limbs512& a, const Limbs512& b) {
  uint64_t t;
  __asm__(PYZKFL_EIGHT_LIMBS("subq", "sbbq")
          : [t] "=&r"(t), "=m"(out)
          : [a] "r"(a.data()), [b] "r"(b.data()), [out] "r"(out.data()), "m"(a), "m"(b)
          : "cc");
}
#undef PYZKFL_EIGHT_LIMBS

// portable::reduce from there on: low is (t mod R) / R, high the upper half of t.
template <class M>
[[gnu::always_inline]] inline Limbs reduce_halves(const Limbs& low, const Limbs512& t) {
  uint64_t t0 = low[0], t1 = low[1], t2 = low[2], t3 = low[3];
  uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  __asm__(
      "testq %[h3], %[h3]\n\t"
      "cmovsq %[p0], %[s0]\n\t"
      "cmovsq %[p1], %[s1]\n\t"
      "cmovsq %[p2], %[s2]\n\t"
      "cmovsq %[p3], %[s3]\n\t"
      "addq %[h0], %[t0]\n\t"
      "adcq %[h1], %[t1]\n\t"
      "adcq %[h2], %[t2]\n\t"
      "adcq %[h3], %[t3]\n\t"
      "addq %[s0], %[t0]\n\t"
      "adcq %[s1], %[t1]\n\t"
      "adcq %[s2], %[t2]\n\t"
      "adcq %[s3], %[t3]"
      : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "+&r"(s0), [s1] "+&r"(s1),
        [s2] "+&r"(s2), [s3] "+&r"(s3)
      : [h0] "m"(t[4]), [h1] "m"(t[5]), [h2] "m"(t[6]), [h3] "r"(t[7]), [p0] "m"(M::p[0]), [p1] "m"(M::p[1]),
        [p2] "m"(M::p[2]), [p3] "m"(M::p[3])
      : "cc");
  return reduce_once<M>({t0, t1, t2, t3});
}

// a b / R mod p, for any a and b < p.
template <class M>
[[gnu::always_inline]] inline Limbs mul_lazy(const Limbs& a, const Limbs& b) {
  Limbs512 t;
  product(t, a, b);
  return add_integers(reduced_low_half<M>(t), {t[4], t[5], t[6], t[7]});
}
template <class M>
[[gnu::always_inline]] inline Limbs mul(const Limbs& a, const Limbs& b) {
  return reduce_once<M>(mul_lazy<M>(a, b));
}

}  // namespace pyzkfl::x86

namespace pyzkfl::adx {

// Rows of the no-carry product scan. t0..t3 accumulate, hi takes the row's carry limb, two carry chains run
// side by side: adcx adds high words, adox low words.

// hi:t = a[0] b.
#define PYZKFL_ADX_FIRST_ROW(A, B)    \
  "movq 0(%[" A "]), %%rdx\n\t"       \
  "mulxq 0(%[" B "]), %[t0], %[t1]\n\t"  \
  "mulxq 8(%[" B "]), %[lo], %[t2]\n\t"  \
  "addq %[lo], %[t1]\n\t"             \
  "mulxq 16(%[" B "]), %[lo], %[t3]\n\t" \
  "adcq %[lo], %[t2]\n\t"             \
  "mulxq 24(%[" B "]), %[lo], %[hi]\n\t" \
  "adcq %[lo], %[t3]\n\t"             \
  "adcq $0, %[hi]\n\t"

// hi:t = t + a[I] b.
#define PYZKFL_ADX_ROW(A, OFFSET, B)     \
  "movq " OFFSET "(%[" A "]), %%rdx\n\t" \
  "xorl %k[hi], %k[hi]\n\t"              \
  "mulxq 0(%[" B "]), %[lo], %[hi]\n\t"  \
  "adoxq %[lo], %[t0]\n\t"               \
  "adcxq %[hi], %[t1]\n\t"               \
  "mulxq 8(%[" B "]), %[lo], %[hi]\n\t"  \
  "adoxq %[lo], %[t1]\n\t"               \
  "adcxq %[hi], %[t2]\n\t"               \
  "mulxq 16(%[" B "]), %[lo], %[hi]\n\t" \
  "adoxq %[lo], %[t2]\n\t"               \
  "adcxq %[hi], %[t3]\n\t"               \
  "mulxq 24(%[" B "]), %[lo], %[hi]\n\t" \
  "adoxq %[lo], %[t3]\n\t"               \
  "movl $0, %k[lo]\n\t"                  \
  "adcxq %[lo], %[hi]\n\t"               \
  "adoxq %[lo], %[hi]\n\t"

// t = (hi:t + m p) / 2^64, with m such that the division is exact.
#define PYZKFL_ADX_REDUCE              \
  "movq %[n0], %%rdx\n\t"              \
  "imulq %[t0], %%rdx\n\t"             \
  "xorl %k[lo], %k[lo]\n\t"            \
  "mulxq %[p0], %[lo], %[carry]\n\t"   \
  "adcxq %[t0], %[lo]\n\t"             \
  "movq %[carry], %[t0]\n\t"           \
  "adcxq %[t1], %[t0]\n\t"             \
  "mulxq %[p1], %[lo], %[t1]\n\t"      \
  "adoxq %[lo], %[t0]\n\t"             \
  "adcxq %[t2], %[t1]\n\t"             \
  "mulxq %[p2], %[lo], %[t2]\n\t"      \
  "adoxq %[lo], %[t1]\n\t"             \
  "adcxq %[t3], %[t2]\n\t"             \
  "mulxq %[p3], %[lo], %[t3]\n\t"      \
  "adoxq %[lo], %[t2]\n\t"             \
  "movl $0, %k[lo]\n\t"                \
  "adcxq %[lo], %[t3]\n\t"             \
  "adoxq %[hi], %[t3]\n\t"

template <class M>
[[gnu::always_inline]] inline Limbs mul_lazy(const Limbs& a, const Limbs& b) {
  uint64_t t0, t1, t2, t3, hi, lo, carry;
  __asm__(PYZKFL_ADX_FIRST_ROW("a", "b") PYZKFL_ADX_REDUCE           //
          PYZKFL_ADX_ROW("a", "8", "b") PYZKFL_ADX_REDUCE            //
          PYZKFL_ADX_ROW("a", "16", "b") PYZKFL_ADX_REDUCE           //
          PYZKFL_ADX_ROW("a", "24", "b") PYZKFL_ADX_REDUCE
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [hi] "=&r"(hi), [lo] "=&r"(lo),
            [carry] "=&r"(carry)
          : [a] "r"(a.data()), [b] "r"(b.data()), "m"(a), "m"(b), [n0] "m"(M::n0), [p0] "m"(M::p[0]),
            [p1] "m"(M::p[1]), [p2] "m"(M::p[2]), [p3] "m"(M::p[3])
          : "rdx", "cc");
  return {t0, t1, t2, t3};
}

template <class M>
[[gnu::always_inline]] inline Limbs mul(const Limbs& a, const Limbs& b) {
  return x86::reduce_once<M>(mul_lazy<M>(a, b));
}

// The same for two products: hi:t = t + a[I] b + c[I] d. hi cannot overflow, see the bound in
// montgomery_portable.h.
#define PYZKFL_ADX_TWO_ROWS(OFFSET, B_ROW) \
  B_ROW                                    \
  "movq %[hi], %[carry]\n\t"               \
  PYZKFL_ADX_ROW("c", OFFSET, "d")         \
  "addq %[carry], %[hi]\n\t"

template <class M>
[[gnu::always_inline]] inline Limbs mul_add(const Limbs& a, const Limbs& b, const Limbs& c, const Limbs& d) {
  uint64_t t0, t1, t2, t3, hi, lo, carry;
  // "memory" stands for the four operands, which as such would take more registers than there are.
  __asm__(PYZKFL_ADX_TWO_ROWS("0", PYZKFL_ADX_FIRST_ROW("a", "b")) PYZKFL_ADX_REDUCE         //
          PYZKFL_ADX_TWO_ROWS("8", PYZKFL_ADX_ROW("a", "8", "b")) PYZKFL_ADX_REDUCE          //
          PYZKFL_ADX_TWO_ROWS("16", PYZKFL_ADX_ROW("a", "16", "b")) PYZKFL_ADX_REDUCE        //
          PYZKFL_ADX_TWO_ROWS("24", PYZKFL_ADX_ROW("a", "24", "b")) PYZKFL_ADX_REDUCE
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [hi] "=&r"(hi), [lo] "=&r"(lo),
            [carry] "=&r"(carry)
          : [a] "r"(a.data()), [b] "r"(b.data()), [c] "r"(c.data()), [d] "r"(d.data()), [n0] "m"(M::n0),
            [p0] "m"(M::p[0]), [p1] "m"(M::p[1]), [p2] "m"(M::p[2]), [p3] "m"(M::p[3])
          : "rdx", "cc", "memory");
  return x86::reduce_once<M>({t0, t1, t2, t3});
}

#undef PYZKFL_ADX_FIRST_ROW
#undef PYZKFL_ADX_ROW
#undef PYZKFL_ADX_TWO_ROWS
#undef PYZKFL_ADX_REDUCE

}  // namespace pyzkfl::adx

#endif

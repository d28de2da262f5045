// Sums of products of Fp2 in eight lanes, in assembly: what pairings are made of (ifma_tower.h). Only for files named
// *_ifma.cpp; see fields/kernels/ifma_field.h, whose FORM, RANGES and TIME hold here too.
#pragma once

#include "fields/kernels/ifma_fp.h"
#include "fields/kernels/ifma_lift.h"

namespace pyzkfl::ifma {
namespace {

#define PYZKFL_CALLED __attribute__((noinline, unused))

// Eight elements of Fp2 as factors: the real limbs, the imaginary ones, those of the sum of both.
struct Operand {
  __m512i l[15];
};

// Which lane of a factor each lane takes; from 8 on those of the second of two.
struct alignas(64) Permutation {
  uint64_t of[8];
};

// A product of a sum: a by its lanes, and b or the second by theirs.
struct Term {
  Permutation a, b;
};

struct SumConstants {
  uint64_t p[5], n0, mask;
  Limbs52x10 lift;
};
constexpr SumConstants sum_constants = {
    {p52.times[1].l[0], p52.times[1].l[1], p52.times[1].l[2], p52.times[1].l[3], p52.times[1].l[4]},
    n0,
    mask52,
    product_lift};

// Operands are numbers of registers; sums are added to the first.
#define LOW(sum, x, y) "vpmadd52luq %%zmm" #y ", %%zmm" #x ", %%zmm" #sum "\n\t"
#define HIGH(sum, x, y) "vpmadd52huq %%zmm" #y ", %%zmm" #x ", %%zmm" #sum "\n\t"
#define ADD(sum, x) "vpaddq %%zmm" #x ", %%zmm" #sum ", %%zmm" #sum "\n\t"
#define ZERO(r) "vpxorq %%zmm" #r ", %%zmm" #r ", %%zmm" #r "\n\t"
#define STORE(r, to, bytes) "vmovdqa64 %%zmm" #r ", " #bytes "(%[" #to "])\n\t"
#define SPLAT(r, bytes) "vpbroadcastq " #bytes "(%[constants]), %%zmm" #r "\n\t"

// The factors of a term: b's limbs into zmm20-24 by the lanes of zmm27; a row by a limb of a, in zmm25 by those of zmm26.
#define LIMB_OF_B(r, bytes)                       \
  "vmovdqa64 " bytes "(%[b]), %%zmm" #r "\n\t"    \
  "vpermt2q " bytes "(%[second]), %%zmm27, %%zmm" #r "\n\t"
#define ROW(bytes, t0, t1, t2, t3, t4, t5)                                         \
  "vpermq " bytes "(%[a]), %%zmm26, %%zmm25\n\t"                                   \
  LOW(t0, 25, 20) LOW(t1, 25, 21) LOW(t2, 25, 22) LOW(t3, 25, 23) LOW(t4, 25, 24)  \
  HIGH(t1, 25, 20) HIGH(t2, 25, 21) HIGH(t3, 25, 22) HIGH(t4, 25, 23) HIGH(t5, 25, 24)
// Adds the products of a part of the factors, of as many terms as `left` says, from the next one on.
#define RUN(label, part, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9)                                                   \
  label "%=:\n\t"                                                                                                  \
  "vmovdqa64 (%[next]), %%zmm26\n\tvmovdqa64 64(%[next]), %%zmm27\n\tsubq $-128, %[next]\n\t"                     \
  LIMB_OF_B(20, part "+0") LIMB_OF_B(21, part "+64") LIMB_OF_B(22, part "+128")                                    \
  LIMB_OF_B(23, part "+192") LIMB_OF_B(24, part "+256")                                                            \
  ROW(part "+0", t0, t1, t2, t3, t4, t5) ROW(part "+64", t1, t2, t3, t4, t5, t6)                                   \
  ROW(part "+128", t2, t3, t4, t5, t6, t7) ROW(part "+192", t3, t4, t5, t6, t7, t8)                                \
  ROW(part "+256", t4, t5, t6, t7, t8, t9)                                                                         \
  "decl %k[left]\n\tjnz " label "%=b\n\t"
// Twice the first terms and once the others, of a part.
#define SUM(label, part, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9)                                                   \
  ZERO(t0) ZERO(t1) ZERO(t2) ZERO(t3) ZERO(t4) ZERO(t5) ZERO(t6) ZERO(t7) ZERO(t8) ZERO(t9)                        \
  "movq %[terms], %[next]\n\tmovl %[doubled], %k[left]\n\ttestl %k[left], %k[left]\n\tjz " label "1%=f\n"          \
  RUN(label "0", part, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9)                                                     \
  ADD(t0, t0) ADD(t1, t1) ADD(t2, t2) ADD(t3, t3) ADD(t4, t4)                                                      \
  ADD(t5, t5) ADD(t6, t6) ADD(t7, t7) ADD(t8, t8) ADD(t9, t9)                                                      \
  label "1%=:\n\tmovl %[single], %k[left]\n"                                                                       \
  RUN(label "2", part, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9)
// The real part's column is the difference, lifted; the sum waits in memory for Karatsuba's third.
#define DIFFERENCE(t, u, bytes)                                                       \
  "vpaddq %%zmm" #u ", %%zmm" #t ", %%zmm28\n\tvmovdqa64 %%zmm28, 8*" #bytes "(%[sums])\n\t" \
  "vpsubq %%zmm" #u ", %%zmm" #t ", %%zmm" #t "\n\t"                                  \
  "vpaddq 56+" #bytes "(%[constants])%{1to8%}, %%zmm" #t ", %%zmm" #t "\n\t"
#define WITHOUT(u, bytes) "vpsubq 8*" #bytes "(%[sums]), %%zmm" #u ", %%zmm" #u "\n\t"
// A row of both reductions (see reduce_row of ifma_field.h), for columns of either sign.
#define CARRY_UP(t0, t1)                                            \
  "vpaddq 48(%[constants])%{1to8%}, %%zmm" #t0 ", %%zmm" #t0 "\n\t" \
  "vpsraq $52, %%zmm" #t0 ", %%zmm" #t0 "\n\t" ADD(t1, t0)
#define REDUCTION(t1, t2, t3, t4, t5, m)                       \
  LOW(t1, m, 27) LOW(t2, m, 28) LOW(t3, m, 29) LOW(t4, m, 30)  \
  HIGH(t1, m, 26) HIGH(t2, m, 27) HIGH(t3, m, 28) HIGH(t4, m, 29) HIGH(t5, m, 30)
#define BOTH_ROWS(t0, t1, t2, t3, t4, t5, u0, u1, u2, u3, u4, u5)                              \
  ZERO(20) LOW(20, t0, 31) ZERO(21) LOW(21, u0, 31) CARRY_UP(t0, t1) CARRY_UP(u0, u1)          \
  REDUCTION(t1, t2, t3, t4, t5, 20) REDUCTION(u1, u2, u3, u4, u5, 21)

// Twice the sum of the first `doubled` terms and the sum of `single` (at least one) more, divided by 2^260 modulo p: the real
// limbs, the imaginary ones, uncarried. 150 IFMA instructions a term, 100 for the reductions. The products of components
// add up to at most 43 p^2, each kind of them for itself; where they add up to s p^2, the real part is below
// (1.51 + s / 84.6) p, the imaginary one below (1 + 2 s / 84.6) p.
PYZKFL_CALLED void sum_of_products(__m512i (&out)[10], const Operand& a, const Operand& b, const Operand& second,
                                   const Term* terms, unsigned doubled, unsigned single) {
  __m512i sums[10];
  uint64_t left;
  const void* next;
  __asm__ volatile(
      SUM("1", "0", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) SUM("2", "320", 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
      DIFFERENCE(0, 10, 0) DIFFERENCE(1, 11, 8) DIFFERENCE(2, 12, 16) DIFFERENCE(3, 13, 24) DIFFERENCE(4, 14, 32)
      DIFFERENCE(5, 15, 40) DIFFERENCE(6, 16, 48) DIFFERENCE(7, 17, 56) DIFFERENCE(8, 18, 64) DIFFERENCE(9, 19, 72)
      SUM("3", "640", 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
      WITHOUT(10, 0) WITHOUT(11, 8) WITHOUT(12, 16) WITHOUT(13, 24) WITHOUT(14, 32)
      WITHOUT(15, 40) WITHOUT(16, 48) WITHOUT(17, 56) WITHOUT(18, 64) WITHOUT(19, 72)
      SPLAT(26, 0) SPLAT(27, 8) SPLAT(28, 16) SPLAT(29, 24) SPLAT(30, 32) SPLAT(31, 40)
      BOTH_ROWS(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15) BOTH_ROWS(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16)
      BOTH_ROWS(2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17) BOTH_ROWS(3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18)
      BOTH_ROWS(4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19)
      STORE(5, out, 0) STORE(6, out, 64) STORE(7, out, 128) STORE(8, out, 192) STORE(9, out, 256)
      STORE(15, out, 320) STORE(16, out, 384) STORE(17, out, 448) STORE(18, out, 512) STORE(19, out, 576)
      : [next] "=&r"(next), [left] "=&r"(left)
      : [out] "r"(out), [a] "r"(&a), [b] "r"(&b), [second] "r"(&second), [terms] "r"(terms), [doubled] "r"(doubled),
        [single] "r"(single), [sums] "r"(sums), [constants] "r"(&sum_constants)
      : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
        "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

#undef LOW
#undef HIGH
#undef ADD
#undef ZERO
#undef STORE
#undef SPLAT
#undef LIMB_OF_B
#undef ROW
#undef RUN
#undef SUM
#undef DIFFERENCE
#undef WITHOUT
#undef CARRY_UP
#undef REDUCTION
#undef BOTH_ROWS

}  // namespace
}  // namespace pyzkfl::ifma

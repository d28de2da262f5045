// Products and squares of eight lanes, two at a time, in assembly. Only for files named *_ifma.cpp (see ifma_field.h,
// whose FORM, RANGES and TIME hold here too: a product is mul_uncarried of that header, instruction for instruction).
//
// Why not the compiler's: two products in turn keep the multipliers busy while each waits for its own carries, if all of
// their columns stay in registers. That takes 31 of 32, and GCC stores and reloads some instead; on Zen 5 a store of 512
// bits takes a turn of the multipliers. Operands come from memory and results go there, since a whole computation does
// not fit in registers anyway: Zen 5 takes 53 cycles a product so, which is what 100 IFMA instructions take, where
// the compiler's takes 75.
//
// REGISTERS of a product: zmm0-5 and zmm6-11 the columns of the two, rotating by one a row; 12, 13 the multiples of p;
// 14, 15 the limbs of a; 16-20 and 21-25 those of b; 26-30 p, 31 -1 / p.
#pragma once

#include "fields/kernels/ifma_field.h"
#include "fields/kernels/ifma_lift.h"

namespace pyzkfl::ifma {
namespace {

// Functions that are called: inlined, the dozen products of a step would not fit the first-level cache of code.
#define PYZKFL_CALLED __attribute__((noinline, unused))

// What a product needs of the field, as the assembly reads it.
struct PairConstants {
  uint64_t p[5], n0, mask;
};
constexpr PairConstants pair_constants = {
    {p52.times[1].l[0], p52.times[1].l[1], p52.times[1].l[2], p52.times[1].l[3], p52.times[1].l[4]}, n0, mask52};

// Operands are numbers of registers; sums are added to the first.
#define LOW(sum, x, y) "vpmadd52luq %%zmm" #y ", %%zmm" #x ", %%zmm" #sum "\n\t"
#define HIGH(sum, x, y) "vpmadd52huq %%zmm" #y ", %%zmm" #x ", %%zmm" #sum "\n\t"
#define ADD(sum, x) "vpaddq %%zmm" #x ", %%zmm" #sum ", %%zmm" #sum "\n\t"
#define ZERO(r) "vpxorq %%zmm" #r ", %%zmm" #r ", %%zmm" #r "\n\t"
#define LOAD(r, from, bytes) "vmovdqa64 " #bytes "(%[" #from "]), %%zmm" #r "\n\t"
#define STORE(r, to, bytes) "vmovdqa64 %%zmm" #r ", " #bytes "(%[" #to "])\n\t"
#define SPLAT(r, bytes) "vpbroadcastq " #bytes "(%[constants]), %%zmm" #r "\n\t"
#define LOAD_LIMBS(r0, r1, r2, r3, r4, from) \
  LOAD(r0, from, 0) LOAD(r1, from, 64) LOAD(r2, from, 128) LOAD(r3, from, 192) LOAD(r4, from, 256)
#define STORE_LIMBS(r0, r1, r2, r3, r4, to) \
  STORE(r0, to, 0) STORE(r1, to, 64) STORE(r2, to, 128) STORE(r3, to, 192) STORE(r4, to, 256)
#define LOAD_MODULUS SPLAT(26, 0) SPLAT(27, 8) SPLAT(28, 16) SPLAT(29, 24) SPLAT(30, 32) SPLAT(31, 40)

// The multiple of p that clears column t.
#define MULTIPLE(m, t) ZERO(m) LOW(m, t, 31)
// Column t0 divided by 2^52, rounded up (see reduce_row), added to t1.
#define CARRY_UP(t0, t1)                                        \
  "vpaddq 48(%[constants])%{1to8%}, %%zmm" #t0 ", %%zmm" #t0 "\n\t" \
  "vpsrlq $52, %%zmm" #t0 ", %%zmm" #t0 "\n\t" ADD(t1, t0)
// A row of a product but for its lowest column, and a row of the reduction.
#define PRODUCT(t1, t2, t3, t4, t5, a, b0, b1, b2, b3, b4) \
  LOW(t1, a, b1) HIGH(t1, a, b0) LOW(t2, a, b2) LOW(t3, a, b3) LOW(t4, a, b4) \
  HIGH(t2, a, b1) HIGH(t3, a, b2) HIGH(t4, a, b3) HIGH(t5, a, b4)
#define REDUCTION(t1, t2, t3, t4, t5, m) \
  LOW(t1, m, 27) LOW(t2, m, 28) LOW(t3, m, 29) LOW(t4, m, 30) \
  HIGH(t1, m, 26) HIGH(t2, m, 27) HIGH(t3, m, 28) HIGH(t4, m, 29) HIGH(t5, m, 30)
#define ROW(bytes, t0, t1, t2, t3, t4, t5, u0, u1, u2, u3, u4, u5)                                           \
  LOAD(14, a0, bytes) LOAD(15, a1, bytes) LOW(t0, 14, 16) LOW(u0, 15, 21) MULTIPLE(12, t0) MULTIPLE(13, u0)  \
  PRODUCT(t1, t2, t3, t4, t5, 14, 16, 17, 18, 19, 20) CARRY_UP(t0, t1)                                       \
  PRODUCT(u1, u2, u3, u4, u5, 15, 21, 22, 23, 24, 25) CARRY_UP(u0, u1)                                       \
  REDUCTION(t1, t2, t3, t4, t5, 12) ZERO(t0) REDUCTION(u1, u2, u3, u4, u5, 13) ZERO(u0)
#define TWO_PRODUCTS                                                                                     \
  LOAD_MODULUS LOAD_LIMBS(16, 17, 18, 19, 20, b0) LOAD_LIMBS(21, 22, 23, 24, 25, b1)                     \
  ZERO(0) ZERO(1) ZERO(2) ZERO(3) ZERO(4) ZERO(5) ZERO(6) ZERO(7) ZERO(8) ZERO(9) ZERO(10) ZERO(11)      \
  ROW(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) ROW(64, 1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11, 6)             \
  ROW(128, 2, 3, 4, 5, 0, 1, 8, 9, 10, 11, 6, 7) ROW(192, 3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8)          \
  ROW(256, 4, 5, 0, 1, 2, 3, 10, 11, 6, 7, 8, 9)

// Limbs to limbs below 2^52, two elements in turn, with zmm12-14.
#define CARRY_LIMB(t0, t1, scratch)                                                       \
  "vpsraq $52, %%zmm" #t0 ", %%zmm" #scratch "\n\t" ADD(t1, scratch)                      \
  "vpandq %%zmm14, %%zmm" #t0 ", %%zmm" #t0 "\n\t"
#define CARRY_LIMBS(t0, t1, t2, t3, t4, u0, u1, u2, u3, u4)                                \
  SPLAT(14, 48) CARRY_LIMB(t0, t1, 12) CARRY_LIMB(u0, u1, 13) CARRY_LIMB(t1, t2, 12)       \
  CARRY_LIMB(u1, u2, 13) CARRY_LIMB(t2, t3, 12) CARRY_LIMB(u2, u3, 13) CARRY_LIMB(t3, t4, 12) CARRY_LIMB(u3, u4, 13)

// A square's columns are zmm0-9 and zmm10-19, the limbs 20-24 and 25-29: those of different limbs first, then doubled.
#define CROSS(t0, t1, u0, u1, a, b, c, d) LOW(t0, a, b) LOW(u0, c, d) HIGH(t1, a, b) HIGH(u1, c, d)
#define DOUBLE(t, u) ADD(t, t) ADD(u, u)
#define SQUARE_ROW(t0, t1, t2, t3, t4, t5, u0, u1, u2, u3, u4, u5)                              \
  MULTIPLE(20, t0) MULTIPLE(21, u0) CARRY_UP(t0, t1) CARRY_UP(u0, u1)                           \
  REDUCTION(t1, t2, t3, t4, t5, 20) REDUCTION(u1, u2, u3, u4, u5, 21)
#define SQUARES_CROSS                                                                           \
  CROSS(1, 2, 11, 12, 20, 21, 25, 26) CROSS(3, 4, 13, 14, 20, 23, 25, 28)                       \
  CROSS(5, 6, 15, 16, 21, 24, 26, 29) CROSS(7, 8, 17, 18, 23, 24, 28, 29)                       \
  CROSS(2, 3, 12, 13, 20, 22, 25, 27) CROSS(4, 5, 14, 15, 20, 24, 25, 29)                       \
  CROSS(6, 7, 16, 17, 22, 24, 27, 29) CROSS(3, 4, 13, 14, 21, 22, 26, 27)                       \
  CROSS(5, 6, 15, 16, 22, 23, 27, 28) CROSS(4, 5, 14, 15, 21, 23, 26, 28)
#define DOUBLE_CROSS                                                                            \
  DOUBLE(1, 11) DOUBLE(2, 12) DOUBLE(3, 13) DOUBLE(4, 14)                                       \
  DOUBLE(5, 15) DOUBLE(6, 16) DOUBLE(7, 17) DOUBLE(8, 18)
#define SQUARES_DIAGONAL                                                                        \
  CROSS(0, 1, 10, 11, 20, 20, 25, 25) CROSS(2, 3, 12, 13, 21, 21, 26, 26)                       \
  CROSS(4, 5, 14, 15, 22, 22, 27, 27) CROSS(6, 7, 16, 17, 23, 23, 28, 28)                       \
  CROSS(8, 9, 18, 19, 24, 24, 29, 29)
#define REDUCE_SQUARES                                                                          \
  LOAD_MODULUS                                                                                  \
  SQUARE_ROW(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15) SQUARE_ROW(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16) \
  SQUARE_ROW(2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17) SQUARE_ROW(3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18) \
  SQUARE_ROW(4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19)
#define ZERO_SQUARES                                                                            \
  ZERO(0) ZERO(1) ZERO(2) ZERO(3) ZERO(4) ZERO(5) ZERO(6) ZERO(7) ZERO(8) ZERO(9)               \
  ZERO(10) ZERO(11) ZERO(12) ZERO(13) ZERO(14) ZERO(15) ZERO(16) ZERO(17) ZERO(18) ZERO(19)
#define TWO_SQUARES                                                                             \
  LOAD_LIMBS(20, 21, 22, 23, 24, a0) LOAD_LIMBS(25, 26, 27, 28, 29, a1)                         \
  ZERO_SQUARES SQUARES_CROSS DOUBLE_CROSS SQUARES_DIAGONAL REDUCE_SQUARES
// Sums of two squares, a0^2 + a1^2 and b0^2 + b1^2, each reduced once.
#define TWO_NORMS                                                                               \
  LOAD_LIMBS(20, 21, 22, 23, 24, a0) LOAD_LIMBS(25, 26, 27, 28, 29, b0) ZERO_SQUARES SQUARES_CROSS  \
  LOAD_LIMBS(20, 21, 22, 23, 24, a1) LOAD_LIMBS(25, 26, 27, 28, 29, b1) SQUARES_CROSS DOUBLE_CROSS  \
  SQUARES_DIAGONAL                                                                              \
  LOAD_LIMBS(20, 21, 22, 23, 24, a0) LOAD_LIMBS(25, 26, 27, 28, 29, b0) SQUARES_DIAGONAL REDUCE_SQUARES

// A product in a quadratic extension with i^2 = -1, by Karatsuba's three products before any reduction: zmm0-9 are
// a0 b0, 10-19 (a0 + a1)(b0 + b1), of which the first is taken away, 20-29 a1 b1, which is taken away from both. Columns
// are signed then. A constant multiple of p keeps a0 b0 - a1 b1 from being negative.
#define SUBTRACT(t, u) "vpsubq %%zmm" #u ", %%zmm" #t ", %%zmm" #t "\n\t"
#define SUBTRACT_ALL(t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, u0, u1, u2, u3, u4, u5, u6, u7, u8, u9)                  \
  SUBTRACT(t0, u0) SUBTRACT(t1, u1) SUBTRACT(t2, u2) SUBTRACT(t3, u3) SUBTRACT(t4, u4) SUBTRACT(t5, u5)              \
  SUBTRACT(t6, u6) SUBTRACT(t7, u7) SUBTRACT(t8, u8) SUBTRACT(t9, u9)
#define LIFT(t, bytes) "vpaddq " #bytes "(%[lift])%{1to8%}, %%zmm" #t ", %%zmm" #t "\n\t"
#define EXTENSION_ROW(bytes, t0, t1, t2, t3, t4, t5, u0, u1, u2, u3, u4, u5)                       \
  LOAD(20, a0, bytes) LOAD(21, as, bytes)                                                          \
  LOW(t0, 20, 22) LOW(u0, 21, 27) LOW(t1, 20, 23) LOW(u1, 21, 28) LOW(t2, 20, 24) LOW(u2, 21, 29)  \
  LOW(t3, 20, 25) LOW(u3, 21, 30) LOW(t4, 20, 26) LOW(u4, 21, 31)                                  \
  HIGH(t1, 20, 22) HIGH(u1, 21, 27) HIGH(t2, 20, 23) HIGH(u2, 21, 28) HIGH(t3, 20, 24)             \
  HIGH(u3, 21, 29) HIGH(t4, 20, 25) HIGH(u4, 21, 30) HIGH(t5, 20, 26) HIGH(u5, 21, 31)
#define LOW_BY_MEMORY(sum, x, bytes) "vpmadd52luq " #bytes "(%[b1]), %%zmm" #x ", %%zmm" #sum "\n\t"
#define HIGH_BY_MEMORY(sum, x, bytes) "vpmadd52huq " #bytes "(%[b1]), %%zmm" #x ", %%zmm" #sum "\n\t"
#define SECOND_ROW(bytes, t0, t1, t2, t3, t4, t5)                                                              \
  LOAD(30, a1, bytes) LOW_BY_MEMORY(t0, 30, 0) LOW_BY_MEMORY(t1, 30, 64) LOW_BY_MEMORY(t2, 30, 128)            \
  LOW_BY_MEMORY(t3, 30, 192) LOW_BY_MEMORY(t4, 30, 256) HIGH_BY_MEMORY(t1, 30, 0) HIGH_BY_MEMORY(t2, 30, 64)   \
  HIGH_BY_MEMORY(t3, 30, 128) HIGH_BY_MEMORY(t4, 30, 192) HIGH_BY_MEMORY(t5, 30, 256)
#define SIGNED_CARRY_UP(t0, t1)                                     \
  "vpaddq 48(%[constants])%{1to8%}, %%zmm" #t0 ", %%zmm" #t0 "\n\t" \
  "vpsraq $52, %%zmm" #t0 ", %%zmm" #t0 "\n\t" ADD(t1, t0)
#define SIGNED_ROW(t0, t1, t2, t3, t4, t5, u0, u1, u2, u3, u4, u5)         \
  MULTIPLE(20, t0) MULTIPLE(21, u0) SIGNED_CARRY_UP(t0, t1) SIGNED_CARRY_UP(u0, u1) \
  REDUCTION(t1, t2, t3, t4, t5, 20) REDUCTION(u1, u2, u3, u4, u5, 21)
#define EXTENSION_PRODUCT                                                                                 \
  LOAD_LIMBS(22, 23, 24, 25, 26, b0) LOAD_LIMBS(27, 28, 29, 30, 31, bs)                                   \
  ZERO(0) ZERO(1) ZERO(2) ZERO(3) ZERO(4) ZERO(5) ZERO(6) ZERO(7) ZERO(8) ZERO(9)                         \
  ZERO(10) ZERO(11) ZERO(12) ZERO(13) ZERO(14) ZERO(15) ZERO(16) ZERO(17) ZERO(18) ZERO(19)               \
  EXTENSION_ROW(0, 0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15)                                              \
  EXTENSION_ROW(64, 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16)                                             \
  EXTENSION_ROW(128, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17)                                            \
  EXTENSION_ROW(192, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18)                                            \
  EXTENSION_ROW(256, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19)                                            \
  ZERO(20) ZERO(21) ZERO(22) ZERO(23) ZERO(24) ZERO(25) ZERO(26) ZERO(27) ZERO(28) ZERO(29)               \
  SECOND_ROW(0, 20, 21, 22, 23, 24, 25) SECOND_ROW(64, 21, 22, 23, 24, 25, 26)                            \
  SECOND_ROW(128, 22, 23, 24, 25, 26, 27) SECOND_ROW(192, 23, 24, 25, 26, 27, 28)                         \
  SECOND_ROW(256, 24, 25, 26, 27, 28, 29)                                                                 \
  SUBTRACT_ALL(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)                      \
  LIFT(0, 0) LIFT(1, 8) LIFT(2, 16) LIFT(3, 24) LIFT(4, 32) LIFT(5, 40) LIFT(6, 48) LIFT(7, 56)           \
  LIFT(8, 64) LIFT(9, 72)                                                                                 \
  SUBTRACT_ALL(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)                      \
  SUBTRACT_ALL(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)            \
  LOAD_MODULUS                                                                                            \
  SIGNED_ROW(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15) SIGNED_ROW(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16) \
  SIGNED_ROW(2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17) SIGNED_ROW(3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18) \
  SIGNED_ROW(4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19)

#define EVERY_REGISTER                                                                                             \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
      "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",  \
      "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"


// out = a b / 2^260, both, as mul_uncarried.
PYZKFL_CALLED void mul_uncarried(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1,
                                 const Factor& b0, const Factor& b1) {
  __asm__(TWO_PRODUCTS STORE_LIMBS(5, 0, 1, 2, 3, out0) STORE_LIMBS(11, 6, 7, 8, 9, out1)
          : "=m"(out0), "=m"(out1)
          : [out0] "r"(out0.l), [out1] "r"(out1.l), [a0] "r"(a0.l), [a1] "r"(a1.l), [b0] "r"(b0.l), [b1] "r"(b1.l),
            [constants] "r"(&pair_constants), "m"(a0), "m"(a1), "m"(b0), "m"(b1)
          : EVERY_REGISTER);
}

// The same, carried.
PYZKFL_CALLED void mul(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1, const Factor& b0,
                       const Factor& b1) {
  __asm__(TWO_PRODUCTS CARRY_LIMBS(5, 0, 1, 2, 3, 11, 6, 7, 8, 9)
          STORE_LIMBS(5, 0, 1, 2, 3, out0) STORE_LIMBS(11, 6, 7, 8, 9, out1)
          : "=m"(out0), "=m"(out1)
          : [out0] "r"(out0.l), [out1] "r"(out1.l), [a0] "r"(a0.l), [a1] "r"(a1.l), [b0] "r"(b0.l), [b1] "r"(b1.l),
            [constants] "r"(&pair_constants), "m"(a0), "m"(a1), "m"(b0), "m"(b1)
          : EVERY_REGISTER);
}

// out = a^2 / 2^260, both, as square_uncarried.
PYZKFL_CALLED void square_uncarried(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1) {
  __asm__(TWO_SQUARES STORE_LIMBS(5, 6, 7, 8, 9, out0) STORE_LIMBS(15, 16, 17, 18, 19, out1)
          : "=m"(out0), "=m"(out1)
          : [out0] "r"(out0.l), [out1] "r"(out1.l), [a0] "r"(a0.l), [a1] "r"(a1.l),
            [constants] "r"(&pair_constants), "m"(a0), "m"(a1)
          : EVERY_REGISTER);
}

// a0^2 + a1^2 and b0^2 + b1^2, both over 2^260 modulo p, carried: norms of two elements of the quadratic extension with
// i^2 = -1. Below p + (a0^2 + a1^2) / 2^260. 220 IFMA instructions.
PYZKFL_CALLED void norms(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1, const Factor& b0,
                         const Factor& b1) {
  __asm__(TWO_NORMS CARRY_LIMBS(5, 6, 7, 8, 9, 15, 16, 17, 18, 19)
          STORE_LIMBS(5, 6, 7, 8, 9, out0) STORE_LIMBS(15, 16, 17, 18, 19, out1)
          : "=m"(out0), "=m"(out1)
          : [out0] "r"(out0.l), [out1] "r"(out1.l), [a0] "r"(a0.l), [a1] "r"(a1.l), [b0] "r"(b0.l), [b1] "r"(b1.l),
            [constants] "r"(&pair_constants), "m"(a0), "m"(a1), "m"(b0), "m"(b1)
          : EVERY_REGISTER);
}

// (a0 + a1 i)(b0 + b1 i) / 2^260 where i^2 = -1, given as = a0 + a1 and bs = b0 + b1, and for a1 b1 at most 43 p^2; 250
// IFMA instructions. Of components below x p and y p the real part is below (1.51 + xy / 84.6) p, the imaginary one below
// (1 + 2 xy / 84.6) p.
#define EXTENSION_OPERANDS                                                                                         \
  : "=m"(out0), "=m"(out1)                                                                                         \
  : [out0] "r"(out0.l), [out1] "r"(out1.l), [a0] "r"(a0.l), [a1] "r"(a1.l), [as] "r"(as.l), [b0] "r"(b0.l),        \
    [b1] "r"(b1.l), [bs] "r"(bs.l), [constants] "r"(&pair_constants), [lift] "r"(&product_lift), "m"(a0), "m"(a1),   \
    "m"(as), "m"(b0), "m"(b1), "m"(bs)                                                                             \
  : EVERY_REGISTER
PYZKFL_CALLED void extension_mul_uncarried(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1,
                                           const Factor& as, const Factor& b0, const Factor& b1,
                                           const Factor& bs) {
  __asm__(EXTENSION_PRODUCT STORE_LIMBS(5, 6, 7, 8, 9, out0) STORE_LIMBS(15, 16, 17, 18, 19, out1) EXTENSION_OPERANDS);
}
PYZKFL_CALLED void extension_mul(Lanes& out0, Lanes& out1, const Factor& a0, const Factor& a1,
                                 const Factor& as, const Factor& b0, const Factor& b1, const Factor& bs) {
  __asm__(EXTENSION_PRODUCT CARRY_LIMBS(5, 6, 7, 8, 9, 15, 16, 17, 18, 19)
          STORE_LIMBS(5, 6, 7, 8, 9, out0) STORE_LIMBS(15, 16, 17, 18, 19, out1) EXTENSION_OPERANDS);
}

#undef LOW
#undef HIGH
#undef ADD
#undef ZERO
#undef LOAD
#undef STORE
#undef SPLAT
#undef LOAD_LIMBS
#undef STORE_LIMBS
#undef LOAD_MODULUS
#undef MULTIPLE
#undef CARRY_UP
#undef PRODUCT
#undef REDUCTION
#undef ROW
#undef TWO_PRODUCTS
#undef CARRY_LIMB
#undef CARRY_LIMBS
#undef CROSS
#undef DOUBLE
#undef SQUARE_ROW
#undef SQUARES_CROSS
#undef DOUBLE_CROSS
#undef SQUARES_DIAGONAL
#undef REDUCE_SQUARES
#undef ZERO_SQUARES
#undef TWO_SQUARES
#undef TWO_NORMS
#undef SUBTRACT
#undef SUBTRACT_ALL
#undef LIFT
#undef EXTENSION_ROW
#undef LOW_BY_MEMORY
#undef HIGH_BY_MEMORY
#undef SECOND_ROW
#undef SIGNED_CARRY_UP
#undef SIGNED_ROW
#undef EXTENSION_PRODUCT
#undef EXTENSION_OPERANDS
#undef EVERY_REGISTER

}  // namespace
}  // namespace pyzkfl::ifma

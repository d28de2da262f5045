// The IFMA kernel of the pairing, in plain words: what pairing.cpp and final_exponentiation.cpp call where the processor has
// it. See fields/kernels/ifma_field.h for why nothing but pointers passes here.
//
// An element of Fp is 4 words, v 2^256 mod p, canonical; results are canonical and those of the generic path, bit by bit. An
// element of Fp12 lies as Fp12 has it. Constant time in the values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::ifma {

// Eight elements of Fp2.
struct Fp2Rows {
  uint64_t c0[8][4], c1[8][4];
};

// A pair (P, Q) whose lines are computed: the running point (x, y, z, 3b' z), and for each of Q, -Q, pi(Q), -pi^2(Q) the row
//   x_Q, y_Q, -y_Q, y_P, -x_P, 3 x_P, -2 y_P, 0.
struct RunningPair {
  Fp2Rows start, points[4];
};

// A pair whose lines are at hand: x_P / y_P, the same, 1 / y_P, the same, and once more, all times 2^8; and the lines,
// 16 words each (see G2Prepared::Line).
struct PreparedPair {
  uint64_t factors[8][4];
  const void* lines;
};

// What the loop remembers of a pair; the kernel's own.
struct alignas(64) RunningState {
  unsigned char bytes[6 * 960];
};
struct alignas(64) PreparedState {
  unsigned char bytes[1536];
};

struct MillerInput {
  const int8_t* digits;  // of the loop, from the second on; the first step has no square
  size_t digit_count, line_count;
  const RunningPair* running;
  RunningState* running_states;
  size_t running_count;
  const PreparedPair* prepared;
  PreparedState* prepared_states;
  size_t prepared_count;
};

// x, in windowed non-adjacent form, least significant digit first: odd digits between -8 and 8, the last one positive. And
// the factors that the coefficients of w^k take under the p-th, p^2-th and p^3-th power.
struct HardPartInput {
  const int8_t* digits;
  size_t digit_count;
  Fp2Rows frobenius[3];
};

struct PairingKernel {
  // The product of Miller functions as multi_miller_loop has it; not of no pairs at all.
  void (*miller_loop)(void* out, const MillerInput& input);
  // f^(c (p^4 - p^2 + 1) / r) for f in the cyclotomic subgroup.
  void (*hard_part)(void* out, const void* f, const HardPartInput& input);
};

// Null where the compiler does not know the instruction set.
const PairingKernel* pairing_kernel();

}  // namespace pyzkfl::ifma

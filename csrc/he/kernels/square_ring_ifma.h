// Arithmetic modulo N^2 on eight lanes, with AVX-512 IFMA, in plain words: what square_ring.cpp wraps.
//
// Files named *_ifma.cpp alone are compiled for that instruction set, and use no inline function of other headers:
// the linker might keep their copy of it for the whole program.
//
// A value is a pair of digits, x0 + x1 N. A digit is `limbs` vectors of eight 64-bit words, word l of vector i being
// limb i (52 bits) of lane l; a pair is 2 limbs vectors, x0 first. Buffers are aligned to 64 bytes. Values are in
// Montgomery form, x R modulo N^2 with R = 2^(52 limbs), and digits are below 3 N, not canonical. A first digit alone
// is a value modulo N: the functions with `digits` take 2, or 1 for that. Constant time in the values, digits of tables
// and exponents; sizes are public.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::he::ifma {

constexpr size_t lanes = 8;
constexpr unsigned table_window_bits = 6;  // of a fixed base
constexpr unsigned power_window_bits = 5;  // of a power

struct SquareKernel {
  // out = a b / R. `modulus`: N in `limbs` vectors, every lane the same; n0 = -1 / N modulo 2^52. `out` may be an
  // input.
  void (*multiply)(uint64_t* out, const uint64_t* a, const uint64_t* b, const uint64_t* modulus, uint64_t n0,
                   size_t limbs, size_t digits);
  void (*square)(uint64_t* out, const uint64_t* a, const uint64_t* modulus, uint64_t n0, size_t limbs);
  // out = base^exponent, for one exponent of `bits` bits (little-endian words) that all lanes share. `one`: 1 in
  // Montgomery form. `table`: 2^power_window_bits values of scratch memory.
  void (*power)(uint64_t* out, const uint64_t* base, const uint64_t* exponent, size_t bits, const uint64_t* one,
                uint64_t* table, const uint64_t* modulus, uint64_t n0, size_t limbs, size_t digits);
  // out = entry digits[lane] of a window's table, which has, for each of the 2 limbs limbs of a pair, its
  // 2^table_window_bits values.
  void (*look_up)(uint64_t* out, const uint64_t* table, const uint64_t* digits, size_t limbs);
};

constexpr size_t most_limbs = 80;  // N of 4096 bits

// Null where the compiler does not know the instruction set.
const SquareKernel* square_kernel();

}  // namespace pyzkfl::he::ifma

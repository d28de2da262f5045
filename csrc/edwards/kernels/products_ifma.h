// Products on the curve of Ed25519, eight at once with AVX-512 IFMA, in plain words: what verifier.cpp uses where the
// processor has it. Public values only: nothing here is constant time on purpose.
//
// See fields/kernels/ifma_field.h for why nothing but pointers passes here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::edwards::ifma {

constexpr size_t lanes = 8;
constexpr size_t element_words = 5 * lanes;  // limb i (51 bits) of lane l at [8 i + l], each below 2^52
constexpr size_t digits = 64;                // to base 16 and from -8 to 8, digit i of lane l at [8 i + l]
constexpr size_t base_words = 3 * 5 * 8;     // y + x, y - x, 2 d x y of 1 .. 8 times B: word [8 (5 c + limb) + multiple - 1]

struct Products {
  // sum = [k] P + [s] B: X, Y and Z, an element each. point: x and y. twice_d: the five limbs of 2 d.
  void (*sum_of_two)(uint64_t* sum, const uint64_t* point, const int8_t* k, const int8_t* s, const uint64_t* base,
                     const uint64_t* twice_d);
  // a^((p - 5) / 8), in place: for square roots.
  void (*power_p58)(uint64_t* a);
};

// Null where the compiler does not know the instruction set.
const Products* products();

}  // namespace pyzkfl::edwards::ifma

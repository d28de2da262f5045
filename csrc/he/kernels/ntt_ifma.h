// Number-theoretic transforms modulo primes below 2^50 with AVX-512 IFMA, in plain words: what ring.cpp wraps. See
// square_ring_ifma.h for why nothing but pointers passes here.
//
// Constant time in the elements.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::he::ifma {

// Of one prime q and one size n (a power of two, at least 64).
struct TransformTables {
  uint64_t q;
  uint64_t q_inverse;  // 1 / q modulo 2^52
  // Powers of psi (order 2 n) in bit-reversed order, and floor(2^52 power / q); the same of 1 / psi.
  const uint64_t *roots, *root_quotients, *inverse_roots, *inverse_quotients;
  // For every 64 elements, the roots of the last three layers as vectors: 1, 2 and 4 of roots, then of quotients.
  const uint64_t *tail, *inverse_tail;
  uint64_t n_inverse, n_inverse_quotient;  // 1 / n modulo q
};

struct RingKernel {
  // Natural order to bit-reversed; elements below q, in and out.
  void (*forward)(uint64_t* a, size_t n, const TransformTables& tables);
  void (*inverse)(uint64_t* a, size_t n, const TransformTables& tables);
  // out = a b / 2^52 + c modulo q, element by element.
  void (*multiply_add)(uint64_t* out, const uint64_t* a, const uint64_t* b, const uint64_t* c, size_t n,
                       const TransformTables& tables);
  void (*add)(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const TransformTables& tables);
};

constexpr size_t tail_words = 14 * 8;  // for every 64 elements

// Null where the compiler does not know the instruction set.
const RingKernel* ring_kernel();

}  // namespace pyzkfl::he::ifma

// Lanes modulo p, the prime of Fp: for kernels of Fp and of the curves. A file works modulo one prime; it includes this
// header or ifma_fr.h, not both.
#pragma once

#include "fields/primes.h"

namespace pyzkfl::ifma {
namespace {

constexpr const uint64_t (&prime)[4] = fp_prime;

}  // namespace
}  // namespace pyzkfl::ifma

#include "fields/kernels/ifma_field.h"

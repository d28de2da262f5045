// Lanes modulo r, the prime of Fr: for kernels of Fr. A file works modulo one prime; it includes this
// header or ifma_fp.h, not both.
#pragma once

#include "fields/primes.h"

namespace pyzkfl::ifma {
namespace {

constexpr const uint64_t (&prime)[4] = fr_prime;

}  // namespace
}  // namespace pyzkfl::ifma

#include "fields/kernels/ifma_field.h"

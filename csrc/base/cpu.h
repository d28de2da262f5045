// What the processor can do, and which kernel we use of it.
#pragma once

#include <string>

namespace pyzkfl {

// The instruction sets that kernels may ask for, ordered: a processor that has one has those before it.
enum class CpuKernel { generic, adx };

// The kernel in use: the best that the processor has, or the one the environment's PYZKFL_CPU names (generic, adx).
// Decided once, on first use. A name that is unknown, or that the processor cannot run, is ignored.
CpuKernel selected_kernel();

// Its name: "generic" or "adx".
std::string cpu_kernel();

// The processor's relevant features, separated by blanks ("bmi2 adx avx2 avx512f avx512ifma"); "" if none is known.
std::string cpu_features();

}  // namespace pyzkfl

// What the processor can do, and which kernel we use of it.
#pragma once

#include <string>

namespace pyzkfl {

// The instruction sets that kernels may ask for, ordered: a processor that has one has those before it.
//   adx: mulx, adcx, adox.
//   ifma: AVX-512 with IFMA and VBMI2, 512 bits wide (Intel since Ice Lake, AMD since Zen 4).
enum class CpuKernel { generic, adx, ifma };

// The best that the processor has.
CpuKernel best_kernel();

// The best that the processor has, or less if the environment's PYZKFL_CPU names less (generic, adx, avx512ifma): a
// kernel may be used if it is at most this. Decided once, on first use. A name that is unknown, or that the
// processor cannot run, is ignored.
CpuKernel selected_kernel();

// Whether kernels of AES on 512-bit vectors (VAES, AVX-512 BW) may be used: the processor has them, and PYZKFL_CPU does
// not name less than avx512ifma.
bool wide_aes_selected();

// The selected kernel's name: "generic", "adx" or "avx512ifma".
std::string cpu_kernel();

// The processor's relevant features, separated by blanks ("bmi2 adx avx2 avx512f avx512ifma"); "" if none is
// known.
std::string cpu_features();

}  // namespace pyzkfl

// Processor detection (see cpu.h).
#include "base/cpu.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pyzkfl {
namespace {

struct Features {
  bool bmi2 = false, adx = false, avx2 = false, avx512f = false, avx512ifma = false, vaes = false;
  bool avx512_all = false;  // what *_ifma.cpp is compiled for
  bool wide_aes = false;    // what *_vaes.cpp is compiled for
};

Features detect() {
  Features f;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // The compiler's test covers what the operating system saves and restores (XGETBV) as well.
  f.bmi2 = __builtin_cpu_supports("bmi2");
  f.avx2 = __builtin_cpu_supports("avx2");
  f.avx512f = __builtin_cpu_supports("avx512f");
  f.avx512ifma = __builtin_cpu_supports("avx512ifma");
  f.avx512_all = f.avx512f && f.avx512ifma && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2");
  // GCC 12's test does not know adx; leaf 7 does, and it needs nothing of the operating system.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    f.adx = (ebx >> 19 & 1) != 0;
    f.vaes = f.avx2 && (ecx >> 9 & 1) != 0;
  }
  f.wide_aes = f.vaes && f.avx512_all && __builtin_cpu_supports("aes") && __builtin_cpu_supports("avx512bw");
#endif
  return f;
}

const Features& features() {
  static const Features instance = detect();
  return instance;
}

CpuKernel choose() {
  const char* text = std::getenv("PYZKFL_CPU");
  const std::string_view wanted = text == nullptr ? "" : text;
  if (wanted == "generic") return CpuKernel::generic;
  if (wanted == "adx") return std::min(best_kernel(), CpuKernel::adx);
  // "avx512ifma" (or "ifma") names the best there is, and like any other name lowers nothing.
  return best_kernel();
}

}  // namespace

CpuKernel best_kernel() {
  const Features& f = features();
  if (!f.bmi2 || !f.adx) return CpuKernel::generic;
  return f.avx512_all ? CpuKernel::ifma : CpuKernel::adx;
}

CpuKernel selected_kernel() {
  static const CpuKernel kernel = choose();
  return kernel;
}

bool wide_aes_selected() { return selected_kernel() == CpuKernel::ifma && features().wide_aes; }

std::string cpu_kernel() {
  switch (selected_kernel()) {
    case CpuKernel::ifma:
      return "avx512ifma";
    case CpuKernel::adx:
      return "adx";
    default:
      return "generic";
  }
}

std::string cpu_features() {
  std::string list;
  const auto add = [&](bool present, const char* name) {
    if (!present) return;
    if (!list.empty()) list += ' ';
    list += name;
  };
  const Features& f = features();
  add(f.bmi2, "bmi2");
  add(f.adx, "adx");
  add(f.avx2, "avx2");
  add(f.vaes, "vaes");
  add(f.avx512f, "avx512f");
  add(f.avx512ifma, "avx512ifma");
  return list;
}

}  // namespace pyzkfl

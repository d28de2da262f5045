// Processor detection.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "base/cpu.h"

using namespace pyzkfl;

TEST_CASE("the selected kernel is one the processor has, and at most what the environment allows") {
  CHECK(selected_kernel() <= best_kernel());
  const char* wanted = std::getenv("PYZKFL_CPU");
  if (wanted != nullptr && std::string(wanted) == "generic") CHECK(selected_kernel() == CpuKernel::generic);
  if (wanted != nullptr && std::string(wanted) == "adx") CHECK(selected_kernel() <= CpuKernel::adx);
  const std::string best = wanted == nullptr ? "avx512ifma" : wanted;
  if (best == "avx512ifma" || best == "ifma") CHECK(selected_kernel() == best_kernel());
}

TEST_CASE("a kernel's features are among the processor's") {
  const std::string features = " " + cpu_features() + " ";
  if (best_kernel() >= CpuKernel::adx) {
    CHECK(features.find(" adx ") != std::string::npos);
    CHECK(features.find(" bmi2 ") != std::string::npos);
  }
  if (best_kernel() >= CpuKernel::ifma) CHECK(features.find(" avx512ifma ") != std::string::npos);
  const std::string name = cpu_kernel();
  CHECK((name == "generic" || name == "adx" || name == "avx512ifma"));
}

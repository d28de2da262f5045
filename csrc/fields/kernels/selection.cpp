// Chooses the scalar kernel when the program starts (see montgomery.h).
#include "base/cpu.h"
#include "fields/kernels/montgomery.h"

namespace pyzkfl::kernel {
namespace {

bool adx_runs_here() {
#ifdef PYZKFL_X86_KERNELS
  return selected_kernel() >= CpuKernel::adx;
#else
  return false;
#endif
}

}  // namespace

bool adx_selected = adx_runs_here();

}  // namespace pyzkfl::kernel

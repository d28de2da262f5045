// The tables, one for each scalar kernel so far (see kernel_table.h).
#include "fields/kernels/kernel_table.h"

#include <vector>

#include "fields/fp.h"
#include "fields/fr.h"
#include "fields/kernels/arithmetic.h"

namespace pyzkfl {
namespace {

template <class F, class Arithmetic>
KernelTable<F> make_table() {
  using M = typename F::M;
  return {
      .name = Arithmetic::name,
      .needs = Arithmetic::needs,
      .add =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            for (size_t i = 0; i < out.size(); ++i) out[i].l = Arithmetic::template add<M>(a[i].l, b[i].l);
          },
      .sub =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            for (size_t i = 0; i < out.size(); ++i) out[i].l = Arithmetic::template sub<M>(a[i].l, b[i].l);
          },
      .mul =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            for (size_t i = 0; i < out.size(); ++i) out[i].l = Arithmetic::template mul<M>(a[i].l, b[i].l);
          },
      .scale =
          [](std::span<F> out, std::span<const F> a, const F& factor) {
            const Limbs by = factor.l;
            for (size_t i = 0; i < out.size(); ++i) out[i].l = Arithmetic::template mul<M>(a[i].l, by);
          },
  };
}

template <class F>
std::vector<KernelTable<F>> make_runnable_tables() {
  std::vector<KernelTable<F>> tables;
  tables.push_back(make_table<F, kernel::PortableArithmetic>());
#ifdef PYZKFL_X86_KERNELS
  if (best_kernel() >= CpuKernel::adx) tables.push_back(make_table<F, kernel::AdxArithmetic>());
#endif
  return tables;
}

}  // namespace

template <class F>
std::span<const KernelTable<F>> runnable_kernel_tables() {
  static const std::vector<KernelTable<F>> tables = make_runnable_tables<F>();
  return tables;
}

template <class F>
const KernelTable<F>& kernel_table() {
  static const KernelTable<F>& selected = *[] {
    const auto tables = runnable_kernel_tables<F>();
    size_t best = 0;
    for (size_t i = 1; i < tables.size(); ++i) {
      if (tables[i].needs <= selected_kernel()) best = i;
    }
    return &tables[best];
  }();
  return selected;
}

template std::span<const KernelTable<Fp>> runnable_kernel_tables<Fp>();
template std::span<const KernelTable<Fr>> runnable_kernel_tables<Fr>();
template const KernelTable<Fp>& kernel_table<Fp>();
template const KernelTable<Fr>& kernel_table<Fr>();

}  // namespace pyzkfl

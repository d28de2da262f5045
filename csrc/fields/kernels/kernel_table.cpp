// The tables, one for each scalar kernel and one for AVX-512 IFMA (see kernel_table.h).
#include "fields/kernels/kernel_table.h"

#include <array>
#include <type_traits>
#include <vector>

#include "fields/fp.h"
#include "fields/fr.h"
#include "fields/kernels/arithmetic.h"
#include "fields/kernels/field_ifma.h"

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
      .mul_sub =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b, std::span<const F> c) {
            for (size_t i = 0; i < out.size(); ++i) {
              const Limbs product = Arithmetic::template mul<M>(a[i].l, b[i].l);
              out[i].l = Arithmetic::template sub<M>(product, c[i].l);
            }
          },
      .interpolate =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b, const F& factor) {
            const Limbs by = factor.l;
            for (size_t i = 0; i < out.size(); ++i) {
              const Limbs difference = Arithmetic::template sub<M>(b[i].l, a[i].l);
              out[i].l = Arithmetic::template add<M>(a[i].l, Arithmetic::template mul<M>(difference, by));
            }
          },
      .inner_product =
          [](std::span<const F> a, std::span<const F> b) {
            F sum;
            for (size_t i = 0; i < a.size(); ++i) {
              sum.l = Arithmetic::template add<M>(sum.l, Arithmetic::template mul<M>(a[i].l, b[i].l));
            }
            return sum;
          },
      .mul_chains =
          [](std::span<F, 16> values, std::span<const F, 16> factors, size_t k) {
            for (size_t i = 0; i < k; ++i) {
              for (size_t j = 0; j < values.size(); ++j) {
                values[j].l = Arithmetic::template mul<M>(values[j].l, factors[j].l);
              }
            }
          },
  };
}

template <class F>
const ifma::FieldKernel* ifma_kernel() {
  if constexpr (std::is_same_v<F, Fp>) {
    return ifma::fp_kernel();
  } else {
    return ifma::fr_kernel();
  }
}

template <class F>
const ifma::FieldKernel& present_ifma_kernel() {
  return *ifma_kernel<F>();
}

static_assert(sizeof(Fp) == 32 && sizeof(Fr) == 32);

template <class F>
KernelTable<F> make_ifma_table() {
  return {
      .name = "avx512ifma",
      .needs = CpuKernel::ifma,
      .add =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            present_ifma_kernel<F>().add(out.data(), a.data(), b.data(), out.size());
          },
      .sub =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            present_ifma_kernel<F>().sub(out.data(), a.data(), b.data(), out.size());
          },
      .mul =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b) {
            present_ifma_kernel<F>().mul(out.data(), a.data(), b.data(), out.size());
          },
      .scale =
          [](std::span<F> out, std::span<const F> a, const F& factor) {
            present_ifma_kernel<F>().scale(out.data(), a.data(), factor.l.data(), out.size());
          },
      .mul_sub =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b, std::span<const F> c) {
            present_ifma_kernel<F>().mul_sub(out.data(), a.data(), b.data(), c.data(), out.size());
          },
      .interpolate =
          [](std::span<F> out, std::span<const F> a, std::span<const F> b, const F& factor) {
            present_ifma_kernel<F>().interpolate(out.data(), a.data(), b.data(), factor.l.data(), out.size());
          },
      .inner_product =
          [](std::span<const F> a, std::span<const F> b) {
            std::array<F, 8> partial;
            present_ifma_kernel<F>().inner_products(partial.data(), a.data(), b.data(), a.size());
            F sum;
            for (const F& p : partial) sum += p;
            return sum;
          },
      .mul_chains =
          [](std::span<F, 16> values, std::span<const F, 16> factors, size_t k) {
            present_ifma_kernel<F>().mul_chains(values.data(), factors.data(), k);
          },
  };
}

template <class F>
std::vector<KernelTable<F>> make_runnable_tables() {
  std::vector<KernelTable<F>> tables;
  tables.push_back(make_table<F, kernel::GenericArithmetic>());
#ifdef PYZKFL_X86_KERNELS
  if (best_kernel() >= CpuKernel::adx) tables.push_back(make_table<F, kernel::AdxArithmetic>());
#endif
  if (best_kernel() >= CpuKernel::ifma && ifma_kernel<F>() != nullptr) tables.push_back(make_ifma_table<F>());
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

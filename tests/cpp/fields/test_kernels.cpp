// Every multiplication kernel against schoolbook arithmetic on edge limbs, and against each other on random ones.
#include <doctest/doctest.h>

#include <type_traits>

#include "edge_values.h"
#include "fields/fp.h"
#include "fields/fr.h"
#include "fields/kernels/arithmetic.h"
#include "fields/kernels/kernel_table.h"
#include "schoolbook.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

constexpr size_t kRandomPairs = 300000;

// v R mod p: what a Montgomery result must be multiplied by R to be compared without a division.
Limbs times_r(const Limbs& v, const Limbs& p) {
  const Wide r = Wide::from({~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}}) + Wide::from({1, 0, 0, 0});
  return mod(Wide::from(v) * r, p);
}

bool runs_here(CpuKernel needs) { return needs <= best_kernel(); }

template <class F, class Arithmetic>
void check_against_schoolbook() {
  if (!runs_here(Arithmetic::needs)) return;
  using M = typename F::M;
  constexpr Limbs p = F::modulus;
  const std::vector<Limbs> any = edge_limbs(p), reduced = edge_elements(p);
  REQUIRE(any.size() > 60);
  REQUIRE(reduced.size() > 25);
  for (const Limbs& b : reduced) {
    for (const Limbs& a : any) {
      const Limbs product = Arithmetic::template mul<M>(a, b);
      CHECK(limbs::less(product, p));
      CHECK(times_r(product, p) == mod(Wide::from(a) * Wide::from(b), p));

      Limbs lazy = Arithmetic::template mul_lazy<M>(a, b);
      CHECK((lazy == product || (limbs::sub(lazy, lazy, p), lazy == product)));
    }
    for (const Limbs& a : reduced) {
      CHECK(Arithmetic::template add<M>(a, b) == mod(Wide::from(a) + Wide::from(b), p));
      CHECK(Arithmetic::template add<M>(Arithmetic::template sub<M>(a, b), b) == a);
      CHECK(limbs::less(Arithmetic::template sub<M>(a, b), p));
    }
  }
}

template <class F, class Arithmetic>
void check_sums_of_products() {
  if (!runs_here(Arithmetic::needs)) return;
  using M = typename F::M;
  constexpr Limbs p = F::modulus;
  std::vector<Limbs> up_to_p = edge_elements(p);
  up_to_p.push_back(p);  // the contract allows it: the negative of zero
  for (const Limbs& b : up_to_p) {
    for (const Limbs& d : up_to_p) {
      for (size_t i = 0; i < up_to_p.size(); i += 2) {
        const Limbs &a = up_to_p[i], &c = up_to_p[up_to_p.size() - 1 - i];
        const Limbs sum = Arithmetic::template mul_add<M>(a, b, c, d);
        CHECK(limbs::less(sum, p));
        CHECK(times_r(sum, p) == mod(Wide::from(a) * Wide::from(b) + Wide::from(c) * Wide::from(d), p));
      }
    }
  }
}

template <class F, class Arithmetic>
void check_against_portable() {
  if (!runs_here(Arithmetic::needs)) return;
  using M = typename F::M;
  constexpr Limbs p = F::modulus;
  Generator generator(1);
  size_t differences = 0;
  for (size_t i = 0; i < kRandomPairs; ++i) {
    const Limbs a = generator.limbs(), b = generator.below(p), c = generator.limbs(), d = generator.below(p);
    const Limbs e = generator.below(p), f = generator.below(p);
    differences += Arithmetic::template mul<M>(a, b) != portable::mul<M>(a, b);
    differences += Arithmetic::template mul_lazy<M>(a, b) != portable::mul_lazy<M>(a, b);
    differences += Arithmetic::template mul_add<M>(e, b, f, d) != portable::mul_add<M>(e, b, f, d);
    differences += Arithmetic::template add<M>(e, b) != portable::add<M>(e, b);
    differences += Arithmetic::template sub<M>(e, b) != portable::sub<M>(e, b);
    differences += Arithmetic::add_integers(a, c) != portable::add_integers(a, c);
    differences += Arithmetic::sub_integers(a, c) != portable::sub_integers(a, c);
    differences += Arithmetic::subtract_if_not_below(a, c) != portable::subtract_if_not_below(a, c);
  }
  CHECK(differences == 0);
}

template <class F>
void check_tables() {
  const auto tables = runnable_kernel_tables<F>();
  REQUIRE(!tables.empty());
  CHECK(tables[0].needs == CpuKernel::generic);
  CHECK(kernel_table<F>().needs <= selected_kernel());
  Generator generator(2);
  // Lengths around the number of lanes of any vector kernel.
  for (const size_t n : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 33, 63, 64, 65, 257}) {
    std::vector<F> a(n), b(n), out(n);
    for (size_t i = 0; i < n; ++i) {
      a[i].l = generator.below(F::modulus);
      b[i].l = generator.below(F::modulus);
    }
    const F factor = F::from_montgomery_limbs(generator.below(F::modulus));
    for (const KernelTable<F>& table : tables) {
      const auto all = [&](const auto& expected) {
        bool same = true;
        for (size_t i = 0; i < n; ++i) same = same && out[i] == expected(i);
        CHECK_MESSAGE(same, table.name << " n = " << n);
      };
      table.add(out, a, b);
      all([&](size_t i) { return F::from_montgomery_limbs(portable::add<typename F::M>(a[i].l, b[i].l)); });
      table.sub(out, a, b);
      all([&](size_t i) { return F::from_montgomery_limbs(portable::sub<typename F::M>(a[i].l, b[i].l)); });
      table.mul(out, a, b);
      all([&](size_t i) { return F::from_montgomery_limbs(portable::mul<typename F::M>(a[i].l, b[i].l)); });
      table.scale(out, a, factor);
      all([&](size_t i) { return F::from_montgomery_limbs(portable::mul<typename F::M>(a[i].l, factor.l)); });
      out = a;
      table.mul(out, out, out);
      all([&](size_t i) { return F::from_montgomery_limbs(portable::mul<typename F::M>(a[i].l, a[i].l)); });
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("the portable kernel is right on edge limbs", F, Fp, Fr) {
  check_against_schoolbook<F, kernel::PortableArithmetic>();
}

TEST_CASE_TEMPLATE("portable sums of products are right on edge limbs", F, Fp, Fr) {
  check_sums_of_products<F, kernel::PortableArithmetic>();
}

#ifdef PYZKFL_X86_KERNELS
TEST_CASE_TEMPLATE("the adx kernel is right on edge limbs", F, Fp, Fr) {
  check_against_schoolbook<F, kernel::AdxArithmetic>();
}

TEST_CASE_TEMPLATE("adx sums of products are right on edge limbs", F, Fp, Fr) {
  check_sums_of_products<F, kernel::AdxArithmetic>();
}

TEST_CASE_TEMPLATE("the adx kernel agrees with the portable one on random limbs and forced carries", F, Fp, Fr) {
  check_against_portable<F, kernel::AdxArithmetic>();
}
#endif

TEST_CASE_TEMPLATE("every table agrees with the portable kernel, for lengths around the lane count", F, Fp, Fr) {
  check_tables<F>();
}

TEST_CASE_TEMPLATE("what the compiler computes and what the processor computes are the same", F, Fp, Fr) {
  constexpr F at_compile_time = (F::from_u64(123456789) * F::from_i64(-987654321) - F::one()).square() + F::from_u64(7);
  const uint64_t a = 123456789;
  const int64_t b = -987654321;
  const F at_run_time = (F::from_u64(a) * F::from_i64(b) - F::one()).square() + F::from_u64(7);
  CHECK(at_compile_time == at_run_time);
}

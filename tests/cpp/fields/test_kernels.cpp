// Every multiplication kernel against schoolbook arithmetic on edge limbs, and against each other on random ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <type_traits>
#include <vector>

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

// Every operation of a table, from and to spans that begin `shift` elements into their memory, against the portable
// kernel; also with the output in the place of each input.
template <class F>
void check_table(const KernelTable<F>& table, const std::vector<F>& a, const std::vector<F>& b, const std::vector<F>& c,
                 size_t shift) {
  using M = typename F::M;
  const size_t n = a.size() - shift;
  const auto x = std::span(a).subspan(shift), y = std::span(b).subspan(shift), z = std::span(c).subspan(shift);
  const F factor = n > 0 ? y[n / 2] : F::one();
  std::vector<F> memory(n + shift + 1);
  const F guard = memory.back();
  const auto mul = [](const F& u, const F& v) { return F::from_montgomery_limbs(portable::mul<M>(u.l, v.l)); };
  const auto add = [](const F& u, const F& v) { return F::from_montgomery_limbs(portable::add<M>(u.l, v.l)); };
  const auto sub = [](const F& u, const F& v) { return F::from_montgomery_limbs(portable::sub<M>(u.l, v.l)); };
  const auto check = [&](const char* what, std::span<const F> found, const auto& expected) {
    size_t wrong = 0;
    for (size_t i = 0; i < n; ++i) wrong += found[i] != expected(i);
    CHECK_MESSAGE(wrong == 0, table.name << " " << what << " n = " << n << " shift = " << shift);
    CHECK(memory.back() == guard);
  };
  // Into other memory, and over the first and the second operand.
  const auto everywhere = [&](const char* what, const auto& run, const auto& expected) {
    const std::span<F> out = std::span(memory).subspan(shift, n);
    run(out, x, y);
    check(what, out, expected);
    std::copy(x.begin(), x.end(), out.begin());
    run(out, out, y);
    check(what, out, expected);
    std::copy(y.begin(), y.end(), out.begin());
    run(out, x, out);
    check(what, out, expected);
  };
  using Span = std::span<F>;
  using Const = std::span<const F>;
  everywhere("add", table.add, [&](size_t i) { return add(x[i], y[i]); });
  everywhere("sub", table.sub, [&](size_t i) { return sub(x[i], y[i]); });
  everywhere("mul", table.mul, [&](size_t i) { return mul(x[i], y[i]); });
  everywhere("scale", [&](Span out, Const u, Const) { table.scale(out, u, factor); },
             [&](size_t i) { return mul(x[i], factor); });
  everywhere("mul_sub", [&](Span out, Const u, Const v) { table.mul_sub(out, u, v, z); },
             [&](size_t i) { return sub(mul(x[i], y[i]), z[i]); });
  everywhere("interpolate", [&](Span out, Const u, Const v) { table.interpolate(out, u, v, factor); },
             [&](size_t i) { return add(x[i], mul(sub(y[i], x[i]), factor)); });
  std::copy(z.begin(), z.end(), memory.begin() + static_cast<std::ptrdiff_t>(shift));
  const Span over_z = Span(memory).subspan(shift, n);
  table.mul_sub(over_z, x, y, over_z);
  check("mul_sub over c", over_z, [&](size_t i) { return sub(mul(x[i], y[i]), z[i]); });
  std::copy(x.begin(), x.end(), over_z.begin());
  table.mul(over_z, over_z, over_z);
  check("square", over_z, [&](size_t i) { return mul(x[i], x[i]); });

  F sum;
  for (size_t i = 0; i < n; ++i) sum = add(sum, mul(x[i], y[i]));
  CHECK_MESSAGE(table.inner_product(x, y) == sum, table.name << " inner product, n = " << n);
}

template <class F>
std::vector<F> elements_below_p(Generator& generator, size_t n) {
  std::vector<F> out(n);
  for (F& v : out) v.l = generator.below(F::modulus);
  return out;
}

template <class F>
void check_tables() {
  const auto tables = runnable_kernel_tables<F>();
  REQUIRE(!tables.empty());
  CHECK(tables[0].needs == CpuKernel::generic);
  CHECK(kernel_table<F>().needs <= selected_kernel());
  Generator generator(2);
  // Lengths around the number of lanes of any vector kernel, and around the runs of an inner product.
  for (const size_t n :
       {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 33, 63, 64, 65, 257, 511, 512, 513, 1025}) {
    for (const size_t shift : {0, 1, 3}) {
      const auto a = elements_below_p<F>(generator, n + shift), b = elements_below_p<F>(generator, n + shift),
                 c = elements_below_p<F>(generator, n + shift);
      for (const KernelTable<F>& table : tables) check_table(table, a, b, c, shift);
    }
  }
}

// All pairs of edge elements, so that every lane sees every pair; and p - 1 everywhere, the most that sums hold.
template <class F>
void check_tables_on_edges() {
  std::vector<F> a, b, c;
  const std::vector<Limbs> edges = edge_elements(F::modulus);
  for (size_t i = 0; i < edges.size(); ++i) {
    for (size_t j = 0; j < edges.size(); ++j) {
      a.push_back(F::from_montgomery_limbs(edges[i]));
      b.push_back(F::from_montgomery_limbs(edges[j]));
      c.push_back(F::from_montgomery_limbs(edges[(i + 3 * j) % edges.size()]));
    }
  }
  const std::vector<F> largest(3000, F::from_montgomery_limbs(F::M::minus(1)));
  for (const KernelTable<F>& table : runnable_kernel_tables<F>()) {
    for (size_t shift = 0; shift < 8; ++shift) check_table(table, a, b, c, shift);
    check_table(table, largest, largest, largest, 0);
  }
}

// The contract of scale(): any limbs.
template <class F>
void check_scale_of_any_limbs() {
  using M = typename F::M;
  const std::vector<Limbs> any = edge_limbs(F::modulus);
  std::vector<F> a(any.size()), out(any.size());
  for (size_t i = 0; i < any.size(); ++i) a[i].l = any[i];
  for (const KernelTable<F>& table : runnable_kernel_tables<F>()) {
    for (const Limbs& factor : edge_elements(F::modulus)) {
      table.scale(out, a, F::from_montgomery_limbs(factor));
      size_t wrong = 0;
      for (size_t i = 0; i < any.size(); ++i) wrong += out[i].l != portable::mul<M>(any[i], factor);
      CHECK_MESSAGE(wrong == 0, table.name);
    }
  }
}

template <class F>
void check_tables_on_millions() {
  constexpr size_t n = 1 << 14;
  const auto tables = runnable_kernel_tables<F>();
  Generator generator(3);
  std::vector<F> expected(n), found(n);
  size_t wrong = 0;
  for (size_t round = 0; round < 64; ++round) {
    const auto a = elements_below_p<F>(generator, n), b = elements_below_p<F>(generator, n),
               c = elements_below_p<F>(generator, n);
    const auto same = [&](const auto& run) {
      run(tables[0], expected);
      for (const KernelTable<F>& table : tables.subspan(1)) {
        run(table, found);
        wrong += found != expected;
      }
    };
    same([&](const KernelTable<F>& table, std::vector<F>& out) { table.mul(out, a, b); });
    same([&](const KernelTable<F>& table, std::vector<F>& out) { table.add(out, a, b); });
    same([&](const KernelTable<F>& table, std::vector<F>& out) { table.sub(out, a, b); });
    same([&](const KernelTable<F>& table, std::vector<F>& out) { table.mul_sub(out, a, b, c); });
    same([&](const KernelTable<F>& table, std::vector<F>& out) { table.interpolate(out, a, b, c[0]); });
    same([&](const KernelTable<F>& table, std::vector<F>& out) { out[0] = table.inner_product(a, b); });
  }
  CHECK(wrong == 0);
}

// reduce(a b - c d + e f) for elements, and for sums of two elements as factors of one product.
template <class F, class Arithmetic>
void check_lazy_sums() {
  using M = typename F::M;
  std::vector<F> edges = {F::from_montgomery_limbs(M::minus(1)), F::zero(), F::one(), F::from_montgomery_limbs(M::minus(2))};
  Generator generator(5);
  for (const F& v : elements_below_p<F>(generator, 8)) edges.push_back(v);
  for (size_t i = 0; i < 4000; ++i) {
    const auto pick = [&] { return edges[generator.next() % edges.size()]; };
    const F a = pick(), b = pick(), c = pick(), d = pick(), e = pick(), f = pick();
    Limbs512 sum, other;
    Arithmetic::product(sum, a.l, b.l);
    Arithmetic::product(other, c.l, d.l);
    Arithmetic::sub_products(sum, sum, other);
    CHECK(Arithmetic::template reduce<M>(sum) == (a * b - c * d).l);
    Arithmetic::product(other, Arithmetic::add_integers(a.l, e.l), Arithmetic::add_integers(b.l, f.l));
    Arithmetic::add_products(sum, sum, other);
    CHECK(Arithmetic::template reduce<M>(sum) == (a * b - c * d + (a + e) * (b + f)).l);
  }
}

template <class F>
void check_chains() {
  Generator generator(4);
  for (const size_t k : {0, 1, 2, 100}) {
    const auto values = elements_below_p<F>(generator, 16), factors = elements_below_p<F>(generator, 16);
    std::vector<F> expected = values;
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < 16; ++j) expected[j] *= factors[j];
    }
    for (const KernelTable<F>& table : runnable_kernel_tables<F>()) {
      std::vector<F> found = values;
      table.mul_chains(std::span(found).template first<16>(), std::span(factors).template first<16>(), k);
      CHECK(found == expected);
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

TEST_CASE_TEMPLATE("sums of products may be reduced together", F, Fp, Fr) {
  check_lazy_sums<F, kernel::PortableArithmetic>();
  check_lazy_sums<F, kernel::GenericArithmetic>();
}

TEST_CASE_TEMPLATE("the generic kernel agrees with the portable one on random limbs and forced carries", F, Fp, Fr) {
  check_against_portable<F, kernel::GenericArithmetic>();
}

#ifdef PYZKFL_X86_KERNELS
TEST_CASE_TEMPLATE("the generic kernel is right on edge limbs", F, Fp, Fr) {
  check_against_schoolbook<F, kernel::GenericArithmetic>();
}

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

TEST_CASE_TEMPLATE("every table agrees with the portable kernel on all pairs of edge elements", F, Fp, Fr) {
  check_tables_on_edges<F>();
}

TEST_CASE_TEMPLATE("every table scales limbs that are not reduced", F, Fp, Fr) { check_scale_of_any_limbs<F>(); }

TEST_CASE_TEMPLATE("every table agrees with the portable kernel on a million elements with long carries", F, Fp, Fr) {
  check_tables_on_millions<F>();
}

TEST_CASE_TEMPLATE("chains of multiplications are what they say", F, Fp, Fr) { check_chains<F>(); }

TEST_CASE_TEMPLATE("what the compiler computes and what the processor computes are the same", F, Fp, Fr) {
  constexpr F at_compile_time = (F::from_u64(123456789) * F::from_i64(-987654321) - F::one()).square() + F::from_u64(7);
  const uint64_t a = 123456789;
  const int64_t b = -987654321;
  const F at_run_time = (F::from_u64(a) * F::from_i64(b) - F::one()).square() + F::from_u64(7);
  CHECK(at_compile_time == at_run_time);
}

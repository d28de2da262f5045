// The tower Fp2, Fp6, Fp12: against plain polynomial arithmetic in one variable, and its own laws.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "edge_values.h"
#include "fields/fp12.h"
#include "fields/frobenius.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

// Fp12 = Fp[w] / (w^12 - 18 w^6 + 82): because w^6 = v^3 = 9 + u and u^2 = -1, (w^6 - 9)^2 + 1 = 0.
using Polynomial = std::array<Fp, 12>;

Polynomial multiply(const Polynomial& a, const Polynomial& b) {
  std::array<Fp, 23> product{};
  for (size_t i = 0; i < 12; ++i) {
    for (size_t j = 0; j < 12; ++j) product[i + j] += a[i] * b[j];
  }
  for (size_t i = 23; i-- > 12;) {
    product[i - 6] += Fp::from_u64(18) * product[i];
    product[i - 12] -= Fp::from_u64(82) * product[i];
  }
  Polynomial out;
  std::copy_n(product.begin(), 12, out.begin());
  return out;
}

// u = w^6 - 9, so c0 + c1 u at w^k is c0 - 9 c1 at w^k and c1 at w^(k + 6).
Polynomial flatten(const Fp12& f) {
  const std::array<Fp2, 6> coefficients = {f.c0.c0, f.c1.c0, f.c0.c1, f.c1.c1, f.c0.c2, f.c1.c2};
  Polynomial out{};
  for (size_t k = 0; k < 6; ++k) {
    out[k] = coefficients[k].c0 - Fp::from_u64(9) * coefficients[k].c1;
    out[k + 6] = coefficients[k].c1;
  }
  return out;
}

Fp12 lift(const Fp6& a) { return {a, Fp6::zero()}; }
Fp12 lift(const Fp2& a) { return lift(Fp6{a, Fp2::zero(), Fp2::zero()}); }

// Elements made of edge coefficients and random ones.
template <class T>
std::vector<T> samples(size_t n) {
  static const std::vector<Limbs> edges = edge_elements(Fp::modulus);
  Generator generator(11);
  std::vector<T> out;
  for (size_t i = 0; i < n; ++i) {
    T v = T::random();
    if (i % 2 == 0) {
      Fp* const coefficients = reinterpret_cast<Fp*>(&v);
      for (size_t j = 0; j < sizeof(T) / sizeof(Fp); ++j) {
        coefficients[j] = Fp::from_canonical(edges[generator.next() % edges.size()]);
      }
    }
    out.push_back(v);
  }
  return out;
}

// Elements whose limbs are zero or as large as can be, where sums of products that are not reduced come to the ends of
// their ranges.
template <class T>
std::vector<T> extreme_samples(size_t n) {
  Generator generator(12);
  const Fp largest = Fp::from_montgomery_limbs(Fp::M::minus(1));
  std::vector<T> out;
  for (size_t i = 0; i < n; ++i) {
    T v;
    Fp* const coefficients = reinterpret_cast<Fp*>(&v);
    for (size_t j = 0; j < sizeof(T) / sizeof(Fp); ++j) {
      if (i == 0 || generator.next() % 2 == 0) coefficients[j] = largest;
    }
    out.push_back(v);
  }
  return out;
}

// To the power (p^6 - 1)(p^2 + 1), which lands in the cyclotomic subgroup.
Fp12 into_cyclotomic_subgroup(const Fp12& f) {
  const Fp12 g = f.conjugate() * f.inverse();
  return g.frobenius(2) * g;
}

}  // namespace

TEST_CASE("products and squares in the tower are those of polynomials in w") {
  const auto twelve = samples<Fp12>(24);
  for (const Fp12& a : twelve) {
    for (const Fp12& b : twelve) CHECK(flatten(a * b) == multiply(flatten(a), flatten(b)));
    CHECK(flatten(a.square()) == multiply(flatten(a), flatten(a)));
  }
  const auto six = samples<Fp6>(24);
  for (const Fp6& a : six) {
    for (const Fp6& b : six) CHECK(flatten(lift(a * b)) == multiply(flatten(lift(a)), flatten(lift(b))));
    CHECK(flatten(lift(a.square())) == multiply(flatten(lift(a)), flatten(lift(a))));
  }
  const auto two = samples<Fp2>(40);
  for (const Fp2& a : two) {
    for (const Fp2& b : two) CHECK(flatten(lift(a * b)) == multiply(flatten(lift(a)), flatten(lift(b))));
    CHECK(flatten(lift(a.square())) == multiply(flatten(lift(a)), flatten(lift(a))));
  }
}

TEST_CASE("products in the tower are right at the ends of their ranges") {
  const auto twelve = extreme_samples<Fp12>(60);
  const auto lines = extreme_samples<Fp6>(60);  // only as triples of Fp2
  for (const Fp12& a : twelve) {
    for (const Fp6& line : lines) {
      const Fp12 dense = {{line.c0, Fp2::zero(), Fp2::zero()}, {line.c1, line.c2, Fp2::zero()}};
      const Polynomial expected = multiply(flatten(a), flatten(dense));
      CHECK(flatten(a.mul_by_034(line.c0, line.c1, line.c2)) == expected);
      CHECK(flatten(a * dense) == expected);
      CHECK(flatten(lift(a.c0 * line)) == multiply(flatten(lift(a.c0)), flatten(lift(line))));
      CHECK(flatten(lift(a.c0.c0 * line.c0)) == multiply(flatten(lift(a.c0.c0)), flatten(lift(line.c0))));
    }
    CHECK(flatten(a.square()) == multiply(flatten(a), flatten(a)));
  }
}

TEST_CASE_TEMPLATE("the laws of a field hold in the tower", T, Fp2, Fp6, Fp12) {
  const auto values = samples<T>(16);
  for (size_t i = 0; i < values.size(); ++i) {
    const T &a = values[i], &b = values[(i + 1) % values.size()], &c = values[(i + 2) % values.size()];
    CHECK(a + T::zero() == a);
    CHECK(a * T::one() == a);
    CHECK(a + b - b == a);
    CHECK(a + -a == T::zero());
    CHECK(a.dbl() == a + a);
    CHECK((a + b) * c == a * c + b * c);
    CHECK(a * b == b * a);
    CHECK(a.square() == a * a);
    T x = a;
    x *= x;
    CHECK(x == a.square());
    x -= x;
    CHECK(x.is_zero());
    CHECK(T::select(~uint64_t{0}, a, b) == a);
    CHECK(T::select(0, a, b) == b);
  }
  CHECK(T::one().is_one());
  CHECK_FALSE(T::zero().is_one());
}

TEST_CASE_TEMPLATE("inverses in the tower are inverses, and zero has itself", T, Fp2, Fp6, Fp12) {
  CHECK(T::zero().inverse().is_zero());
  CHECK(T::zero().inverse_vartime().is_zero());
  for (const T& a : samples<T>(40)) {
    if (a.is_zero()) continue;
    CHECK((a * a.inverse()).is_one());
    CHECK(a.inverse_vartime() == a.inverse());
  }
}

TEST_CASE("the adjoined elements satisfy their equations") {
  const Fp2 u = {Fp::zero(), Fp::one()};
  CHECK(u.square() == -Fp2::one());
  CHECK(Fp2::xi() == Fp2{Fp::from_u64(9), Fp::one()});
  const Fp6 v = {Fp2::zero(), Fp2::one(), Fp2::zero()};
  CHECK(v * v * v == Fp6{Fp2::xi(), Fp2::zero(), Fp2::zero()});
  const Fp12 w = {Fp6::zero(), Fp6::one()};
  CHECK(w.square() == lift(v));
  for (const Fp2& a : samples<Fp2>(10)) CHECK(a.mul_by_xi() == a * Fp2::xi());
  for (const Fp6& a : samples<Fp6>(10)) CHECK(a.mul_by_v() == a * v);
}

TEST_CASE("the Frobenius map is the p-th power, and its twelfth iterate the identity") {
  for (const Fp12& a : samples<Fp12>(4)) {
    CHECK(a.frobenius(1) == a.pow_vartime(Fp::modulus));
    Fp12 iterated = a;
    for (unsigned power = 0; power < 14; ++power) {
      CHECK(a.frobenius(power) == iterated);
      iterated = iterated.frobenius(1);
    }
    CHECK(a.frobenius(6) == a.conjugate());
    CHECK(a.frobenius(12) == a);
  }
  for (const Fp6& a : samples<Fp6>(4)) {
    CHECK(lift(a.frobenius(1)) == lift(a).pow_vartime(Fp::modulus));
    CHECK(a.frobenius(3).frobenius(3) == a);
  }
  for (const Fp2& a : samples<Fp2>(4)) {
    CHECK(a.frobenius(1) == a.pow_vartime(Fp::modulus));
    CHECK(a.frobenius(2) == a);
    CHECK(a * a.conjugate() == Fp2{a.norm(), Fp::zero()});
  }
  CHECK(frobenius_factor(1, 3).square() == frobenius_factor(1, 2) * frobenius_factor(1, 4));
}

TEST_CASE("squaring in the cyclotomic subgroup is squaring") {
  for (const Fp12& a : samples<Fp12>(8)) {
    if (a.is_zero()) continue;
    Fp12 g = into_cyclotomic_subgroup(a);
    for (int i = 0; i < 4; ++i, g = g.cyclotomic_square()) CHECK(g.cyclotomic_square() == g.square());
    CHECK((g * g.conjugate()).is_one());
  }
  CHECK(Fp12::one().cyclotomic_square().is_one());
}

TEST_CASE("multiplication by a line is multiplication by what the line stands for") {
  const auto lines = samples<Fp6>(8);  // only as triples of Fp2
  for (const Fp12& a : samples<Fp12>(8)) {
    for (const Fp6& line : lines) {
      const Fp12 dense = {{line.c0, Fp2::zero(), Fp2::zero()}, {line.c1, line.c2, Fp2::zero()}};
      CHECK(a.mul_by_034(line.c0, line.c1, line.c2) == a * dense);
      const Fp12 monic = {Fp6::one(), {line.c1, line.c2, Fp2::zero()}};
      CHECK(a.mul_by_34(line.c1, line.c2) == a * monic);
      const Fp6 short_element = {line.c0, line.c1, Fp2::zero()};
      CHECK(a.c0.mul_by_01(line.c0, line.c1) == a.c0 * short_element);
    }
  }
}

TEST_CASE("squares in Fp2 have roots and others have none") {
  int squares = 0;
  for (const Fp2& a : samples<Fp2>(200)) {
    Fp2 root;
    CHECK(a.square().sqrt_vartime(root));
    CHECK((root == a || root == -a));
    CHECK(a.square().is_square());
    root = Fp2::one();
    const bool square = a.sqrt_vartime(root);
    CHECK(square == a.is_square());
    CHECK((square ? root.square() == a : root.is_one()));
    squares += square;
  }
  CHECK(squares > 50);
  CHECK(squares < 150);
  // The non-residue that the tower is built on, and elements of Fp, all of which have roots here.
  Fp2 root;
  CHECK_FALSE(Fp2::xi().sqrt_vartime(root));
  CHECK((-Fp2::one()).sqrt_vartime(root));
  CHECK(root.square() == -Fp2::one());
  CHECK(Fp2{Fp::from_u64(4), Fp::zero()}.sqrt_vartime(root));
  CHECK(root.square() == Fp2{Fp::from_u64(4), Fp::zero()});
  CHECK(Fp2::zero().sqrt_vartime(root));
  CHECK(root.is_zero());
}

// Transforms against the naive sums they stand for, for every kernel.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "poly/bit_reversal.h"
#include "poly/domain.h"
#include "poly/kernels/transform_kernel.h"
#include "poly/twiddles.h"

using namespace pyzkfl;

namespace {

std::vector<Fr> random_vector(size_t n) {
  std::vector<Fr> out(n);
  for (Fr& v : out) v = Fr::random();
  return out;
}

Fr evaluate(const std::vector<Fr>& coefficients, const Fr& x) {
  Fr sum;
  for (size_t i = coefficients.size(); i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

Fr power(const Fr& base, uint64_t exponent) { return base.pow_vartime(std::array{exponent}); }

}  // namespace

TEST_CASE("the root of unity is 5^((r-1)/2^28), and each domain's has exactly its order") {
  CHECK(root_of_unity(28) == Fr::from_u64(5).pow_vartime(Fr::M::shift_right(Fr::modulus, 28)));
  CHECK(root_of_unity(0).is_one());
  CHECK(root_of_unity(1) == -Fr::one());
  for (unsigned log_n = 1; log_n <= 28; ++log_n) {
    CHECK(power(root_of_unity(log_n), uint64_t{1} << (log_n - 1)) == -Fr::one());
    CHECK(root_of_unity(log_n).square() == root_of_unity(log_n - 1));
  }
  CHECK(Domain(5).generator() == root_of_unity(5));
  CHECK(Domain(5).size() == 32);
}

TEST_CASE("twiddle factors are powers in bit-reversed order, and their inverses are found in the same table") {
  const auto table = twiddle_table(10);
  CHECK(table->size() >= 512);
  for (size_t i = 0; i < 512; ++i) {
    size_t reversed = 0;
    for (unsigned bit = 0; bit < 9; ++bit) reversed |= (i >> bit & 1) << (8 - bit);
    CHECK((*table)[i] == power(root_of_unity(10), reversed));
    CHECK((*table)[i] * minus_inverse_twiddle(*table, i) == -Fr::one());
  }
}

TEST_CASE("transforms of every size to 2^7 are the naive sums, on the domain and on the coset") {
  for (unsigned log_n = 0; log_n <= 7; ++log_n) {
    const Domain domain(log_n);
    const std::vector<Fr> coefficients = random_vector(domain.size());
    std::vector<Fr> values = coefficients, on_coset = coefficients;
    domain.ntt(values);
    domain.coset_ntt(on_coset);
    Fr x = Fr::one();
    bool same = true;
    for (size_t i = 0; i < domain.size(); ++i, x *= domain.generator()) {
      same = same && values[i] == evaluate(coefficients, x);
      same = same && on_coset[i] == evaluate(coefficients, x * Domain::coset_shift());
    }
    CHECK_MESSAGE(same, "2^" << log_n);
  }
}

TEST_CASE("transforms to 2^16 agree with evaluation at a few points, and their inverses undo them") {
  for (const size_t threads : {1, 3}) {
    set_thread_count(threads);
    for (unsigned log_n = 0; log_n <= 16; ++log_n) {
      const Domain domain(log_n);
      const std::vector<Fr> coefficients = random_vector(domain.size());
      std::vector<Fr> values = coefficients;
      domain.ntt(values);
      for (const size_t i : {size_t{0}, domain.size() / 3, domain.size() - 1}) {
        CHECK(values[i] == evaluate(coefficients, power(domain.generator(), i)));
      }
      domain.intt(values);
      CHECK(values == coefficients);
      domain.coset_ntt(values);
      for (const size_t i : {size_t{0}, domain.size() / 3, domain.size() - 1}) {
        CHECK(values[i] == evaluate(coefficients, Fr::from_u64(5) * power(domain.generator(), i)));
      }
      domain.coset_intt(values);
      CHECK(values == coefficients);
    }
  }
  set_thread_count(0);
}

TEST_CASE("extreme values survive lazy reduction") {
  const Domain domain(10);
  for (const Fr& v : {Fr::zero(), Fr::one(), -Fr::one(), Fr::from_montgomery_limbs(Fr::M::minus(1))}) {
    const std::vector<Fr> coefficients(domain.size(), v);
    std::vector<Fr> values = coefficients;
    domain.ntt(values);
    CHECK(values[0] == v * Fr::from_u64(domain.size()));
    CHECK(std::all_of(values.begin() + 1, values.end(), [](const Fr& w) { return w.is_zero(); }));
    domain.intt(values);
    CHECK(values == coefficients);
    domain.coset_ntt(values);
    domain.coset_intt(values);
    CHECK(values == coefficients);
  }
}

TEST_CASE("every transform kernel agrees with the portable one and stays within its bounds") {
  const auto kernels = runnable_transform_kernels();
  CHECK(kernels[0].needs == CpuKernel::generic);
  CHECK(transform_kernel().needs <= selected_kernel());
  const auto below_multiple = [](const Fr& v, int multiple) {
    Limbs bound{};
    for (int i = 0; i < multiple; ++i) limbs::add(bound, bound, Fr::modulus);
    return limbs::less(v.l, bound);
  };
  const auto twiddles = twiddle_table(12);
  for (const TransformKernel& kernel : kernels) {
    for (const size_t n : {2, 4, 8, 16, 32, 64, 512, 1024, 2048}) {
      for (const size_t index : {0, 1, 2}) {
        // Inputs at the top of what the contract allows: 4p - 1 forward, 2p - 1 backward.
        std::vector<Fr> forward = random_vector(n), backward = random_vector(n);
        for (size_t i = 0; i < n; i += 3) {
          forward[i].l = Fr::modulus;
          for (int k = 0; k < 3; ++k) limbs::add(forward[i].l, forward[i].l, Fr::modulus);
          limbs::sub(forward[i].l, forward[i].l, Limbs{1, 0, 0, 0});
          limbs::add(backward[i].l, Fr::modulus, Fr::M::minus(1));
        }
        if (index * n + n > 2 * twiddles->size()) continue;
        std::vector<Fr> expected = forward;
        kernels[0].forward_block(expected, index, *twiddles);
        std::vector<Fr> found = forward;
        kernel.forward_block(found, index, *twiddles);
        CHECK(found == expected);
        CHECK(std::all_of(found.begin(), found.end(), [&](const Fr& v) { return below_multiple(v, 1); }));

        expected = found = backward;
        kernels[0].inverse_block(expected, index, *twiddles);
        kernel.inverse_block(found, index, *twiddles);
        bool same = true, bounded = true;
        for (size_t i = 0; i < n; ++i) {
          same = same && found[i] * Fr::one() == expected[i] * Fr::one();  // the multiplication reduces
          bounded = bounded && below_multiple(found[i], 2);
        }
        CHECK(same);
        CHECK(bounded);

        // Layers of any length, not only powers of two.
        const size_t half = n / 2 - (n > 4 ? 1 : 0);
        const Fr w = (*twiddles)[7];
        expected = found = forward;
        kernels[0].forward_layer(std::span(expected).first(half), std::span(expected).last(half), w);
        kernel.forward_layer(std::span(found).first(half), std::span(found).last(half), w);
        same = bounded = true;
        for (size_t i = 0; i < n; ++i) {
          same = same && found[i] * Fr::one() == expected[i] * Fr::one();
          bounded = bounded && below_multiple(found[i], 4);
        }
        expected = found = backward;
        kernels[0].inverse_layer(std::span(expected).first(half), std::span(expected).last(half), w);
        kernel.inverse_layer(std::span(found).first(half), std::span(found).last(half), w);
        for (size_t i = 0; i < n; ++i) {
          same = same && found[i] * Fr::one() == expected[i] * Fr::one();
          bounded = bounded && below_multiple(found[i], 2);
        }
        CHECK_MESSAGE(same, kernel.name << " n = " << n);
        CHECK_MESSAGE(bounded, kernel.name << " n = " << n);
      }
    }
  }
}

TEST_CASE("reversing the order of bits does what it says, for every size to 2^13, and is its own inverse") {
  for (unsigned log_n = 0; log_n <= 13; ++log_n) {
    const size_t n = size_t{1} << log_n;
    std::vector<Fr> values(n);
    for (size_t i = 0; i < n; ++i) values[i] = Fr::from_u64(i);
    const std::vector<Fr> before = values;
    reverse_bit_order(values, log_n);
    bool right = true;
    for (size_t i = 0; i < n; ++i) {
      size_t reversed = 0;
      for (unsigned bit = 0; bit < log_n; ++bit) reversed |= (i >> bit & 1) << (log_n - 1 - bit);
      right = right && values[i] == Fr::from_u64(reversed);
    }
    CHECK_MESSAGE(right, "2^" << log_n);
    reverse_bit_order(values, log_n);
    CHECK(values == before);
  }
}

TEST_CASE("a product of polynomials is a product of values") {
  const Domain domain(6);
  std::vector<Fr> a = random_vector(32), b = random_vector(32), expected(64);
  for (size_t i = 0; i < 32; ++i) {
    for (size_t j = 0; j < 32; ++j) expected[i + j] += a[i] * b[j];
  }
  a.resize(64);
  b.resize(64);
  domain.ntt(a);
  domain.ntt(b);
  for (size_t i = 0; i < 64; ++i) a[i] *= b[i];
  domain.intt(a);
  CHECK(a == expected);
}

TEST_CASE("Lagrange polynomials interpolate, at points of the domain too") {
  for (unsigned log_n = 0; log_n <= 11; ++log_n) {
    const Domain domain(log_n);
    const std::vector<Fr> coefficients = random_vector(domain.size());
    std::vector<Fr> values = coefficients;
    domain.ntt(values);
    const Fr x = Fr::random();
    const std::vector<Fr> at_x = domain.lagrange_at(x);
    Fr sum;
    for (size_t i = 0; i < domain.size(); ++i) sum += at_x[i] * values[i];
    CHECK(sum == evaluate(coefficients, x));

    const size_t k = domain.size() * 2 / 3;
    const std::vector<Fr> at_root = domain.lagrange_at(power(domain.generator(), k));
    bool indicator = true;
    for (size_t i = 0; i < domain.size(); ++i) {
      indicator = indicator && at_root[i] == (i == k ? Fr::one() : Fr::zero());
    }
    CHECK(indicator);
  }
  const std::vector<Fr> at_zero = Domain(3).lagrange_at(Fr::zero());
  for (const Fr& v : at_zero) CHECK(v == Fr::from_u64(8).inverse());
}

TEST_CASE("the vanishing polynomial is constant on the coset, and not zero") {
  for (unsigned log_n = 0; log_n <= 28; log_n += 4) {
    const Fr v = Fr::from_u64(5).pow_vartime(std::array{uint64_t{1} << log_n}) - Fr::one();
    CHECK_FALSE(v.is_zero());
    if (log_n <= 12) {
      const Domain domain(log_n);
      CHECK(domain.vanishing_on_coset() == v);
      CHECK(power(Domain::coset_shift() * domain.generator(), domain.size()) - Fr::one() == v);
    }
  }
}

TEST_CASE("a domain that does not exist and a vector of another length are refused") {
  CHECK_THROWS_AS(Domain(29), ParameterError);
  const Domain domain(3);
  for (const size_t n : {0, 1, 7, 9, 16}) {
    std::vector<Fr> values(n);
    CHECK_THROWS_AS(domain.ntt(values), ParameterError);
    CHECK_THROWS_AS(domain.intt(values), ParameterError);
    CHECK_THROWS_AS(domain.coset_ntt(values), ParameterError);
    CHECK_THROWS_AS(domain.coset_intt(values), ParameterError);
  }
}

// Transforms against the naive sums they stand for, for every kernel.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

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

TEST_CASE("extension to a coset is intt, then ntt of the scaled coefficients, for any shift and size to 2^14") {
  for (const size_t threads : {1, 3}) {
    set_thread_count(threads);
    for (unsigned log_n = 0; log_n <= 14; ++log_n) {
      const Domain domain(log_n);
      for (const Fr& shift : {Domain::coset_shift(), root_of_unity(log_n + 1), Fr::one(), -Fr::one(), Fr::random()}) {
        const std::vector<Fr> coefficients = random_vector(domain.size());
        std::vector<Fr> values = coefficients, expected = coefficients;
        domain.ntt(values);
        Fr factor = Fr::one();
        for (Fr& v : expected) v *= factor, factor *= shift;
        domain.ntt(expected);
        domain.coset_extend(values, shift);
        CHECK_MESSAGE(values == expected, "2^" << log_n);
      }
    }
  }
  set_thread_count(0);
  std::vector<Fr> values(8);
  CHECK_THROWS_AS(Domain(3).coset_extend(values, Fr::zero()), ParameterError);
  CHECK_THROWS_AS(Domain(4).coset_extend(values, Fr::one()), ParameterError);
}

TEST_CASE("extreme values survive extension") {
  for (const unsigned log_n : {3u, 7u, 12u, 13u}) {
    const Domain domain(log_n);
    for (const Fr& v : {Fr::zero(), Fr::one(), -Fr::one(), Fr::from_montgomery_limbs(Fr::M::minus(1))}) {
      // A constant polynomial; and the one with v everywhere for coefficients, which is n v at one and zero elsewhere.
      const std::vector<Fr> constant(domain.size(), v);
      std::vector<Fr> values = constant;
      domain.coset_extend(values, Fr::from_u64(5));
      CHECK(values == constant);
      std::vector<Fr> peak(domain.size()), expected(domain.size(), v);
      peak[0] = v * Fr::from_u64(domain.size());
      domain.coset_ntt(expected);
      domain.coset_extend(peak, Fr::from_u64(5));
      CHECK(peak == expected);
    }
  }
}

// 2^20 takes one pass over rows before its blocks, 2^21 and more two. make test-deep goes to 2^25 (3 GB).
TEST_CASE("large transforms agree with evaluation at a few points, and so do their extensions") {
  std::vector<unsigned> sizes = {20, 21};
  if (std::getenv("PYZKFL_DEEP") != nullptr) sizes.insert(sizes.end(), {22, 23, 25});
  for (const unsigned log_n : sizes) {
    const Domain domain(log_n);
    std::vector<Fr> coefficients(domain.size());
    Fr v = Fr::from_u64(3);
    for (Fr& c : coefficients) c = v = v.square() + Fr::from_u64(7);
    std::vector<Fr> values = coefficients;
    domain.ntt(values);
    for (const size_t i : {size_t{4097}, size_t{777777}, domain.size() - 1}) {
      CHECK(values[i] == evaluate(coefficients, power(domain.generator(), i)));
    }
    const Fr shift = root_of_unity(log_n + 1);
    domain.coset_extend(values, shift);
    for (const size_t i : {size_t{0}, size_t{4097}, size_t{777777}, domain.size() - 1}) {
      CHECK(values[i] == evaluate(coefficients, shift * power(domain.generator(), i)));
    }
    domain.coset_extend(values, shift.inverse());
    domain.intt(values);
    CHECK(values == coefficients);
  }
}

namespace {

// The first layers of a block, one butterfly at a time.
void forward_layers_naively(std::span<Fr> block, unsigned layers, size_t index, std::span<const Fr> twiddles) {
  for (unsigned layer = 0; layer < layers; ++layer) {
    const size_t half = block.size() >> (layer + 1);
    for (size_t i = 0; i < block.size(); ++i) {
      if ((i & half) != 0) continue;
      const Fr product = block[i + half] * twiddles[(index << layer) + i / (2 * half)];
      block[i + half] = block[i] - product;
      block[i] += product;
    }
  }
}

void inverse_layers_naively(std::span<Fr> block, unsigned layers, size_t index, std::span<const Fr> twiddles) {
  for (unsigned layer = layers; layer-- > 0;) {
    const size_t half = block.size() >> (layer + 1);
    for (size_t i = 0; i < block.size(); ++i) {
      if ((i & half) != 0) continue;
      const Fr difference = block[i + half] - block[i];
      block[i] += block[i + half];
      block[i + half] = difference * minus_inverse_twiddle(twiddles, (index << layer) + i / (2 * half));
    }
  }
}

// Elements, and the same as lazily reduced integers: some with as many multiples of p added as stay below `multiple` p.
struct Lazy {
  std::vector<Fr> reduced, raised;

  Lazy(size_t n, int multiple) : reduced(random_vector(n)) {
    for (size_t i = 0; i < n; i += 3) reduced[i].l = i % 2 == 0 ? Fr::M::minus(1) : Limbs{};
    raised = reduced;
    for (size_t i = 0; i < n; ++i) {
      for (int k = 0; k < (i % 3 == 0 ? multiple - 1 : static_cast<int>(i) % multiple); ++k) {
        limbs::add(raised[i].l, raised[i].l, Fr::modulus);
      }
    }
  }
};

bool below(std::span<const Fr> values, int multiple) {
  Limbs bound{};
  for (int i = 0; i < multiple; ++i) limbs::add(bound, bound, Fr::modulus);
  return std::all_of(values.begin(), values.end(), [&](const Fr& v) { return limbs::less(v.l, bound); });
}

std::vector<Fr> reduced(std::vector<Fr> values) {
  for (Fr& v : values) v *= Fr::one();  // the multiplication reduces
  return values;
}

}  // namespace

TEST_CASE("every transform kernel's blocks are the naive layers, from and to its bounds") {
  const auto kernels = runnable_transform_kernels();
  CHECK(kernels[0].needs == CpuKernel::generic);
  CHECK(transform_kernel().needs <= selected_kernel());
  const auto twiddles = twiddle_table(15);
  for (const TransformKernel& kernel : kernels) {
    for (unsigned log_n = 0; log_n <= TransformKernel::kLargestLogBlock; ++log_n) {
      const size_t n = size_t{1} << log_n;
      for (const size_t index : {0, 1, 2, 3, 7}) {
        const Lazy forward(n, 4), backward(n, 2);
        const Fr by = Fr::random();
        const std::vector<Fr> factors = random_vector(n);
        std::vector<Fr> expected = forward.reduced, found = forward.raised;
        forward_layers_naively(expected, log_n, index, *twiddles);
        kernel.forward_block(found, index, *twiddles);
        CHECK_MESSAGE(found == expected, kernel.name << " forward 2^" << log_n);

        for (size_t j = 0; j < n; ++j) expected[j] *= factors[j] * by;
        inverse_layers_naively(expected, log_n, index, *twiddles);
        for (const bool canonical : {false, true}) {
          found = forward.raised;
          kernel.extend_block(found, index, *twiddles, factors, by, canonical);
          CHECK_MESSAGE(reduced(found) == expected, kernel.name << " extend 2^" << log_n);
          CHECK(below(found, canonical ? 1 : 2));
        }

        expected = backward.reduced;
        for (Fr& v : expected) v *= by;
        inverse_layers_naively(expected, log_n, index, *twiddles);
        for (const bool canonical : {false, true}) {
          found = backward.raised;
          kernel.inverse_block(found, index, *twiddles, by, canonical);
          CHECK_MESSAGE(reduced(found) == expected, kernel.name << " inverse 2^" << log_n);
          CHECK(below(found, canonical ? 1 : 2));
        }
      }
    }
  }
}

TEST_CASE("every transform kernel's passes over rows are the naive layers, in the columns asked for only") {
  const auto twiddles = twiddle_table(15);
  for (const TransformKernel& kernel : runnable_transform_kernels()) {
    for (unsigned layers = 1; layers <= TransformKernel::kMostRowLayers; ++layers) {
      for (const size_t row_length : {8, 64}) {
        const size_t n = row_length << layers, begin = row_length == 8 ? 0 : 16, end = row_length == 8 ? 8 : 56;
        for (const size_t index : {0, 1, 6}) {
          const Lazy forward(n, 4), backward(n, 2);
          const auto with_columns = [&](const std::vector<Fr>& inside, const std::vector<Fr>& outside) {
            std::vector<Fr> out = outside;
            for (size_t i = 0; i < n; ++i) {
              if (i % row_length >= begin && i % row_length < end) out[i] = inside[i];
            }
            return out;
          };
          std::vector<Fr> expected = forward.reduced, found = forward.raised;
          forward_layers_naively(expected, layers, index, *twiddles);
          kernel.forward_rows(found, layers, begin, end, index, *twiddles);
          CHECK(below(found, 4));
          CHECK_MESSAGE(reduced(found) == with_columns(expected, forward.reduced), kernel.name << " " << layers);

          expected = backward.reduced;
          inverse_layers_naively(expected, layers, index, *twiddles);
          for (const bool canonical : {false, true}) {
            found = backward.raised;
            kernel.inverse_rows(found, layers, begin, end, index, *twiddles, canonical);
            CHECK(below(found, 2));
            CHECK_MESSAGE(reduced(found) == with_columns(expected, backward.reduced), kernel.name << " " << layers);
            if (canonical) CHECK(below(with_columns(found, expected), 1));
          }
        }
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
    CHECK_THROWS_AS(domain.coset_extend(values, Fr::one()), ParameterError);
  }
}

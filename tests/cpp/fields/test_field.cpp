// Elements of Fp and Fr: decoding, encoding, algebra, roots, batches.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/errors.h"
#include "edge_values.h"
#include "fields/batch_inverse.h"
#include "fields/fp.h"
#include "fields/fp2.h"
#include "fields/fr.h"
#include "schoolbook.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

template <class F>
F random_element(Generator& generator) {
  return F::from_montgomery_limbs(generator.below(F::modulus));
}

std::array<uint8_t, 32> little_endian(const Limbs& v) {
  std::array<uint8_t, 32> out;
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(v[i / 8] >> (8 * (i % 8)));
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("bytes of an integer below the modulus are decoded, all others refused", F, Fp, Fr) {
  size_t refused = 0;
  for (const Limbs& v : edge_limbs(F::modulus)) {
    const auto le = little_endian(v);
    auto be = le;
    std::reverse(be.begin(), be.end());
    if (limbs::less(v, F::modulus)) {
      CHECK(F::from_bytes_le(le).to_canonical() == v);
      CHECK(F::from_bytes_be(be).to_canonical() == v);
      CHECK(F::from_bytes_le(le).to_bytes_le() == le);
      CHECK(F::from_bytes_be(be).to_bytes_be() == be);
      CHECK(F::from_canonical(v).is_odd_canonical() == ((v[0] & 1) != 0));
    } else {
      CHECK_THROWS_AS((void)F::from_bytes_le(le), DecodeError);
      CHECK_THROWS_AS((void)F::from_bytes_be(be), DecodeError);
      ++refused;
    }
  }
  CHECK(refused > 30);  // p, p + 1, 2p - 1, all ones, ...
}

TEST_CASE_TEMPLATE("the 512-bit integers at the edges are reduced right", F, Fp, Fr) {
  const std::vector<Limbs> edges = edge_limbs(F::modulus);
  for (size_t i = 0; i < edges.size(); ++i) {
    const Limbs &high = edges[i], &low = edges[(7 * i + 3) % edges.size()];
    std::array<uint8_t, 64> bytes;
    const std::span<uint8_t, 64> both(bytes);
    limbs::to_bytes_be(both.first<32>(), high);
    limbs::to_bytes_be(both.last<32>(), low);
    const Wide r = Wide::from({~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}}) + Wide::from({1, 0, 0, 0});
    CHECK(F::from_bytes_wide_be(bytes).to_canonical() == mod(Wide::from(high) * r + Wide::from(low), F::modulus));
  }
}

TEST_CASE_TEMPLATE("small integers of either sign are what they say", F, Fp, Fr) {
  CHECK(F::from_u64(0).is_zero());
  CHECK(F::from_u64(1).is_one());
  CHECK(F::from_i64(-1) == -F::one());
  CHECK(F::from_i64(INT64_MIN) + F::from_u64(uint64_t{1} << 63) == F::zero());
  CHECK(F::from_i64(INT64_MAX) == F::from_u64(INT64_MAX));
  CHECK(F::from_u64(UINT64_MAX).to_canonical() == Limbs{UINT64_MAX, 0, 0, 0});
  CHECK((F::from_u64(3) - F::from_u64(5)).to_canonical() == F::M::minus(2));
}

TEST_CASE_TEMPLATE("the laws of a field hold, on edges and at random", F, Fp, Fr) {
  Generator generator(3);
  std::vector<F> values;
  for (const Limbs& v : edge_elements(F::modulus)) values.push_back(F::from_canonical(v));
  for (int i = 0; i < 30; ++i) values.push_back(random_element<F>(generator));
  for (const F& a : values) {
    CHECK(a + F::zero() == a);
    CHECK(a * F::one() == a);
    CHECK(a - a == F::zero());
    CHECK(a + -a == F::zero());
    CHECK(-(-a) == a);
    CHECK(a.dbl() == a + a);
    CHECK(a.square() == a * a);
    CHECK(a.is_zero() == (a == F::zero()));
    for (const F& b : values) {
      CHECK(a + b == b + a);
      CHECK(a * b == b * a);
      CHECK(a - b == a + -b);
      const F c = a - b.square();
      CHECK((a + b) * c == a * c + b * c);
      CHECK((a * b) * c == a * (b * c));
    }
  }
}

TEST_CASE_TEMPLATE("operations may overwrite their operands", F, Fp, Fr) {
  Generator generator(4);
  const F a = random_element<F>(generator), b = random_element<F>(generator);
  F x = a;
  x += x;
  CHECK(x == a.dbl());
  x = a;
  x *= x;
  CHECK(x == a.square());
  x = a;
  x -= x;
  CHECK(x.is_zero());
  x = a;
  x = b - x;
  CHECK(x == b - a);
  x = a;
  x = x.inverse();
  CHECK((x * a).is_one());
}

TEST_CASE_TEMPLATE("selection takes the first where the mask is all ones", F, Fp, Fr) {
  const F a = F::from_u64(5), b = F::from_u64(6);
  CHECK(F::select(~uint64_t{0}, a, b) == a);
  CHECK(F::select(0, a, b) == b);
}

TEST_CASE_TEMPLATE("powers agree with repeated multiplication, for any exponent", F, Fp, Fr) {
  Generator generator(5);
  const F base = random_element<F>(generator);
  F expected = F::one();
  for (uint64_t exponent = 0; exponent < 200; ++exponent, expected *= base) {
    CHECK(base.pow_vartime(std::array{exponent}) == expected);
    CHECK(base.pow_vartime(std::array<uint64_t, 3>{exponent, 0, 0}) == expected);
  }
  CHECK(base.pow_vartime({}) == F::one());
  CHECK(F::zero().pow_vartime(std::array<uint64_t, 1>{0}).is_one());
  CHECK(F::zero().pow_vartime(std::array<uint64_t, 1>{1}).is_zero());
  // Fermat, with p as exponent, and exponents that add up.
  CHECK(base.pow_vartime(F::modulus) == base);
  for (int i = 0; i < 20; ++i) {
    const uint64_t m = generator.next() >> 1, n = generator.next() >> 1;
    CHECK(base.pow_vartime(std::array{m}) * base.pow_vartime(std::array{n}) == base.pow_vartime(std::array{m + n}));
  }
}

TEST_CASE_TEMPLATE("inverses are inverses, and zero has itself", F, Fp, Fr) {
  Generator generator(6);
  CHECK(F::zero().inverse().is_zero());
  CHECK(F::zero().inverse_vartime().is_zero());
  std::vector<F> values;
  for (const Limbs& v : edge_elements(F::modulus)) {
    values.push_back(F::from_canonical(v));
    values.push_back(F::from_montgomery_limbs(v));
  }
  for (int i = 0; i < 20000; ++i) values.push_back(random_element<F>(generator));
  for (unsigned k = 0; k < 254; ++k) {  // powers of two and their neighbours: long runs of even steps
    F power = F::one();
    for (unsigned i = 0; i < k; ++i) power = power.dbl();
    values.insert(values.end(), {power, -power, power - F::one(), power + F::one()});
  }
  size_t wrong = 0;
  for (const F& v : values) {
    const F inverse = v.inverse();
    wrong += !(inverse * v).is_one() && !v.is_zero();
    wrong += !limbs::less(inverse.l, F::modulus);
    wrong += v.inverse_vartime() != inverse;
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("a batch of inverses agrees with single ones, and zeros stay zero", F, Fp, Fr, Fp2) {
  for (const size_t n : {0, 1, 2, 3, 17}) {
    for (unsigned zeros = 0; zeros < 4; ++zeros) {
      std::vector<F> values(n);
      for (size_t i = 0; i < n; ++i) {
        const bool zero = (zeros == 1 && i == 0) || (zeros == 2 && i + 1 == n) || zeros == 3;
        values[i] = zero ? F::zero() : F::random();
      }
      std::vector<F> inverses = values;
      batch_inverse(std::span(inverses));
      for (size_t i = 0; i < n; ++i) CHECK(inverses[i] == values[i].inverse());
    }
  }
  std::vector<F> values(3), scratch(2);
  CHECK_THROWS_AS(batch_inverse(std::span(values), std::span(scratch)), ParameterError);
}

TEST_CASE("squares in Fp have roots and others have none") {
  Generator generator(7);
  Fp root = Fp::from_u64(42);
  CHECK_FALSE((-Fp::one()).sqrt_vartime(root));  // p = 3 modulo 4
  CHECK(root == Fp::from_u64(42));
  CHECK(Fp::zero().sqrt_vartime(root));
  CHECK(root.is_zero());
  CHECK(Fp::zero().is_square());
  int squares = 0;
  for (int i = 0; i < 400; ++i) {
    const Fp a = random_element<Fp>(generator);
    CHECK(a.square().is_square());
    CHECK(a.square().sqrt_vartime(root));
    CHECK((root == a || root == -a));
    const bool square = a.sqrt_vartime(root);
    if (square) CHECK(root.square() == a);
    CHECK(square == a.is_square());
    if (!a.is_zero()) CHECK(square != (-a).is_square());
    squares += square;
  }
  CHECK(squares > 120);
  CHECK(squares < 280);
}

TEST_CASE("half of Fr has no root, and 5 is one that has not") {
  CHECK_FALSE(Fr::from_u64(5).is_square());
  CHECK(Fr::from_u64(25).is_square());
  CHECK((-Fr::one()).is_square());  // r = 1 modulo 4
}

TEST_CASE_TEMPLATE("random elements are reduced and use all their bits", F, Fp, Fr) {
  Limbs any{}, all = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};
  for (int i = 0; i < 300; ++i) {
    const Limbs v = F::random().to_canonical();
    CHECK(limbs::less(v, F::modulus));
    for (size_t j = 0; j < 4; ++j) {
      any[j] |= v[j];
      all[j] &= v[j];
    }
  }
  CHECK(any == Limbs{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 2});
  CHECK(limbs::is_zero(all));
}

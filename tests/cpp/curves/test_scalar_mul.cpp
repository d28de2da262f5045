// Recodings, decompositions and scalar multiplications against double-and-add.
#include <doctest/doctest.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

#include "curves/batch_mul.h"
#include "curves/decomposition.h"
#include "curves/endomorphism_constants.h"
#include "curves/fixed_base.h"
#include "curves/signed_windows.h"
#include "curves/wnaf.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

// Where recodings and decompositions go wrong first.
std::vector<Fr> edge_scalars() {
  const Fr one = Fr::one();
  std::vector<Fr> out = {Fr::zero(),       one,  one.dbl(),  Fr::from_u64(3),           Fr::from_u64(15),
                         Fr::from_u64(16), -one, -one - one, Fr::from_u64(~uint64_t{0})};
  for (unsigned bit : {4u, 31u, 63u, 64u, 126u, 127u, 128u, 191u, 192u, 252u, 253u}) {
    Limbs v{};
    v[bit / 64] = uint64_t{1} << (bit % 64);
    const Fr power = Fr::from_canonical(v);
    out.insert(out.end(), {power, power - one, power + one, -power});
  }
  const Fr lambda = Fr::from_canonical(std::to_array(endomorphism::lambda));
  const Fr x = Fr::from_u64(endomorphism::x);
  out.insert(out.end(), {lambda, -lambda, lambda + one, x, x.square(), x.square() * x, -x});
  const Fr half = Fr::from_u64(2).inverse();
  out.insert(out.end(), {half, half - one});
  for (uint64_t pattern : {0x8888888888888888u, 0x7777777777777777u, 0xaaaaaaaaaaaaaaaau}) {
    out.push_back(Fr::from_canonical({pattern, pattern, pattern, pattern >> 3}));
  }
  for (int i = 0; i < 10; ++i) out.push_back(Fr::random());
  return out;
}

Fr from_part(const SignedPart& part) {
  const Fr v = Fr::from_canonical({part.abs[0], part.abs[1], 0, 0});
  return part.negative != 0 ? -v : v;
}

unsigned bit_length(const SignedPart& part) {
  for (unsigned i = 128; i-- > 0;) {
    if ((part.abs[i / 64] >> (i % 64) & 1) != 0) return i + 1;
  }
  return 0;
}

template <class Point>
void check_batches(const std::vector<Fr>& scalars) {
  auto points = naive::points<Point>(scalars.size());
  points[1] = Point::infinity();
  points[5] = points[4];
  points[7] = -points[6];
  auto batch = points;
  batch_mul(std::span(batch), scalars);
  for (size_t i = 0; i < points.size(); ++i) CHECK(batch[i] == naive::mul(points[i], scalars[i]).to_affine());
  for (const Fr& k : {scalars.back(), Fr::zero(), Fr::one(), -Fr::one(), Fr::from_u64(2)}) {
    batch = points;
    batch_mul_same_scalar(std::span(batch), k);
    for (size_t i = 0; i < points.size(); ++i) CHECK(batch[i] == naive::mul(points[i], k).to_affine());
  }
  std::vector<Point> none;
  batch_mul(std::span(none), {});
  batch_mul_same_scalar(std::span(none), Fr::one());
  CHECK_THROWS_AS(batch_mul(std::span(batch), std::span(scalars).first(1)), ParameterError);
}

}  // namespace

TEST_CASE("a scalar is the sum of its parts along phi and along psi, and the parts are short") {
  const Fr lambda = Fr::from_canonical(std::to_array(endomorphism::lambda));
  Limbs p_mod_r{};
  limbs::sub(p_mod_r, Fp::modulus, Fr::modulus);
  const Fr mu = Fr::from_canonical(p_mod_r);
  auto scalars = edge_scalars();
  for (int i = 0; i < 2000; ++i) scalars.push_back(Fr::random());
  for (const Fr& k : scalars) {
    const auto two = split_phi(k);
    CHECK(from_part(two[0]) + from_part(two[1]) * lambda == k);
    for (const auto& part : two) CHECK(bit_length(part) <= endomorphism::phi_bits);
    const auto four = split_psi(k);
    CHECK(from_part(four[0]) +
              mu * (from_part(four[1]) + mu * (from_part(four[2]) + mu * from_part(four[3]))) ==
          k);
    for (const auto& part : four) CHECK(bit_length(part) <= endomorphism::psi_bits);
  }
}

TEST_CASE("wnaf digits are odd, short, apart, and add up") {
  for (unsigned width : {2u, 4u, 5u, 8u}) {
    for (const Fr& k : edge_scalars()) {
      const Limbs limbs = k.to_canonical();
      std::array<int8_t, 257> digits;
      const size_t used = wnaf_vartime(digits, limbs, width, false);
      Fr total;
      size_t last = 1000;
      for (size_t i = digits.size(); i-- > 0;) {
        total = total.dbl() + Fr::from_i64(digits[i]);
        if (digits[i] == 0) continue;
        CHECK(i < used);
        CHECK(digits[i] % 2 != 0);
        CHECK(std::abs(digits[i]) < 1 << (width - 1));
        CHECK(last - i >= width);
        last = i;
      }
      CHECK(total == k);
    }
  }
  std::array<int8_t, 65> digits;
  const std::array<uint64_t, 1> ones = {~uint64_t{0}};
  CHECK(wnaf_vartime(digits, ones, 5, true) == 65);
  CHECK(digits[64] == -1);
  CHECK(digits[0] == 1);
  CHECK_THROWS_AS(wnaf_vartime(std::span(digits).first(64), ones, 5, false), ParameterError);
}

TEST_CASE("signed windows add up, whatever the window and the length") {
  for (unsigned c = 2; c <= 20; ++c) {
    const SignedWindows windows(254, c);
    for (const Fr& k : edge_scalars()) {
      const Limbs shifted = windows.shifted(k.to_canonical());
      Fr total;
      for (size_t w = windows.count(); w-- > 0;) {
        for (unsigned i = 0; i < c; ++i) total = total.dbl();
        const int32_t d = windows.digit(shifted, w);
        CHECK(d >= -(1 << (c - 1)));
        CHECK(d < 1 << (c - 1));
        total += Fr::from_i64(d);
      }
      CHECK(total == k);
    }
  }
  const SignedWindows short_ones(8, 5);
  CHECK(short_ones.count() == 2);
  for (uint64_t v = 0; v < 256; ++v) {
    const Limbs shifted = short_ones.shifted({v, 0, 0, 0});
    CHECK(short_ones.digit(shifted, 0) + 32 * short_ones.digit(shifted, 1) == static_cast<int32_t>(v));
  }
}

TEST_CASE("scalar multiplication, constant and variable time, agrees with double-and-add") {
  const auto p = naive::points<G1Affine>(1)[0];
  const auto q = naive::points<G2Affine>(1)[0];
  for (const Fr& k : edge_scalars()) {
    CHECK(mul(p, k) == naive::mul(p, k));
    CHECK(mul_vartime(p, k) == naive::mul(p, k));
    CHECK(mul(q, k) == naive::mul(q, k));
    CHECK(mul_vartime(q, k) == naive::mul(q, k));
    CHECK(mul(G1(p).dbl(), k) == naive::mul(p, k).dbl());
    CHECK(mul(G1Affine::infinity(), k).is_infinity());
    CHECK(mul_vartime(G1Affine::infinity(), k).is_infinity());
    CHECK(mul(G2Affine::infinity(), k).is_infinity());
    CHECK(mul_vartime(G2Affine::infinity(), k).is_infinity());
  }
}

#if __has_include(<valgrind/memcheck.h>)
// Says something only when run under valgrind (PYZKFL_CPU=generic, for it knows no AVX-512): it reports every
// branch and address that depends on memory marked as undefined.
TEST_CASE("multiplication is constant time: it branches neither on the scalar nor on the point") {
  const auto check = []<class F>(const Affine<F>& point) {
    Fr k = Fr::random();
    Jacobian<F> p = Jacobian<F>(point).dbl();
    const Jacobian<F> expected = naive::mul(p, k.to_canonical());
    const auto errors = VALGRIND_COUNT_ERRORS;
    VALGRIND_MAKE_MEM_UNDEFINED(&k, sizeof(k));
    VALGRIND_MAKE_MEM_UNDEFINED(&p, sizeof(p));
    Jacobian<F> product = mul(p, k);
    Affine<F> affine = product.to_affine();
    VALGRIND_MAKE_MEM_DEFINED(&product, sizeof(product));
    VALGRIND_MAKE_MEM_DEFINED(&affine, sizeof(affine));
    CHECK(VALGRIND_COUNT_ERRORS == errors);
    CHECK(product == expected);
    CHECK(affine == expected.to_affine());
  };
  check(naive::points<G1Affine>(1)[0]);
  check(naive::points<G2Affine>(1)[0]);
}
#endif

TEST_CASE("constant-time multiplication is right outside the subgroup too") {
  const G2Affine q = naive::twist_point();
  for (const Fr& k : edge_scalars()) CHECK(mul(q, k) == naive::mul(q, k));
}

TEST_CASE("a batch of multiplications agrees with each by itself") {
  check_batches<G1Affine>(edge_scalars());
  check_batches<G2Affine>(edge_scalars());
}

TEST_CASE("a fixed base multiplies like any other, for every table size") {
  const auto scalars = edge_scalars();
  for (size_t expected : {size_t{1}, size_t{100}, size_t{20000}}) {
    const auto p = naive::points<G1Affine>(1)[0];
    const FixedBase<G1Affine> table(p, expected);
    const auto batch = table.batch(scalars);
    for (size_t i = 0; i < scalars.size(); ++i) {
      CHECK(table.mul(scalars[i]) == naive::mul(p, scalars[i]));
      CHECK(batch[i] == naive::mul(p, scalars[i]).to_affine());
    }
  }
  const auto q = naive::points<G2Affine>(1)[0];
  const FixedBase<G2Affine> table(q);
  const auto batch = table.batch(scalars);
  for (size_t i = 0; i < scalars.size(); ++i) {
    CHECK(table.mul(scalars[i]) == naive::mul(q, scalars[i]));
    CHECK(batch[i] == naive::mul(q, scalars[i]).to_affine());
  }
  CHECK(FixedBase<G1Affine>(G1Affine::infinity(), 10).mul(Fr::random()).is_infinity());
  CHECK(FixedBase<G1Affine>(g1_generator(), 10).batch({}).empty());
}

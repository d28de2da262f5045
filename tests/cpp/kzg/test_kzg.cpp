// Commitment keys, transforms over group elements, subgroup checks, weights.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "kzg/artefact.h"
#include "kzg/commitment_key.h"
#include "kzg/group_fft.h"
#include "kzg/point_arrays.h"
#include "kzg/random_weights.h"
#include "poly/domain.h"

using namespace pyzkfl;

namespace {

G1Affine g1_times(const Fr& k) { return mul_vartime(G1(g1_generator()), k).to_affine(); }
G2Affine g2_times(const Fr& k) { return mul_vartime(G2(g2_generator()), k).to_affine(); }

// A point of the twist outside G2: of order r times something, or, with `small`, of the cofactor's least
// prime order.
G2Affine stray_point(bool small) {
  // The cofactor 2p - r without its factor 10069, times r, takes any point to one of order 10069 (or
  // infinity).
  for (uint64_t i = 0;; ++i) {
    const Fp2 x{Fp::from_u64(i), Fp::one()};
    Fp2 y;
    if (!(x.square() * x + CurveCoefficient<Fp2>::b()).sqrt_vartime(y)) continue;
    G2 p(G2Affine{x, y});
    if (is_in_subgroup(p.to_affine())) continue;
    if (!small) return p.to_affine();
    const auto times = [](const G2& base, const Limbs& k) {
      G2 out;
      for (size_t bit = 256; bit-- > 0;) {
        out = out.dbl();
        if ((k[bit / 64] >> (bit % 64) & 1) != 0) out += base;
      }
      return out;
    };
    Limbs cofactor{};  // 2p - r, then divided by 10069
    uint64_t carry = 0, borrow = 0;
    for (size_t l = 0; l < 4; ++l) {
      const uint64_t doubled = Fp::modulus[l] << 1 | carry;
      carry = Fp::modulus[l] >> 63;
      const unsigned __int128 difference = static_cast<unsigned __int128>(doubled) - Fr::modulus[l] - borrow;
      cofactor[l] = static_cast<uint64_t>(difference);
      borrow = static_cast<uint64_t>(difference >> 64) & 1;
    }
    unsigned __int128 rest = 0;
    for (size_t l = 4; l-- > 0;) {
      rest = rest << 64 | cofactor[l];
      cofactor[l] = static_cast<uint64_t>(rest / 10069);
      rest %= 10069;
    }
    REQUIRE(rest == 0);
    p = times(times(p, Fr::modulus), cofactor);
    if (p.is_infinity()) continue;
    CHECK(times(p, {10069, 0, 0, 0}).is_infinity());
    return p.to_affine();
  }
}

}  // namespace

TEST_CASE("the transform over group elements is the inverse transform of their logarithms") {
  for (unsigned log_n = 0; log_n <= 7; ++log_n) {
    CAPTURE(log_n);
    const size_t n = size_t{1} << log_n;
    std::vector<Fr> values(n);
    for (Fr& v : values) v = Fr::random();
    if (n > 4) values[3] = values[1];         // equal points
    if (n > 8) values[7] = values[2] = Fr();  // infinity
    std::vector<G1Affine> in_g1;
    std::vector<G2Affine> in_g2;
    for (const Fr& v : values) {
      in_g1.push_back(g1_times(v));
      in_g2.push_back(g2_times(v));
    }
    Domain(log_n).intt(values);
    group_intt(in_g1);
    group_intt(in_g2);
    for (size_t i = 0; i < n; ++i) {
      CHECK(in_g1[i] == g1_times(values[i]));
      CHECK(in_g2[i] == g2_times(values[i]));
    }
  }
}

TEST_CASE("the transform of powers of tau is the Lagrange basis") {
  const Domain domain(4);
  const Fr tau = Fr::random();
  std::vector<G1Affine> powers;
  for (Fr power = Fr::one(); powers.size() < domain.size(); power *= tau) powers.push_back(g1_times(power));
  group_intt(powers);
  const std::vector<Fr> lagrange = domain.lagrange_at(tau);
  for (size_t i = 0; i < powers.size(); ++i) CHECK(powers[i] == g1_times(lagrange[i]));
}

TEST_CASE("the bases of all domains up to a size are those of each") {
  const Fr tau = Fr::random();
  std::vector<G1Affine> powers_1;
  std::vector<G2Affine> powers_2;
  for (Fr power = Fr::one(); powers_1.size() < 31; power *= tau) {
    powers_1.push_back(g1_times(power));
    powers_2.push_back(g2_times(power));
  }
  std::vector<G1Affine> bases_1(63);
  std::vector<G2Affine> bases_2(31);
  double last = 0;
  lagrange_bases(bases_1, std::span<const G1Affine>(powers_1), 5, [&](double fraction) {
    CHECK(fraction >= last);
    last = fraction;
  });
  CHECK(last == 1);
  lagrange_bases(bases_2, std::span<const G2Affine>(powers_2), 4);
  for (unsigned p = 0; p <= 4; ++p) {
    const std::vector<Fr> lagrange = Domain(p).lagrange_at(tau);
    for (size_t i = 0; i < lagrange.size(); ++i) {
      CHECK(bases_1[lagrange.size() - 1 + i] == g1_times(lagrange[i]));
      CHECK(bases_2[lagrange.size() - 1 + i] == g2_times(lagrange[i]));
    }
  }
  // The largest one lacks its last power: tau^31 L's coefficient is w^(-31 k) / 32.
  const Domain domain(5);
  const std::vector<Fr> lagrange = domain.lagrange_at(tau);
  Fr last_power = Fr::from_u64(32).inverse();
  for (size_t i = 0; i < 31; ++i) last_power *= tau;
  for (size_t i = 0; i < 32; ++i, last_power *= domain.generator())  // w^-31 = w
    CHECK(bases_1[31 + i] == g1_times(lagrange[i] - last_power));
  CHECK_THROWS_AS(lagrange_bases(std::span(bases_1).first(62), std::span<const G1Affine>(powers_1), 5),
                  ParameterError);
}

TEST_CASE("a transform of all equal points and of all infinities") {
  std::vector<G1Affine> points(8, g1_generator());
  group_intt(points);
  CHECK(points[0] == g1_generator());
  for (size_t i = 1; i < 8; ++i) CHECK(points[i].is_infinity());
  group_intt(std::span<G1Affine>(points).subspan(4));
  for (size_t i = 4; i < 8; ++i) CHECK(points[i].is_infinity());
}

TEST_CASE("lengths that are no power of two are refused") {
  std::vector<G1Affine> points(3, g1_generator());
  CHECK_THROWS_AS(group_intt(points), ParameterError);
  CHECK_THROWS_AS(group_intt(std::span<G1Affine>()), ParameterError);
}

TEST_CASE("a stray point among many is found at every place, whatever its order") {
  for (const size_t count : {1, 63, 64, 200}) {
    std::vector<G2Affine> points;
    for (size_t i = 0; i < count; ++i) points.push_back(g2_times(Fr::from_u64(i)));
    CHECK(all_in_subgroup(points));  // infinity, at 0, is in the subgroup
    for (const bool small : {false, true})
      for (const size_t at : {size_t{0}, count / 2, count - 1}) {
        std::vector<G2Affine> bad = points;
        bad[at] = stray_point(small);
        CHECK_FALSE(all_in_subgroup(bad));
      }
  }
  CHECK(all_in_subgroup({}));
}

TEST_CASE("two stray points that cancel are found") {
  std::vector<G2Affine> points(100, g2_generator());
  points[10] = stray_point(true);
  points[90] = -points[10];
  CHECK_FALSE(all_in_subgroup(points));
}

TEST_CASE("arrays of points come back, and only whole and canonical ones are read") {
  std::vector<G1Affine> g1;
  std::vector<G2Affine> g2;
  for (uint64_t i = 1; i <= 70; ++i) {
    g1.push_back(g1_times(Fr::from_u64(i)));
    g2.push_back(g2_times(Fr::from_u64(i)));
  }
  g1[5] = G1Affine::infinity();
  g2[6] = G2Affine::infinity();
  Writer out;
  write_points(out, g1);
  write_points(out, g2);
  const Bytes bytes = out.take();
  CHECK(bytes.size() == 70 * (64 + 128));
  const auto read = [&](ByteSpan data, Infinity infinity) {
    Reader in(data, "points");
    const auto first = read_g1_points(in, 70, infinity);
    const auto second = read_g2_points(in, 70, infinity, SubgroupCheck::done);
    in.done();
    return first == g1 && second == g2;
  };
  CHECK(read(bytes, Infinity::allowed));
  CHECK_THROWS_AS(read(bytes, Infinity::refused), DecodeError);
  CHECK_THROWS_AS(read(ByteSpan(bytes).first(bytes.size() - 1), Infinity::allowed), DecodeError);
  Bytes changed = bytes;
  changed[64 * 70 + 127] ^= 1;
  CHECK_THROWS_AS(read(changed, Infinity::allowed), DecodeError);
  changed = bytes;
  for (size_t i = 0; i < 32; ++i) changed[i] = 0xff;  // a coordinate above p
  CHECK_THROWS_AS(read(changed, Infinity::allowed), DecodeError);
  Reader huge(bytes, "points");
  CHECK_THROWS_AS((void)read_g1_points(huge, size_t{1} << 60, Infinity::allowed), DecodeError);
}

TEST_CASE("weights have 128 bits, differ, and are never zero even if the generator gives zero") {
  const auto weights = random_weights(1000);
  for (const Fr& w : weights) {
    const Limbs canonical = w.to_canonical();
    CHECK((canonical[2] | canonical[3]) == 0);
    CHECK_FALSE(w.is_zero());
  }
  CHECK(std::any_of(weights.begin(), weights.end(),
                    [](const Fr& w) { return (w.to_canonical()[1] >> 63) == 1; }));
  auto sorted = weights;
  std::sort(sorted.begin(), sorted.end(), [](const Fr& a, const Fr& b) { return a.l < b.l; });
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  int calls = 0;
  const Fr w = random_weight_from([&](std::span<uint8_t> out) {
    std::fill(out.begin(), out.end(), uint8_t{0});
    if (++calls == 3) out[0] = 9;
  });
  CHECK(calls == 3);
  CHECK(w == Fr::from_u64(9));
}

TEST_CASE("a commitment key commits linearly and refuses bases that would not bind") {
  std::vector<G1Affine> points = {g1_times(Fr::random()), g1_times(Fr::random()), g1_times(Fr::random())};
  const CommitmentKey key(points);
  CHECK(key.size() == 2);
  const Fr b = Fr::random();
  const std::vector<int64_t> values = {INT64_MIN, INT64_MAX};
  const G1 expected = mul(G1(points[0]), Fr::from_i64(INT64_MIN)) +
                      mul(G1(points[1]), Fr::from_i64(INT64_MAX)) + mul(G1(points[2]), b);
  CHECK(key.commit(values, b) == expected.to_affine());
  CHECK(key.commit(std::vector<Fr>{Fr::from_i64(INT64_MIN), Fr::from_i64(INT64_MAX)}, b) ==
        expected.to_affine());
  CHECK_THROWS_AS((void)key.commit(std::vector<int64_t>{1}, b), ParameterError);
  CHECK_THROWS_AS((void)key.commit(std::vector<int64_t>{1, 2, 3}, b), ParameterError);
  CHECK_THROWS_AS(CommitmentKey({}), ParameterError);
  CHECK_THROWS_AS(CommitmentKey({points[0], G1Affine::infinity()}), ParameterError);
  CHECK_THROWS_AS(CommitmentKey({points[0], points[1], points[0]}), ParameterError);
  const CommitmentKey again = CommitmentKey::from_bytes(key.to_bytes());
  CHECK(again.digest() == key.digest());
  std::swap(points[0], points[1]);
  CHECK(CommitmentKey(points).digest() != key.digest());
}

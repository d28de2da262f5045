// The opening of multilinear evaluations: identity, pairing equation, what is refused, and what the mask hides.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/errors.h"
#include "curves/scalar_mul.h"
#include "kzg/column_key.h"
#include "kzg/symmetric_opening.h"

using namespace pyzkfl;

namespace {

std::vector<Fr> random_elements(size_t count) {
  std::vector<Fr> out(count);
  for (Fr& v : out) v = Fr::random();
  return out;
}

Fr eq(std::span<const Fr> point, size_t index) {
  Fr out = Fr::one();
  for (size_t j = 0; j < point.size(); ++j) out *= (index >> j & 1) != 0 ? point[j] : Fr::one() - point[j];
  return out;
}

// The multilinear extension of the first 2^l coefficients.
Fr extension(std::span<const Fr> f, std::span<const Fr> point) {
  Fr out;
  for (size_t i = 0; i < std::min(f.size(), size_t{1} << point.size()); ++i) out += f[i] * eq(point, i);
  return out;
}

// By the definition: the coefficient of X^k, k > 0, in F(X) E(1/X) + F(1/X) E(X).
std::vector<Fr> quotient_by_definition(std::span<const Fr> f, std::span<const Fr> point) {
  const size_t n = size_t{1} << point.size();
  std::vector<Fr> e(n), out(n);
  for (size_t i = 0; i < n; ++i) e[i] = eq(point, i);
  for (size_t i = 0; i < f.size(); ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (i != j) out[(i > j ? i - j : j - i) - 1] += f[i] * e[j];
    }
  }
  return out;
}

Fr at(std::span<const Fr> f, const Fr& x) {
  Fr out;
  for (size_t i = f.size(); i-- > 0;) out = out * x + f[i];
  return out;
}

bool equal(std::span<const Fr> a, std::span<const Fr> b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

TEST_CASE("the symmetric quotient is that of its definition") {
  for (unsigned log_n = 0; log_n <= 8; ++log_n) {
    const size_t n = size_t{1} << log_n;
    // A blinder at position n, below it, fewer coefficients than cells, none.
    for (const size_t length : {n + 1, n, n / 2 + 1, n / 4, size_t{0}}) {
      CAPTURE(log_n);
      CAPTURE(length);
      const std::vector<Fr> f = random_elements(length), point = random_elements(log_n);
      const SecretArray<Fr> s = symmetric_quotient(f, point, extension(f, point));
      CHECK(equal(s.span(), quotient_by_definition(f, point)));
    }
  }
}

TEST_CASE("points with coordinates 0 and 1 have their quotients, too") {
  for (size_t index = 0; index < 8; ++index) {
    std::vector<Fr> point(3);
    for (size_t j = 0; j < 3; ++j) point[j] = (index >> j & 1) != 0 ? Fr::one() : Fr();
    const std::vector<Fr> f = random_elements(9);
    CHECK(equal(symmetric_quotient(f, point, f[index]).span(), quotient_by_definition(f, point)));
  }
}

TEST_CASE("the identity holds at a random point, for sizes of one block, a few tiles, and many") {
  for (const unsigned log_n : {9u, 10u, 11u, 12u, 15u}) {
    CAPTURE(log_n);
    const size_t n = size_t{1} << log_n;
    const std::vector<Fr> f = random_elements(n + 1), point = random_elements(log_n);
    const Fr v = extension(f, point);
    const SecretArray<Fr> s = symmetric_quotient(f, point, v);
    REQUIRE(s.size() == n);
    const Fr z = Fr::random(), zi = z.inverse();
    const auto e_at = [&](Fr x) {
      Fr out = Fr::one();
      for (const Fr& r : point) {
        out *= Fr::one() - r + r * x;
        x = x.square();
      }
      return out;
    };
    CHECK(evaluate(f, z) == at(f, z));
    CHECK(evaluate(f, z) * e_at(zi) + evaluate(f, zi) * e_at(z) ==
          v.dbl() + z * evaluate(s.span(), z) + zi * evaluate(s.span(), zi));
  }
}

TEST_CASE("a false value has no quotient") {
  for (const unsigned log_n : {0u, 3u, 11u}) {
    const std::vector<Fr> f = random_elements((size_t{1} << log_n) + 1), point = random_elements(log_n);
    CHECK_THROWS_AS((void)symmetric_quotient(f, point, extension(f, point) + Fr::one()), ParameterError);
    CHECK_THROWS_AS((void)symmetric_quotient(f, point, Fr::random()), ParameterError);
  }
}

TEST_CASE("a symmetric quotient of too many coefficients is refused") {
  const std::vector<Fr> point = random_elements(3);
  CHECK_THROWS_AS((void)symmetric_quotient(std::vector<Fr>(10), point, Fr()), ParameterError);
  CHECK_THROWS_AS((void)symmetric_quotient(std::vector<Fr>(1), random_elements(29), Fr()), ParameterError);
}

TEST_CASE("evaluation is Horner's") {
  for (const size_t length : {0, 1, 2, 7, 2047, 2048, 2049, 5000}) {
    const std::vector<Fr> f = random_elements(length);
    for (const Fr& x : {Fr(), Fr::one(), Fr::random()}) CHECK(evaluate(f, x) == at(f, x));
  }
}

TEST_CASE("an opening at z and 1/z gives the values there, and the quotient") {
  const Fr tau = Fr::random();
  const ColumnKey key = ColumnKey::insecure(13, tau);
  for (const size_t length : {0, 1, 2, 3, 4, 2047, 2048, 2049, 2050, 2051, 4097, 4098, 8193}) {
    CAPTURE(length);
    const std::vector<Fr> g = random_elements(length);
    const Fr z = Fr::random(), zi = z.inverse();
    const PairOpening opening = open_at_pair(key, g, z);
    CHECK(opening.i0 + opening.i1 * z == at(g, z));
    CHECK(opening.i0 + opening.i1 * zi == at(g, zi));
    const Fr quotient = (at(g, tau) - opening.i0 - opening.i1 * tau) * ((tau - z) * (tau - zi)).inverse();
    CHECK(opening.quotient == mul_vartime(G1(g1_generator()), quotient).to_affine());
    CHECK(verify_pair_opening(key.verifier(), commit_polynomial(key, g), opening, z));
  }
}

TEST_CASE("an opening of another value, point, commitment or quotient is refused") {
  const ColumnKey key = ColumnKey::insecure(5);
  const std::vector<Fr> g = random_elements(33);
  const Fr z = Fr::random();
  const G1Affine commitment = commit_polynomial(key, g);
  const PairOpening opening = open_at_pair(key, g, z);
  const auto holds = [&](const G1Affine& c, const PairOpening& o, const Fr& x) {
    return verify_pair_opening(key.verifier(), c, o, x);
  };
  REQUIRE(holds(commitment, opening, z));
  CHECK(holds(commitment, opening, z.inverse()));  // the same two points
  PairOpening changed = opening;
  changed.i0 += Fr::one();
  CHECK_FALSE(holds(commitment, changed, z));
  changed = opening;
  changed.i1 += Fr::one();
  CHECK_FALSE(holds(commitment, changed, z));
  // Right at z, wrong at 1/z.
  changed = opening;
  changed.i0 -= z;
  changed.i1 += Fr::one();
  CHECK_FALSE(holds(commitment, changed, z));
  changed = opening;
  changed.quotient = (G1(opening.quotient) + g1_generator()).to_affine();
  CHECK_FALSE(holds(commitment, changed, z));
  changed.quotient = G1Affine();
  CHECK_FALSE(holds(commitment, changed, z));
  CHECK_FALSE(holds((G1(commitment) + g1_generator()).to_affine(), opening, z));
  CHECK_FALSE(holds(G1Affine(), opening, z));
  CHECK_FALSE(holds(commitment, opening, z + Fr::one()));
  // Another key's verifier.
  CHECK_FALSE(verify_pair_opening(ColumnKey::insecure(5).verifier(), commitment, opening, z));
  // A point off the curve.
  changed = opening;
  changed.quotient.y += Fp::one();
  CHECK_FALSE(holds(commitment, changed, z));
  G1Affine off = commitment;
  off.x += Fp::one();
  CHECK_FALSE(holds(off, opening, z));
}

TEST_CASE("constant polynomials have openings at infinity, which hold") {
  const ColumnKey key = ColumnKey::insecure(3);
  const Fr z = Fr::random();
  const std::vector<Fr> zero(5);
  const PairOpening opening = open_at_pair(key, zero, z);
  CHECK(opening.quotient.is_infinity());
  CHECK(verify_pair_opening(key.verifier(), G1Affine(), opening, z));
}

TEST_CASE("z that is 0, 1 or -1 has no opening, and none is believed there") {
  const Fr tau = Fr::random();
  const ColumnKey key = ColumnKey::insecure(3, tau);
  const std::vector<Fr> g = random_elements(9);
  for (const Fr& z : {Fr(), Fr::one(), -Fr::one()}) {
    CHECK_FALSE(is_opening_point(z));
    CHECK_THROWS_AS((void)open_at_pair(key, g, z), ParameterError);
    // What satisfies the equation there, from tau; without the refusal it would be believed.
    PairOpening forged;
    const Fr inverse = z.inverse();  // 0 for 0
    const Fr wrong = at(g, tau) - Fr::from_u64(7);
    forged.i0 = Fr::from_u64(7);
    forged.quotient =
        mul_vartime(G1(g1_generator()), wrong * (tau.square() - (z + inverse) * tau + Fr::one()).inverse()).to_affine();
    CHECK_FALSE(verify_pair_opening(key.verifier(), commit_polynomial(key, g), forged, z));
    CHECK_FALSE(pair_opening_inputs(key.verifier(), commit_polynomial(key, g), forged, z, Fr::one()));
  }
}

TEST_CASE("openings merge into one product of pairings by nonzero weights") {
  const ColumnKey key = ColumnKey::insecure(4);
  const Fr z = Fr::random(), y = Fr::random();
  const std::vector<Fr> f = random_elements(17), g = random_elements(17);
  const G1Affine cf = commit_polynomial(key, f), cg = commit_polynomial(key, g);
  const PairOpening of = open_at_pair(key, f, z), og = open_at_pair(key, g, y);
  const auto together = [&](const PairOpening& first, const PairOpening& second, const Fr& weight) {
    const auto a = pair_opening_inputs(key.verifier(), cf, first, z, Fr::one());
    const auto b = pair_opening_inputs(key.verifier(), cg, second, y, weight);
    REQUIRE((a && b));
    std::vector<PreparedPairingInput> all(a->begin(), a->end());
    all.insert(all.end(), b->begin(), b->end());
    return pairing_product_is_one({}, all);
  };
  const Fr chi = Fr::random();
  CHECK(together(of, og, chi));
  PairOpening bad = og;
  bad.i0 += Fr::one();
  CHECK_FALSE(together(of, bad, chi));
  // Errors that cancel for weight 1: why the weight must be one that the prover cannot foresee.
  PairOpening other = of;
  other.i0 -= Fr::one();
  CHECK(together(other, bad, Fr::one()));
  CHECK_FALSE(together(other, bad, chi));
  CHECK_THROWS_AS((void)pair_opening_inputs(key.verifier(), cg, og, y, Fr()), ParameterError);
}

TEST_CASE("what lies above n changes no value: such coefficients are bound by nothing") {
  const Fr tau = Fr::random();
  const unsigned log_n = 4;
  const size_t n = size_t{1} << log_n;
  const ColumnKey key = ColumnKey::insecure(6, tau);
  const std::vector<Fr> point = random_elements(log_n);
  std::vector<Fr> f = random_elements(n), junk = f;
  for (size_t i = n; i < 40; ++i) junk.push_back(Fr::random());
  // The commitment with junk opens to the same value: a prover who knows S for it, here of higher degree, which nothing
  // bounds either, satisfies every check.
  std::vector<Fr> e(n), s(junk.size());
  for (size_t i = 0; i < n; ++i) e[i] = eq(point, i);
  for (size_t i = 0; i < junk.size(); ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (i != j) s[(i > j ? i - j : j - i) - 1] += junk[i] * e[j];
    }
  }
  const Fr v = extension(f, point), z = Fr::random(), zi = z.inverse(), gamma = Fr::random();
  CHECK(at(junk, z) * at(e, zi) + at(junk, zi) * at(e, z) == v.dbl() + z * at(s, z) + zi * at(s, zi));
  std::vector<Fr> g = junk;
  for (size_t i = 0; i < s.size(); ++i) g[i] += gamma * s[i];
  const PairOpening opening = open_at_pair(key, g, z);
  const G1 c = G1(commit_polynomial(key, junk)) + mul_vartime(G1(commit_polynomial(key, s)), gamma);
  CHECK(verify_pair_opening(key.verifier(), c.to_affine(), opening, z));
  CHECK(opening.i0 + opening.i1 * z == at(junk, z) + gamma * at(s, z));
  CHECK(commit_polynomial(key, junk) != commit_polynomial(key, f));
  // The honest prover refuses to.
  CHECK_THROWS_AS((void)symmetric_quotient(junk, point, v), ParameterError);
}

// What a verifier sees of a mask alone, as a linear map of its coefficients at `positions`: the logarithms of C_M and
// C_S, i0, i1 of F + gamma S, and the value at the point. (The quotient W is a function of C_G, i0 and i1.)
namespace {

size_t rank_of_mask(std::span<const size_t> positions, unsigned log_n) {
  const Fr tau = Fr::random(), z = Fr::random(), gamma = Fr::random(), zi = z.inverse();
  const std::vector<Fr> point = random_elements(log_n);
  const size_t n = size_t{1} << log_n;
  size_t length = n + 1;
  for (const size_t p : positions) length = std::max(length, p + 1);
  std::vector<std::array<Fr, 5>> rows;
  for (const size_t p : positions) {
    std::vector<Fr> m(length), s(length);
    m[p] = Fr::one();
    for (size_t j = 0; j < n; ++j) {
      if (p != j) s[(p > j ? p - j : j - p) - 1] += eq(point, j);
    }
    const Fr v = extension(m, point);
    if (p <= n) CHECK(equal(symmetric_quotient(std::span(m).first(n + 1), point, v).span(), std::span(s).first(n)));
    const Fr at_z = at(m, z) + gamma * at(s, z), at_zi = at(m, zi) + gamma * at(s, zi);
    const Fr i1 = (at_z - at_zi) * (z - zi).inverse();
    rows.push_back({at(m, tau), at(s, tau), at_z - i1 * z, i1, v});
  }
  size_t rank = 0;
  for (size_t column = 0; column < 5; ++column) {
    size_t pivot = rank;
    while (pivot < rows.size() && rows[pivot][column].is_zero()) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[rank], rows[pivot]);
    const Fr inverse = rows[rank][column].inverse();
    for (size_t i = rank + 1; i < rows.size(); ++i) {
      const Fr factor = rows[i][column] * inverse;
      for (size_t k = column; k < 5; ++k) rows[i][k] -= factor * rows[rank][k];
    }
    ++rank;
  }
  return rank;
}

}  // namespace

TEST_CASE("five low coefficients of the mask make all five exported values uniform; four or high ones do not") {
  for (const unsigned log_n : {3u, 4u, 6u}) {
    CAPTURE(log_n);
    const size_t n = size_t{1} << log_n;
    for (int trial = 0; trial < 5; ++trial) {
      CHECK(rank_of_mask(std::array<size_t, 5>{0, 1, 2, 3, 4}, log_n) == 5);
      CHECK(rank_of_mask(std::array<size_t, 4>{0, 1, 2, 3}, log_n) == 4);
      CHECK(rank_of_mask(std::array<size_t, 5>{n, n + 1, n + 2, n + 3, n + 4}, log_n) == 3);
      CHECK(rank_of_mask(std::array<size_t, 5>{n + 1, n + 2, n + 3, n + 4, n + 5}, log_n) == 3);
    }
  }
}

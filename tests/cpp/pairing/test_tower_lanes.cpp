// Every operation of the pairing in lanes, on values at the ends of their documented ranges, all lanes different, against
// the generic tower. Nothing runs where the processor lacks the instructions.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "../fields/edge_values.h"
#include "../fields/limbs52.h"
#include "base/cpu.h"
#include "curves/bn254.h"
#include "fields/fp12.h"
#include "tower_lanes.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

const Wide& p() {
  static const Wide v = Wide::from(Fp::modulus);
  return v;
}
// Whether v is below hundredths p / 100.
bool below(const Wide& v, uint64_t hundredths) { return less(v * small(100), p() * small(hundredths)); }

// What a lane holds: v / 2^260. Its limbs are v / 2^256 for Fp.
Fp element(const Wide& v) {
  static const Fp sixteenth = Fp::from_u64(16).inverse();
  return Fp::from_montgomery_limbs(mod(v, Fp::modulus)) * sixteenth;
}

// A value below the bound (in hundredths of p): at its end, around multiples of p, of limbs all ones or zeros, or random.
class Values {
 public:
  explicit Values(uint64_t seed) : generator_(seed) {}

  Wide below_hundredths(uint64_t bound) {
    const uint64_t choice = generator_.next() % 8;
    if (choice == 0) return Wide();
    if (choice <= 2) return largest(bound);
    if (choice == 3) return minus(p() * small(bound / 100), small(1));
    if (choice == 4) return bound > 100 ? p() : small(1);
    while (true) {
      Value v;
      for (uint64_t& limb : v) {
        const uint64_t kind = generator_.next() % 4, random = generator_.next() & ones52;
        limb = kind < 2 ? random : kind == 2 ? 0 : ones52;
      }
      v[4] %= narrow(largest(bound))[4] + 1;
      if (below(wide(v), bound)) return wide(v);
    }
  }
  static Wide largest(uint64_t bound) {
    Wide v = p() * small(bound / 100);
    // The fraction of p to 2^-52 and a little less.
    Value fraction = narrow(p() * small(bound % 100));
    uint64_t remainder = 0;
    for (size_t i = 5; i-- > 0;) {
      const uint64_t numerator = (remainder << 52) + fraction[i];
      fraction[i] = numerator / 100;
      remainder = numerator % 100;
    }
    v = v + wide(fraction);
    return bound % 100 == 0 ? minus(v, small(1)) : v;
  }
  uint64_t next() { return generator_.next(); }

 private:
  Generator generator_;
};

struct Lane {
  Wide c0, c1;
};
Fp2 element(const Lane& v) { return {element(v.c0), element(v.c1)}; }

using Lanes = std::array<Lane, 8>;

RawOperand raw(const Lanes& lanes) {
  RawOperand out;
  for (size_t k = 0; k < 8; ++k) {
    const Value c0 = narrow(lanes[k].c0), c1 = narrow(lanes[k].c1), sum = narrow(lanes[k].c0 + lanes[k].c1);
    for (size_t i = 0; i < 5; ++i) out.l[i][k] = c0[i], out.l[5 + i][k] = c1[i], out.l[10 + i][k] = sum[i];
  }
  return out;
}
Lane lane(const uint64_t (*l)[8], size_t k) {
  const auto value = [&](size_t at) { return wide({l[at][k], l[at + 1][k], l[at + 2][k], l[at + 3][k], l[at + 4][k]}); };
  return {value(0), value(5)};
}
// A lane that was computed: limbs below 2^52, sum right, both components below the bound.
Lane checked(const RawOperand& v, size_t k, uint64_t bound) {
  for (size_t i = 0; i < 10; ++i) CHECK(v.l[i][k] <= ones52);
  const Lane out = lane(v.l, k);
  const Value sum = narrow(out.c0 + out.c1);
  for (size_t i = 0; i < 5; ++i) CHECK((v.l[10 + i][k] & ones52) == sum[i]);
  CHECK(below(out.c0, bound));
  CHECK(below(out.c1, bound));
  return out;
}

Lanes random_lanes(Values& values, uint64_t bound) {
  Lanes out;
  for (Lane& v : out) v = {values.below_hundredths(bound), values.below_hundredths(bound)};
  return out;
}

constexpr uint64_t plain_bound = 200, tamed_bound = 165;

// xi times each, or that and p where it is below 1.65 p still.
Wide tamed(const Wide& v, Values& values) {
  const Wide least = Wide::from(mod(v, Fp::modulus));
  return values.next() % 2 == 0 && below(least + p(), tamed_bound) ? least + p() : least;
}
Lanes times_xi(const Lanes& v, Values& values) {
  Lanes out;
  for (size_t k = 0; k < 8; ++k) {
    out[k] = {tamed(minus(v[k].c0 * small(9) + p() * small(4), v[k].c1), values), tamed(v[k].c1 * small(9) + v[k].c0, values)};
  }
  return out;
}

RawElement raw_element(const Lanes& v, Values& values) { return {raw(v), raw(times_xi(v, values))}; }

Fp12 tower(const std::array<Fp2, 6>& c) { return {{c[0], c[2], c[4]}, {c[1], c[3], c[5]}}; }
Fp12 element(const Lanes& v) {
  return tower({element(v[0]), element(v[1]), element(v[2]), element(v[3]), element(v[4]), element(v[5])});
}
Fp12 checked(const RawElement& v) {
  std::array<Fp2, 6> out;
  for (size_t k = 0; k < 6; ++k) {
    out[k] = element(checked(v.plain, k, plain_bound));
    CHECK(element(checked(v.by_xi, k, tamed_bound)) == out[k].mul_by_xi());
  }
  return tower(out);
}

const TowerOperations* operations() { return best_kernel() < CpuKernel::ifma ? nullptr : tower_operations(); }

}  // namespace

TEST_CASE("sums of products of lanes are right and within their bounds, doubled or not") {
  const TowerOperations* op = operations();
  if (op == nullptr) return;
  Values values(1);
  struct Shape {
    unsigned doubled, single;
    uint64_t bound;  // of factors, in hundredths; products add up to 43 p^2
  };
  for (const Shape shape : {Shape{0, 1, 655}, Shape{0, 2, 460}, Shape{0, 3, 378}, Shape{0, 6, 267}, Shape{2, 2, 267},
                            Shape{1, 1, 378}, Shape{0, 1, 100}, Shape{2, 1, 200}}) {
    for (int round = 0; round < 30; ++round) {
      const Lanes a = random_lanes(values, shape.bound), b = random_lanes(values, shape.bound),
                  second = random_lanes(values, shape.bound);
      std::vector<RawTerm> terms(shape.doubled + shape.single);
      for (RawTerm& term : terms) {
        for (size_t k = 0; k < 8; ++k) term.a[k] = values.next() % 8, term.b[k] = values.next() % 16;
      }
      RawSum out;
      op->sum_of_products(out, raw(a), raw(b), raw(second), terms.data(), shape.doubled, shape.single);
      for (size_t k = 0; k < 8; ++k) {
        Wide real_plus, real_minus, imaginary;
        Fp2 expected;
        for (size_t i = 0; i < terms.size(); ++i) {
          const Lane& x = a[terms[i].a[k]];
          const Lane& y = terms[i].b[k] < 8 ? b[terms[i].b[k]] : second[terms[i].b[k] - 8];
          const Wide times = small(i < shape.doubled ? 2 : 1);
          real_plus = real_plus + x.c0 * y.c0 * times;
          real_minus = real_minus + x.c1 * y.c1 * times;
          imaginary = imaginary + (x.c0 * y.c1 + x.c1 * y.c0) * times;
          const Fp2 product = element(x) * element(y);
          expected += i < shape.doubled ? product.dbl() : product;
        }
        const Lane found = lane(out.l, k);
        CHECK(element(found) == expected);
        // Below p and what the sum over 2^260 is, the real part's lifted by 43 p^2.
        Wide two_260;
        two_260.word[8] = 1 << 4;
        const Wide lifted = minus(real_plus + p() * p() * small(43), real_minus);
        CHECK(less(found.c0 * two_260, p() * two_260 + lifted));
        CHECK(less(found.c1 * two_260, p() * two_260 + imaginary));
      }
    }
  }
}

TEST_CASE("products, squares and conjugates in lanes are those of Fp12, and elements again") {
  const TowerOperations* op = operations();
  if (op == nullptr) return;
  Values values(2);
  for (int round = 0; round < 60; ++round) {
    const Lanes a = random_lanes(values, plain_bound), b = random_lanes(values, plain_bound);
    const Fp12 x = element(a), y = element(b);
    RawElement out;
    op->mul(out, raw(a), raw_element(b, values));
    CHECK(checked(out) == x * y);
    RawElement f = raw_element(a, values);
    op->mul(f, f.plain, f);  // where the factors are
    CHECK(checked(f) == x.square());
    f = raw_element(a, values);
    op->square(f);
    CHECK(checked(f) == x.square());
    f = raw_element(a, values);
    op->cyclotomic_square(f);
    CHECK(checked(f) == x.cyclotomic_square());
    RawOperand g = raw(a);
    op->conjugate(g);
    std::array<Fp2, 6> c;
    for (size_t k = 0; k < 6; ++k) {
      // 2p itself where the coefficient is zero, so not below 2p.
      c[k] = element(checked(g, k, plain_bound + 1));
    }
    CHECK(tower(c) == x.conjugate());
  }
}

TEST_CASE("products by lines in lanes are those of Fp12, many in a row too") {
  const TowerOperations* op = operations();
  if (op == nullptr) return;
  Values values(3);
  for (int round = 0; round < 40; ++round) {
    const Lanes a = random_lanes(values, plain_bound), line = random_lanes(values, plain_bound);
    const Fp2 l0 = element(line[0]), l3 = element(line[1]), l4 = element(line[2]);
    RawElement f = raw_element(a, values);
    op->mul_by_line(f, raw(line));
    Fp12 expected = element(a).mul_by_034(l0, l3, l4);
    CHECK(checked(f) == expected);
    f = raw_element(a, values);
    expected = element(a);
    for (int i = 0; i < 4; ++i) {
      op->mul_by_monic_line(f, raw(line));
      expected = expected.mul_by_34(l3, l4);
      CHECK(checked(f) == expected);
    }
  }
}

TEST_CASE("steps of the running point in lanes are the formulas, at the ends of the ranges") {
  const TowerOperations* op = operations();
  if (op == nullptr) return;
  Values values(4);
  const Fp2 thrice_b = CurveCoefficient<Fp2>::b().dbl() + CurveCoefficient<Fp2>::b();
  const auto to_lane = [&](const Fp2& v) -> Lane {  // times 2^260
    const auto component = [&](const Fp& c) { return tamed(Wide::from((c * Fp::from_u64(16)).l), values); };
    return {component(v.c0), component(v.c1)};
  };
  for (int round = 0; round < 60; ++round) {
    Lanes point = random_lanes(values, tamed_bound);
    point[3] = to_lane(element(point[2]) * thrice_b);
    Lanes row = random_lanes(values, tamed_bound);
    const Fp2 qx = element(row[0]), qy = element(row[1]);
    row[2] = to_lane(-qy);
    for (size_t k = 3; k < 8; ++k) row[k].c1 = Wide();  // in Fp
    const Fp px = element(row[5].c0), py = element(row[6].c0);
    row[3].c0 = tamed(row[6].c0, values);
    row[4].c0 = tamed(minus(p() * small(2), row[5].c0), values);
    row[7].c0 = Wide();
    const Fp2 x = element(point[0]), y = element(point[1]), z = element(point[2]);
    const auto same = [&](const RawOperand& found, size_t k, const Fp2& expected, uint64_t bound) {
      CHECK(element(checked(found, k, bound)) == expected);
    };

    RawOperand doubled = raw(point);
    op->double_step(doubled, raw(row));
    const Fp2 b = y.square(), e = z.square() * thrice_b, yz = y * z;
    const Fp2 e3 = e.dbl() + e, ee3 = e.square().dbl() + e.square();
    const Fp2 new_z = (b * yz).dbl().dbl().dbl();
    same(doubled, 0, (b - e3) * (x * y).dbl(), tamed_bound);
    same(doubled, 1, (b + e3).square() - ee3.dbl().dbl(), tamed_bound);
    same(doubled, 2, new_z, tamed_bound);
    same(doubled, 3, new_z * thrice_b, tamed_bound);
    same(doubled, 4, yz * py, tamed_bound);
    same(doubled, 5, x.square() * px, tamed_bound);
    same(doubled, 7, e - b, tamed_bound);

    RawOperand added = raw(point), line;
    op->add_step(added, line, raw(row));
    const Fp2 theta = y - qy * z, lambda = x - qx * z, d = lambda.square();
    const Fp2 h = lambda * d + z * theta.square() - (x * d).dbl();
    same(added, 0, lambda * h, tamed_bound);
    same(added, 1, (x * d - h) * theta - y * lambda * d, tamed_bound);
    same(added, 2, z * lambda * d, tamed_bound);
    same(added, 3, z * lambda * d * thrice_b, tamed_bound);
    same(line, 2, theta * qx - lambda * qy, plain_bound);
    same(line, 3, lambda * py, plain_bound);
    same(line, 4, -(theta * px), plain_bound);
  }
}

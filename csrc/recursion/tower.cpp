// See tower.h.
#include "recursion/tower.h"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "base/errors.h"
#include "fields/frobenius.h"

namespace pyzkfl::recursion {
namespace {

constexpr size_t degree = 12;  // of Fp12 over Fp: w^12 = 18 w^6 - 82

// The constant 0.
bool is_zero(const Operand& a) { return a.terms().empty() && a.constant_size() == 0; }

// Adds coefficient * a * b, or xi times it, to the sums of the two coordinates.
void add(Sum& c0, Sum& c1, const Fp2Product& p) {
  const auto put = [](Sum& sum, int64_t k, const Operand& a, const Operand& b) {
    if (!is_zero(a) && !is_zero(b)) sum.products.push_back({k, a, b});
  };
  const int64_t k = p.coefficient;
  if (p.times_xi) {  // (9 + u)(t0 + t1 u) = 9 t0 - t1 + (t0 + 9 t1) u
    for (const auto& [sum, real, imaginary] : {std::tuple{&c0, 9 * k, -k}, std::tuple{&c1, k, 9 * k}}) {
      put(*sum, real, p.a.c0, p.b.c0);
      put(*sum, -real, p.a.c1, p.b.c1);
      put(*sum, imaginary, p.a.c0, p.b.c1);
      put(*sum, imaginary, p.a.c1, p.b.c0);
    }
    return;
  }
  put(c0, k, p.a.c0, p.b.c0);
  put(c0, -k, p.a.c1, p.b.c1);
  put(c1, k, p.a.c0, p.b.c1);
  put(c1, k, p.a.c1, p.b.c0);
}

// The sums of both coordinates at the challenge: three products each (Karatsuba), two where one factor is in Fp.
BaseField::AtChi karatsuba(Builder& b, Fp2Sum sum) {
  return [&b, sum = std::move(sum)](const BaseField::Evaluate& at) {
    std::vector<LC> out = {at(sum.linear.c0), at(sum.linear.c1)};
    for (const Fp2Product& p : sum.products) {
      const Fr k = Fr::from_i64(p.coefficient);
      LC t0, t1;
      const auto scaled = [&](const Fp2Operand& a, const Operand& s) {
        const LC factor = at(s);
        if (!is_zero(a.c0)) t0 = b.product(at(a.c0), factor, "product");
        if (!is_zero(a.c1)) t1 = b.product(at(a.c1), factor, "product");
      };
      if (is_zero(p.b.c1)) {
        scaled(p.a, p.b.c0);
      } else if (is_zero(p.a.c1)) {
        scaled(p.b, p.a.c0);
      } else {
        const LC a0 = at(p.a.c0), a1 = at(p.a.c1), b0 = at(p.b.c0), b1 = at(p.b.c1);
        const Wire low = b.product(a0, b0, "product"), high = b.product(a1, b1, "product");
        t0 = LC(low) - high;
        t1 = LC(b.product(a0 + a1, b0 + b1, "product")) - low - high;
      }
      if (p.times_xi) {
        LC c0 = t0 * 9 - t1;
        t1 = t0 + t1 * 9;
        t0 = std::move(c0);
      }
      out[0].add_scaled(t0, k);
      out[1].add_scaled(t1, k);
    }
    return out;
  };
}

// For polynomials in w of n - 1 as the degree of their product: the n points, infinity the last, and the matrix that
// takes the product's values there to its twelve coordinates in the tower.
struct Interpolation {
  std::vector<Fr> points;
  std::vector<std::array<Fr, degree>> matrix;  // [point][coordinate]
};

const Interpolation& interpolation(size_t n) {
  static std::mutex mutex;
  static std::map<size_t, std::unique_ptr<const Interpolation>> made;
  const std::lock_guard lock(mutex);
  std::unique_ptr<const Interpolation>& found = made[n];
  if (found) return *found;
  auto out = std::make_unique<Interpolation>();
  for (size_t i = 0; i + 1 < n; ++i) {  // 0, 1, -1, 2, -2, ..
    const auto k = static_cast<int64_t>((i + 1) / 2);
    out->points.push_back(Fr::from_i64(i % 2 == 1 ? k : -k));
  }
  // Lagrange's polynomials of these points; the top coefficient c adds c (w^(n-1) - prod (w - point)) to the rest.
  std::vector<std::vector<Fr>> columns;
  const auto times_root = [](std::vector<Fr>& poly, const Fr& root) {
    poly.push_back(Fr());
    for (size_t j = poly.size(); j-- > 0;) poly[j] = (j > 0 ? poly[j - 1] : Fr()) - root * poly[j];
  };
  for (size_t i = 0; i + 1 < n; ++i) {
    std::vector<Fr> poly = {Fr::one()};
    Fr denominator = Fr::one();
    for (size_t j = 0; j + 1 < n; ++j) {
      if (j == i) continue;
      times_root(poly, out->points[j]);
      denominator *= out->points[i] - out->points[j];
    }
    const Fr scale = denominator.inverse();
    for (Fr& c : poly) c *= scale;
    columns.push_back(std::move(poly));
  }
  std::vector<Fr> vanishing = {Fr::one()};
  for (const Fr& point : out->points) times_root(vanishing, point);
  columns.push_back(std::move(vanishing));  // w^(n-1) times its coefficient, less what the other columns interpolate

  for (std::vector<Fr>& poly : columns) {
    poly.resize(std::max(poly.size(), degree));
    for (size_t j = poly.size(); j-- > degree;) {  // w^j = 18 w^(j-6) - 82 w^(j-12)
      poly[j - 6] += poly[j] * Fr::from_u64(18);
      poly[j - 12] -= poly[j] * Fr::from_u64(82);
    }
    std::array<Fr, degree> row;
    for (size_t k = 0; k < 6; ++k) {  // c0 + c1 u = (c0 - 9 c1) + c1 w^6
      row[2 * k] = poly[k] + poly[k + 6] * Fr::from_u64(9);
      row[2 * k + 1] = poly[k + 6];
    }
    out->matrix.push_back(row);
  }
  found = std::move(out);
  return *found;
}

// The operand at the challenge as a polynomial in w over Fp, without zeros at the top.
std::vector<LC> in_powers_of_w(const BaseField::Evaluate& at, const Fp12Operand& a) {
  std::vector<LC> out(degree);
  size_t length = 1;
  for (size_t k = 0; k < 6; ++k) {
    if (!is_zero(a.w[k].c0)) {
      out[k] += at(a.w[k].c0);
      length = std::max(length, k + 1);
    }
    if (!is_zero(a.w[k].c1)) {
      const LC c1 = at(a.w[k].c1);
      out[k] -= c1 * 9;
      out[k + 6] = c1;
      length = std::max(length, k + 7);
    }
  }
  out.resize(length);
  return out;
}

LC at_point(const std::vector<LC>& poly, const Fr& point) {
  LC out;
  Fr power = Fr::one();
  for (const LC& c : poly) {
    out.add_scaled(c, power);
    power *= point;
  }
  return out;
}

// All twelve coordinates of a b at the challenge, less those of `minus`.
BaseField::AtChi tower_product(Builder& b, Fp12Operand a, Fp12Operand c, Fp12Operand minus) {
  return [&b, a = std::move(a), c = std::move(c), minus = std::move(minus)](const BaseField::Evaluate& at) {
    const std::vector<LC> left = in_powers_of_w(at, a), right = in_powers_of_w(at, c);
    const Interpolation& plan = interpolation(left.size() + right.size() - 1);
    std::vector<LC> out(degree);
    for (size_t k = 0; k < 6; ++k) {
      out[2 * k] -= at(minus.w[k].c0);
      out[2 * k + 1] -= at(minus.w[k].c1);
    }
    for (size_t i = 0; i < plan.matrix.size(); ++i) {
      const bool infinity = i == plan.points.size();
      LC x = infinity ? left.back() : at_point(left, plan.points[i]);
      LC y = infinity ? right.back() : at_point(right, plan.points[i]);
      if (b.records()) {
        x.normalise();
        y.normalise();
      }
      const Wire value = b.product(x, y, "tower product");
      for (size_t k = 0; k < degree; ++k) out[k].add_scaled(value, plan.matrix[i][k]);
    }
    return out;
  };
}

// The twelve sums of a b - minus.
std::vector<Sum> product_sums(const Fp12Operand& a, const Fp12Operand& b, const Fp12Operand& minus) {
  std::vector<Sum> out(degree);
  for (size_t i = 0; i < 6; ++i) {
    out[2 * i].linear -= minus.w[i].c0;
    out[2 * i + 1].linear -= minus.w[i].c1;
    for (size_t j = 0; j < 6; ++j) {
      const size_t k = (i + j) % 6;
      add(out[2 * k], out[2 * k + 1], {1, a.w[i], b.w[j], i + j >= 6});
    }
  }
  return out;
}

}  // namespace

std::array<Fp2, 6> coefficients(const Fp12& f) { return {f.c0.c0, f.c1.c0, f.c0.c1, f.c1.c1, f.c0.c2, f.c1.c2}; }

Fp12 from_coefficients(const std::array<Fp2, 6>& c) { return {{c[0], c[2], c[4]}, {c[1], c[3], c[5]}}; }

Fp12Operand::Fp12Operand(const Fp12& constant) {
  const std::array<Fp2, 6> c = coefficients(constant);
  for (size_t k = 0; k < 6; ++k) w[k] = Fp2Operand(c[k]);
}

Fp12 Tower::element(const Fp12Operand& a) const {
  std::array<Fp2, 6> c;
  for (size_t k = 0; k < 6; ++k) c[k] = element(a.w[k]);
  return from_coefficients(c);
}

Fp2Operand Tower::value(const Fp2& hint) {
  const Value c0 = fp_.value(hint.c0);
  return {c0, fp_.value(hint.c1)};
}

Fp12Operand Tower::value(const Fp12& hint) {
  Fp12Operand out;
  const std::array<Fp2, 6> c = coefficients(hint);
  for (size_t k = 0; k < 6; ++k) out.w[k] = value(c[k]);
  return out;
}

Fp2Operand Tower::reduce(const Fp2Sum& sum) {
  std::vector<Sum> sums = {{{}, sum.linear.c0}, {{}, sum.linear.c1}};
  for (const Fp2Product& product : sum.products) add(sums[0], sums[1], product);
  const std::vector<Value> values = fp_.reduce_together(sums, karatsuba(fp_.builder(), sum));
  return {values[0], values[1]};
}

void Tower::assert_zero(const Fp2Sum& sum) {
  std::vector<Sum> sums = {{{}, sum.linear.c0}, {{}, sum.linear.c1}};
  for (const Fp2Product& product : sum.products) add(sums[0], sums[1], product);
  fp_.assert_zero_together(sums, karatsuba(fp_.builder(), sum));
}

Fp2Operand Tower::scale(const Fp2Operand& a, const Operand& factor) {
  return reduce({{{1, a, Fp2Operand(factor, Operand())}}, {}});
}

Fp12Operand Tower::product(const Fp12Operand& a, const Fp12Operand& b) {
  const std::vector<Value> values =
      fp_.reduce_together(product_sums(a, b, {}), tower_product(fp_.builder(), a, b, {}));
  Fp12Operand out;
  for (size_t k = 0; k < 6; ++k) out.w[k] = {values[2 * k], values[2 * k + 1]};
  return out;
}

void Tower::assert_product(const Fp12Operand& a, const Fp12Operand& b, const Fp12Operand& c) {
  fp_.assert_zero_together(product_sums(a, b, c), tower_product(fp_.builder(), a, b, c));
}

Fp12Operand Tower::frobenius(const Fp12Operand& a, unsigned power) {
  Fp12Operand out;
  for (unsigned k = 0; k < 6; ++k) {
    const Fp2Operand c = power % 2 == 1 ? a.w[k].conjugate() : a.w[k];
    out.w[k] = k == 0 ? c : reduce({{{1, c, Fp2Operand(frobenius_factor(power, k))}}, {}});
  }
  return out;
}

Fp12Operand Tower::choose(const CommittedBit& bit, const Fp12Operand& a, const Fp12Operand& b) {
  const auto one = [&](const Operand& x, const Operand& y) {
    return is_zero(x) && is_zero(y) ? Operand() : Operand(fp_.choose(bit, x, y));
  };
  Fp12Operand out;
  for (size_t k = 0; k < 6; ++k) out.w[k] = {one(a.w[k].c0, b.w[k].c0), one(a.w[k].c1, b.w[k].c1)};
  return out;
}

}  // namespace pyzkfl::recursion

// See base_field.h. Names as in docs/recursion.md, section 2: T, U, E0, E1, E2, rho, chi.
#include "recursion/base_field.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/gadgets_poseidon2.h"
#include "recursion/hint_integer.h"

namespace pyzkfl::recursion {
namespace {

constexpr unsigned digits_per_limb = limb_bits / digit_bits;
constexpr unsigned quotient_offset_bits = quotient_digits * digit_bits - 1;  // q >= -2^269
constexpr unsigned carry_offset_bits = carry_digits * digit_bits - 1;        // k >= -2^89

// Bits 75 i .. 75 i + 74 of a 256-bit integer.
Limbs limb_of(const Limbs& v, unsigned i) {
  Limbs out = floor_shift(SignedValue{false, v}, limb_bits * i).magnitude;
  out[1] &= (uint64_t{1} << (limb_bits - 64)) - 1;
  out[2] = out[3] = 0;
  return out;
}

LimbValues limbs_of_integer(const Limbs& v) {
  LimbValues out;
  for (unsigned i = 0; i < num_limbs; ++i) out[i] = Fr::from_canonical(limb_of(v, i));
  return out;
}

struct Prime {
  LimbValues limbs = limbs_of_integer(Fp::modulus);
  Fr native;           // p modulo r
  Fr squared, four_squared;
  HintInteger inverse;  // of p modulo 2^320

  Prime() {
    for (unsigned i = num_limbs; i-- > 0;) native = native * power_of_two(limb_bits) + limbs[i];
    squared = native.square();
    four_squared = squared.dbl().dbl();
    inverse = inverse_of_odd(HintInteger::of({false, Fp::modulus}));
  }
};

const Prime& prime() {
  static const Prime p;
  return p;
}

// The element of Fp that limbs stand for, whatever they are.
Fp element_of_limbs(const LimbValues& limbs) {
  static const Fp base = Fp::from_canonical(Limbs{0, uint64_t{1} << (limb_bits - 64), 0, 0});
  Fp out;
  for (unsigned i = num_limbs; i-- > 0;) {
    std::array<uint8_t, 64> wide{};
    limbs[i].to_bytes_be(std::span<uint8_t, 32>(wide.data() + 32, 32));
    out = out * base + Fp::from_bytes_wide_be(wide);
  }
  return out;
}

uint64_t magnitude(int64_t v) { return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v); }

// Coefficients are small: whatever is larger is no operand of a reduction.
int64_t coefficient_product(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out) || magnitude(out) > largest_sum)
    throw ParameterError("an operand with a coefficient above " + std::to_string(largest_sum) + ": reduce it first");
  return out;
}

LC sum_of_digits(std::span<const Wire> digits) {
  LC out;
  for (size_t j = 0; j < digits.size(); ++j) out.add_scaled(digits[j], power_of_two(static_cast<unsigned>(j) * digit_bits));
  return out;
}

// Terms weighted by powers of a challenge, the last one by 1, one after the other: each but the first is one constraint.
class PowerSum {
 public:
  PowerSum(Builder& b, const Wire& challenge) : b_(b), challenge_(challenge) {}

  void add(const LC& term, const char* label) {
    if (!std::exchange(begun_, true)) {
      sum_ = term;
      return;
    }
    const Wire next = b_.private_wire(b_.computes() ? sum_.value() * challenge_.value + term.value() : Fr());
    b_.constrain(sum_, challenge_, LC(next) - term, label);
    sum_ = next;
  }
  const LC& sum() const { return sum_; }

 private:
  Builder& b_;
  Wire challenge_;
  LC sum_;
  bool begun_ = false;
};

}  // namespace

Operand::Operand(const Fp& constant)
    : constant_(limbs_of_integer(constant.to_canonical())), element_(constant), constant_size_(constant.is_zero() ? 0 : 1) {}

Operand& Operand::add_scaled(const Operand& other, int64_t factor) {
  for (const Term& term : other.terms_) {
    const auto same = std::find_if(terms_.begin(), terms_.end(), [&](const Term& t) { return t.index == term.index; });
    if (same == terms_.end())
      terms_.push_back({term.index, coefficient_product(factor, term.coefficient)});
    else
      same->coefficient = coefficient_product(1, same->coefficient + coefficient_product(factor, term.coefficient));
  }
  if (other.constant_size_ == 0) return *this;
  coefficient_product(factor, static_cast<int64_t>(other.constant_size_));
  const Fr scale = Fr::from_i64(factor);
  for (unsigned i = 0; i < num_limbs; ++i) constant_[i] += scale * other.constant_[i];
  element_ += Fp::from_i64(factor) * other.element_;
  constant_size_ += magnitude(factor) * other.constant_size_;
  return *this;
}

Value Operand::single() const {
  if (terms_.size() != 1 || terms_[0].coefficient != 1 || constant_size_ != 0)
    throw ParameterError("an operand that is a combination, where a value is asked for");
  return {terms_[0].index};
}

BaseField::BaseField(Builder& builder, uint32_t group) : b_(builder), digits_(builder, group) {}

Value BaseField::value(const Fp& hint) {
  Cell cell;
  const HintInteger integer = HintInteger::of({false, hint.to_canonical()});
  std::array<Wire, value_digits> wires;
  bool honest = true;
  for (unsigned j = 0; j < value_digits; ++j) {
    wires[j] = digits_.digit(integer.digit(j));
    honest &= wires[j].value == Fr::from_u64(integer.digit(j));
  }
  const std::span<const Wire> all = wires;
  for (unsigned i = 0; i < num_limbs; ++i) {
    const size_t first = i * digits_per_limb;
    cell.limbs[i] = sum_of_digits(all.subspan(first, std::min<size_t>(digits_per_limb, value_digits - first)));
    cell.values[i] = cell.limbs[i].value();
  }
  if (b_.computes()) cell.element = honest ? hint : element_of_limbs(cell.values);
  cells_.push_back(std::move(cell));
  return {static_cast<uint32_t>(cells_.size() - 1)};
}

uint64_t BaseField::size_of(const Operand& a) const {
  uint64_t size = a.constant_size();
  for (const Operand::Term& term : a.terms()) size += magnitude(term.coefficient) * cells_[term.index].size;
  return size;
}

LimbValues BaseField::limbs_of(const Operand& a) const {
  LimbValues out = a.constant();
  for (const Operand::Term& term : a.terms()) {
    const LimbValues& values = cells_[term.index].values;
    if (term.coefficient == 1) {
      for (unsigned i = 0; i < num_limbs; ++i) out[i] += values[i];
    } else {
      const Fr k = Fr::from_i64(term.coefficient);
      for (unsigned i = 0; i < num_limbs; ++i) out[i] += k * values[i];
    }
  }
  return out;
}

Fp BaseField::element(const Operand& a) const {
  Fp out = a.constant_element();
  for (const Operand::Term& term : a.terms()) {
    const Fp& element = cells_[term.index].element;
    if (term.coefficient == 1)
      out += element;
    else
      out += Fp::from_i64(term.coefficient) * element;
  }
  return out;
}

Value BaseField::choose(const CommittedBit& bit, const Operand& a, const Operand& b) {
  if (!digits_.made(bit)) throw ParameterError(b_.path("a choice by a bit of other committed wires: this challenge does not bind it"));
  Cell cell;
  cell.bit = bit.wire();
  cell.yes = a;
  cell.no = b;
  cell.size = std::max(size_of(a), size_of(b));
  if (b_.computes()) {
    // As a combination, so that a forger's bit that is neither gives what the constraint gives.
    const LimbValues yes = limbs_of(a), no = limbs_of(b);
    for (unsigned i = 0; i < num_limbs; ++i) cell.values[i] = no[i] + bit.wire().value * (yes[i] - no[i]);
    cell.element = element(bit.value() ? a : b);
  }
  cells_.push_back(std::move(cell));
  return {static_cast<uint32_t>(cells_.size() - 1)};
}

LC BaseField::native(Value v) const {
  if (cell(v).bit) throw ParameterError(b_.path("a choice has no digits of its own: reduce it first"));
  LC out;
  for (unsigned i = 0; i < num_limbs; ++i) out.add_shifted(cell(v).limbs[i], limb_bits * i);
  return out;
}

const LC& BaseField::limb(Value v, unsigned i) const {
  if (cell(v).bit) throw ParameterError(b_.path("a choice has no digits of its own: reduce it first"));
  return cell(v).limbs[i];
}

// A constant counts as its least representative: any other multiple of one is a combination.
LC BaseField::native_integer(const Operand& a) {
  if (a.terms().empty()) {
    Fr out;
    for (unsigned i = num_limbs; i-- > 0;) out = out * power_of_two(limb_bits) + a.constant()[i];
    if (a.constant() != Operand(a.constant_element()).constant())
      throw ParameterError(b_.path("a multiple of a constant, where a value is asked for"));
    return out;
  }
  const Value v = a.single();
  if (!cell(v).bit) return native(v);
  if (!cell(v).integer) {
    const Operand yes = cell(v).yes, no = cell(v).no;
    const LC otherwise = native_integer(no);
    LC out = otherwise + b_.product(native_integer(yes) - otherwise, *cell(v).bit, "choice's integer");
    cells_[v.index].integer = std::move(out);
  }
  return *cell(v).integer;
}

// |x - y| < 2^255 < 3 p, so if p divides it, it is one of 0, p, -p, 2 p, -2 p, and the product below is 0 in Fr. (That it may
// be 0 for another difference too, with probability 2^-250, refuses an honest prover and nobody else.)
void BaseField::assert_different(const Operand& x, const Operand& y) {
  const LC d = native_integer(x) - native_integer(y);
  const Wire square = b_.product(d, d, "difference");
  const Wire others = b_.product(LC(square) - prime().squared, LC(square) - prime().four_squared, "difference");
  const Wire all = b_.product(d, others, "difference");
  const Wire inverse = b_.private_wire(b_.computes() ? all.value.inverse_vartime() : Fr());
  b_.constrain(all, inverse, 1, "difference");
}

// v + w = p - 1 with w in [0, 2^255): by halves of 150 bits, each an identity of integers below 2^152. The carry is a bit.
void BaseField::assert_canonical(Value v) {
  static const Limbs p_minus_1 = Fp::M::minus(1);
  const Limbs integer = b_.computes() ? element(v).to_canonical() : Limbs{};
  Limbs rest{};
  limbs::sub(rest, p_minus_1, integer);
  const Value complement = value(b_.computes() ? Fp::from_canonical(rest) : Fp());
  const auto half = [&](unsigned i) {
    LC out = limb(v, i) + limb(complement, i);
    out.add_shifted(limb(v, i + 1) + limb(complement, i + 1), limb_bits);
    return out - (Fr::from_canonical(limb_of(p_minus_1, i)) +
                  power_of_two(limb_bits) * Fr::from_canonical(limb_of(p_minus_1, i + 1)));
  };
  static const Fr shift = power_of_two(2 * limb_bits).inverse();
  const LC carry = half(0) * shift;
  gadgets::assert_boolean(b_, carry, "canonical");
  gadgets::assert_zero(b_, half(2) + carry, "canonical");
}

void BaseField::expect_small(const Sum& sum) const {
  const auto expect = [&](bool small) {
    gadgets::require(b_, small, "reduction", "the sum is too large: reduce its operands first");
  };
  uint64_t size = size_of(sum.linear);
  for (const Product& product : sum.products) {
    const std::array<uint64_t, 3> factors = {magnitude(product.coefficient), size_of(product.a), size_of(product.b)};
    for (const uint64_t factor : factors) expect(factor <= largest_sum);  // so that their product is below 2^64
    size += factors[0] * factors[1] * factors[2];
    expect(size <= largest_sum);
  }
  expect(size <= largest_sum);
}

std::array<Fr, product_limbs> BaseField::polynomial_of(const Sum& sum) const {
  std::array<Fr, product_limbs> out;
  const LimbValues linear = limbs_of(sum.linear);
  std::copy(linear.begin(), linear.end(), out.begin());
  for (const Product& product : sum.products) {
    LimbValues a = limbs_of(product.a);
    const LimbValues b = limbs_of(product.b);
    if (product.coefficient != 1) {
      for (Fr& limb : a) limb *= Fr::from_i64(product.coefficient);
    }
    for (unsigned i = 0; i < num_limbs; ++i)
      for (unsigned j = 0; j < num_limbs; ++j) out[i + j] += a[i] * b[j];
  }
  return out;
}

Fp BaseField::element_of(const Sum& sum) const {
  Fp out = element(sum.linear);
  for (const Product& product : sum.products) {
    const Fp both = element(product.a) * element(product.b);
    out += product.coefficient == 1 ? both : Fp::from_i64(product.coefficient) * both;
  }
  return out;
}

std::optional<Value> BaseField::add_reduction(const Sum& sum, bool with_value) {
  expect_small(sum);
  std::optional<Value> result;
  if (with_value) result = value(b_.computes() ? element_of(sum) : Fp());
  Reduction out;
  HintInteger quotient;
  if (b_.computes()) {
    out.t = polynomial_of(sum);
    HintInteger difference;
    for (unsigned m = 0; m < product_limbs; ++m)
      difference = difference + (HintInteger::of(SignedValue::of(out.t[m])) << (limb_bits * m));
    for (unsigned m = 0; result && m < num_limbs; ++m)
      difference = difference - (HintInteger::of(SignedValue::of(cell(*result).values[m])) << (limb_bits * m));
    quotient = difference * prime().inverse + (HintInteger{{1}} << quotient_offset_bits);
  }

  std::array<Wire, quotient_digits> wires;
  for (unsigned j = 0; j < quotient_digits; ++j) wires[j] = digits_.digit(quotient.digit(j));
  std::array<LC, num_limbs> q;
  for (unsigned i = 0; i < num_limbs; ++i) {
    const size_t first = i * digits_per_limb;
    q[i] = sum_of_digits(std::span<const Wire>(wires).subspan(first, std::min<size_t>(digits_per_limb, quotient_digits - first)));
  }
  q[3] -= power_of_two(quotient_offset_bits - 3 * limb_bits);

  // Coefficient m of q(X) p(X) + v(X).
  const auto coefficient = [&](unsigned m) {
    LC c = result ? cell(*result).limbs[m] : LC();
    for (unsigned i = 0; i <= m; ++i) c.add_scaled(q[i], prime().limbs[m - i]);
    return c;
  };
  const auto pair = [&](unsigned m) {
    LC c = coefficient(m);
    return std::move(c.add_shifted(coefficient(m + 1), limb_bits));
  };
  // floor((T_m + 2^75 T_(m+1) - pair + carry) / 2^150): exact for an honest prover.
  const auto carry_of = [&](unsigned m, const LC& digits_part) {
    HintInteger carry;
    if (b_.computes()) {
      const Fr rest = out.t[m] + power_of_two(limb_bits) * out.t[m + 1] - digits_part.value();
      carry = HintInteger::of(floor_shift(SignedValue::of(rest), 2 * limb_bits)) + (HintInteger{{1}} << carry_offset_bits);
    }
    std::array<Wire, carry_digits> digits;
    for (unsigned j = 0; j < carry_digits; ++j) digits[j] = digits_.digit(carry.digit(j));
    return sum_of_digits(digits) - power_of_two(carry_offset_bits);
  };
  out.low = pair(0);
  const LC k0 = carry_of(0, out.low);
  out.low.add_shifted(k0, 2 * limb_bits);
  out.high = pair(2) - k0;
  out.high.add_shifted(carry_of(2, out.high), 2 * limb_bits);
  for (unsigned i = 0; i < num_limbs; ++i) {
    out.native.add_scaled(q[i], prime().native * power_of_two(limb_bits * i));
    if (result) out.native.add_shifted(cell(*result).limbs[i], limb_bits * i);
  }
  if (b_.records()) {
    for (LC* lc : {&out.low, &out.high, &out.native}) lc->normalise();
  }
  reductions_.push_back(std::move(out));
  return result;
}

Value BaseField::reduce(Sum sum) {
  const Value out = *add_reduction(sum, true);
  std::vector<Sum> sums;
  sums.push_back(std::move(sum));
  together_.push_back({1, std::move(sums), {}});
  return out;
}

void BaseField::assert_zero(Sum sum) {
  add_reduction(sum, false);
  std::vector<Sum> sums;
  sums.push_back(std::move(sum));
  together_.push_back({1, std::move(sums), {}});
}

std::vector<Value> BaseField::reduce_together(const std::vector<Sum>& sums, AtChi at_chi) {
  std::vector<Value> out;
  for (const Sum& sum : sums) out.push_back(*add_reduction(sum, true));
  together_.push_back({sums.size(), {}, std::move(at_chi)});
  return out;
}

void BaseField::assert_zero_together(const std::vector<Sum>& sums, AtChi at_chi) {
  for (const Sum& sum : sums) add_reduction(sum, false);
  together_.push_back({sums.size(), {}, std::move(at_chi)});
}

// ((a_3 chi + a_2) chi + a_1) chi + a_0 for each value; a choice is one product of evaluations.
void BaseField::evaluate_cells(const LC& chi) {
  const Fr point = chi.value();
  const LC chi2 = b_.product(chi, chi, "power of chi"), chi3 = b_.product(chi2, chi, "power of chi");
  evaluate_ = [this, chi, chi2, chi3](const Operand& a) {
    LC out;
    for (const Operand::Term& term : a.terms()) out.add_scaled(cells_[term.index].at_chi, Fr::from_i64(term.coefficient));
    if (a.constant_size() != 0) {
      const LimbValues& c = a.constant();
      out += c[0];
      out.add_scaled(chi, c[1]);
      out.add_scaled(chi2, c[2]);
      out.add_scaled(chi3, c[3]);
    }
    return out;
  };
  for (Cell& cell : cells_) {
    if (cell.bit) {
      const LC no = evaluate_(cell.no);
      cell.at_chi = no + b_.product(evaluate_(cell.yes) - no, *cell.bit, "choice");
      if (b_.records()) cell.at_chi.normalise();
      continue;
    }
    const Wire high = b_.product(cell.limbs[3], chi, "evaluation");
    const Wire middle = b_.product(LC(high) + cell.limbs[2], chi, "evaluation");
    const LC rest = LC(middle) + cell.limbs[1];
    const Wire all = b_.private_wire(b_.computes() ? rest.value() * point + cell.values[0] : Fr());
    b_.constrain(rest, chi, LC(all) - cell.limbs[0], "evaluation");
    cell.at_chi = all;
  }
}

void BaseField::finish(const Fr& blinder, const std::function<Fr()>& challenge) {
  digits_.seal(blinder);
  const Wire rho = b_.public_input(b_.computes() ? challenge() : Fr());
  digits_.prove_ranges(rho);
  if (reductions_.empty()) return;

  // The sums of what E0, E1, E2 subtract, and their other sides in terms of U.
  PowerSum low(b_, rho), high(b_, rho), native(b_, rho);
  std::array<Fr, product_limbs> aggregate{};
  for (const Reduction& reduction : reductions_) {
    low.add(reduction.low, "low limbs");
    high.add(reduction.high, "high limbs");
    native.add(reduction.native, "modulo r");
    if (!b_.computes()) continue;
    for (unsigned m = 0; m < product_limbs; ++m) aggregate[m] = aggregate[m] * rho.value + reduction.t[m];
  }
  std::vector<LC> u;
  for (const Fr& coefficient : aggregate) u.push_back(b_.private_wire(coefficient));
  gadgets::assert_zero(b_, u[0] + u[1] * power_of_two(limb_bits) - low.sum(), "low limbs");
  gadgets::assert_zero(b_, u[2] + u[3] * power_of_two(limb_bits) - high.sum(), "high limbs");
  LC at_base;
  Fr power = Fr::one();
  for (const LC& coefficient : u) {
    at_base.add_scaled(coefficient, power);
    power *= power_of_two(limb_bits);
  }
  gadgets::assert_zero(b_, at_base - native.sum(), "modulo r");

  std::vector<LC> hashed = {rho};
  hashed.insert(hashed.end(), u.begin(), u.end());
  const LC chi = b_.materialise(gadgets::poseidon2_hash(b_, hashed, "second challenge"), "second challenge");
  evaluate_cells(chi);
  PowerSum products(b_, rho);
  for (const Together& together : together_) {
    std::vector<LC> values;
    if (together.at_chi) {
      values = together.at_chi(evaluate_);
      if (values.size() != together.count) throw ParameterError(b_.path("another number of sums at the challenge"));
    } else {
      for (const Sum& sum : together.sums) {
        LC value = evaluate_(sum.linear);
        for (const Product& product : sum.products)
          value.add_scaled(b_.product(evaluate_(product.a), evaluate_(product.b), "product"), Fr::from_i64(product.coefficient));
        values.push_back(std::move(value));
      }
    }
    for (const LC& value : values) products.add(value, "product sum");
  }
  LC u_at_chi = u[product_limbs - 1];
  for (unsigned m = product_limbs - 1; m-- > 0;) u_at_chi = b_.product(u_at_chi, chi, "aggregate") + u[m];
  gadgets::assert_zero(b_, u_at_chi - products.sum(), "products");
}

}  // namespace pyzkfl::recursion

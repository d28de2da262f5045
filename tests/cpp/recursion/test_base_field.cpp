// Emulated arithmetic: honest values, edges, and provers that cheat on digits, quotients, carries and challenges.
#include "recursion/base_field.h"

#include <doctest/doctest.h>

#include <array>

#include "base/errors.h"
#include "field_circuit.h"
#include "recursion/hint_integer.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;
using namespace pyzkfl::recursion::testing;

namespace {

using Words = std::array<uint64_t, 5>;

// a b = (q - 2^269) p + v, by Python's integers.
struct Division {
  Limbs a, b;
  Words q;
  Limbs v;
};
constexpr Division divisions[] = {
    {{0x0u, 0x0u, 0x0u, 0x0u}, {0x0u, 0x0u, 0x0u, 0x0u},
     {0x0u, 0x0u, 0x0u, 0x0u, 0x2000u}, {0x0u, 0x0u, 0x0u, 0x0u}},
    {{0x1u, 0x0u, 0x0u, 0x0u}, {0x1u, 0x0u, 0x0u, 0x0u},
     {0x0u, 0x0u, 0x0u, 0x0u, 0x2000u}, {0x1u, 0x0u, 0x0u, 0x0u}},
    {{0x3c208c16d87cfd46u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u}, {0x3c208c16d87cfd46u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u},
     {0x3c208c16d87cfd45u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u, 0x2000u}, {0x1u, 0x0u, 0x0u, 0x0u}},
    {{0x3c208c16d87cfd46u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u}, {0x1u, 0x0u, 0x0u, 0x0u},
     {0x0u, 0x0u, 0x0u, 0x0u, 0x2000u}, {0x3c208c16d87cfd46u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u}},
    {{0xffffffffffffffffu, 0xffffffffffffffffu, 0x0u, 0x0u}, {0x0u, 0x0u, 0x0u, 0x2000000000000000u},
     {0x560e94b0d00e6026u, 0xa948e8c4c474094fu, 0x0u, 0x0u, 0x2000u}, {0xd94011fd7495c776u, 0x197e462e2d963c30u, 0x2413803895571645u, 0x220133c29ba0266au}},
    {{0x3fc1ea36f17fd374u, 0xd464138a6233255u, 0x2827688de6a16a3bu, 0x17cb765f1cfb10f6u}, {0xde5271007814e8a2u, 0x617959ce3f1f65a8u, 0x1a1afe878b33e968u, 0xff508d692edcf45u},
     {0xc4b0766fdb3ad2dcu, 0x6f1fab1b31c7ca71u, 0xce54a6fad0e39e67u, 0x7d8a7b0a8f5b4f8u, 0x2000u}, {0x42f158bcdd510864u, 0xe8cc99ffe876f5e9u, 0x56981ff6c27b4aa1u, 0x1dbff8e79208cf7fu}},
    {{0x63b229f1c4069545u, 0xc30d8b7628dbd25eu, 0x126a1e48cc11d357u, 0x278c1a47238642eau}, {0x71e0c07e9e115e4bu, 0x21da8978206f5c66u, 0xf8eb18b900745130u, 0x570cecdf1461aau},
     {0x2105cd93b16a8dbeu, 0x1b9247ee49b48badu, 0x330083c0c633e15bu, 0x4723ec0a6c0a5fu, 0x2000u}, {0x42c5747fdda7fb85u, 0xc2ea2cac5ca63b4fu, 0xf97ab6cf0586e82cu, 0x25368b47648f510eu}},
    {{0xc60a3cab359eeefbu, 0xf5cae3bf3729c619u, 0x2a759159fb7ff337u, 0xaa7ae83df561d80u}, {0x504b74ba4a0fe75du, 0x32ea6928f6236bf2u, 0xe049548e8a0a8c96u, 0x280bf6a8ad864c44u},
     {0x1f1b739108d72004u, 0xbe9f0ee207ab0337u, 0xa18c266a2d313b02u, 0x8d14c297b7ea6aeu, 0x2000u}, {0x3342dcd282d87913u, 0xa2b73c0ee2257badu, 0xa3c25d2f5ec5ae7eu, 0x2aca708e79930690u}},
};

// Committed wires of one product in order.
constexpr uint32_t x_at = 0, y_at = 17, v_at = 34, q_at = 51, low_carry_at = 69, high_carry_at = 75, product_digits = 81;

Circuit product_of(const Fp& x, const Fp& y) {
  return [=](BaseField& fp) {
    const Value a = fp.value(x);
    fp.product(a, fp.value(y));
  };
}

Words integer(const Witness& witness, const ConstraintSystem& cs, uint32_t at, unsigned digits) {
  HintInteger out;
  for (unsigned j = 0; j < digits; ++j)
    out = out + (HintInteger::of(SignedValue::of(witness[cs.layout().first_committed(0) + at + j])) << (15 * j));
  return out.w;
}

Words wide(const Limbs& v) { return {v[0], v[1], v[2], v[3], 0}; }

const Fp three = Fp::from_u64(3), five = Fp::from_u64(5);

HintInteger power_300_over_p() {
  // By long division: 2^300 - p floor(2^300 / p) < p.
  HintInteger rest{{1}}, quotient;
  const HintInteger p = HintInteger::of({false, Fp::modulus});
  for (unsigned i = 0; i < 300; ++i) {
    rest = rest << 1;
    quotient = quotient << 1;
    const HintInteger less = rest - p;
    if ((less.w[4] >> 63) == 0) {
      rest = less;
      quotient = quotient + HintInteger{{1}};
    }
  }
  return quotient;
}

}  // namespace

TEST_CASE("a product has the value, quotient and digits that Python's integers have") {
  for (const Division& d : divisions) {
    const auto [cs, witness] = build(product_of(Fp::from_canonical(d.a), Fp::from_canonical(d.b)));
    CHECK_FALSE(cs.check(witness).has_value());
    CHECK(integer(witness, cs, x_at, 17) == wide(d.a));
    CHECK(integer(witness, cs, y_at, 17) == wide(d.b));
    CHECK(integer(witness, cs, v_at, 17) == wide(d.v));
    CHECK(integer(witness, cs, q_at, 18) == d.q);
  }
}

TEST_CASE("sums of products with signs, constants and earlier sums as operands are those of the native field") {
  for (int round = 0; round < 5; ++round) {
    const Fp x = round == 0 ? Fp() : Fp::random(), y = round == 1 ? -Fp::one() : Fp::random(), z = Fp::random();
    Fp result, expected = Fp::from_u64(7) * (x - y) * (z + five) - three * x * x + y - five;
    expected = expected * (z - expected.dbl());
    CHECK(verdict([&](BaseField& fp) {
            const Operand a = fp.value(x), b = fp.value(y), c = fp.value(z);
            const Value sum = fp.reduce({{{7, a - b, c + Operand(five)}, {-3, a, a}}, b - Operand(five)});
            const Value out = fp.product(sum, c - 2 * Operand(sum));
            fp.assert_zero({{{1, out, a}, {-1, a, out}}, Operand(out) - Operand(expected)});
            result = fp.element(out);
          }).empty());
    CHECK(result == expected);
  }
}

TEST_CASE("a false claim that a sum is zero is refused") {
  const auto claim = [](uint64_t z) {
    return verdict([=](BaseField& fp) {
      const Operand x = fp.value(three), y = fp.value(five);
      fp.assert_zero({{{1, x, y}}, -Operand(Fp::from_u64(z))});
    });
  };
  CHECK(claim(15).empty());
  CHECK_FALSE(claim(14).empty());
  CHECK_FALSE(claim(16).empty());
}

TEST_CASE("sums up to the largest size are computed, operands too large are refused when the circuit is built") {
  const auto sum_of = [](int64_t a, int64_t b, int64_t c) {
    return verdict([=](BaseField& fp) {
      const Operand x = fp.value(-Fp::one()), y = fp.value(-Fp::one());
      fp.reduce({{{c, a * x, b * y}}, {}});
    });
  };
  CHECK(sum_of(32, 64, 1).empty());
  CHECK(sum_of(-32, 16, 4).empty());
  CHECK(sum_of(1, 1, -2048).empty());
  CHECK_THROWS_AS(sum_of(32, 65, 1), ParameterError);
  CHECK_THROWS_AS(sum_of(1, 1, -2049), ParameterError);
  // Sizes whose product wraps around modulo 2^64, coefficients that would.
  CHECK_THROWS_AS(sum_of(1, 1, int64_t{1} << 62), ParameterError);
  CHECK_THROWS_AS(sum_of(int64_t{1} << 40, int64_t{1} << 40, 1), ParameterError);
  CHECK_THROWS_AS(verdict([](BaseField& fp) {
                    Operand x = fp.value(three);
                    for (int i = 0; i < 64; ++i) x = 2 * x;  // 2^64 = 0
                    fp.reduce({{{1, x, x}}, {}});
                  }),
                  ParameterError);
}

TEST_CASE("values of all ones, above p, multiply as what they stand for at the largest size") {
  Forgery above;
  set_digits(above, x_at, 17, {~0ull, ~0ull, ~0ull, ~0ull, 0});
  set_digits(above, y_at, 17, {~0ull, ~0ull, ~0ull, ~0ull, 0});
  for (const int64_t c : {int64_t{1}, int64_t{2048}, int64_t{-2048}}) {
    CHECK(verdict([=](BaseField& fp) {
                    const Value x = fp.value(Fp()), y = fp.value(Fp());
                    fp.reduce({{{c, x, y}}, {}});
                  },
                  above).empty());
  }
}

TEST_CASE("every wire of a product, changed alone, is refused") {
  const auto [cs, witness] = build(product_of(-five, Fp::from_canonical(divisions[6].b)));
  const uint32_t committed = cs.layout().first_committed(0), first = cs.layout().first_private();
  std::vector<uint32_t> wires;
  for (uint32_t i = 0; i < product_digits; ++i) wires.push_back(committed + i);
  wires.push_back(committed + product_digits + 5);  // multiplicities
  wires.push_back(committed + product_digits + digit_rows - 1);
  for (const uint32_t i : {0u, 80u, 81u, product_digits + digit_rows - 1}) wires.push_back(first + i);  // fractions
  // Everything behind the fractions, but for most of the hash: aggregate, second challenge, evaluations.
  const uint32_t last = cs.layout().num_private, u = product_digits + digit_rows, hash = u + 7, chi = hash + 3 * 267;
  for (uint32_t i = u; i < last; i += i > hash && i + 50 < chi ? 50 : 1) wires.push_back(first + i);
  for (const uint32_t wire : wires) {
    CAPTURE(wire);
    for (const Fr& change : {Fr::one(), Fr::random()}) {
      Witness bad = witness.clone();
      bad[wire] += change;
      CHECK(cs.check(bad).has_value());
    }
  }
}

TEST_CASE("every committed wire of a product, changed and carried on, is refused") {
  // x and y are free: another value has another product.
  const Circuit circuit = product_of(-five, Fp::from_canonical(divisions[6].b));
  const auto [cs, witness] = build(circuit);
  for (uint32_t i = 0; i < product_digits; ++i) {
    CAPTURE(i);
    const Fr honest = witness[cs.layout().first_committed(0) + i];
    const bool free = i < v_at;
    Forgery forgery;
    forgery.committed[i] = honest.is_zero() ? Fr::one() : honest - Fr::one();
    CHECK(verdict(circuit, forgery).empty() == free);
    forgery.committed[i] = i % 2 == 0 ? -Fr::one() : honest + Fr::from_u64(digit_rows);
    CHECK_FALSE(verdict(circuit, forgery).empty());
  }
}

TEST_CASE("a digit outside the table is refused, whatever the multiplicities") {
  const Circuit circuit = product_of(three, five);
  // The same integer, 2^15 - 1 + ... : one digit more in the lowest place, one less in the next.
  Forgery forgery;
  forgery.committed[v_at] = Fr::from_u64(15 + digit_rows);
  forgery.committed[v_at + 1] = -Fr::one();
  CHECK(verdict(circuit, forgery) == "lookup sum");
  for (const uint64_t row : {0u, 15u, 32767u}) {
    forgery.committed[product_digits + static_cast<uint32_t>(row)] = Fr::from_u64(2);
    CHECK(verdict(circuit, forgery) == "lookup sum");
  }
  forgery.left_out = {"lookup sum"};
  CHECK(verdict(circuit, forgery).empty());
}

TEST_CASE("a product that holds modulo r alone is refused") {
  // 3 * 5 = q p + 16 with q = -1 / p modulo r, an integer of 254 bits and so in range.
  const Circuit circuit = product_of(three, five);
  Fr p;
  for (size_t i = 4; i-- > 0;) p = p * power_of_two(64) + Fr::from_u64(Fp::modulus[i]);
  const HintInteger q = HintInteger::of({false, (-p.inverse()).to_canonical()}) + (HintInteger{{1}} << 269);
  Forgery forgery;
  set_digits(forgery, v_at, 17, {16});
  set_digits(forgery, q_at, 18, q.w);
  CHECK_FALSE(verdict(circuit, forgery).empty());
  for (const char* label : {"low limbs", "high limbs"}) {
    forgery.left_out = {label};
    CHECK_FALSE(verdict(circuit, forgery).empty());
  }
  forgery.left_out = {"low limbs", "high limbs"};
  CHECK(verdict(circuit, forgery).empty());
}

TEST_CASE("a product that holds modulo 2^300 alone is refused") {
  // 3 * 5 = q p + v - 2^300, q = floor(2^300 / p), v = 15 + (2^300 modulo p).
  const Circuit circuit = product_of(three, five);
  const HintInteger q = power_300_over_p();
  const HintInteger v = HintInteger{{15}} + (HintInteger{{1}} << 300) - q * HintInteger::of({false, Fp::modulus});
  Forgery forgery;
  set_digits(forgery, v_at, 17, v.w);
  set_digits(forgery, q_at, 18, (q + (HintInteger{{1}} << 269)).w);
  CHECK(verdict(circuit, forgery) == "modulo r");
  forgery.left_out = {"modulo r"};
  CHECK(verdict(circuit, forgery).empty());
}

TEST_CASE("carries that are not small let a product hold that is false") {
  // v = 16 in place of 15: each E is off by -1 times something, and carries outside their range make up for it.
  const Circuit circuit = product_of(three, five);
  const auto [cs, witness] = build(circuit);
  const Fr shift = power_of_two(150).inverse();
  Forgery forgery;
  set_digits(forgery, v_at, 17, {16});
  // E2: q = -1 / p modulo r again. Then E0 and E1 by k0 and k1 in Fr, in their lowest digits.
  Fr p;
  std::array<Fr, 4> p_limb;
  for (size_t i = 4; i-- > 0;) p = p * power_of_two(64) + Fr::from_u64(Fp::modulus[i]);
  const HintInteger modulus = HintInteger::of({false, Fp::modulus});
  const Limbs q_integer = (-p.inverse()).to_canonical();
  const HintInteger q = HintInteger::of({false, q_integer});
  const auto limb = [](const HintInteger& v, unsigned i) {
    Fr out;
    for (unsigned j = 5; j-- > 0;) out = out * power_of_two(15) + Fr::from_u64(v.digit(5 * i + j));
    return out;
  };
  for (unsigned i = 0; i < 4; ++i) p_limb[i] = limb(modulus, i);
  const auto coefficient = [&](unsigned m) {
    Fr out;
    for (unsigned i = 0; i <= m; ++i) out += limb(q, i) * p_limb[m - i];
    return out;
  };
  const Fr base = power_of_two(75);
  const Fr k0 = (Fr::from_u64(15) - Fr::from_u64(16) - coefficient(0) - base * coefficient(1)) * shift;
  const Fr k1 = (k0 - coefficient(2) - base * coefficient(3)) * shift;
  set_digits(forgery, q_at, 18, (q + (HintInteger{{1}} << 269)).w);
  for (uint32_t j = 0; j < 12; ++j) forgery.committed[low_carry_at + j] = Fr();
  forgery.committed[low_carry_at] = k0 + power_of_two(89);
  forgery.committed[high_carry_at] = k1 + power_of_two(89);
  CHECK(verdict(circuit, forgery) == "lookup sum");
  forgery.left_out = {"lookup sum"};
  CHECK(verdict(circuit, forgery).empty());
}

TEST_CASE("an aggregate made for a known challenge is refused, and would be accepted if the challenge were free") {
  // v = 16: all three sums are off by one. U is changed to match them, and to be right at the chi that is wanted.
  const Circuit circuit = product_of(three, five);
  const auto [cs, witness] = build(circuit);
  const uint32_t u_at = product_digits + digit_rows, chi_at = u_at + 7 + 3 * 267;
  const uint32_t first = cs.layout().first_private();
  const Fr chi = witness[first + chi_at], base = power_of_two(75);
  Forgery forgery;
  set_digits(forgery, v_at, 17, {16});
  set_digits(forgery, q_at, 18, (HintInteger{{1}} << 269).w);
  for (uint32_t k = low_carry_at; k < product_digits; ++k) forgery.committed[k] = Fr::from_u64(k % 6 == 2 ? 0x4000 : 0);
  // 1 + d X^4 (X - 2^75): right at 2^75, and 0 at chi.
  const Fr d = -(chi.square().square() * (chi - base)).inverse();
  const std::array<Fr, 7> change = {Fr::one(), Fr(), Fr(), Fr(), -(d * base), d, Fr()};
  for (uint32_t m = 0; m < 7; ++m) forgery.private_wires[u_at + m] = witness[first + u_at + m] + change[m];
  CHECK_FALSE(verdict(circuit, forgery).empty());
  forgery.private_wires[chi_at] = chi;
  CHECK(verdict(circuit, forgery) == "second challenge");
  forgery.left_out = {"second challenge"};
  CHECK(verdict(circuit, forgery).empty());
}

TEST_CASE("a choice is one of its operands, and its bit is a bit") {
  for (const bool bit : {false, true}) {
    const Circuit circuit = [=](BaseField& fp) {
      const Operand x = fp.value(three), y = fp.value(five);
      const Value chosen = fp.choose(fp.bit(bit), x + y, 2 * y);
      const Fp expected = bit ? Fp::from_u64(8) : Fp::from_u64(10);
      fp.assert_zero({{{1, chosen, chosen}}, -Operand(expected.square())});
    };
    CHECK(verdict(circuit).empty());
    Forgery other;
    other.committed[34] = bit ? Fr() : Fr::one();
    // The claim about the square follows the bit that it was made for.
    CHECK_FALSE(verdict(circuit, other).empty());
    other.committed[34] = Fr::from_u64(2);
    CHECK(verdict(circuit, other) == "committed bit");
    const auto [cs, witness] = build(circuit);
    for (uint32_t i = 0; i < cs.layout().num_private; ++i) {
      if (i >= 70 && i + 70 < cs.layout().num_private) continue;
      Witness bad = witness.clone();
      bad[cs.layout().first_private() + i] += Fr::one();
      CHECK(cs.check(bad).has_value());
    }
  }
}

TEST_CASE("values that differ are told from values that are equal, by p or 2 p too") {
  const auto different = [](const Fp& x, const Fp& y) {
    return Circuit([=](BaseField& fp) {
      const Value a = fp.value(x);
      fp.assert_different(a, fp.value(y));
    });
  };
  CHECK(verdict(different(three, five)).empty());
  CHECK(verdict(different(Fp(), -Fp::one())).empty());
  CHECK(verdict(different(three, three)) == "difference");
  const HintInteger p = HintInteger::of({false, Fp::modulus});
  for (const uint32_t at : {0u, 17u}) {
    for (const unsigned multiple : {1u, 2u}) {
      Forgery forgery;
      set_digits(forgery, at, 17, (HintInteger{{3}} + (multiple == 2 ? p + p : p)).w);
      CHECK(verdict(different(three, three), forgery) == "difference");
      CHECK(verdict(different(five, five), forgery).empty());
    }
  }
}

TEST_CASE("a choice differs from a value as its operand does, and only the committed bit decides") {
  const auto differs = [](bool bit, const Fp& x) {
    return Circuit([=](BaseField& fp) {
      const Value yes = fp.value(three);
      fp.assert_different(fp.choose(fp.bit(bit), yes, Operand(five)), fp.value(x));
    });
  };
  CHECK(verdict(differs(true, five)).empty());
  CHECK(verdict(differs(true, three)) == "difference");
  CHECK(verdict(differs(false, five)) == "difference");
  // The choice's integer is the first private wire.
  Forgery forgery;
  forgery.private_wires[0] = Fr::from_u64(7);
  CHECK(verdict(differs(true, three), forgery) == "choice's integer");
}

TEST_CASE("x + p is no canonical value") {
  const auto canonical = [](const Fp& x) { return Circuit([=](BaseField& fp) { fp.assert_canonical(fp.value(x)); }); };
  for (const Fp& x : {Fp(), Fp::one(), -Fp::one(), Fp::random()}) CHECK(verdict(canonical(x)).empty());
  const HintInteger p = HintInteger::of({false, Fp::modulus});
  for (const uint64_t x : {0u, 3u}) {
    Forgery forgery;
    const HintInteger v = HintInteger{{x}} + p;
    set_digits(forgery, 0, 17, v.w);
    CHECK(verdict(canonical(Fp::from_u64(x)), forgery) == "canonical");
    // A complement modulo 2^255, and one that makes the carry fit but not the top.
    set_digits(forgery, 17, 17, (p - HintInteger{{1}} - v).w);
    CHECK(verdict(canonical(Fp::from_u64(x)), forgery) == "canonical");
    set_digits(forgery, 17, 17, (p - HintInteger{{1}}).w);
    CHECK(verdict(canonical(Fp::from_u64(x)), forgery) == "canonical");
  }
}

TEST_CASE("what is committed after the challenge is refused by the builder, and so are digits of a choice") {
  Builder b(Builder::Mode::witness, 1);
  BaseField fp(b, 0);
  const Value x = fp.value(three);
  const CommittedBit bit = fp.bit(true);
  const Value chosen = fp.choose(bit, x, Operand(five));
  CHECK_THROWS_AS(fp.native(chosen), ParameterError);
  CHECK_THROWS_AS(fp.assert_different(x, Operand(chosen) + x), ParameterError);
  CHECK_THROWS_AS(fp.native_integer(-Operand(five)), ParameterError);
  fp.finish(Fr(), [] { return Fr::from_u64(1u << 20); });
  CHECK_THROWS_AS(fp.value(five), ParameterError);
  CHECK_THROWS_AS(fp.bit(true), ParameterError);
  CHECK_THROWS_AS(fp.product(x, x), ParameterError);
  CHECK_THROWS_AS(fp.finish(Fr(), [] { return Fr::one(); }), ParameterError);
}

TEST_CASE("a choice by a bit of another group of committed wires is refused by the builder") {
  Builder b(Builder::Mode::witness, 2);
  BaseField fp(b, 0), other(b, 1);
  const Value x = fp.value(three);
  const CommittedBit bit = other.bit(true);
  CHECK_THROWS_AS(fp.choose(bit, x, x), ParameterError);
  CHECK_NOTHROW(fp.choose(fp.bit(true), x, x));
}

TEST_CASE("every committed wire stands alone in a row, so commitments bind") {
  Builder b(Builder::Mode::shape, 1);
  run(b, [](BaseField& fp) {
    const Value x = fp.value(Fp());
    fp.choose(fp.bit(false), x, fp.product(x, x));
  });
  CHECK_NOTHROW(check_commitment_independence(b.take_constraint_system()));
}

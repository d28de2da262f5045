// See signed_scalar.h.
#include "recursion/signed_scalar.h"

#include "curves/decomposition.h"
#include "curves/endomorphism_constants.h"
#include "r1cs/gadgets_bits.h"
#include "r1cs/signed_value.h"
#include "recursion/base_field.h"

namespace pyzkfl::recursion {
namespace {

const Fr& lambda() {
  static const Fr value = Fr::from_canonical(std::to_array(endomorphism::lambda));
  return value;
}

Int128 integer(const SignedPart& part) {
  const auto magnitude = static_cast<Int128>(static_cast<UInt128>(part.abs[1]) << 64 | part.abs[0]);
  return part.negative != 0 ? -magnitude : magnitude;
}

Int128 basis(size_t vector, size_t coordinate) {
  const auto& words = endomorphism::phi_basis[vector][coordinate];
  return static_cast<Int128>(static_cast<UInt128>(words[1]) << 64 | words[0]);
}

// The bits of (v + 2^128 - 1) / 2 for odd v, |v| < 2^127.
Limbs signed_bits(Int128 v) {
  const UInt128 u = static_cast<UInt128>((v - 1) / 2) + (static_cast<UInt128>(1) << 127);
  return {static_cast<uint64_t>(u), static_cast<uint64_t>(u >> 64), 0, 0};
}

// k = s + lambda t with s and t odd and below 2^127 in magnitude: a split of half that size, and vectors of the lattice of 0, each
// with the sign that brings its large coordinate towards 0.
std::array<Int128, 2> odd_split(const Fr& k) {
  const std::array<SignedPart, 2> parts = split_phi(k);
  std::array<Int128, 2> out = {integer(parts[0]), integer(parts[1])};
  const auto add = [&](size_t vector, size_t large) {
    const bool same_sign = (basis(vector, large) < 0) == (out[large] < 0);
    for (size_t i = 0; i < 2; ++i) out[i] += same_sign ? -basis(vector, i) : basis(vector, i);
  };
  // The vectors are (odd, even) and (odd, odd).
  if (out[1] % 2 == 0) add(1, 0);
  if (out[0] % 2 == 0) add(0, 1);
  return out;
}

}  // namespace

void SignedScalar::make(BaseField& fp, const Limbs& s_bits, const Limbs& t_bits, size_t count) {
  Builder& b = fp.builder();
  const auto sign_of = [](const CommittedBit& bit) { return LC(bit.wire()) * 2 - 1; };
  const auto size_of = [](const CommittedBit& three) { return LC(three.wire()) * 2 + 1; };
  for (size_t w = 0; w < count; ++w) {
    const auto bit = [w](const Limbs& bits, unsigned i) { return bit_of(bits, 2 * static_cast<unsigned>(w) + i); };
    const bool positive = bit(s_bits, 1);
    const CommittedBit sign = fp.bit(b.computes() && positive);
    const CommittedBit s_three = fp.bit(b.computes() && bit(s_bits, 0) == positive);
    const CommittedBit t_same = fp.bit(b.computes() && bit(t_bits, 1) == positive);
    const CommittedBit t_three = fp.bit(b.computes() && bit(t_bits, 0) == bit(t_bits, 1));
    const unsigned shift = 2 * static_cast<unsigned>(w);
    s_.add_shifted(b.product(sign_of(sign), size_of(s_three), "window"), shift);
    const Wire t_sign = b.product(sign_of(sign), sign_of(t_same), "window");
    t_.add_shifted(b.product(t_sign, size_of(t_three), "window"), shift);
    windows_.push_back({sign, s_three, t_same, t_three});
  }
}

LC SignedScalar::value() const {
  LC out = s_;
  out.add_scaled(t_, lambda());
  return out;
}

SignedScalar SignedScalar::of(BaseField& fp, const LC& k) {
  SignedScalar out;
  const std::array<Int128, 2> split = odd_split(k.value());
  out.make(fp, signed_bits(split[0]), signed_bits(split[1]), full_windows);
  gadgets::assert_equal(fp.builder(), out.value(), k, "scalar");
  return out;
}

SignedScalar SignedScalar::weight(BaseField& fp, const LC& hash) {
  constexpr unsigned rest_digits = 8;  // and six bits
  Builder& b = fp.builder();
  SignedScalar out;
  const Limbs v = hash.value().to_canonical();
  out.make(fp, {v[0]}, {v[1]}, weight_windows);
  // u = (s + 2^64 - 1) / 2.
  static const Fr half = Fr::from_u64(2).inverse();
  const LC ones = LC(power_of_two(64)) - 1;
  LC sum = (out.s_ + ones) * half;
  sum.add_scaled((out.t_ + ones) * half, power_of_two(64));
  SignedValue rest = floor_shift({false, v}, 128);
  for (unsigned i = 0; i < rest_digits; ++i) {
    sum.add_shifted(fp.digit(rest.magnitude[0]), 128 + digit_bits * i);
    rest = floor_shift(rest, digit_bits);
  }
  for (unsigned i = 0; i < 6; ++i)
    sum.add_shifted(fp.bit(b.computes() && bit_of(rest.magnitude, i)).wire(), 128 + digit_bits * rest_digits + i);
  gadgets::assert_equal(b, sum, hash, "weight");
  return out;
}

Fr weight_of_hash(const Fr& hash) {
  const Limbs v = hash.to_canonical();
  const auto signed_integer = [](uint64_t u) { return Fr::from_u64(u).dbl() - Fr::from_canonical({~uint64_t{0}, 0, 0, 0}); };
  return signed_integer(v[0]) + lambda() * signed_integer(v[1]);
}

}  // namespace pyzkfl::recursion

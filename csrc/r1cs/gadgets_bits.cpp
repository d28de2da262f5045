// Boolean, range, comparison and selection gadgets.
#include "r1cs/gadgets_bits.h"

#include <bit>

#include "base/errors.h"
#include "r1cs/signed_value.h"

namespace pyzkfl::gadgets {
namespace {

// Proves v in [0, 2^bits); calls each(i, wire) for the bits 1 .. bits-1, and returns bit 0 as a combination.
template <class Each>
LC decompose(Builder& b, const LC& v, unsigned bits, const char* label, const Each& each) {
  require(b, bits <= max_bits, label, "more than 252 bits");
  if (bits == 0) {
    assert_zero(b, v, label);
    return LC();
  }
  const Limbs canonical = b.computes() ? v.value().to_canonical() : Limbs{};
  LC lowest = v;
  for (unsigned i = 1; i < bits; ++i) {
    const Wire bit = boolean(b, bit_of(canonical, i), label);
    lowest.add_scaled(bit, -power_of_two(i));
    each(i, bit);
  }
  if (b.records()) lowest.normalise();
  assert_boolean(b, lowest, label);
  return lowest;
}

}  // namespace

void require(const Builder& b, bool condition, const char* label, const char* problem) {
  if (!condition) throw ParameterError(b.path(label) + ": " + problem);
}

void assert_boolean(Builder& b, const LC& v, const char* label) { b.constrain(v, v - 1, 0, label); }

Wire boolean(Builder& b, bool value, const char* label) {
  const Wire wire = b.private_wire(value ? Fr::one() : Fr::zero());
  b.constrain(wire, wire, wire, label);
  return wire;
}

void assert_equal(Builder& b, const LC& x, const LC& y, const char* label) {
  b.constrain(x - y, 1, 0, label);
}

void assert_zero(Builder& b, const LC& x, const char* label) { b.constrain(x, 1, 0, label); }

std::vector<LC> bits(Builder& b, const LC& v, unsigned bits, const char* label) {
  std::vector<LC> out(bits);
  LC lowest = decompose(b, v, bits, label, [&](unsigned i, const Wire& bit) { out[i] = bit; });
  if (bits > 0) out[0] = std::move(lowest);
  return out;
}

void range(Builder& b, const LC& v, unsigned bits, const char* label) {
  decompose(b, v, bits, label, [](unsigned, const Wire&) {});
}

void signed_range(Builder& b, const LC& v, unsigned bits, const char* label) {
  require(b, bits >= 1 && bits <= max_bits, label, "a signed range has 1 to 252 bits");
  range(b, v + power_of_two(bits - 1), bits, label);
}

void range_to(Builder& b, const LC& v, uint64_t max, const char* label) {
  const auto width = static_cast<unsigned>(std::bit_width(max));
  range(b, v, width, label);
  if ((max & (max + 1)) != 0) range(b, max - v, width, label);
}

void assert_less_equal(Builder& b, const LC& x, const LC& y, unsigned bits, const char* label) {
  range(b, y - x, bits, label);
}

LC less_equal(Builder& b, const LC& x, const LC& y, unsigned bits, const char* label) {
  require(b, bits < max_bits, label, "a comparison has at most 251 bits");
  return gadgets::bits(b, y - x + power_of_two(bits), bits + 1, label).back();
}

LC is_zero(Builder& b, const LC& x, const char* label) {
  const Fr value = b.computes() ? x.value() : Fr();
  const Wire inverse = b.private_wire(value.inverse_vartime());
  const Wire zero = b.private_wire(value.is_zero() ? Fr::one() : Fr::zero());
  b.constrain(x, inverse, 1 - LC(zero), label);
  b.constrain(x, zero, 0, label);
  return zero;
}

LC select(Builder& b, const LC& c, const LC& x, const LC& y, const char* label) {
  return y + b.product(c, x - y, label);
}

LC maximum(Builder& b, const LC& x, const LC& y, unsigned bits, const char* label) {
  return select(b, less_equal(b, y, x, bits, label), x, y, label);
}

}  // namespace pyzkfl::gadgets

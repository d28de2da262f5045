// Encodings of points (see encoding.h).
#include "curves/encoding.h"

#include <algorithm>

#include "base/errors.h"

namespace pyzkfl {
namespace {

constexpr uint8_t flag_mask = 0xc0;
constexpr uint8_t flag_infinity = 0x40;
constexpr uint8_t flag_smaller = 0x80;
constexpr uint8_t flag_larger = 0xc0;

// (p - 1) / 2, canonical.
constexpr Limbs half = [] {
  Limbs v{};
  for (size_t i = 0; i < 4; ++i) v[i] = Fp::modulus[i] >> 1 | (i < 3 ? Fp::modulus[i + 1] << 63 : 0);
  return v;
}();

bool is_larger(const Fp& y) { return limbs::less(half, y.to_canonical()); }
bool is_larger(const Fp2& y) { return is_larger(y.c1.is_zero() ? y.c0 : y.c1); }

template <class F>
constexpr size_t coordinate_bytes = sizeof(F);  // 32 bytes for each element of Fp in it

void put(std::span<uint8_t, 32> out, const Fp& v) { v.to_bytes_be(out); }
void put(std::span<uint8_t, 64> out, const Fp2& v) {
  v.c1.to_bytes_be(out.first<32>());
  v.c0.to_bytes_be(out.last<32>());
}

Fp get(std::span<const uint8_t, 32> in) { return Fp::from_bytes_be(in); }
Fp2 get(std::span<const uint8_t, 64> in) {
  const Fp c1 = Fp::from_bytes_be(in.first<32>());
  return {Fp::from_bytes_be(in.last<32>()), c1};
}

template <class F>
void encode_evm(std::span<uint8_t, 2 * coordinate_bytes<F>> out, const Affine<F>& p) {
  put(out.template first<coordinate_bytes<F>>(), p.x);
  put(out.template last<coordinate_bytes<F>>(), p.y);
}

template <class F>
Affine<F> checked_infinity(Infinity infinity) {
  if (infinity == Infinity::refused) throw DecodeError("point: infinity is not allowed here");
  return Affine<F>::infinity();
}

template <class F>
const Affine<F>& checked_subgroup(const Affine<F>& p) {
  if (!is_in_subgroup(p)) throw DecodeError("point: on the curve, but outside the subgroup of order r");
  return p;
}

template <class F>
Affine<F> decode_evm(std::span<const uint8_t, 2 * coordinate_bytes<F>> in, Infinity infinity) {
  const Affine<F> p = {get(in.template first<coordinate_bytes<F>>()),
                       get(in.template last<coordinate_bytes<F>>())};
  if (p.is_infinity()) return checked_infinity<F>(infinity);
  if (!p.is_on_curve()) throw DecodeError("point: not on the curve");
  return checked_subgroup(p);
}

template <class F>
void encode_compressed(std::span<uint8_t, coordinate_bytes<F>> out, const Affine<F>& p) {
  put(out, p.x);
  out[0] |= p.is_infinity() ? flag_infinity : is_larger(p.y) ? flag_larger : flag_smaller;
}

template <class F>
Affine<F> decode_compressed(std::span<const uint8_t, coordinate_bytes<F>> in, Infinity infinity) {
  const uint8_t flags = in[0] & flag_mask;
  std::array<uint8_t, coordinate_bytes<F>> bytes;
  std::copy(in.begin(), in.end(), bytes.begin());
  bytes[0] &= static_cast<uint8_t>(~flag_mask);
  if (flags == 0) throw DecodeError("compressed point: flags 00 are not used");
  if (flags == flag_infinity) {
    if (!std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; })) {
      throw DecodeError("compressed point: infinity with a coordinate");
    }
    return checked_infinity<F>(infinity);
  }
  Affine<F> p;
  p.x = get(std::span<const uint8_t, coordinate_bytes<F>>(bytes));
  if (!(p.x.square() * p.x + CurveCoefficient<F>::b()).sqrt_vartime(p.y)) {
    throw DecodeError("compressed point: no point of the curve has this x");
  }
  if (is_larger(p.y) != (flags == flag_larger)) p.y = -p.y;
  return checked_subgroup(p);
}

}  // namespace

void to_evm(std::span<uint8_t, g1_evm_bytes> out, const G1Affine& p) { encode_evm(out, p); }
void to_evm(std::span<uint8_t, g2_evm_bytes> out, const G2Affine& p) { encode_evm(out, p); }

std::array<uint8_t, g1_evm_bytes> to_evm(const G1Affine& p) {
  std::array<uint8_t, g1_evm_bytes> out;
  to_evm(out, p);
  return out;
}

std::array<uint8_t, g2_evm_bytes> to_evm(const G2Affine& p) {
  std::array<uint8_t, g2_evm_bytes> out;
  to_evm(out, p);
  return out;
}

G1Affine g1_from_evm(std::span<const uint8_t, g1_evm_bytes> in, Infinity infinity) {
  return decode_evm<Fp>(in, infinity);
}

G2Affine g2_from_evm(std::span<const uint8_t, g2_evm_bytes> in, Infinity infinity) {
  return decode_evm<Fp2>(in, infinity);
}

void compress(std::span<uint8_t, g1_compressed_bytes> out, const G1Affine& p) { encode_compressed(out, p); }
void compress(std::span<uint8_t, g2_compressed_bytes> out, const G2Affine& p) { encode_compressed(out, p); }

std::array<uint8_t, g1_compressed_bytes> compress(const G1Affine& p) {
  std::array<uint8_t, g1_compressed_bytes> out;
  compress(out, p);
  return out;
}

std::array<uint8_t, g2_compressed_bytes> compress(const G2Affine& p) {
  std::array<uint8_t, g2_compressed_bytes> out;
  compress(out, p);
  return out;
}

G1Affine g1_decompress(std::span<const uint8_t, g1_compressed_bytes> in, Infinity infinity) {
  return decode_compressed<Fp>(in, infinity);
}

G2Affine g2_decompress(std::span<const uint8_t, g2_compressed_bytes> in, Infinity infinity) {
  return decode_compressed<Fp2>(in, infinity);
}

}  // namespace pyzkfl

// See chacha_points.h.
#include "formats/hashing/chacha_points.h"

#include <bit>

namespace pyzkfl::formats {
namespace {

void quarter_round(std::array<uint32_t, 16>& s, size_t a, size_t b, size_t c, size_t d) {
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 7);
}

template <class F>
F draw_element(ChaChaWords& words) {
  constexpr uint64_t top_bits = (uint64_t{1} << 62) - 1;  // 254 bits in all
  for (;;) {
    Limbs v;
    for (uint64_t& limb : v) {
      const uint64_t high = words.next();
      limb = high << 32 | words.next();
    }
    v[3] &= top_bits;
    if (limbs::less(v, F::modulus)) return F::from_montgomery_limbs(v);
  }
}

bool is_greater(const Fp& v) { return limbs::less(Fp::M::p_minus_1_half, v.to_canonical()); }
bool is_greater(const Fp2& v) { return v.c1.is_zero() ? is_greater(v.c0) : is_greater(v.c1); }

template <class F, class DrawX>
Affine<F> draw_point(ChaChaWords& words, DrawX draw_x) {
  for (;;) {
    Affine<F> p;
    p.x = draw_x(words);
    const bool greater = (words.next() & 1) != 0;
    if (!(p.x.square() * p.x + CurveCoefficient<F>::b()).sqrt_vartime(p.y)) continue;
    if (is_greater(p.y) != greater) p.y = -p.y;
    return p;
  }
}

// The cofactor of the twist, 2p - r.
constexpr Limbs twist_cofactor = [] {
  Limbs out{};
  limbs::add(out, Fp::modulus, Fp::modulus);
  limbs::sub(out, out, Fr::modulus);
  return out;
}();

}  // namespace

ChaChaWords::ChaChaWords(std::span<const uint8_t, 32> seed) {
  state_ = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (size_t i = 0; i < 8; ++i)
    for (size_t j = 0; j < 4; ++j) state_[4 + i] = state_[4 + i] << 8 | seed[4 * i + j];
}

void ChaChaWords::refill() {
  block_ = state_;
  for (int i = 0; i < 10; ++i) {
    for (size_t column = 0; column < 4; ++column)
      quarter_round(block_, column, 4 + column, 8 + column, 12 + column);
    for (size_t i0 = 0; i0 < 4; ++i0)
      quarter_round(block_, i0, 4 + (i0 + 1) % 4, 8 + (i0 + 2) % 4, 12 + (i0 + 3) % 4);
  }
  for (size_t i = 0; i < block_.size(); ++i) block_[i] += state_[i];
  for (size_t i = 12; i < 16 && ++state_[i] == 0; ++i) {
  }
  used_ = 0;
}

uint32_t ChaChaWords::next() {
  if (used_ == block_.size()) refill();
  return block_[used_++];
}

Fp draw_fp(ChaChaWords& words) { return draw_element<Fp>(words); }
Fr draw_fr(ChaChaWords& words) { return draw_element<Fr>(words); }

G1Affine draw_g1(ChaChaWords& words) { return draw_point<Fp>(words, draw_fp); }

G2Affine draw_g2(ChaChaWords& words) {
  const G2Affine p = draw_point<Fp2>(words, [](ChaChaWords& w) {
    const Fp c0 = draw_fp(w);
    return Fp2{c0, draw_fp(w)};
  });
  G2 product;
  for (size_t bit = 256; bit-- > 0;) {
    product = product.dbl();
    if ((twist_cofactor[bit / 64] >> (bit % 64) & 1) != 0) product += p;
  }
  return product.to_affine();
}

G2Affine hash_to_g2(std::span<const uint8_t, 64> hash) {
  ChaChaWords words(hash.first<32>());
  return draw_g2(words);
}

}  // namespace pyzkfl::formats

// safegcd (see inversion.h).
//
// A division step takes (delta, f, g), f odd, to (1 - delta, g, (g - f) / 2) if delta > 0 and g is odd, else
// to (1 + delta, f, (g + (g mod 2) f) / 2). From delta = 1/2, f = p and g = x < p < 2^256, 590 steps always
// reach g = 0 (Wuille's convex hull bound for this variant, 2021); then f is 1 or -1, or p if x was 0. What a
// step does depends on delta and the lowest bits only, so 62 steps are done on one word and recorded as a
// matrix, which is then applied to f and g (exactly) and to d and e (modulo p). These keep d x = f and e x =
// g modulo p.
#include "fields/inversion.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pyzkfl {
namespace {

__extension__ typedef __int128 SignedWide;

constexpr int kSteps = 62;    // in one batch
constexpr int kBatches = 10;  // 620 steps: 590 rounded up to whole batches
constexpr uint64_t kDigitMask = ~uint64_t{0} >> 2;

// A signed integer in radix 2^62: digits 0 to 3 in [0, 2^62), digit 4 carries the sign.
using Digits = std::array<int64_t, 5>;

// A batch of steps: f becomes (u f + v g) / 2^62, g becomes (q f + r g) / 2^62. |u| + |v| and |q| + |r| are
// at most 2^62.
struct Matrix {
  int64_t u, v, q, r;
};

SignedWide product(int64_t a, int64_t b) { return static_cast<SignedWide>(a) * b; }
int64_t low_digit(SignedWide v) { return static_cast<int64_t>(static_cast<uint64_t>(v) & kDigitMask); }

// The lowest words of f and g. zeta is -(delta + 1/2), so delta > 0 where zeta < 0.
Matrix batch(int64_t& zeta, uint64_t f, uint64_t g) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  for (int i = 0; i < kSteps; ++i) {
    const uint64_t odd = limbs::barrier(0 - (g & 1));
    const uint64_t minus = limbs::barrier(static_cast<uint64_t>(zeta >> 63));
    g += ((f ^ minus) - minus) & odd;
    q += ((u ^ minus) - minus) & odd;
    r += ((v ^ minus) - minus) & odd;
    const uint64_t swap = minus & odd;  // f takes the old g, which is the new g plus f
    f += g & swap;
    u += q & swap;
    v += r & swap;
    zeta = (zeta ^ static_cast<int64_t>(swap)) - 1;
    g >>= 1;
    u <<= 1;
    v <<= 1;
  }
  return {static_cast<int64_t>(u), static_cast<int64_t>(v), static_cast<int64_t>(q), static_cast<int64_t>(r)};
}

// The same steps in variable time: runs of even g at once, and up to six odd ones at once where no swap can
// come between.
Matrix batch_vartime(int64_t& zeta, uint64_t f, uint64_t g) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  for (int left = kSteps;;) {
    const int zeros = std::countr_zero(g | ~uint64_t{0} << left);
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    zeta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (zeta < 0) {
      // The step for delta > 0 is the other one after (delta, f, g) -> (-delta, g, -f).
      zeta = ~zeta;
      f = std::exchange(g, 0 - f);
      u = std::exchange(q, 0 - u);
      v = std::exchange(r, 0 - v);
    }
    // delta <= 0 for zeta + 1 steps more: add the multiple of f that clears so many bits, or six.
    // f (2 - f^2) is 1 / f modulo 64, because f^2 = 1 modulo 8 and so (f^2 - 1)^2 = 0 modulo 64.
    const int bits = static_cast<int>(std::min<int64_t>({zeta + 1, left, 6}));
    const uint64_t w = g * f * (f * f - 2) & ((uint64_t{1} << bits) - 1);
    g += f * w;
    q += u * w;
    r += v * w;
  }
  return {static_cast<int64_t>(u), static_cast<int64_t>(v), static_cast<int64_t>(q), static_cast<int64_t>(r)};
}

void apply(Digits& f, Digits& g, const Matrix& m) {
  SignedWide new_f = product(m.u, f[0]) + product(m.v, g[0]);
  SignedWide new_g = product(m.q, f[0]) + product(m.r, g[0]);
  for (size_t i = 1; i < 5; ++i) {
    new_f = (new_f >> kSteps) + product(m.u, f[i]) + product(m.v, g[i]);
    new_g = (new_g >> kSteps) + product(m.q, f[i]) + product(m.r, g[i]);
    f[i - 1] = low_digit(new_f);
    g[i - 1] = low_digit(new_g);
  }
  f[4] = static_cast<int64_t>(new_f >> kSteps);
  g[4] = static_cast<int64_t>(new_g >> kSteps);
}

// The same modulo p. d and e are in (-2p, p), and stay there: with p added to the negative ones they are in
// (-p, p), the combination is in (-2^62 p, 2^62 p), and what is subtracted to make it divisible is below 2^62
// p.
void apply_modulo(Digits& d, Digits& e, const Matrix& m, const InversionModulus& p) {
  const int64_t d_negative = d[4] >> 63, e_negative = e[4] >> 63;
  SignedWide new_d = product(m.u, d[0]) + product(m.v, e[0]);
  SignedWide new_e = product(m.q, d[0]) + product(m.r, e[0]);
  int64_t times_d = (m.u & d_negative) + (m.v & e_negative);
  int64_t times_e = (m.q & d_negative) + (m.r & e_negative);
  const auto excess = [&](SignedWide v, int64_t times) {
    const uint64_t multiple = p.inverse * static_cast<uint64_t>(v) + static_cast<uint64_t>(times);
    return static_cast<int64_t>(multiple & kDigitMask);
  };
  times_d -= excess(new_d, times_d);
  times_e -= excess(new_e, times_e);
  new_d += product(p.digits[0], times_d);
  new_e += product(p.digits[0], times_e);
  for (size_t i = 1; i < 5; ++i) {
    new_d = (new_d >> kSteps) + product(m.u, d[i]) + product(m.v, e[i]) + product(p.digits[i], times_d);
    new_e = (new_e >> kSteps) + product(m.q, d[i]) + product(m.r, e[i]) + product(p.digits[i], times_e);
    d[i - 1] = low_digit(new_d);
    e[i - 1] = low_digit(new_e);
  }
  d[4] = static_cast<int64_t>(new_d >> kSteps);
  e[4] = static_cast<int64_t>(new_e >> kSteps);
}

// Digits 0 to 3 back into [0, 2^62).
void carry(Digits& v) {
  for (size_t i = 0; i < 4; ++i) {
    v[i + 1] += v[i] >> kSteps;
    v[i] &= static_cast<int64_t>(kDigitMask);
  }
}

void add_if_negative(Digits& v, const Digits& p) {
  const int64_t mask = v[4] >> 63;
  for (size_t i = 0; i < 5; ++i) v[i] += p[i] & mask;
  carry(v);
}

// d, or -d if `sign` is negative, reduced to [0, p). d is in (-2p, p).
Limbs finish(Digits d, int64_t sign, const InversionModulus& p) {
  add_if_negative(d, p.digits);  // (-p, p)
  const int64_t mask = sign >> 63;
  for (int64_t& digit : d) digit = (digit ^ mask) - mask;
  carry(d);
  add_if_negative(d, p.digits);
  const auto digit = [&](size_t i) { return static_cast<uint64_t>(d[i]); };
  return {digit(0) | digit(1) << 62, digit(1) >> 2 | digit(2) << 60, digit(2) >> 4 | digit(3) << 58,
          digit(3) >> 6 | digit(4) << 56};
}

}  // namespace

Limbs invert(const Limbs& x, const InversionModulus& p) {
  Digits d{}, e{1}, f = p.digits, g = to_radix_62(x);
  int64_t zeta = -1;
  for (int i = 0; i < kBatches; ++i) {
    const Matrix m = batch(zeta, static_cast<uint64_t>(f[0]), static_cast<uint64_t>(g[0]));
    apply_modulo(d, e, m, p);
    apply(f, g, m);
  }
  return finish(d, f[4], p);
}

Limbs invert_vartime(const Limbs& x, const InversionModulus& p) {
  Digits d{}, e{1}, f = p.digits, g = to_radix_62(x);
  int64_t zeta = -1;
  while ((g[0] | g[1] | g[2] | g[3] | g[4]) != 0) {
    const Matrix m = batch_vartime(zeta, static_cast<uint64_t>(f[0]), static_cast<uint64_t>(g[0]));
    apply_modulo(d, e, m, p);
    apply(f, g, m);
  }
  return finish(d, f[4], p);
}

}  // namespace pyzkfl

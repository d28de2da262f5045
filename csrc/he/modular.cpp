// GMP's mpn_sec_* behind spans (see modular.h).
#include "he/modular.h"

#include <gmp.h>

#include <algorithm>

namespace pyzkfl::he::modular {
namespace {

static_assert(sizeof(mp_limb_t) == 8, "words are GMP's limbs");

using Words = SecretVector<uint64_t>;

mp_size_t size(std::span<const uint64_t> v) { return static_cast<mp_size_t>(v.size()); }

}  // namespace

void multiply(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b) {
  if (a.size() < b.size()) std::swap(a, b);
  Words scratch(static_cast<size_t>(mpn_sec_mul_itch(size(a), size(b))));
  mpn_sec_mul(out.data(), a.data(), size(a), b.data(), size(b), scratch.data());
}

void remainder(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> m) {
  Words rest(std::max(a.size(), m.size()));
  std::ranges::copy(a, rest.begin());
  Words scratch(static_cast<size_t>(mpn_sec_div_r_itch(size(rest), size(m))));
  mpn_sec_div_r(rest.data(), size(rest), m.data(), size(m), scratch.data());
  std::copy_n(rest.begin(), m.size(), out.begin());
}

void divide(std::span<uint64_t> quotient, std::span<uint64_t> rest, std::span<const uint64_t> a,
            std::span<const uint64_t> m) {
  Words number(a.begin(), a.end()), result(a.size() - m.size() + 1);
  Words scratch(static_cast<size_t>(mpn_sec_div_qr_itch(size(a), size(m))));
  result.back() = mpn_sec_div_qr(result.data(), number.data(), size(a), m.data(), size(m), scratch.data());
  std::copy_n(result.begin(), quotient.size(), quotient.begin());
  std::copy_n(number.begin(), m.size(), rest.begin());
}

uint64_t subtract_if_possible(std::span<uint64_t> x, std::span<const uint64_t> n) {
  Words difference(n.size());
  uint64_t borrow = mpn_sub_n(difference.data(), x.data(), n.data(), size(n));
  if (x.size() > n.size()) {
    const uint64_t top = x[n.size()];
    borrow = static_cast<uint64_t>(top < borrow);
  }
  const uint64_t taken = 1 - borrow;
  const uint64_t less = mpn_cnd_sub_n(taken, x.data(), x.data(), n.data(), size(n));
  if (x.size() > n.size()) x[n.size()] -= less;
  return taken;
}

void subtract(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b,
              std::span<const uint64_t> m) {
  const uint64_t borrow = mpn_sub_n(out.data(), a.data(), b.data(), size(m));
  mpn_cnd_add_n(borrow, out.data(), out.data(), m.data(), size(m));
}

void multiply_modulo(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> b,
                     std::span<const uint64_t> m) {
  Words product(a.size() + b.size());
  multiply(product, a, b);
  remainder(out, product, m);
}

bool invert(std::span<uint64_t> out, std::span<const uint64_t> a, std::span<const uint64_t> m) {
  Words number(a.begin(), a.end()), scratch(static_cast<size_t>(mpn_sec_invert_itch(size(m))));
  return mpn_sec_invert(out.data(), number.data(), m.data(), size(m), 2 * m.size() * 64, scratch.data()) != 0;
}

uint64_t minus_inverse(uint64_t odd) {
  uint64_t inverse = odd;  // right modulo 8
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return 0 - inverse;
}

}  // namespace pyzkfl::he::modular

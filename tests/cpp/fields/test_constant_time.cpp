// No branch and no address depends on the elements: under valgrind (make test-deep), which reports those that do.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "../constant_time.h"
#include "fields/batch_inverse.h"
#include "fields/fp12.h"
#include "fields/fr.h"
#include "fields/kernels/kernel_table.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

// operation(a, b) with a and b secret; the result is made public.
template <class F, class Operation>
F secretly(const F& a, const F& b, const Operation& operation) {
  F x = a, y = b;
  make_secret(x);
  make_secret(y);
  F out = operation(x, y);
  make_public(out);
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("arithmetic on secret elements is constant time", F, Fp, Fr, Fp2, Fp6, Fp12) {
  const F a = F::random(), b = F::random();
  CHECK(secretly(a, b, [](const F& x, const F& y) { return x + y; }) == a + b);
  CHECK(secretly(a, b, [](const F& x, const F& y) { return x - y; }) == a - b);
  CHECK(secretly(a, b, [](const F& x, const F& y) { return x * y; }) == a * b);
  CHECK(secretly(a, b, [](const F& x, const F&) { return -x; }) == -a);
  CHECK(secretly(a, b, [](const F& x, const F&) { return x.dbl(); }) == a + a);
  CHECK(secretly(a, b, [](const F& x, const F&) { return x.square(); }) == a * a);
  CHECK(secretly(a, b, [](const F& x, const F&) { return x.inverse(); }) == a.inverse());
  CHECK(secretly(F::zero(), b, [](const F& x, const F&) { return x.inverse(); }).is_zero());
  const auto choose = [](const F& x, const F& y) {
    const uint64_t mask = 0 - static_cast<uint64_t>(x == y);
    return F::select(limbs::barrier(mask), x, y);
  };
  CHECK(secretly(a, b, choose) == b);
}

TEST_CASE_TEMPLATE("encoding, decoding of integers and drawing at random are constant time", F, Fp, Fr) {
  std::array<uint8_t, 64> wide{};
  wide[5] = 77;
  make_secret(wide);
  F v = F::from_bytes_wide_be(wide);
  std::array<uint8_t, 32> bytes = v.to_bytes_be();
  make_public(bytes);
  make_public(v);
  CHECK(v.to_bytes_be() == bytes);

  int64_t small = -5;
  make_secret(small);
  F negative = F::from_i64(small);
  make_public(negative);
  CHECK(negative == -F::from_u64(5));

  F secret = F::from_u64(1234567);
  make_secret(secret);
  std::array<uint64_t, 4> canonical = secret.to_canonical();
  make_public(canonical);
  CHECK(canonical == Limbs{1234567, 0, 0, 0});
  F power = secret.pow_vartime(F::modulus);  // the exponent is public
  make_public(power);
  CHECK(power == F::from_u64(1234567));
}

TEST_CASE_TEMPLATE("operations over vectors and batches of inverses are constant time", F, Fp, Fr) {
  constexpr size_t n = 11;
  std::vector<F> a(n), b(n), out(n);
  for (F& v : a) v = F::random();
  for (F& v : b) v = F::random();
  a[3] = F::zero();
  std::vector<F> secret = a;
  make_secret(secret.data(), n);
  batch_inverse(std::span(secret));
  make_public(secret.data(), n);
  for (size_t i = 0; i < n; ++i) CHECK(secret[i] == a[i].inverse());

  for (const KernelTable<F>& table : runnable_kernel_tables<F>()) {
    secret = a;
    make_secret(secret.data(), n);
    table.mul(out, secret, b);
    table.add(out, out, secret);
    table.sub(out, out, b);
    make_public(out.data(), n);
    for (size_t i = 0; i < n; ++i) CHECK(out[i] == a[i] * b[i] + a[i] - b[i]);
  }
}

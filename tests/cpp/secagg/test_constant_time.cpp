// What masking does with secrets, under valgrind (make test-deep): sharing, its inverse, masks, values that are masked.
//
// Deliberate exceptions: the weights of shares are of public points (shamir_weights_vartime), and that a value is out of
// range is told (check_magnitudes looks at all of them and then says so).
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "../constant_time.h"
#include "base/random.h"
#include "secagg/masked_vector.h"
#include "secagg/shamir.h"
#include "secagg/standing/wide_shamir.h"

using namespace pyzkfl;
using namespace pyzkfl::secagg;
using namespace pyzkfl::test;

namespace {

Bytes random_of(size_t size) {
  Bytes out(size);
  random_bytes(out);
  return out;
}

}  // namespace

TEST_CASE("sharing a secret and putting it together are constant time") {
  const std::vector<uint8_t> points = {1, 2, 7, 200, 255};
  Bytes secret = random_of(64), coefficients = random_of(2 * 64), shares(points.size() * 64), found(64);
  const Bytes expected = secret;
  make_secret(secret.data(), secret.size());
  make_secret(coefficients.data(), coefficients.size());
  shamir_split(shares, secret, coefficients, points);
  const std::vector<uint8_t> some = {2, 200, 255};
  const std::vector<ByteSpan> of_some = {ByteSpan(shares).subspan(64, 64), ByteSpan(shares).subspan(3 * 64, 64),
                                         ByteSpan(shares).subspan(4 * 64, 64)};
  shamir_combine(found, shamir_weights_vartime(some), of_some);
  make_public(found.data(), found.size());
  CHECK(found == expected);
}

TEST_CASE("sharing a secret among thousands and putting it together are constant time") {
  const std::vector<uint16_t> points = {1, 300, 4000, 65535};
  Bytes secret = random_of(64), coefficients = random_of(64), shares(points.size() * 64), found(64);
  const Bytes expected = secret;
  make_secret(secret.data(), secret.size());
  make_secret(coefficients.data(), coefficients.size());
  wide_shamir_split(shares, secret, coefficients, points);
  const std::vector<uint16_t> some = {300, 65535};
  const std::vector<ByteSpan> of_some = {ByteSpan(shares).subspan(64, 64), ByteSpan(shares).subspan(3 * 64, 64)};
  wide_shamir_combine(found, wide_shamir_weights_vartime(some), of_some);
  make_public(found.data(), found.size());
  CHECK(found == expected);
}

TEST_CASE("masks are expanded and values added and packed in constant time") {
  for (const unsigned bits : {5u, 16u, 20u, 40u}) {
    std::vector<int64_t> values(300);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i % 15) - 7;
    const std::vector<int64_t> expected = values;
    Fr blinder = Fr::from_u64(9);
    Bytes key = random_of(32);
    make_secret(values.data(), values.size());
    make_secret(blinder);
    make_secret(key.data(), key.size());
    MaskedVector vector(values.size(), bits);
    vector.add_values(values, blinder);
    std::vector<MaskTerm> mask, again;
    mask.push_back({SecretBytes::copy_of(key), false});
    again.push_back({SecretBytes::copy_of(key), true});
    vector.add_masks(mask);
    Bytes packed((values.size() * bits + 7) / 8);
    vector.pack(packed);
    make_public(packed.data(), packed.size());
    vector.add_masks(again);
    std::vector<int64_t> found(values.size());
    vector.lift(found);
    make_public(found.data(), found.size());
    CHECK(found == expected);
    Fr sum = vector.blinder();
    make_public(sum);
    CHECK(sum == Fr::from_u64(9));
  }
}

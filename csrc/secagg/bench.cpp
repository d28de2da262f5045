// Timings of masking (see bench.h).
#include "secagg/bench.h"

#include <chrono>
#include <numeric>
#include <vector>

#include "base/secret.h"
#include "secagg/masked_vector.h"
#include "secagg/shamir.h"
#include "secagg/standing/wide_shamir.h"

namespace pyzkfl::secagg {
namespace {

class Stopwatch {
 public:
  // Seconds since the last call, or since construction.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

double bench_mask(uint64_t n_bytes) {
  MaskedVector vector(n_bytes / 4, 24);
  std::vector<MaskTerm> terms;
  terms.push_back({SecretBytes::random(32), false});
  Stopwatch watch;
  vector.add_masks(terms);
  return watch.lap();
}

ShamirSeconds bench_shamir(unsigned n, unsigned threshold) {
  const SecretBytes secret = SecretBytes::random(64);
  const SecretBytes coefficients = SecretBytes::random((threshold - 1) * 64);
  std::vector<uint8_t> points(n);
  std::iota(points.begin(), points.end(), uint8_t{1});
  SecretBytes shares(n * 64);
  ShamirSeconds out{};
  Stopwatch watch;
  shamir_split(shares.span(), secret.span(), coefficients.span(), points);
  out.split = watch.lap();
  const std::vector<uint8_t> weights = shamir_weights_vartime(std::span(points).first(threshold));
  std::vector<ByteSpan> parts;
  for (unsigned i = 0; i < threshold; ++i) parts.push_back(shares.span().subspan(i * 64, 32));
  SecretBytes back(32);
  shamir_combine(back.span(), weights, parts);
  out.combine = watch.lap();
  if (!equal_constant_time(back.span(), secret.span().first(32))) {
    throw Error("Shamir sharing does not invert");
  }
  return out;
}

ShamirSeconds bench_wide_shamir(unsigned n, unsigned threshold) {
  const SecretBytes secret = SecretBytes::random(32);
  const SecretBytes coefficients = SecretBytes::random((threshold - 1) * 32);
  std::vector<uint16_t> points(n);
  std::iota(points.begin(), points.end(), uint16_t{1});
  SecretBytes shares(n * 32);
  SecretBytes back(32);
  ShamirSeconds out{};
  for (int run = 0; run < 2; ++run) {  // the first one makes the tables
    Stopwatch watch;
    wide_shamir_split(shares.span(), secret.span(), coefficients.span(), points);
    out.split = watch.lap();
    const std::vector<uint16_t> weights = wide_shamir_weights_vartime(std::span(points).first(threshold));
    std::vector<ByteSpan> parts;
    for (unsigned i = 0; i < threshold; ++i) parts.push_back(shares.span().subspan(i * 32, 32));
    wide_shamir_combine(back.span(), weights, parts);
    out.combine = watch.lap();
  }
  if (!equal_constant_time(back.span(), secret.span())) throw Error("Shamir sharing does not invert");
  return out;
}

}  // namespace pyzkfl::secagg

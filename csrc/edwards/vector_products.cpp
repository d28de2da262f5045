// Lanes in and out of the kernel (see vector_products.h).
#include "edwards/vector_products.h"

#include <algorithm>
#include <array>

#include "base/cpu.h"
#include "edwards/kernels/products_ifma.h"

namespace pyzkfl::edwards {
namespace {

using ifma::lanes;
using Element = std::array<uint64_t, ifma::element_words>;

const ifma::Products* kernel() {
  static const ifma::Products* const chosen = selected_kernel() >= CpuKernel::ifma ? ifma::products() : nullptr;
  return chosen;
}

void put(std::span<uint64_t> element, size_t lane, const Fe& value) {
  for (size_t i = 0; i < value.v.size(); ++i) element[lanes * i + lane] = value.v[i];
}

Fe get(std::span<const uint64_t> element, size_t lane) {
  Fe value;
  for (size_t i = 0; i < value.v.size(); ++i) value.v[i] = element[lanes * i + lane];
  return value;
}

// Multiples 1 to 8 of B, as the kernel reads them.
std::array<uint64_t, ifma::base_words> base_multiples() {
  std::vector<Point> points{base_point()};
  while (points.size() < 8) points.push_back(add(points.back(), base_point()));
  const std::vector<Niels> entries = normalise(points);
  std::array<uint64_t, ifma::base_words> out{};
  for (size_t m = 0; m < 8; ++m) {
    const std::array<Fe, 3> coordinates{entries[m].sum * kOne, entries[m].difference * kOne, entries[m].product};
    for (size_t c = 0; c < 3; ++c) put(std::span(out).subspan(40 * c, 40), m, coordinates[c]);
  }
  return out;
}

}  // namespace

bool vector_products_selected() { return kernel() != nullptr; }

void sums_of_two(std::span<Point> sums, std::span<const Point> points, std::span<const Scalar> k,
                 std::span<const Scalar> s) {
  static const std::array<uint64_t, ifma::base_words> base = base_multiples();
  static const Fe twice_d = (curve_d() + curve_d()) * kOne;
  constexpr size_t kWords = ifma::element_words;
  for (size_t first = 0; first < points.size(); first += lanes) {
    const size_t count = std::min(lanes, points.size() - first);
    std::array<uint64_t, 2 * kWords> point{};
    std::array<int8_t, lanes * ifma::digits> k_digits{}, s_digits{};
    for (size_t lane = 0; lane < lanes; ++lane) {
      const size_t i = first + std::min(lane, count - 1);  // lanes left over repeat the last
      put(std::span(point).first(kWords), lane, points[i].X);
      put(std::span(point).last(kWords), lane, points[i].Y);
      const std::array<int8_t, 64> of_k = digits16(k[i]), of_s = digits16(s[i]);
      for (size_t digit = 0; digit < ifma::digits; ++digit) {
        k_digits[lanes * digit + lane] = of_k[digit];
        s_digits[lanes * digit + lane] = of_s[digit];
      }
    }
    std::array<uint64_t, 3 * kWords> sum;
    kernel()->sum_of_two(sum.data(), point.data(), k_digits.data(), s_digits.data(), base.data(), twice_d.v.data());
    for (size_t lane = 0; lane < count; ++lane) {
      const std::span<const uint64_t> words(sum);
      sums[first + lane] = {get(words.first(kWords), lane), get(words.subspan(kWords, kWords), lane),
                            get(words.last(kWords), lane), kZero};
    }
  }
}

void powers_p58(std::span<Fe> values) {
  if (kernel() == nullptr || values.size() < 2) {
    for (Fe& value : values) value = power_p58(value);
    return;
  }
  for (size_t first = 0; first < values.size(); first += lanes) {
    const size_t count = std::min(lanes, values.size() - first);
    Element element{};
    for (size_t lane = 0; lane < count; ++lane) put(element, lane, values[first + lane]);
    kernel()->power_p58(element.data());
    for (size_t lane = 0; lane < count; ++lane) values[first + lane] = get(element, lane);
  }
}

}  // namespace pyzkfl::edwards

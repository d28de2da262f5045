// See random_weights.h.
#include "kzg/random_weights.h"

#include <array>

#include "base/random.h"

namespace pyzkfl {
namespace {

Fr from_128(uint64_t low, uint64_t high) { return Fr::from_canonical(Limbs{low, high, 0, 0}); }

}  // namespace

Fr random_weight_from(const RandomSource& source) {
  std::array<uint64_t, 2> limbs{};
  do {
    source({reinterpret_cast<uint8_t*>(limbs.data()), sizeof(limbs)});
  } while ((limbs[0] | limbs[1]) == 0);
  return from_128(limbs[0], limbs[1]);
}

Fr random_weight() {
  return random_weight_from([](std::span<uint8_t> out) { random_bytes(out); });
}

std::vector<Fr> random_weights(size_t count) {
  std::vector<uint64_t> limbs(2 * count);
  if (count != 0) random_bytes({reinterpret_cast<uint8_t*>(limbs.data()), limbs.size() * sizeof(uint64_t)});
  std::vector<Fr> weights(count);
  for (size_t i = 0; i < count; ++i) {
    const bool zero = (limbs[2 * i] | limbs[2 * i + 1]) == 0;
    weights[i] = zero ? random_weight() : from_128(limbs[2 * i], limbs[2 * i + 1]);
  }
  return weights;
}

}  // namespace pyzkfl

// Limbs on which carries go wrong, and a generator of random ones that is fast and repeatable.
#pragma once

#include <vector>

#include "fields/limbs.h"

namespace pyzkfl::test {

// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64: for test data, never for secrets.
class Generator {
 public:
  explicit Generator(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
      z = (z ^ z >> 27) * 0x94d049bb133111eb;
      word = z ^ z >> 31;
    }
  }
  uint64_t next() {
    const auto rotate = [](uint64_t v, int k) { return v << k | v >> (64 - k); };
    const uint64_t out = rotate(state_[1] * 5, 7) * 9, shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return out;
  }
  // Any 256 bits. Half of the limbs are random, the others all zeros or all ones, so that carries run far.
  Limbs limbs() {
    Limbs out;
    for (uint64_t& limb : out) {
      const uint64_t choice = next();
      limb = (choice & 1) != 0 ? next() : (choice & 2) != 0 ? ~uint64_t{0} : 0;
    }
    return out;
  }
  // Such limbs below p: v mod p by subtraction, which keeps the runs of ones where v is below p already.
  Limbs below(const Limbs& p) {
    Limbs v = limbs();
    while (!limbs::less(v, p)) limbs::sub(v, v, p);
    return v;
  }

 private:
  uint64_t state_[4];
};

// Integers around 0, p, 2p, powers of two and limb boundaries: 0, 1, p - 1, p, 2p - 1, all-ones limbs. All that fit
// 256 bits, whatever their relation to p.
inline std::vector<Limbs> edge_limbs(const Limbs& p) {
  const uint64_t ones = ~uint64_t{0};
  std::vector<Limbs> out = {
      {0, 0, 0, 0},          {1, 0, 0, 0},          {2, 0, 0, 0},          {ones, 0, 0, 0},     {0, 1, 0, 0},
      {ones, ones, 0, 0},    {0, 0, 1, 0},          {ones, ones, ones, 0}, {0, 0, 0, 1},        {0, ones, 0, 0},
      {0, 0, ones, 0},       {ones, 0, ones, 0},    {0, ones, ones, 0},    {0, 0, 0, p[3]},     {ones, 0, 0, p[3] - 1},
      {ones, ones, ones, ones >> 3}, {ones, ones, ones, ones >> 2}, {ones, ones, ones, ones}, {0, 0, 0, ones},
      {ones, ones, ones, p[3] - 1}, {p[0], 0, 0, 0}, {p[0], p[1], 0, 0}, {p[0], p[1], p[2], 0},
      {p[0], p[1], p[2], p[3] - 1}};
  const auto around = [&](const Limbs& centre) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{2}, ones}) {
      Limbs above{}, below{};
      limbs::add(above, centre, Limbs{offset, 0, 0, 0});
      limbs::sub(below, centre, Limbs{offset, 0, 0, 0});
      out.push_back(above);
      out.push_back(below);
    }
  };
  Limbs multiple{};
  for (int k = 1; k <= 5; ++k) {  // 5p < 2^256 for both moduli
    limbs::add(multiple, multiple, p);
    around(multiple);
  }
  Limbs half = p;
  for (size_t i = 0; i < 4; ++i) half[i] = half[i] >> 1 | (i < 3 ? half[i + 1] << 63 : 0);
  around(half);
  return out;
}

// Those of them that are below p.
inline std::vector<Limbs> edge_elements(const Limbs& p) {
  std::vector<Limbs> out;
  for (const Limbs& v : edge_limbs(p)) {
    if (limbs::less(v, p)) out.push_back(v);
  }
  return out;
}

}  // namespace pyzkfl::test

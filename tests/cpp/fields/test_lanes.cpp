// Every operation of the IFMA field on loose values: at each documented bound, with forced carries, all lanes
// different, against schoolbook arithmetic. Nothing runs where the processor lacks the instructions.
#include <doctest/doctest.h>

#include <cstring>
#include <type_traits>

#include "base/cpu.h"
#include "edge_values.h"
#include "fields/fp.h"
#include "fields/fr.h"
#include "lane_operations_ifma.h"
#include "limbs52.h"
#include "schoolbook.h"

using namespace pyzkfl;
using namespace pyzkfl::test;

namespace {

// Values below `multiple` p, and below 2^260: around every multiple of p, all-ones and single limbs, and random ones of
// which half the limbs are zeros or ones. The largest is multiple p - 1.
std::vector<Value> values_below(const Limbs& p, unsigned multiple, size_t random_count, uint64_t seed) {
  const Wide bound = Wide::from(p) * small(multiple);
  std::vector<Value> out;
  const auto take = [&](const Wide& v) {
    if (less(v, bound)) out.push_back(narrow(v));
  };
  for (unsigned k = 0; k <= multiple; ++k) {
    const Wide centre = Wide::from(p) * small(k);
    for (const uint64_t offset : {0, 1, 2}) {
      take(centre + small(offset));
      if (k > 0) take(minus(centre, small(offset + 1)));
    }
  }
  for (unsigned mask = 1; mask < 32; ++mask) {
    Value v{}, w{};
    for (size_t i = 0; i < 5; ++i) {
      if ((mask >> i & 1) != 0) v[i] = ones52, w[i] = 1;
    }
    take(wide(v));
    take(wide(w));
    v[4] &= narrow(bound)[4] - 1;
    take(wide(v));
  }
  Generator generator(seed);
  const uint64_t top = narrow(bound)[4];
  for (size_t taken = 0; taken < random_count;) {
    Value v;
    for (size_t i = 0; i < 5; ++i) {
      const uint64_t choice = generator.next() % 4, random = generator.next();
      v[i] = choice < 2 ? random & ones52 : choice == 2 ? 0 : ones52;
    }
    v[4] = generator.next() % 2 == 0 ? v[4] % (top + 1) : top - (v[4] & 1);
    if (!less(wide(v), bound)) continue;
    out.push_back(v);
    ++taken;
  }
  return out;
}

// Eight values from position `at` on, cyclically, so that all lanes differ.
RawLanes lanes(const std::vector<Value>& from, size_t at) {
  RawLanes out;
  for (size_t j = 0; j < 8; ++j) {
    for (size_t i = 0; i < 5; ++i) out.l[i][j] = from[(at + j) % from.size()][i];
  }
  return out;
}

Value lane(const RawLanes& v, size_t j) { return {v.l[0][j], v.l[1][j], v.l[2][j], v.l[3][j], v.l[4][j]}; }

bool has_limbs_below_2_52(const Value& v) {
  bool out = true;
  for (const uint64_t limb : v) out = out && limb <= ones52;
  return out;
}

const Wide& two_260() {
  static const Wide v = [] {
    Wide out;
    out.word[8] = 1 << 4;
    return out;
  }();
  return v;
}

template <class F>
const LaneOperations* operations() {
  if (best_kernel() < CpuKernel::ifma) return nullptr;
  if constexpr (std::is_same_v<F, Fp>) return fp_lane_operations();
  else return fr_lane_operations();
}

// A product `found` of integers whose product (or sum of products) is `whole`: below p + whole / 2^260, and congruent.
void check_product(const RawLanes& found, size_t j, const Wide& whole, const Limbs& p) {
  const Value v = lane(found, j);
  CHECK(has_limbs_below_2_52(v));
  const Wide scaled = wide(v) * two_260();
  CHECK(less(scaled, Wide::from(p) * two_260() + whole));
  CHECK(mod(scaled, p) == mod(whole, p));
}

constexpr std::array<unsigned, 7> kBounds = {1, 2, 4, 5, 20, 34, 84};

}  // namespace

TEST_CASE_TEMPLATE("products of loose lanes are right and within their bound", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  for (const unsigned bound : kBounds) {
    const std::vector<Value> a = values_below(p, bound, 64, bound);
    for (const unsigned other : {1u, 5u, 84u}) {
      const std::vector<Value> b = values_below(p, other, 64, 100 + other);
      if (bound * other > 84 * 83) continue;  // the result would not fit
      for (size_t at = 0; at < a.size(); at += 8) {
        RawLanes x = lanes(a, at), y = lanes(b, 5 * at + 3), out;
        op->mul(out, x, y);
        for (size_t j = 0; j < 8; ++j) check_product(out, j, wide(lane(x, j)) * wide(lane(y, j)), p);
      }
    }
  }
}

TEST_CASE_TEMPLATE("sums of two products and squares of loose lanes are right and within their bound", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  for (const unsigned bound : {1u, 2u, 4u, 20u, 58u}) {
    const std::vector<Value> a = values_below(p, bound, 64, bound);
    for (size_t at = 0; at < a.size(); at += 8) {
      RawLanes out;
      const RawLanes x = lanes(a, at), y = lanes(a, 3 * at + 1), z = lanes(a, 7 * at + 2), w = lanes(a, 11 * at + 3);
      op->mul_add(out, x, y, z, w);
      for (size_t j = 0; j < 8; ++j) {
        const auto v = [&](const RawLanes& from) { return wide(lane(from, j)); };
        check_product(out, j, v(x) * v(y) + v(z) * v(w), p);
      }
      op->square(out, x);
      for (size_t j = 0; j < 8; ++j) check_product(out, j, wide(lane(x, j)) * wide(lane(x, j)), p);
      if (bound > 20) continue;
      op->square16(out, x);
      for (size_t j = 0; j < 8; ++j) check_product(out, j, wide(lane(x, j)) * wide(lane(x, j)) * small(16), p);
      op->mul(out, x, x);
      RawLanes squared;
      op->square(squared, x);
      CHECK(std::memcmp(&out, &squared, sizeof(out)) == 0);
    }
  }
}

TEST_CASE_TEMPLATE("products and squares two at a time are those one at a time", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  for (const unsigned bound : {1u, 2u, 5u, 20u, 84u}) {
    const std::vector<Value> a = values_below(F::modulus, bound, 64, bound), b = values_below(F::modulus, 84, 64, 9);
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x[2] = {lanes(a, at), lanes(a, 3 * at + 1)}, y[2] = {lanes(b, 7 * at + 2), lanes(b, 11 * at + 3)};
      RawLanes expected[2];
      const auto same = [&](const RawLanes(&found)[2]) { return std::memcmp(found, expected, sizeof(found)) == 0; };
      for (int k = 0; k < 2; ++k) op->mul(expected[k], x[k], y[k]);
      RawLanes out[2] = {x[0], x[1]};
      op->mul_pair(out, y);
      CHECK(same(out));
      RawLanes uncarried[2] = {x[0], x[1]};
      op->mul_pair_uncarried(uncarried, y);
      CHECK(same(uncarried));
      for (int k = 0; k < 2; ++k) op->square(expected[k], x[k]);
      RawLanes squared[2] = {x[0], x[1]};
      op->square_pair_uncarried(squared);
      CHECK(same(squared));
    }
  }
}

TEST_CASE_TEMPLATE("products in the quadratic extension are right and within their bounds", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  const Wide lift = Wide::from(p) * Wide::from(p) * small(43);
  for (const unsigned bound : {1u, 2u, 5u, 21u}) {
    const std::vector<Value> a = values_below(p, bound, 64, bound), b = values_below(p, 2, 64, 9);
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x[2] = {lanes(a, at), lanes(a, 3 * at + 1)}, y[2] = {lanes(b, 7 * at + 2), lanes(b, 11 * at + 3)};
      RawLanes out[2] = {x[0], x[1]}, uncarried[2] = {x[0], x[1]};
      op->extension_mul(out, y);
      op->extension_mul_uncarried(uncarried, y);
      CHECK(std::memcmp(out, uncarried, sizeof(out)) == 0);
      for (size_t j = 0; j < 8; ++j) {
        const Wide x0 = wide(lane(x[0], j)), x1 = wide(lane(x[1], j)), y0 = wide(lane(y[0], j)), y1 = wide(lane(y[1], j));
        check_product(out[0], j, minus(x0 * y0 + lift, x1 * y1), p);
        check_product(out[1], j, x0 * y1 + x1 * y0, p);
      }
    }
  }
}

TEST_CASE_TEMPLATE("norms of the quadratic extension are right and within their bound", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  for (const unsigned bound : {1u, 2u, 6u, 58u}) {
    const std::vector<Value> a = values_below(F::modulus, bound, 64, bound);
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x[2] = {lanes(a, at), lanes(a, 3 * at + 1)}, y[2] = {lanes(a, 7 * at + 2), lanes(a, 11 * at + 3)};
      RawLanes out[2] = {x[0], x[1]};
      op->norms(out, y);
      for (size_t j = 0; j < 8; ++j) {
        const auto square = [&](const RawLanes& from) { return wide(lane(from, j)) * wide(lane(from, j)); };
        check_product(out[0], j, square(x[0]) + square(x[1]), F::modulus);
        check_product(out[1], j, square(y[0]) + square(y[1]), F::modulus);
      }
    }
  }
}

TEST_CASE_TEMPLATE("sums, differences and reductions of loose lanes are exact", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  const Wide modulus = Wide::from(p);
  const auto each = [&](const std::vector<Value>& a, const std::vector<Value>& b, const auto& check) {
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x = lanes(a, at), y = lanes(b, 3 * at + 1);
      check(x, y);
    }
  };
  const auto compare = [&](const RawLanes& found, const auto& expected) {
    for (size_t j = 0; j < 8; ++j) CHECK(lane(found, j) == narrow(expected(j)));
  };
  RawLanes out;
  each(values_below(p, 42, 64, 1), values_below(p, 42, 64, 2), [&](const RawLanes& x, const RawLanes& y) {
    op->add(out, x, y);
    compare(out, [&](size_t j) { return wide(lane(x, j)) + wide(lane(y, j)); });
  });
  each(values_below(p, 79, 64, 3), values_below(p, 5, 64, 4), [&](const RawLanes& x, const RawLanes& y) {
    op->sub_5(out, x, y);
    compare(out, [&](size_t j) { return minus(wide(lane(x, j)) + modulus * small(5), wide(lane(y, j))); });
  });
  const auto reduced = [&](unsigned k, const Value& v) {
    const Wide multiple = modulus * small(k);
    return less(wide(v), multiple) ? wide(v) : minus(wide(v), multiple);
  };
  const std::vector<Value> below_2 = values_below(p, 2, 64, 5), below_4 = values_below(p, 4, 64, 6);
  each(below_2, below_2, [&](const RawLanes& x, const RawLanes&) {
    op->neg_2(out, x);
    compare(out, [&](size_t j) { return minus(modulus * small(2), wide(lane(x, j))); });
    op->reduce_once_1(out, x);
    compare(out, [&](size_t j) { return reduced(1, lane(x, j)); });
    op->times16(out, x);
    compare(out, [&](size_t j) { return wide(lane(x, j)) * small(16); });
  });
  each(below_4, below_4, [&](const RawLanes& x, const RawLanes&) {
    op->reduce_once_2(out, x);
    compare(out, [&](size_t j) { return reduced(2, lane(x, j)); });
    op->canonical(out, x);
    compare(out, [&](size_t j) { return Wide::from(mod(wide(lane(x, j)), p)); });
  });
}

TEST_CASE_TEMPLATE("taming brings any value below 84 p under 1.65 p without changing its residue", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  for (const unsigned bound : {1u, 2u, 42u, 84u}) {
    const std::vector<Value> a = values_below(p, bound, 2000, bound);
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x = lanes(a, at);
      RawLanes out;
      op->tamed(out, x);
      for (size_t j = 0; j < 8; ++j) {
        CHECK(has_limbs_below_2_52(lane(out, j)));
        CHECK(less(wide(lane(out, j)) * small(100), Wide::from(p) * small(165)));
        CHECK(mod(wide(lane(out, j)), p) == mod(wide(lane(x, j)), p));
      }
    }
  }
}

TEST_CASE_TEMPLATE("packing reduces values below 2p whose limbs have carries pending of either sign", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  constexpr Limbs p = F::modulus;
  const std::vector<Value> a = values_below(p, 2, 256, 7);
  for (const int64_t excess : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1000}, int64_t{-1000}}) {
    for (size_t at = 0; at < a.size(); at += 8) {
      const RawLanes x = lanes(a, at);
      std::array<Limbs, 8> out;
      op->packed_canonical(out[0].data(), x, excess);
      for (size_t j = 0; j < 8; ++j) CHECK(out[j] == mod(wide(lane(x, j)), p));
    }
  }
}

TEST_CASE_TEMPLATE("elements are loaded and stored at any address, eight or fewer, nothing beside them", F, Fp, Fr) {
  const LaneOperations* op = operations<F>();
  if (op == nullptr) return;
  const std::vector<Limbs> edges = edge_limbs(F::modulus);
  for (size_t shift = 0; shift < 64; ++shift) {
    std::array<Limbs, 8> elements;
    for (size_t j = 0; j < 8; ++j) elements[j] = edges[(7 * shift + j) % edges.size()];
    alignas(64) std::array<uint8_t, 64 + 8 * 32 + 64> memory;
    memory.fill(0xa5);
    uint8_t* const at = memory.data() + shift;
    std::memcpy(at, elements.data(), 8 * 32);
    const auto expected = [&](const RawLanes& v, size_t count, uint64_t factor) {
      for (size_t j = 0; j < 8; ++j) {
        const Wide value = j < count ? Wide::from(elements[j]) * small(factor) : Wide();
        CHECK(lane(v, j) == narrow(value));
      }
    };
    RawLanes v;
    op->unpack16(v, at);
    expected(v, 8, 16);
    op->unpack(v, at);
    expected(v, 8, 1);
    RawLanes first;
    for (size_t count = 0; count < 8; ++count) {
      op->unpack_first(first, at, count);
      expected(first, count, 1);
    }
    const uint8_t* rows[8];  // in another order
    for (size_t j = 0; j < 8; ++j) rows[j] = at + 32 * (j * 3 % 8);
    RawLanes gathered;
    op->unpack_rows(gathered, rows);
    for (size_t j = 0; j < 8; ++j) CHECK(lane(gathered, j) == lane(v, j * 3 % 8));

    const auto untouched = [&](size_t count) {
      for (size_t i = 0; i < memory.size(); ++i) {
        if (i < shift || i >= shift + 32 * count) CHECK(memory[i] == 0xa5);
      }
      CHECK(std::memcmp(at, elements.data(), 32 * count) == 0);
    };
    memory.fill(0xa5);
    op->pack(at, v);
    untouched(8);
    for (size_t count = 0; count < 8; ++count) {
      memory.fill(0xa5);
      op->pack_first(at, v, count);
      untouched(count);
    }
    memory.fill(0xa5);
    uint8_t* targets[8];
    for (size_t j = 0; j < 8; ++j) targets[j] = at + 32 * (j * 3 % 8);
    op->pack_rows(targets, gathered);
    untouched(8);
  }
}

// Batched affine additions: every kernel against Jacobian arithmetic and against the portable kernel.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/cpu.h"
#include "curves/affine_kernel.h"
#include "curves/group_sums.h"
#include "naive.h"

using namespace pyzkfl;

namespace {

template <class F>
std::vector<LoosePoint<F>> loose(const std::vector<Affine<F>>& points) {
  std::vector<LoosePoint<F>> out;
  for (const Affine<F>& p : points) out.push_back({p.x, p.y});
  return out;
}

template <class F>
std::vector<Affine<F>> reduced(const std::vector<LoosePoint<F>>& points) {
  std::vector<Affine<F>> out;
  for (const LoosePoint<F>& p : points) out.push_back(p.reduced());
  return out;
}

template <class F>
PointBytes<F> bytes_of(const std::vector<LoosePoint<F>>& points) {
  return as_bytes(std::span<const LoosePoint<F>>(points));
}

// Points that meet every case of an addition with each other: ordinary, infinite, equal, opposite; and
// coordinates at the edges of the field where the curve has them.
template <class F>
std::vector<Affine<F>> awkward_points() {
  auto points = naive::points<Affine<F>>(6);
  points.push_back(Affine<F>::infinity());
  points.push_back(points[0]);
  points.push_back(-points[1]);
  points.push_back((Jacobian<F>(points[0]).dbl()).to_affine());
  points.push_back(-points.back());
  if constexpr (std::is_same_v<F, Fp>) {
    // Small and large x, and opposite ones for the sums: the chord's and the tangent's formulas hold
    // anywhere.
    int found = 0;
    for (uint64_t i = 1; found < 4; ++i) {
      for (const Fp& x : {Fp::from_u64(i), -Fp::from_u64(i)}) {
        G1Affine p{x, {}};
        if ((x.square() * x + Fp::from_u64(3)).sqrt_vartime(p.y)) {
          points.push_back(p);
          ++found;
        }
      }
    }
  } else {
    // Points of the twist with a component that is zero: x = a, x = a u.
    int found = 0;
    for (uint64_t i = 1; found < 4; ++i) {
      for (const Fp2& x : {Fp2{Fp::from_u64(i), {}}, Fp2{{}, -Fp::from_u64(i)}}) {
        G2Affine p{x, {}};
        if ((x.square() * x + CurveCoefficient<Fp2>::b()).sqrt_vartime(p.y)) {
          points.push_back(p);
          ++found;
        }
      }
    }
  }
  return points;
}

template <class F>
void check_kernel(const AffineKernel<F>& kernel) {
  const auto points = awkward_points<F>();
  const size_t n = points.size();
  const auto packed = loose(points);
  CHECK(reduced(packed) == points);
  // All pairs with all signs, in one batch; and in batches of every length near the number of lanes.
  std::vector<PointRef> refs;
  std::vector<Affine<F>> expected;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (int signs = 0; signs < 4; ++signs) {
        const bool a = (signs & 1) != 0, b = (signs & 2) != 0;
        refs.push_back(PointRef::of(i, a));
        refs.push_back(PointRef::of(j, b));
        expected.push_back(
            (Jacobian<F>(a ? -points[i] : points[i]) + (b ? -points[j] : points[j])).to_affine());
      }
    }
  }
  KernelScratch scratch;
  std::vector<LoosePoint<F>> sums(expected.size());
  kernel.add_pairs(scratch, sums, bytes_of(packed), refs);
  CHECK(reduced(sums) == expected);
  for (size_t length = 0; length <= 40; ++length) {
    const size_t from = length * 7;
    std::vector<LoosePoint<F>> some(length + 1);  // the last must stay as it is
    kernel.add_pairs(scratch, std::span(some).first(length), bytes_of(packed),
                     std::span(refs).subspan(2 * from, 2 * length));
    const auto out = reduced(some);
    for (size_t i = 0; i < length; ++i) CHECK(out[i] == expected[from + i]);
    CHECK(out[length].is_infinity());
  }

  // In place, to scattered targets.
  for (size_t shift = 0; shift < n; ++shift) {
    auto accumulators = packed;
    std::vector<uint32_t> targets;
    std::vector<PointRef> terms;
    for (size_t i = 0; i < n; i += 1 + shift % 3) {
      targets.push_back(static_cast<uint32_t>(n - 1 - i));
      terms.push_back(PointRef::of((i + shift) % n, i % 2 != 0));
    }
    kernel.add_into(scratch, accumulators.data(), targets, bytes_of(packed), terms);
    std::vector<Affine<F>> wanted = points;
    for (size_t i = 0; i < targets.size(); ++i) {
      const Affine<F> term = points[terms[i].index()];
      wanted[targets[i]] =
          (Jacobian<F>(points[targets[i]]) + (terms[i].negative() ? -term : term)).to_affine();
    }
    CHECK(reduced(accumulators) == wanted);
  }

  // Columns of every number near the number of lanes: each point of the list in turn to each column. What a column
  // refuses is left for the caller.
  for (size_t length = 1; length <= std::min<size_t>(n, 20); ++length) {
    std::vector<uint64_t> memory(kernel.column_words(length + 1) + 8);
    const auto address = reinterpret_cast<uintptr_t>(memory.data());
    uint64_t* const columns = memory.data() + (64 - address % 64) % 64 / 8;
    std::vector<PointRef> first;
    std::vector<Jacobian<F>> wanted;
    for (size_t i = 0; i <= length; ++i) {  // one more, which is loaded and never added to
      first.push_back(PointRef::of((i * 5) % n, i % 2 != 0));
      const Affine<F> p = points[(i * 5) % n];
      wanted.push_back(i % 2 != 0 ? -p : p);
    }
    kernel.load_columns(columns, bytes_of(packed), first);
    for (size_t step = 0; step < n; ++step) {
      std::vector<PointRef> terms;
      SecretVector<uint32_t> refused, expected_refused;
      for (size_t i = 0; i < length; ++i) {
        const size_t which = (i + step) % n;
        const bool negative = (i + step) % 3 == 0;
        terms.push_back(PointRef::of(which, negative));
        const Affine<F> term = negative ? -points[which] : points[which];
        const Affine<F> own = wanted[i].to_affine();
        if (own.is_infinity() || term.is_infinity() || own.x == term.x)
          expected_refused.push_back(static_cast<uint32_t>(i));
        else
          wanted[i] += term;
      }
      kernel.add_columns(scratch, columns, bytes_of(packed), terms, terms, refused);
      std::sort(refused.begin(), refused.end());
      CHECK(refused == expected_refused);
      std::vector<LoosePoint<F>> out(length + 1);
      kernel.store_columns(out, columns);
      CHECK(reduced(out) == batch_to_affine(wanted));
    }
  }

  for (size_t length = 0; length <= n; ++length) {
    std::vector<LoosePoint<F>> doubles(packed.begin(), packed.begin() + static_cast<ptrdiff_t>(length));
    kernel.double_all(scratch, doubles);
    const auto out = reduced(doubles);
    for (size_t i = 0; i < length; ++i) CHECK(out[i] == Jacobian<F>(points[i]).dbl().to_affine());
  }
}

}  // namespace

TEST_CASE("the portable affine kernel is right for every pair of points and every length of batch") {
  check_kernel(affine_kernel_generic<Fp>());
  check_kernel(affine_kernel_generic<Fp2>());
}

TEST_CASE("so is the affine kernel of this processor") {
  MESSAGE("kernel: " << cpu_kernel());
  check_kernel(affine_kernel<Fp>());
  check_kernel(affine_kernel<Fp2>());
}

TEST_CASE("a few special pairs among thousands of ordinary ones disturb neither these nor each other") {
  // A kernel may handle several additions together, and differently as soon as one of them is no ordinary
  // chord.
  const size_t n = 5000;
  auto points = naive::points<G1Affine>(2 * n);
  uint64_t state = 99;
  for (size_t i = 0; i < n; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    switch (state >> 59) {
      case 0:
        points[2 * i] = points[2 * i + 1];
        break;
      case 1:
        points[2 * i] = -points[2 * i + 1];
        break;
      case 2:
        points[2 * i] = G1Affine::infinity();
        break;
      case 3:
        points[2 * i + 1] = G1Affine::infinity();
        break;
      default:
        break;
    }
  }
  std::vector<PointRef> refs;
  for (size_t i = 0; i < 2 * n; ++i) refs.push_back(PointRef::of(i));
  std::vector<G1> expected;
  for (size_t i = 0; i < n; ++i) expected.push_back(G1(points[2 * i]) + points[2 * i + 1]);
  const auto affine = batch_to_affine(expected);
  for (const AffineKernel<Fp>* kernel : {&affine_kernel_generic<Fp>(), &affine_kernel<Fp>()}) {
    KernelScratch scratch;
    const auto packed = loose(points);
    std::vector<LoosePoint<Fp>> sums(n);
    kernel->add_pairs(scratch, sums, bytes_of(packed), refs);
    CHECK(reduced(sums) == affine);
    auto doubled = packed;
    for (size_t i = 0; i < 2 * n; i += 97) doubled[i] = {};
    auto wanted = reduced(doubled);
    for (auto& p : wanted) p = G1(p).dbl().to_affine();
    kernel->double_all(scratch, doubled);
    CHECK(reduced(doubled) == wanted);
  }
}

TEST_CASE("the kernels agree over long chains of additions and doublings") {
  auto points = naive::points<G1Affine>(50);
  const AffineKernel<Fp>* kernels[] = {&affine_kernel_generic<Fp>(), &affine_kernel<Fp>()};
  std::vector<G1Affine> results[2];
  for (int k = 0; k < 2; ++k) {
    KernelScratch scratch;
    auto packed = loose(points);
    for (int round = 0; round < 60; ++round) {
      std::vector<PointRef> refs;
      for (size_t i = 0; i < 50; ++i) {
        refs.push_back(PointRef::of(i, round % 2 != 0));
        refs.push_back(PointRef::of((i * 7 + 3) % 50, round % 3 != 0));
      }
      std::vector<LoosePoint<Fp>> next(50);
      kernels[k]->add_pairs(scratch, next, bytes_of(packed), refs);
      if (round % 4 == 0) kernels[k]->double_all(scratch, next);
      packed = next;
    }
    results[k] = reduced(packed);
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE(
    "the kernels agree on coordinates at the edges of the field and of the limbs, on the curve or not") {
  // The formulas for a chord and a tangent do not know b, so any coordinates will do (but y = 0: order two).
  constexpr uint64_t ones = ~uint64_t{0}, ones52 = (uint64_t{1} << 52) - 1;
  const Limbs p = Fp::modulus;
  std::vector<Limbs> patterns = {{1, 0, 0, 0},
                                 {2, 0, 0, 0},
                                 {ones, 0, 0, 0},
                                 {0, 1, 0, 0},
                                 {ones52, 0, 0, 0},
                                 {ones52 + 1, 0, 0, 0},
                                 {ones, ones, ones, p[3] - 1},
                                 {0, 0, 0, p[3]},
                                 {ones, ones, ones52, 0},
                                 {0, ones << 40, 0, 0},
                                 {ones, ones, ones, uint64_t{1} << 60},
                                 {0, 0, uint64_t{1} << 28, 0},
                                 {0, 0, (uint64_t{1} << 28) - 1, 0}};
  for (uint64_t below : {1, 2, 3}) {
    Limbs v{};
    limbs::sub(v, p, Limbs{below, 0, 0, 0});
    patterns.push_back(v);
  }
  std::vector<Fp> values;
  const Fp sixteenth = Fp::from_u64(16).inverse();
  for (const Limbs& v : patterns) {
    values.push_back(Fp::from_canonical(v));
    values.push_back(Fp::from_montgomery_limbs(v));              // these limbs in radix 2^256,
    values.push_back(Fp::from_montgomery_limbs(v) * sixteenth);  // and in radix 2^260
  }
  std::vector<G1Affine> points;
  std::vector<G2Affine> points2;
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values.size(); j += 5) {
      points.push_back({values[i], values[(i + j) % values.size()]});
      points2.push_back(
          {{values[i], values[j]}, {values[(i + j) % values.size()], i % 7 != 0 ? values[j] : Fp::zero()}});
    }
  }
  const auto compare = [&]<class F>(const std::vector<Affine<F>>& list) {
    std::vector<Affine<F>> results[2], doubles[2];
    const AffineKernel<F>* kernels[] = {&affine_kernel_generic<F>(), &affine_kernel<F>()};
    for (int k = 0; k < 2; ++k) {
      KernelScratch scratch;
      auto packed = loose(list);
      CHECK(reduced(packed) == list);
      std::vector<PointRef> refs;
      for (size_t i = 0; i < list.size(); ++i) {
        for (size_t step : {size_t{0}, size_t{1}, size_t{5}, size_t{17}, size_t{100}}) {
          refs.push_back(PointRef::of(i, step % 2 != 0));
          refs.push_back(PointRef::of((i + step) % list.size(), step > 5));
        }
      }
      std::vector<LoosePoint<F>> sums(refs.size() / 2);
      kernels[k]->add_pairs(scratch, sums, bytes_of(packed), refs);
      results[k] = reduced(sums);
      kernels[k]->double_all(scratch, packed);
      doubles[k] = reduced(packed);
    }
    CHECK(results[0] == results[1]);
    CHECK(doubles[0] == doubles[1]);
  };
  compare(points);
  compare(points2);
}

TEST_CASE("groups of points are summed, whatever their sizes and terms") {
  const auto points = naive::points<G1Affine>(40);
  const auto packed = loose(points);
  std::vector<PointRef> terms;
  std::vector<Group> groups;
  std::vector<G1> expected(12);
  size_t key = 11;
  for (const size_t count : {1, 2, 3, 4, 5, 16, 17, 100, 1000, 5000, 40001}) {
    groups.push_back({static_cast<uint32_t>(key), static_cast<uint32_t>(terms.size()), static_cast<uint32_t>(count)});
    for (size_t i = 0; i < count; ++i) {
      const size_t which = (i * i + key) % 40;
      const bool negative = i % 3 == 1;
      terms.push_back(PointRef::of(which, negative));
      if (negative)
        expected[key] -= points[which];
      else
        expected[key] += points[which];
    }
    --key;
  }
  std::vector<LoosePoint<Fp>> out(12);
  out[0] = packed[7];
  sum_groups<Fp>(out, bytes_of(packed), terms, groups);
  const auto sums = reduced(out);
  for (size_t i = 1; i < 12; ++i) CHECK(sums[i] == expected[i].to_affine());
  CHECK(sums[0] == points[7]);  // no group's
  sum_groups<Fp>(out, bytes_of(packed), {}, {});

}

TEST_CASE("groups are summed as columns, with infinite, equal and opposite points among them, known or not") {
  const size_t n = 300, count = 3000;
  auto points = naive::points<G1Affine>(n);
  for (size_t i = 0; i < n; i += 7) points[i] = G1Affine::infinity();
  for (size_t i = 1; i + 1 < n; i += 10) points[i + 1] = i % 20 == 1 ? points[i] : -points[i];
  std::vector<PointRef> terms;
  std::vector<Group> groups;
  std::vector<G1> expected(count);
  uint64_t state = 5;
  for (uint32_t key = 0; key < count; ++key) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto size = static_cast<uint32_t>(1 + (state >> 60));
    groups.push_back({key, static_cast<uint32_t>(terms.size()), size});
    for (uint32_t i = 0; i < size; ++i) {
      // Neighbours, so that equal and opposite ones meet.
      const size_t which = (key * 3 + i / (1 + key % 2)) % n;
      const bool negative = key % 5 == 0 && i % 2 != 0;
      terms.push_back(PointRef::of(which, negative));
      expected[key] += negative ? -points[which] : points[which];
    }
  }
  const auto wanted = batch_to_affine(expected);
  for (const InfinityMap& map : {InfinityMap{}, find_infinities(PointBytes<Fp>(std::span<const G1Affine>(points)))}) {
    std::vector<LoosePoint<Fp>> out(count);
    sum_groups<Fp>(out, std::span<const G1Affine>(points), terms, groups, map);
    CHECK(reduced(out) == wanted);
  }
}

TEST_CASE("a coordinate that is not canonical spoils its own addition only, not the others of its batch") {
  // y = 2^259 mod p, plus 3p: for the opposite of that point, 3p - y is negative, and twice its limbs, taken modulo
  // 2^260 by the product, are zero modulo p. Arrays of keys are not looked at before they are summed.
  Fp residue = Fp::from_montgomery_limbs({1, 0, 0, 0});
  for (int i = 0; i < 259; ++i) residue = residue.dbl();
  std::vector<LoosePoint<Fp>> points = {
      {Fp::one(), residue}, {Fp::from_u64(5), Fp::from_u64(6)}, {Fp::from_u64(7), Fp::from_u64(8)}};
  for (int i = 0; i < 3; ++i) limbs::add(points[0].y.l, points[0].y.l, Fp::modulus);
  const std::vector<PointRef> refs = {PointRef::of(0, true), PointRef::of(0, true), PointRef::of(1), PointRef::of(2)};
  KernelScratch scratch;
  std::vector<LoosePoint<Fp>> expected(1), sums(2);
  affine_kernel_generic<Fp>().add_pairs(scratch, expected, bytes_of(points), std::span(refs).subspan(2));
  affine_kernel<Fp>().add_pairs(scratch, sums, bytes_of(points), refs);
  CHECK(sums[1].reduced() == expected[0].reduced());
}

namespace {

// p / 10, rounded down, times `tenths`.
Limbs tenths_of_p(unsigned tenths) {
  Limbs tenth{}, out{};
  limbs::Wide rest = 0;
  for (size_t i = 4; i-- > 0;) {
    rest = rest << 64 | Fp::modulus[i];
    tenth[i] = static_cast<uint64_t>(rest / 10);
    rest %= 10;
  }
  uint64_t high = 0;
  for (size_t i = 0; i < 4; ++i) out[i] = limbs::multiply_add(tenth[i], tenths, 0, high);
  REQUIRE(high == 0);
  return out;
}

// v plus as many times p as keep it below `tenths` tenths of p.
Fp lifted(const Fp& v, unsigned tenths) {
  const Limbs bound = tenths_of_p(tenths);
  Fp out = v;
  for (;;) {
    Limbs next{};
    limbs::add(next, out.l, Fp::modulus);
    if (!limbs::less(next, bound)) return out;
    out.l = next;
  }
}
Fp2 lifted(const Fp2& v, unsigned tenths) { return {lifted(v.c0, tenths), lifted(v.c1, tenths)}; }

// The bounds of kernels/ifma_point_field.h: 2.3 p and 3 p.
template <class F>
LoosePoint<F> loosest(const Affine<F>& p) {
  return {lifted(p.x, 23), lifted(p.y, 30)};
}

bool within(const Fp& v, unsigned tenths) {
  const Fp least = Affine<Fp>{LoosePoint<Fp>{v, v}.reduced()}.x;
  return !limbs::less(lifted(least, tenths).l, v.l);
}
bool within(const Fp2& v, unsigned tenths) { return within(v.c0, tenths) && within(v.c1, tenths); }

// Whether a result may be an operand again. (y may be 3p itself: the opposite of zero.)
template <class F>
bool is_loose(const LoosePoint<F>& p) {
  return within(p.x, 23) && within(p.y, 30);
}

// Elements near what a loose x and a loose y can be at most, and ordinary ones.
std::vector<Fp> near_the_bounds() {
  const Fp tenth = Fp::from_montgomery_limbs(tenths_of_p(1)), one = Fp::from_montgomery_limbs({1, 0, 0, 0});
  const Fp most_x = tenth + tenth + tenth;
  return {most_x - one, most_x - tenth, one, -one, tenth, -tenth, most_x + one, Fp::from_u64(3), Fp::from_u64(5).inverse()};
}

template <class F>
void check_loose_points(const std::vector<Affine<F>>& points) {
  const AffineKernel<F>&kernel = affine_kernel<F>(), &generic = affine_kernel_generic<F>();
  const size_t n = points.size();
  const auto canonical = loose(points);
  std::vector<LoosePoint<F>> operands;
  for (const Affine<F>& p : points) operands.push_back(loosest(p));
  CHECK(reduced(operands) == points);
  KernelScratch scratch;
  const auto same = [](const std::vector<LoosePoint<F>>& got, const std::vector<LoosePoint<F>>& wanted) {
    CHECK(reduced(got) == reduced(wanted));
    CHECK(std::all_of(got.begin(), got.end(), is_loose<F>));
  };

  // All pairs, all signs; eight and more alike in a row, since what is no chord sends all lanes another way.
  for (int signs = 0; signs < 4; ++signs) {
    std::vector<PointRef> refs;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        if (points[i].x == points[j].x) continue;
        refs.push_back(PointRef::of(i, (signs & 1) != 0));
        refs.push_back(PointRef::of(j, (signs & 2) != 0));
      }
    }
    std::vector<LoosePoint<F>> sums(refs.size() / 2), wanted(sums.size());
    generic.add_pairs(scratch, wanted, bytes_of(canonical), refs);
    kernel.add_pairs(scratch, sums, bytes_of(operands), refs);
    same(sums, wanted);
    if ((signs & 1) != 0) continue;

    // The same as additions in place, and to columns.
    std::vector<LoosePoint<F>> into;
    std::vector<uint32_t> targets;
    std::vector<PointRef> first, second;
    for (size_t i = 0; i < refs.size(); i += 2) {
      targets.push_back(static_cast<uint32_t>(i / 2));
      into.push_back(operands[refs[i].index()]);
      first.push_back(refs[i]);
      second.push_back(refs[i + 1]);
    }
    kernel.add_into(scratch, into.data(), targets, bytes_of(operands), second);
    same(into, wanted);
  }
  for (int signs = 0; signs < 4; ++signs) {
    std::vector<PointRef> first, second, pairs;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        if (points[i].x == points[j].x) continue;
        first.push_back(PointRef::of(i, (signs & 1) != 0));
        second.push_back(PointRef::of(j, (signs & 2) != 0));
        pairs.push_back(first.back());
        pairs.push_back(second.back());
      }
    }
    std::vector<LoosePoint<F>> columns(first.size()), wanted(first.size());
    generic.add_pairs(scratch, wanted, bytes_of(canonical), pairs);
    std::vector<uint64_t> memory(kernel.column_words(first.size()) + 8);
    uint64_t* const aligned = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64 / 8;
    SecretVector<uint32_t> refused;
    kernel.load_columns(aligned, bytes_of(operands), first);
    kernel.add_columns(scratch, aligned, bytes_of(operands), second, {}, refused);
    kernel.store_columns(columns, aligned);
    CHECK(refused.empty());
    same(columns, wanted);
  }
  auto doubles = operands, wanted = canonical;
  kernel.double_all(scratch, doubles);
  generic.double_all(scratch, wanted);
  same(doubles, wanted);
}

}  // namespace

TEST_CASE("coordinates as loose as sums may be give the same sums, as loose again") {
  if (&affine_kernel<Fp>() == &affine_kernel_generic<Fp>()) {
    MESSAGE("not on this processor: the portable kernel makes canonical coordinates only");
    return;
  }
  // The formulas do not know b: any coordinates will do.
  const std::vector<Fp> values = near_the_bounds();
  std::vector<G1Affine> points;
  std::vector<G2Affine> points2;
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values.size(); j += 2) {
      points.push_back({values[i], values[j]});
      points2.push_back({{values[i], values[j]}, {values[(i + j) % values.size()], values[(3 * j + 1) % values.size()]}});
      points2.push_back({{values[i], values[i]}, {values[j], values[j]}});
    }
  }
  check_loose_points(points);
  check_loose_points(points2);
}

TEST_CASE("the opposite of infinity is infinity in columns too") {
  const auto check = []<class F>(const AffineKernel<F>& kernel) {
    auto points = loose(naive::points<Affine<F>>(2));
    points[1] = {};
    std::vector<uint64_t> memory(kernel.column_words(2) + 8);
    uint64_t* const aligned = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64 / 8;
    const std::vector<PointRef> refs = {PointRef::of(1, true), PointRef::of(0, true)};
    kernel.load_columns(aligned, bytes_of(points), refs);
    std::vector<LoosePoint<F>> out(2);
    kernel.store_columns(out, aligned);
    CHECK(out[0].is_infinity());
    CHECK(out[1].reduced() == -points[0].reduced());
  };
  check(affine_kernel_generic<Fp>());
  check(affine_kernel_generic<Fp2>());
  check(affine_kernel<Fp>());
  check(affine_kernel<Fp2>());
}

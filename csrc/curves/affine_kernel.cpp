// The portable kernel, and the choice between kernels.
#include "curves/affine_kernel.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "base/cpu.h"
#include "curves/kernels/affine_ifma.h"
#include "curves/kernels/columns_ifma.h"

namespace pyzkfl {

uint64_t* KernelScratch::reserve(size_t n) {
  if (words.size() < n + 8) words.resize(n + 8);
  const auto address = reinterpret_cast<uintptr_t>(words.data());
  return words.data() + (64 - address % 64) % 64 / 8;
}

namespace {

Fp reduced_element(const Fp& v) {
  Limbs l = v.l;
  while (!limbs::less(l, Fp::modulus)) limbs::sub(l, l, Fp::modulus);
  return Fp::from_montgomery_limbs(l);
}
Fp2 reduced_element(const Fp2& v) { return {reduced_element(v.c0), reduced_element(v.c1)}; }

}  // namespace

template <class F>
Affine<F> LoosePoint<F>::reduced() const {
  return {reduced_element(x), reduced_element(y)};
}
template struct LoosePoint<Fp>;
template struct LoosePoint<Fp2>;

namespace {

// What a pair needs besides its denominator; most are chords.
enum class Kind : uint64_t { chord, tangent, infinity, left, right };

// One addition between the two passes: `product` is the product of the denominators before it.
template <class F>
struct Step {
  F denominator, product;
  Kind kind;
};

template <class F>
Kind classify(F& denominator, const LoosePoint<F>& a, const LoosePoint<F>& b) {
  denominator = b.x - a.x;
  const bool a_infinite = a.is_infinity(), b_infinite = b.is_infinity();
  if (!denominator.is_zero() && !a_infinite && !b_infinite) return Kind::chord;
  denominator = F::one();
  if (b_infinite) return Kind::left;
  if (a_infinite) return Kind::right;
  if (!(a.y == b.y)) return Kind::infinity;  // y is never zero: no point of order two
  denominator = a.y.dbl();
  return Kind::tangent;
}

template <class F>
LoosePoint<F> finish(const LoosePoint<F>& a, const LoosePoint<F>& b, Kind kind, const F& inverse) {
  F slope;
  switch (kind) {
    case Kind::left:
      return a;
    case Kind::right:
      return b;
    case Kind::infinity:
      return {};
    case Kind::tangent: {
      const F xx = a.x.square();
      slope = (xx.dbl() + xx) * inverse;
      break;
    }
    case Kind::chord:
      slope = (b.y - a.y) * inverse;
      break;
  }
  const F x = slope.square() - a.x - b.x;
  return {x, slope * (a.x - x) - a.y};
}

// left(i) and right(i) with their signs, store(i, sum): the two passes around one inversion.
template <class F, class Left, class Right, class Store>
void add_all(KernelScratch& scratch, size_t n, const Left& left, const Right& right, const Store& store) {
  static_assert(sizeof(Step<F>) % sizeof(uint64_t) == 0);
  auto* steps = reinterpret_cast<Step<F>*>(scratch.reserve(n * sizeof(Step<F>) / sizeof(uint64_t)));
  F product = F::one();
  for (size_t i = 0; i < n; ++i) {
    const LoosePoint<F> a = left(i);
    const LoosePoint<F> b = right(i);
    steps[i].kind = classify(steps[i].denominator, a, b);
    steps[i].product = product;
    product *= steps[i].denominator;
  }
  F inverse = product.inverse_vartime();
  for (size_t i = n; i-- > 0;) {
    const F own = inverse * steps[i].product;
    inverse *= steps[i].denominator;
    const LoosePoint<F> sum = finish(left(i), right(i), steps[i].kind, own);
    if constexpr (std::is_invocable_v<Store, size_t, LoosePoint<F>, Kind>)
      store(i, sum, steps[i].kind);
    else
      store(i, sum);
  }
}

template <class F>
void add_pairs(KernelScratch& scratch, std::span<LoosePoint<F>> out, PointBytes<F> base,
               std::span<const PointRef> refs) {
  add_all<F>(
      scratch, out.size(), [&](size_t i) { return fetch(base, refs[2 * i]); },
      [&](size_t i) { return fetch(base, refs[2 * i + 1]); },
      [&](size_t i, const LoosePoint<F>& sum) { out[i] = sum; });
}

template <class F>
void add_into(KernelScratch& scratch, LoosePoint<F>* points, std::span<const uint32_t> targets, PointBytes<F> base,
              std::span<const PointRef> refs) {
  add_all<F>(
      scratch, targets.size(), [&](size_t i) { return points[targets[i]]; },
      [&](size_t i) { return fetch(base, refs[i]); },
      [&](size_t i, const LoosePoint<F>& sum) { points[targets[i]] = sum; });
}

template <class F>
void double_all(KernelScratch& scratch, std::span<LoosePoint<F>> points) {
  const auto same = [&](size_t i) { return points[i]; };
  add_all<F>(scratch, points.size(), same, same,
             [&](size_t i, const LoosePoint<F>& sum) { points[i] = sum; });
}

// Columns are points one after the other.
template <class F>
LoosePoint<F>* columns_of(uint64_t* words) {
  return reinterpret_cast<LoosePoint<F>*>(words);
}

template <class F>
size_t column_words(size_t columns) {
  return columns * sizeof(LoosePoint<F>) / sizeof(uint64_t);
}

template <class F>
void load_columns(uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs) {
  for (size_t i = 0; i < refs.size(); ++i) columns_of<F>(columns)[i] = fetch(base, refs[i]);
}

// The point that a reference names, fetched without a branch on its sign, which nobody can predict.
template <class F>
LoosePoint<F> fetch_straight(PointBytes<F> base, PointRef ref) {
  const Affine<F> p = base[ref.index()];
  const LoosePoint<F> own = {reduced_element(p.x), reduced_element(p.y)};
  return {own.x, F::select(0 - static_cast<uint64_t>(ref.negative()), -own.y, own.y)};
}

// How many additions ahead a point is asked for: its page and line are anywhere.
constexpr size_t fetched_ahead = 12;

template <class F>
void prefetch(PointBytes<F> base, PointRef ref) {
  __builtin_prefetch(base.data + ref.index() * PointBytes<F>::point_bytes);
}

template <class F>
void add_columns(KernelScratch& scratch, uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs,
                 std::span<const PointRef> next, SecretVector<uint32_t>& refused) {
  LoosePoint<F>* const sums = columns_of<F>(columns);
  // The first pass reads the points and keeps them for the second.
  struct Read {
    LoosePoint<F> point;
    F denominator, product;
  };
  auto* const reads = reinterpret_cast<Read*>(scratch.reserve(refs.size() * sizeof(Read) / sizeof(uint64_t)));
  F product = F::one();
  const size_t first_refused = refused.size();
  for (size_t i = 0; i < refs.size(); ++i) {
    if (i + fetched_ahead < refs.size()) prefetch(base, refs[i + fetched_ahead]);
    Read& read = reads[i];
    read.point = fetch_straight(base, refs[i]);
    if (classify(read.denominator, sums[i], read.point) != Kind::chord) {
      read.denominator = F::one();
      refused.push_back(static_cast<uint32_t>(i));
    }
    read.product = product;
    product *= read.denominator;
  }
  F inverse = product.inverse_vartime();
  size_t left_alone = refused.size();
  for (size_t i = refs.size(); i-- > 0;) {
    if (i < fetched_ahead && i < next.size()) prefetch(base, next[i]);
    const Read& read = reads[i];
    const F own = inverse * read.product;
    inverse *= read.denominator;
    if (left_alone > first_refused && refused[left_alone - 1] == i) {
      --left_alone;
      continue;
    }
    sums[i] = finish(sums[i], read.point, Kind::chord, own);
  }
}

template <class F>
void store_columns(std::span<LoosePoint<F>> out, const uint64_t* columns) {
  std::memcpy(static_cast<void*>(out.data()), columns, out.size_bytes());
}

template <class F>
constexpr AffineKernel<F> generic = {add_pairs<F>,    add_into<F>,    double_all<F>,   column_words<F>,
                                     load_columns<F>, add_columns<F>, store_columns<F>};

// The IFMA kernel, for the types of this program.
static_assert(sizeof(Affine<Fp>) == 64 && sizeof(LoosePoint<Fp>) == 64 && sizeof(PointRef) == 4);
static_assert(sizeof(Affine<Fp2>) == 128 && sizeof(LoosePoint<Fp2>) == 128);

template <class F>
const ifma::PointKernel& ifma_points() {
  if constexpr (std::is_same_v<F, Fp>) {
    return *ifma::g1_kernel();
  } else {
    return *ifma::g2_kernel();
  }
}
template <class F>
const ifma::ColumnKernel& ifma_columns() {
  if constexpr (std::is_same_v<F, Fp>) {
    return *ifma::g1_columns();
  } else {
    return *ifma::g2_columns();
  }
}

// Seen as elements of Field, words e stand for e / 2^256, and their inverses for 2^256 / e: 2^512 / e in words, and
// 64 times that is wanted.
template <class F>
bool invert8(uint64_t* values) {
  std::array<F, 8> elements, products;
  std::memcpy(static_cast<void*>(elements.data()), values, sizeof(elements));
  products[0] = elements[0];
  for (size_t i = 1; i < 8; ++i) products[i] = products[i - 1] * elements[i];
  if (products[7].is_zero()) return false;
  F inverse = products[7].inverse_vartime() * Fp::from_u64(64);
  for (size_t i = 8; i-- > 1;) {
    const F own = inverse * products[i - 1];
    inverse *= elements[i];
    elements[i] = own;
  }
  elements[0] = inverse;
  std::memcpy(values, elements.data(), sizeof(elements));
  return true;
}

template <class T>
auto* bytes_of(T* p) {
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const uint8_t*, uint8_t*>>(p);
}
const uint32_t* words(std::span<const PointRef> refs) { return reinterpret_cast<const uint32_t*>(refs.data()); }

template <class F>
uint8_t* room(KernelScratch& scratch, size_t n) {
  constexpr size_t step_bytes = ifma::step_coordinates * sizeof(F) + ifma::step_flag_bytes;
  return bytes_of(scratch.reserve((n / 8 + 4) * step_bytes / sizeof(uint64_t)));
}

template <class F>
void add_columns_ifma(KernelScratch& scratch, uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs,
                      std::span<const PointRef> next, SecretVector<uint32_t>& refused) {
  SecretVector<uint8_t>& masks = scratch.masks;
  masks.resize((refs.size() + 7) / 8);
  if (ifma_columns<F>().add(room<F>(scratch, refs.size()), invert8<Fp>, bytes_of(columns), base.data, words(refs),
                            refs.size(), words(next), next.size(), masks.data())) {
    return;
  }
  for (size_t i = 0; i < refs.size(); ++i) {
    if ((masks[i / 8] >> (i % 8) & 1) != 0) refused.push_back(static_cast<uint32_t>(i));
  }
}

template <class F>
constexpr AffineKernel<F> with_ifma = {
    [](KernelScratch& scratch, std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> refs) {
      ifma_points<F>().add_pairs(room<F>(scratch, out.size()), invert8<F>, bytes_of(out.data()), base.data,
                                 words(refs), out.size());
    },
    [](KernelScratch& scratch, LoosePoint<F>* points, std::span<const uint32_t> targets, PointBytes<F> base,
       std::span<const PointRef> refs) {
      ifma_points<F>().add_into(room<F>(scratch, targets.size()), invert8<F>, bytes_of(points), targets.data(),
                                base.data, words(refs), targets.size());
    },
    [](KernelScratch& scratch, std::span<LoosePoint<F>> points) {
      ifma_points<F>().double_all(room<F>(scratch, points.size()), invert8<F>, bytes_of(points.data()), points.size());
    },
    [](size_t columns) {
      const size_t blocks = (columns + ifma::columns_lanes - 1) / ifma::columns_lanes;
      return blocks * ifma::columns_coordinates * sizeof(F) / sizeof(uint64_t);
    },
    [](uint64_t* columns, PointBytes<F> base, std::span<const PointRef> refs) {
      ifma_columns<F>().load(bytes_of(columns), base.data, words(refs), refs.size());
    },
    add_columns_ifma<F>,
    [](std::span<LoosePoint<F>> out, const uint64_t* columns) {
      ifma_columns<F>().store(bytes_of(out.data()), bytes_of(columns), out.size());
    },
};

}  // namespace

template <class F>
const AffineKernel<F>& affine_kernel_generic() {
  return generic<F>;
}

template <class F>
const AffineKernel<F>& affine_kernel() {
  static const AffineKernel<F>& chosen =
      selected_kernel() >= CpuKernel::ifma && ifma::g1_kernel() != nullptr ? with_ifma<F> : generic<F>;
  return chosen;
}

template const AffineKernel<Fp>& affine_kernel_generic<Fp>();
template const AffineKernel<Fp2>& affine_kernel_generic<Fp2>();
template const AffineKernel<Fp>& affine_kernel<Fp>();
template const AffineKernel<Fp2>& affine_kernel<Fp2>();

}  // namespace pyzkfl

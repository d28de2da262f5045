// The portable kernel, and the choice between kernels.
#include "curves/affine_kernel.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "base/cpu.h"
#include "curves/kernels/affine_ifma.h"
#include "fields/batch_inverse.h"

namespace pyzkfl {

uint64_t* KernelScratch::reserve(size_t n) {
  if (words.size() < n + 8) words.resize(n + 8);
  const auto address = reinterpret_cast<uintptr_t>(words.data());
  return words.data() + (64 - address % 64) % 64 / 8;
}

namespace {

template <class F>
void import_points(std::span<PackedPoint<F>> out, std::span<const Affine<F>> in,
                   std::span<const PointRef> refs) {
  for (size_t i = 0; i < refs.size(); ++i) {
    const Affine<F>& p = in[refs[i].index()];
    out[i] = {p.x, refs[i].negative() ? -p.y : p.y};
  }
}

template <class F>
void export_points(std::span<Affine<F>> out, std::span<const PackedPoint<F>> in) {
  for (size_t i = 0; i < in.size(); ++i) out[i] = {in[i].x, in[i].y};
}

// What a pair needs besides its denominator; most are chords.
enum class Kind : uint64_t { chord, tangent, infinity, left, right };

// One addition between the two passes: `product` is the product of the denominators before it.
template <class F>
struct Step {
  F denominator, product;
  Kind kind;
};

template <class F>
Kind classify(F& denominator, const PackedPoint<F>& a, const PackedPoint<F>& b) {
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
PackedPoint<F> finish(const PackedPoint<F>& a, const PackedPoint<F>& b, Kind kind, const F& inverse) {
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
    const PackedPoint<F> a = left(i);
    const PackedPoint<F> b = right(i);
    steps[i].kind = classify(steps[i].denominator, a, b);
    steps[i].product = product;
    product *= steps[i].denominator;
  }
  F inverse = product.inverse_vartime();
  for (size_t i = n; i-- > 0;) {
    const F own = inverse * steps[i].product;
    inverse *= steps[i].denominator;
    store(i, finish(left(i), right(i), steps[i].kind, own));
  }
}

template <class F>
PackedPoint<F> fetch(const PackedPoint<F>* base, PointRef ref) {
  const PackedPoint<F>& p = base[ref.index()];
  return ref.negative() ? -p : p;
}

template <class F>
void add_pairs(KernelScratch& scratch, std::span<PackedPoint<F>> out, const PackedPoint<F>* base,
               std::span<const PointRef> refs) {
  add_all<F>(
      scratch, out.size(), [&](size_t i) { return fetch(base, refs[2 * i]); },
      [&](size_t i) { return fetch(base, refs[2 * i + 1]); },
      [&](size_t i, const PackedPoint<F>& sum) { out[i] = sum; });
}

template <class F>
void add_into(KernelScratch& scratch, PackedPoint<F>* points, std::span<const uint32_t> targets,
              const PackedPoint<F>* base, std::span<const PointRef> refs) {
  add_all<F>(
      scratch, targets.size(), [&](size_t i) { return points[targets[i]]; },
      [&](size_t i) { return fetch(base, refs[i]); },
      [&](size_t i, const PackedPoint<F>& sum) { points[targets[i]] = sum; });
}

template <class F>
void double_all(KernelScratch& scratch, std::span<PackedPoint<F>> points) {
  const auto same = [&](size_t i) { return points[i]; };
  add_all<F>(scratch, points.size(), same, same,
             [&](size_t i, const PackedPoint<F>& sum) { points[i] = sum; });
}

template <class F>
constexpr AffineKernel<F> generic = {import_points<F>, export_points<F>, add_pairs<F>, add_into<F>,
                                     double_all<F>};

// The IFMA kernel, for the types of this program. Packed points are 2^260 v in words; F only carries them.
static_assert(sizeof(Affine<Fp>) == 64 && sizeof(PackedPoint<Fp>) == 64 && sizeof(PointRef) == 4);
static_assert(sizeof(Affine<Fp2>) == 128 && sizeof(PackedPoint<Fp2>) == 128);

template <class F>
const ifma::PointKernel& ifma_points() {
  if constexpr (std::is_same_v<F, Fp>) {
    return *ifma::g1_kernel();
  } else {
    return *ifma::g2_kernel();
  }
}

// Seen as an element of Field, the word form of v 2^260 is 16 v; so is that of the inverse, of 16 / v: 256
// times what inverting the element gives.
template <class F>
void invert8(uint64_t* values) {
  std::array<F, 8> elements;
  std::memcpy(static_cast<void*>(elements.data()), values, sizeof(elements));
  std::array<F, 8> scratch;
  batch_inverse(std::span<F>(elements), std::span<F>(scratch));
  for (F& e : elements) e = e * Fp::from_u64(256);
  std::memcpy(values, elements.data(), sizeof(elements));
}

template <class T>
auto* words(T* p) {
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const uint64_t*, uint64_t*>>(p);
}
const uint32_t* words(std::span<const PointRef> refs) {
  return reinterpret_cast<const uint32_t*>(refs.data());
}

template <class F>
uint64_t* room(KernelScratch& scratch, size_t n) {
  return scratch.reserve(ifma::scratch_words(n, sizeof(F) / sizeof(uint64_t)));
}

template <class F>
constexpr AffineKernel<F> with_ifma = {
    [](std::span<PackedPoint<F>> out, std::span<const Affine<F>> in, std::span<const PointRef> refs) {
      ifma_points<F>().import_points(words(out.data()), words(in.data()), words(refs), out.size());
    },
    [](std::span<Affine<F>> out, std::span<const PackedPoint<F>> in) {
      ifma_points<F>().export_points(words(out.data()), words(in.data()), out.size());
    },
    [](KernelScratch& scratch, std::span<PackedPoint<F>> out, const PackedPoint<F>* base,
       std::span<const PointRef> refs) {
      ifma_points<F>().add_pairs(room<F>(scratch, out.size()), invert8<F>, words(out.data()), words(base),
                                 words(refs), out.size());
    },
    [](KernelScratch& scratch, PackedPoint<F>* points, std::span<const uint32_t> targets,
       const PackedPoint<F>* base, std::span<const PointRef> refs) {
      ifma_points<F>().add_into(room<F>(scratch, targets.size()), invert8<F>, words(points), targets.data(),
                                words(base), words(refs), targets.size());
    },
    [](KernelScratch& scratch, std::span<PackedPoint<F>> points) {
      ifma_points<F>().double_all(room<F>(scratch, points.size()), invert8<F>, words(points.data()),
                                  points.size());
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

// See lane_operations_ifma.h.
#include "lane_operations_ifma.h"

#if defined(__AVX512IFMA__) && defined(__AVX512VBMI2__)

#include "fields/kernels/ifma_field.h"
#include "fields/kernels/ifma_pairs.h"

namespace pyzkfl::test {
namespace {

template <class P>
ifma::Lanes<P> in(const RawLanes& a) {
  ifma::Lanes<P> out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_load_si512(a.l[i]);
  return out;
}

template <class P>
void give(RawLanes& out, const ifma::Factor<P>& a, bool masked = false) {
  for (int i = 0; i < 5; ++i) {
    _mm512_store_si512(out.l[i], masked ? _mm512_and_si512(a.l[i], ifma::splat(ifma::mask52)) : a.l[i]);
  }
}

// operation(x0, x1, y0, y1), whose results are where x0 and x1 were.
template <class P, class Operation>
void in_place(RawLanes (&a)[2], const RawLanes (&b)[2], bool carry, const Operation& operation) {
  ifma::Lanes<P> x[2] = {in<P>(a[0]), in<P>(a[1])};
  const ifma::Lanes<P> y[2] = {in<P>(b[0]), in<P>(b[1])};
  operation(x[0], x[1], y[0], y[1]);
  for (int k = 0; k < 2; ++k) give(a[k], carry ? ifma::carried(x[k]) : x[k]);
}

template <class P>
constexpr LaneOperations operations = {
    .mul = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::mul(in<P>(a), in<P>(b))); },
    .add = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::add(in<P>(a), in<P>(b))); },
    .square = [](RawLanes& out, const RawLanes& a) { give(out, ifma::square(in<P>(a))); },
    .square16 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::square16(in<P>(a))); },
    .times16 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::times16(in<P>(a)), true); },
    .tamed = [](RawLanes& out, const RawLanes& a) { give(out, ifma::carried(ifma::tamed(in<P>(a)))); },
    .canonical = [](RawLanes& out, const RawLanes& a) { give(out, ifma::canonical(in<P>(a))); },
    .reduce_once_1 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::reduce_once<1>(in<P>(a))); },
    .reduce_once_2 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::reduce_once<2>(in<P>(a))); },
    .neg_2 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::neg<2>(in<P>(a))); },
    .sub_5 = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::sub<5>(in<P>(a), in<P>(b))); },
    .mul_add = [](RawLanes& out, const RawLanes& a, const RawLanes& b, const RawLanes& c,
                  const RawLanes& d) { give(out, ifma::mul_add(in<P>(a), in<P>(b), in<P>(c), in<P>(d))); },
    .mul_pair =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          in_place<P>(a, b, false, [](auto& x0, auto& x1, auto& y0, auto& y1) { ifma::mul(x0, x1, x0, x1, y0, y1); });
        },
    .mul_pair_uncarried =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          in_place<P>(a, b, true,
                      [](auto& x0, auto& x1, auto& y0, auto& y1) { ifma::mul_uncarried(x0, x1, x0, x1, y0, y1); });
        },
    .square_pair_uncarried =
        [](RawLanes (&a)[2]) {
          const RawLanes unused[2] = {};
          in_place<P>(a, unused, true, [](auto& x0, auto& x1, auto&, auto&) { ifma::square_uncarried(x0, x1, x0, x1); });
        },
    .extension_mul_uncarried =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          in_place<P>(a, b, true, [](auto& x0, auto& x1, auto& y0, auto& y1) {
            ifma::extension_mul_uncarried(x0, x1, x0, x1, ifma::add(x0, x1), y0, y1, ifma::add(y0, y1));
          });
        },
    .extension_mul =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          in_place<P>(a, b, false, [](auto& x0, auto& x1, auto& y0, auto& y1) {
            ifma::extension_mul(x0, x1, x0, x1, ifma::add(x0, x1), y0, y1, ifma::add(y0, y1));
          });
        },
    .packed_canonical =
        [](uint64_t* out32, const RawLanes& a, int64_t excess) {
          ifma::Lanes<P> v = in<P>(a);
          for (int i = 0; i < 4; ++i) {
            v.l[i] = _mm512_add_epi64(v.l[i], _mm512_set1_epi64(excess * (int64_t{1} << 52)));
            v.l[i + 1] = _mm512_sub_epi64(v.l[i + 1], _mm512_set1_epi64(excess));
          }
          ifma::store_consecutive(out32, ifma::packed_canonical(v));
        },
    .unpack = [](RawLanes& out, const void* rows) { give(out, ifma::unpack<P>(ifma::load_consecutive(rows))); },
    .unpack_rows = [](RawLanes& out,
                      const uint8_t* const (&rows)[8]) { give(out, ifma::unpack<P>(ifma::load_rows(rows, 0))); },
    .unpack_first = [](RawLanes& out, const void* rows,
                       size_t count) { give(out, ifma::unpack<P>(ifma::load_first(rows, count))); },
    .unpack16 = [](RawLanes& out,
                   const void* rows) { give(out, ifma::unpack16<P>(ifma::load_consecutive(rows)), true); },
    .pack = [](void* rows, const RawLanes& a) { ifma::store_consecutive(rows, ifma::pack<P>(in<P>(a))); },
    .pack_rows = [](uint8_t* const (&rows)[8],
                    const RawLanes& a) { ifma::store_rows(rows, 0, ifma::pack<P>(in<P>(a))); },
    .pack_first = [](void* rows, const RawLanes& a,
                     size_t count) { ifma::store_first(rows, ifma::pack<P>(in<P>(a)), count); },
};

}  // namespace

const LaneOperations* fp_lane_operations() { return &operations<FpParams>; }
const LaneOperations* fr_lane_operations() { return &operations<FrParams>; }

}  // namespace pyzkfl::test

#else

namespace pyzkfl::test {

const LaneOperations* fp_lane_operations() { return nullptr; }
const LaneOperations* fr_lane_operations() { return nullptr; }

}  // namespace pyzkfl::test

#endif

// The lane operations in plain words (see lane_operations_ifma.h): the body of lane_operations_fp_ifma.cpp and
// lane_operations_fr_ifma.cpp, which include their prime before it.
#pragma once

#include "fields/kernels/ifma_pairs.h"
#include "lane_operations_ifma.h"

namespace pyzkfl::test {
namespace {

ifma::Lanes in(const RawLanes& a) {
  ifma::Lanes out;
  for (int i = 0; i < 5; ++i) out.l[i] = _mm512_load_si512(a.l[i]);
  return out;
}

void give(RawLanes& out, const ifma::Factor& a, bool masked = false) {
  for (int i = 0; i < 5; ++i) {
    _mm512_store_si512(out.l[i], masked ? _mm512_and_si512(a.l[i], ifma::splat(ifma::mask52)) : a.l[i]);
  }
}

// Two elements, and what a result of two is given back as.
struct Two {
  ifma::Lanes v[2];
};
Two both(const RawLanes (&a)[2]) { return {{in(a[0]), in(a[1])}}; }
void give_both(RawLanes (&out)[2], const Two& a) {
  for (int k = 0; k < 2; ++k) give(out[k], a.v[k]);
}
void give_both_carried(RawLanes (&out)[2], const Two& a) {
  for (int k = 0; k < 2; ++k) give(out[k], ifma::carried(a.v[k]));
}

constexpr LaneOperations operations = {
    .mul = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::mul(in(a), in(b))); },
    .add = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::add(in(a), in(b))); },
    .square = [](RawLanes& out, const RawLanes& a) { give(out, ifma::square(in(a))); },
    .square16 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::square16(in(a))); },
    .times16 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::times16(in(a)), true); },
    .tamed = [](RawLanes& out, const RawLanes& a) { give(out, ifma::carried(ifma::tamed(in(a)))); },
    .canonical = [](RawLanes& out, const RawLanes& a) { give(out, ifma::canonical(in(a))); },
    .reduce_once_1 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::reduce_once(in(a), 1)); },
    .reduce_once_2 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::reduce_once(in(a), 2)); },
    .neg_2 = [](RawLanes& out, const RawLanes& a) { give(out, ifma::neg(in(a), 2)); },
    .sub_5 = [](RawLanes& out, const RawLanes& a, const RawLanes& b) { give(out, ifma::sub(in(a), in(b), 5)); },
    .mul_add = [](RawLanes& out, const RawLanes& a, const RawLanes& b, const RawLanes& c,
                  const RawLanes& d) { give(out, ifma::mul_add(in(a), in(b), in(c), in(d))); },
    .mul_pair =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          Two x = both(a);
          const Two y = both(b);
          ifma::mul(x.v[0], x.v[1], x.v[0], x.v[1], y.v[0], y.v[1]);
          give_both(a, x);
        },
    .mul_pair_uncarried =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          Two x = both(a);
          const Two y = both(b);
          ifma::mul_uncarried(x.v[0], x.v[1], x.v[0], x.v[1], y.v[0], y.v[1]);
          give_both_carried(a, x);
        },
    .square_pair_uncarried =
        [](RawLanes (&a)[2]) {
          Two x = both(a);
          ifma::square_uncarried(x.v[0], x.v[1], x.v[0], x.v[1]);
          give_both_carried(a, x);
        },
    .extension_mul_uncarried =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          Two x = both(a);
          const Two y = both(b);
          ifma::extension_mul_uncarried(x.v[0], x.v[1], x.v[0], x.v[1], ifma::add(x.v[0], x.v[1]), y.v[0], y.v[1],
                                  ifma::add(y.v[0], y.v[1]));
          give_both_carried(a, x);
        },
    .extension_mul =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          Two x = both(a);
          const Two y = both(b);
          ifma::extension_mul(x.v[0], x.v[1], x.v[0], x.v[1], ifma::add(x.v[0], x.v[1]), y.v[0], y.v[1],
                        ifma::add(y.v[0], y.v[1]));
          give_both(a, x);
        },
    .norms =
        [](RawLanes (&a)[2], const RawLanes (&b)[2]) {
          Two x = both(a);
          const Two y = both(b);
          ifma::norms(x.v[0], x.v[1], x.v[0], x.v[1], y.v[0], y.v[1]);
          give_both(a, x);
        },
    .packed_canonical =
        [](uint64_t* out32, const RawLanes& a, int64_t excess) {
          ifma::Lanes v = in(a);
          for (int i = 0; i < 4; ++i) {
            v.l[i] = _mm512_add_epi64(v.l[i], _mm512_set1_epi64(excess * (int64_t{1} << 52)));
            v.l[i + 1] = _mm512_sub_epi64(v.l[i + 1], _mm512_set1_epi64(excess));
          }
          ifma::store_consecutive(out32, ifma::packed_canonical(v));
        },
    .unpack = [](RawLanes& out, const void* rows) { give(out, ifma::unpack(ifma::load_consecutive(rows))); },
    .unpack_rows = [](RawLanes& out,
                      const uint8_t* const (&rows)[8]) { give(out, ifma::unpack(ifma::load_rows(rows, 0))); },
    .unpack_first = [](RawLanes& out, const void* rows,
                       size_t count) { give(out, ifma::unpack(ifma::load_first(rows, count))); },
    .unpack16 = [](RawLanes& out,
                   const void* rows) { give(out, ifma::unpack16(ifma::load_consecutive(rows)), true); },
    .pack = [](void* rows, const RawLanes& a) { ifma::store_consecutive(rows, ifma::pack(in(a))); },
    .pack_rows = [](uint8_t* const (&rows)[8],
                    const RawLanes& a) { ifma::store_rows(rows, 0, ifma::pack(in(a))); },
    .pack_first = [](void* rows, const RawLanes& a,
                     size_t count) { ifma::store_first(rows, ifma::pack(in(a)), count); },
};

}  // namespace
}  // namespace pyzkfl::test

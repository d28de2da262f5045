// The operations of fields/kernels/ifma_field.h and ifma_pairs.h one by one, in plain words, so that tests that run on any processor can
// call them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyzkfl::test {

// Eight values of five 52-bit limbs: limb i of lane j at [i][j].
struct alignas(64) RawLanes {
  uint64_t l[5][8];
};

struct LaneOperations {
  using Unary = void (*)(RawLanes& out, const RawLanes& a);
  using Binary = void (*)(RawLanes& out, const RawLanes& a, const RawLanes& b);

  Binary mul, add;
  Unary square, square16, times16, tamed, canonical, reduce_once_1, reduce_once_2, neg_2;
  Binary sub_5;  // a - b + 5p
  void (*mul_add)(RawLanes& out, const RawLanes& a, const RawLanes& b, const RawLanes& c, const RawLanes& d);
  // Two at once; results take the place of the first operands.
  void (*mul_pair)(RawLanes (&a)[2], const RawLanes (&b)[2]);
  void (*mul_pair_uncarried)(RawLanes (&a)[2], const RawLanes (&b)[2]);  // and carried after that, as the next two
  void (*square_pair_uncarried)(RawLanes (&a)[2]);
  void (*extension_mul_uncarried)(RawLanes (&a)[2], const RawLanes (&b)[2]);
  void (*extension_mul)(RawLanes (&a)[2], const RawLanes (&b)[2]);
  void (*norms)(RawLanes (&a)[2], const RawLanes (&b)[2]);  // a[0]^2 + a[1]^2, b[0]^2 + b[1]^2
  // A value below 2p, with every limb but the top one raised by `excess` 2^52 and the next lowered; to 4 words a lane.
  void (*packed_canonical)(uint64_t* out32, const RawLanes& a, int64_t excess);
  // Words of eight elements, by each way of loading, to limbs; unpack16 gives 16 times the value.
  void (*unpack)(RawLanes& out, const void* rows);
  void (*unpack_rows)(RawLanes& out, const uint8_t* const (&rows)[8]);
  void (*unpack_first)(RawLanes& out, const void* rows, size_t count);
  void (*unpack16)(RawLanes& out, const void* rows);
  // And back, for values below 2^256.
  void (*pack)(void* rows, const RawLanes& a);
  void (*pack_rows)(uint8_t* const (&rows)[8], const RawLanes& a);
  void (*pack_first)(void* rows, const RawLanes& a, size_t count);
};

// Null where the compiler does not know the instruction set.
const LaneOperations* fp_lane_operations();
const LaneOperations* fr_lane_operations();

}  // namespace pyzkfl::test

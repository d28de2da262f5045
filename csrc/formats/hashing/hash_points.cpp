// See hash_points.h.
#include "formats/hashing/hash_points.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "curves/encoding.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t points_a_hash = 1 << 14;  // points converted before they are hashed
constexpr size_t hashed_a_thread = 512;     // points that a thread takes at a time

template <class Point, class Convert>
void hash_all(Blake2b& hash, std::span<const Point> points, size_t bytes, Convert convert) {
  Bytes buffer(std::min(points_a_hash, points.size()) * bytes);
  for (size_t start = 0; start < points.size(); start += points_a_hash) {
    const size_t count = std::min(points_a_hash, points.size() - start);
    parallel_for(count, hashed_a_thread, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const auto encoded = convert(points[start + i]);
        std::copy(encoded.begin(), encoded.end(), buffer.begin() + static_cast<ptrdiff_t>(i * bytes));
      }
    });
    hash.update(ByteSpan(buffer).first(count * bytes));
  }
}

template <class Point>
auto compressed(const Point& p) {
  auto out = compress(p);  // flags 10, 11: the smaller, the larger y
  if (!p.is_infinity()) out[0] = static_cast<uint8_t>((out[0] & 0x3f) | (out[0] & 0x40) << 1);
  return out;
}

template <class Point>
auto uncompressed(const Point& p) {
  return to_evm(p);
}

}  // namespace

void hash_uncompressed(Blake2b& hash, std::span<const G1Affine> points) {
  hash_all(hash, points, g1_evm_bytes, uncompressed<G1Affine>);
}
void hash_uncompressed(Blake2b& hash, std::span<const G2Affine> points) {
  hash_all(hash, points, g2_evm_bytes, uncompressed<G2Affine>);
}
void hash_compressed(Blake2b& hash, std::span<const G1Affine> points) {
  hash_all(hash, points, g1_compressed_bytes, compressed<G1Affine>);
}
void hash_compressed(Blake2b& hash, std::span<const G2Affine> points) {
  hash_all(hash, points, g2_compressed_bytes, compressed<G2Affine>);
}

}  // namespace pyzkfl::formats

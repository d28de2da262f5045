// See point_arrays.h.
#include "kzg/point_arrays.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/random.h"
#include "base/thread_pool.h"
#include "curves/group_sums.h"

namespace pyzkfl {
namespace {

constexpr size_t chunk = 256;      // points decoded or encoded at a time
constexpr size_t points_in_memory = 1 << 14;  // points whose bytes are in memory at a time

template <class Point, size_t Bytes>
void write_all(Writer& out, std::span<const Point> points) {
  const std::span<uint8_t> bytes = out.extend(points.size() * Bytes);
  parallel_for(points.size(), chunk, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) to_evm(bytes.subspan(i * Bytes).template first<Bytes>(), points[i]);
  });
}

template <class Point>
void stream_all(const ByteSink& out, std::span<const Point> points) {
  for (size_t begin = 0; begin < points.size(); begin += points_in_memory) {
    Writer part;
    write_points(part, points.subspan(begin, std::min(points_in_memory, points.size() - begin)));
    out(part.view());
  }
}

// A point of the twist's curve, in the subgroup or not.
G2Affine g2_on_curve(std::span<const uint8_t, g2_evm_bytes> in, Infinity infinity) {
  G2Affine p;
  p.x.c1 = Fp::from_bytes_be(in.subspan<0, 32>());
  p.x.c0 = Fp::from_bytes_be(in.subspan<32, 32>());
  p.y.c1 = Fp::from_bytes_be(in.subspan<64, 32>());
  p.y.c0 = Fp::from_bytes_be(in.subspan<96, 32>());
  if (p.is_infinity()) {
    if (infinity == Infinity::refused) throw DecodeError("G2 point: infinity where a point is needed");
  } else if (!p.is_on_curve()) {
    throw DecodeError("G2 point: not on the curve");
  }
  return p;
}

template <class Point, size_t Bytes, class Decode>
std::vector<Point> read_all(Reader& in, size_t count, Decode decode) {
  if (count > in.remaining() / Bytes) in.fail("truncated: " + std::to_string(count) + " points expected");
  const ByteSpan bytes = in.bytes(count * Bytes);
  std::vector<Point> points(count);
  parallel_for(count, chunk, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) points[i] = decode(bytes.subspan(i * Bytes).template first<Bytes>());
  });
  return points;
}

// Sum of coefficients[i] points[i] for coefficients below 2^bits, by buckets; right on the whole curve.
G2 small_combination(std::span<const G2Affine> points, std::span<const uint16_t> coefficients, unsigned bits) {
  std::vector<size_t> start((size_t{1} << bits) + 1);
  for (const uint16_t c : coefficients) ++start[c + 1];
  for (size_t c = 0; c + 1 < start.size(); ++c) start[c + 1] += start[c];
  std::vector<PointRef> terms(coefficients.size());
  std::vector<size_t> next(start.begin(), start.end() - 1);
  for (size_t i = 0; i < coefficients.size(); ++i) terms[next[coefficients[i]]++] = PointRef::of(i);
  std::vector<Group> groups;
  for (size_t c = 1; c + 1 < start.size(); ++c)
    if (start[c + 1] != start[c]) {
      groups.push_back({static_cast<uint32_t>(c), static_cast<uint32_t>(start[c]),
                        static_cast<uint32_t>(start[c + 1] - start[c])});
    }
  std::vector<LoosePoint<Fp2>> buckets(start.size() - 1);
  sum_groups<Fp2>(buckets, points, terms, groups);
  G2 running, total;
  for (size_t c = buckets.size(); c-- > 1;) {
    running += buckets[c].reduced();
    total += running;
  }
  return total;
}

}  // namespace

void write_points(Writer& out, std::span<const G1Affine> points) {
  write_all<G1Affine, g1_evm_bytes>(out, points);
}
void write_points(Writer& out, std::span<const G2Affine> points) {
  write_all<G2Affine, g2_evm_bytes>(out, points);
}

void stream_points(const ByteSink& out, std::span<const G1Affine> points) { stream_all(out, points); }
void stream_points(const ByteSink& out, std::span<const G2Affine> points) { stream_all(out, points); }

std::vector<G1Affine> read_g1_points(Reader& in, size_t count, Infinity infinity) {
  return read_all<G1Affine, g1_evm_bytes>(in, count,
                                          [&](auto bytes) { return g1_from_evm(bytes, infinity); });
}

std::vector<G2Affine> read_g2_points(Reader& in, size_t count, Infinity infinity, SubgroupCheck check) {
  auto points =
      read_all<G2Affine, g2_evm_bytes>(in, count, [&](auto bytes) { return g2_on_curve(bytes, infinity); });
  if (check == SubgroupCheck::done && !all_in_subgroup(points)) in.fail("a G2 point outside the subgroup");
  return points;
}

bool all_in_subgroup(std::span<const G2Affine> points) {
  if (points.size() < 64) {
    for (const G2Affine& p : points)
      if (!is_in_subgroup(p)) return false;
    return true;
  }
  const unsigned bits = points.size() < 1024 ? 6 : points.size() < 8192 ? 8 : points.size() < 65536 ? 10 : 13;
  const size_t trials = (128 + bits - 1) / bits;
  std::atomic<bool> all_inside = true;
  parallel_for(trials, 1, [&](size_t begin, size_t end) {
    std::vector<uint16_t> coefficients(points.size());
    for (size_t trial = begin; trial < end && all_inside; ++trial) {
      random_bytes({reinterpret_cast<uint8_t*>(coefficients.data()), coefficients.size() * sizeof(uint16_t)});
      for (uint16_t& c : coefficients) c = static_cast<uint16_t>(c & ((1u << bits) - 1));
      const G2 sum = small_combination(points, coefficients, bits);
      if (!is_in_subgroup(sum.to_affine())) all_inside = false;
    }
  });
  return all_inside;
}

}  // namespace pyzkfl

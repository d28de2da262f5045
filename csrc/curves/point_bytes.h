// Points where they lie, at any alignment: in an array of ours or in a memory-mapped key.
//
// A point is x then y as in Affine<F>: little-endian limbs in Montgomery form with R = 2^256, infinity all zero
// bytes. iden3's .zkey and .ptau hold theirs in the same form. Nothing is checked here: coordinates must be
// below p, points on the curve and of order r; whoever reads a file sees to that (formats, groth16/keys.h).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/errors.h"
#include "curves/point.h"

namespace pyzkfl {

template <class F>
struct PointBytes {
  using Field = F;
  static constexpr size_t point_bytes = sizeof(Affine<F>);
  static_assert(std::is_trivially_copyable_v<Affine<F>> && std::endian::native == std::endian::little);

  const uint8_t* data = nullptr;
  size_t count = 0;

  PointBytes() = default;
  // `count` points from `data` on: count * point_bytes bytes that outlive this view.
  PointBytes(const uint8_t* first, size_t points) : data(first), count(points) {}
  PointBytes(std::span<const Affine<F>> points)
      : data(reinterpret_cast<const uint8_t*>(points.data())), count(points.size()) {}

  size_t size() const { return count; }
  bool empty() const { return count == 0; }
  // Any index below size().
  Affine<F> operator[](size_t i) const {
    Affine<F> out;
    std::memcpy(static_cast<void*>(&out), data + i * point_bytes, point_bytes);
    return out;
  }
  // Throws ParameterError if the points are fewer.
  PointBytes subspan(size_t begin, size_t length) const {
    if (begin > count || length > count - begin) throw ParameterError("PointBytes: a part beyond the end");
    return {data + begin * point_bytes, length};
  }
  PointBytes first(size_t length) const { return subspan(0, length); }
};

}  // namespace pyzkfl

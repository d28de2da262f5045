// How points cross to Python: bytes, in the EVM encoding (64 bytes for G1, 128 for G2) or compressed (32 and
// 64), and many of them as rows of a uint8 array or as a list. Infinity is allowed: arithmetic needs it. See
// curves/encoding.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/encoding.h"
#include "registry.h"

namespace pyzkfl::bindings {

template <class Point>
inline constexpr size_t evm_bytes = std::is_same_v<Point, G1Affine> ? g1_evm_bytes : g2_evm_bytes;
template <class Point>
inline constexpr size_t compressed_bytes = evm_bytes<Point> / 2;

// The bytes of a Python object, as long as it lives. Needs the GIL.
inline std::span<const uint8_t> view_of(const py::bytes& value) {
  const std::string_view text = value;
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <size_t N>
py::bytes to_python(const std::array<uint8_t, N>& bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), N);
}

// Either encoding: the length tells which. Throws DecodeError for any other length. Does not need the GIL.
template <class Point>
Point point_from_bytes(std::span<const uint8_t> in) {
  constexpr bool g1 = std::is_same_v<Point, G1Affine>;
  if (in.size() == evm_bytes<Point>) {
    const auto fixed = in.template first<evm_bytes<Point>>();
    if constexpr (g1)
      return g1_from_evm(fixed, Infinity::allowed);
    else
      return g2_from_evm(fixed, Infinity::allowed);
  }
  if (in.size() == compressed_bytes<Point>) {
    const auto fixed = in.template first<compressed_bytes<Point>>();
    if constexpr (g1)
      return g1_decompress(fixed, Infinity::allowed);
    else
      return g2_decompress(fixed, Infinity::allowed);
  }
  throw DecodeError(std::string(g1 ? "a G1" : "a G2") + " point has " + std::to_string(evm_bytes<Point>) +
                    " bytes, or " + std::to_string(compressed_bytes<Point>) + " compressed; got " +
                    std::to_string(in.size()));
}

// Points of equal encoding one after the other, decoded in parallel. Does not need the GIL.
template <class Point>
std::vector<Point> points_from_rows(std::span<const uint8_t> rows, size_t row_bytes) {
  std::vector<Point> out(rows.size() / row_bytes);
  parallel_for(out.size(), 64, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      try {
        out[i] = point_from_bytes<Point>(rows.subspan(i * row_bytes, row_bytes));
      } catch (const DecodeError& error) {
        throw DecodeError("point " + std::to_string(i) + ": " + error.what());
      }
    }
  });
  return out;
}

}  // namespace pyzkfl::bindings

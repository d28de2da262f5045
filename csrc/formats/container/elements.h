// Field elements and points as iden3's files hold them: little-endian, points affine with coordinates in
// Montgomery form (R = 2^256), x then y, infinity all zeros. On the machines that we run on that is the
// memory of our own Affine<F>, so arrays are read and written without conversion, at any alignment.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "curves/bn254.h"
#include "curves/encoding.h"
#include "kzg/point_arrays.h"

namespace pyzkfl::formats {

static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(G1Affine) == 64 && sizeof(G2Affine) == 128 && sizeof(Fr) == 32);

// Reads a prime's length (u32) and the prime; throws DecodeError unless it is that of BN254's scalars (Fr) or
// coordinates (Fp), naming the curve that it belongs to if it is a known one.
void read_scalar_prime(Reader& in);
void read_coordinate_prime(Reader& in);
void write_scalar_prime(Writer& out);
void write_coordinate_prime(Writer& out);

// The bytes of an array of points or elements, as they are written.
template <class T>
ByteSpan raw_bytes(std::span<const T> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}
template <class T>
ByteSpan raw_bytes(const T& value) {
  return raw_bytes(std::span<const T>(&value, 1));
}

// Limbs at any alignment.
inline Limbs load_limbs(const uint8_t* bytes) {
  Limbs out;
  std::memcpy(out.data(), bytes, sizeof out);
  return out;
}

// The point at bytes[index], unchecked.
template <class Point>
Point load_point(ByteSpan bytes, size_t index) {
  Point out;
  std::memcpy(static_cast<void*>(&out), bytes.data() + index * sizeof(Point), sizeof(Point));
  return out;
}

// The next point of `in`: coordinates below p, on the curve, in the subgroup. Throws DecodeError.
G1Affine read_g1(Reader& in, const char* name, Infinity infinity = Infinity::refused);
G2Affine read_g2(Reader& in, const char* name, Infinity infinity = Infinity::refused);

// A copy of all points of a section, each checked in the same way. `what` goes before the errors. Parallel.
std::vector<G1Affine> load_g1_points(ByteSpan bytes, const std::string& what, Infinity infinity);
std::vector<G2Affine> load_g2_points(ByteSpan bytes, const std::string& what, Infinity infinity);

// The checks alone, without that of the subgroup where it is skipped; memory only for the test of G2's
// subgroup (as much again as the points).
void check_g1_points(ByteSpan bytes, const std::string& what, Infinity infinity);
void check_g2_points(ByteSpan bytes, const std::string& what, Infinity infinity,
                     SubgroupCheck subgroup = SubgroupCheck::done);

}  // namespace pyzkfl::formats

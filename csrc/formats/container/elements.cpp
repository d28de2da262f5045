// See elements.h.
#include "formats/container/elements.h"

#include <array>

#include "base/errors.h"
#include "base/thread_pool.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t points_a_thread = 1024;  // points that a thread takes at a time

struct KnownPrime {
  const char* name;
  Limbs lowest;  // the lowest 256 bits
};

// Primes that files of other curves begin with, so that the error can say which curve it is.
constexpr std::array<KnownPrime, 8> known_primes = {{
    {"BN254's coordinates", Fp::modulus},
    {"BN254's scalars", Fr::modulus},
    {"BLS12-381's scalars", {0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48}},
    {"BLS12-381's coordinates",
     {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf}},
    {"Goldilocks, 2^64 - 2^32 + 1", {0xffffffff00000001, 0, 0, 0}},
    {"Pallas's coordinates (Vesta's scalars)",
     {0x992d30ed00000001, 0x224698fc094cf91b, 0, 0x4000000000000000}},
    {"Vesta's coordinates (Pallas's scalars)",
     {0x8c46eb2100000001, 0x224698fc0994a8dd, 0, 0x4000000000000000}},
    {"secp256r1's coordinates", {0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001}},
}};

void read_prime(Reader& in, const Limbs& expected, const char* which) {
  const uint32_t bytes = in.u32();
  if (bytes == 0 || bytes > in.remaining())
    in.fail("a prime of " + std::to_string(bytes) + " bytes, where one of 32 is due");
  const ByteSpan prime = in.bytes(bytes);
  std::array<uint8_t, 32> low{};
  std::memcpy(low.data(), prime.data(), std::min<size_t>(bytes, low.size()));
  const Limbs value = load_limbs(low.data());
  if (bytes == 32 && value == expected) return;
  std::string problem = std::string("made for another field than BN254's (bn128's) ") + which;
  for (const KnownPrime& known : known_primes)
    if (known.lowest == value) problem += std::string(": for ") + known.name;
  in.fail(problem + "; its prime has " + std::to_string(bytes) + " bytes");
}

void write_prime(Writer& out, const Limbs& prime) {
  out.u32(32);
  for (const uint64_t limb : prime) out.u64(limb);
}

bool canonical(const Fp& v) { return limbs::less(v.l, Fp::modulus); }
bool canonical(const Fp2& v) { return canonical(v.c0) && canonical(v.c1); }

// What is wrong with a point; null if nothing is. Not the subgroup.
template <class F>
const char* problem_with(const Affine<F>& p, Infinity infinity) {
  if (!canonical(p.x) || !canonical(p.y)) return "has a coordinate that is not below p";
  if (p.is_infinity()) return infinity == Infinity::refused ? "is the point at infinity" : nullptr;
  return p.is_on_curve() ? nullptr : "is not on the curve";
}

template <class Point>
Point read_point(Reader& in, const char* name, Infinity infinity) {
  const Point p = load_point<Point>(in.bytes(sizeof(Point)), 0);
  if (const char* problem = problem_with(p, infinity)) in.fail(std::string(name) + " " + problem);
  if (!is_in_subgroup(p)) in.fail(std::string(name) + " is not in the subgroup of order r");
  return p;
}

template <class Point>
void check_points(ByteSpan bytes, const std::string& what, Infinity infinity) {
  parallel_for(bytes.size() / sizeof(Point), points_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      if (const char* problem = problem_with(load_point<Point>(bytes, i), infinity))
        throw DecodeError(what + ": point " + std::to_string(i) + " " + problem);
  });
}

template <class Point>
std::vector<Point> copy_points(ByteSpan bytes) {
  std::vector<Point> out(bytes.size() / sizeof(Point));
  if (!out.empty()) std::memcpy(static_cast<void*>(out.data()), bytes.data(), out.size() * sizeof(Point));
  return out;
}

}  // namespace

void read_scalar_prime(Reader& in) { read_prime(in, Fr::modulus, "scalars"); }
void read_coordinate_prime(Reader& in) { read_prime(in, Fp::modulus, "coordinates"); }
void write_scalar_prime(Writer& out) { write_prime(out, Fr::modulus); }
void write_coordinate_prime(Writer& out) { write_prime(out, Fp::modulus); }

G1Affine read_g1(Reader& in, const char* name, Infinity infinity) {
  return read_point<G1Affine>(in, name, infinity);
}
G2Affine read_g2(Reader& in, const char* name, Infinity infinity) {
  return read_point<G2Affine>(in, name, infinity);
}

std::vector<G1Affine> load_g1_points(ByteSpan bytes, const std::string& what, Infinity infinity) {
  check_points<G1Affine>(bytes, what, infinity);
  return copy_points<G1Affine>(bytes);
}

std::vector<G2Affine> load_g2_points(ByteSpan bytes, const std::string& what, Infinity infinity) {
  check_points<G2Affine>(bytes, what, infinity);
  std::vector<G2Affine> points = copy_points<G2Affine>(bytes);
  if (!all_in_subgroup(points)) throw DecodeError(what + ": a point is not in the subgroup of order r");
  return points;
}

void check_g1_points(ByteSpan bytes, const std::string& what, Infinity infinity) {
  check_points<G1Affine>(bytes, what, infinity);
}
void check_g2_points(ByteSpan bytes, const std::string& what, Infinity infinity, SubgroupCheck subgroup) {
  if (subgroup == SubgroupCheck::done)
    (void)load_g2_points(bytes, what, infinity);
  else
    check_points<G2Affine>(bytes, what, infinity);
}

}  // namespace pyzkfl::formats

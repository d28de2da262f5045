// See circuit_hash.h.
#include "formats/zkey/circuit_hash.h"

#include <array>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/encoding.h"
#include "formats/container/elements.h"
#include "formats/hashing/hash_points.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t circuit_points_a_thread = 256;  // points that a thread takes at a time

// Arithmetic of wasmcurves on 256-bit integers that may be above p, where its results are not residues of
// what one would expect: overrun_point needs them as they are. All operands in Montgomery form.
namespace wasm {

Limbs sub(const Limbs& a, const Limbs& b) {
  Limbs out;
  if (limbs::sub(out, a, b) != 0) limbs::add(out, out, Fp::modulus);
  return out;
}

Limbs add(const Limbs& a, const Limbs& b) {
  Limbs out;
  if (limbs::add(out, a, b) != 0 || !limbs::less(out, Fp::modulus)) limbs::sub(out, out, Fp::modulus);
  return out;
}

Limbs mul(const Limbs& a, const Limbs& b) {
  std::array<uint64_t, 9> t{};
  for (size_t i = 0; i < 4; ++i) {
    uint64_t high = 0;
    for (size_t j = 0; j < 4; ++j) t[i + j] = limbs::multiply_add(a[i], b[j], t[i + j], high);
    t[i + 4] = high;
  }
  for (size_t i = 0; i < 4; ++i) {
    const uint64_t m = t[i] * Fp::M::n0;
    uint64_t high = 0;
    for (size_t j = 0; j < 4; ++j) t[i + j] = limbs::multiply_add(m, Fp::modulus[j], t[i + j], high);
    uint64_t carry = 0;
    t[i + 4] = limbs::add_carry(t[i + 4], high, carry);
    for (size_t j = i + 5; j < t.size(); ++j) t[j] = limbs::add_carry(t[j], 0, carry);
  }
  Limbs out = {t[4], t[5], t[6], t[7]};
  if (t[8] != 0 || !limbs::less(out, Fp::modulus)) limbs::sub(out, out, Fp::modulus);
  return out;
}

Fp residue(Limbs v) {
  while (!limbs::less(v, Fp::modulus)) limbs::sub(v, v, Fp::modulus);
  return Fp::from_montgomery_limbs(v);
}

}  // namespace wasm

// p - q where p's bytes are no point: wasmcurves' addition of affine points, step by step.
G1 overrun_difference(ByteSpan p, const G1Affine& q) {
  using namespace wasm;
  const Limbs x1 = load_limbs(p.data()), y1 = load_limbs(p.data() + 32), x2 = q.x.l, y2 = (-q.y).l;
  const Limbs h = sub(x2, x1), slope = sub(y2, y1);
  const Limbs hh = mul(h, h);
  const Limbs i = add(add(hh, hh), add(hh, hh));
  const Limbs j = mul(h, i), r = add(slope, slope), v = mul(x1, i);
  const Limbs x3 = sub(sub(mul(r, r), j), add(v, v));
  const Limbs y1_j = mul(y1, j);
  const Limbs y3 = sub(mul(sub(v, x3), r), add(y1_j, y1_j));
  return {residue(x3), residue(y3), residue(add(h, h))};
}

// tau^(n + i) - tau^i for i < n - 1. Above 2^14 rows snarkjs hashes one more, because the length of its last
// batch is that of the others; where the powers are just enough for the circuit, the minuend lies behind
// their section, and the next bytes of the file stand for it.
std::vector<G1Affine> vanishing_powers(const PtauFile& file, size_t n) {
  constexpr size_t batch = 1 << 14;
  const size_t count = n > batch ? n : n - 1;
  const ByteSpan section = file.container().section(ptau_tau_1);
  const size_t inside = section.size() / sizeof(G1Affine);
  const ByteSpan from_section =
      file.container().file().subspan(static_cast<size_t>(section.data() - file.container().file().data()));
  if (from_section.size() < (n + count) * sizeof(G1Affine))
    throw DecodeError(file.path() + ": ends with its powers of tau in G1");
  std::vector<G1> points(count);
  std::vector<G1Affine> out(count);
  parallel_for(count, circuit_points_a_thread, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto low = load_point<G1Affine>(section, i);
      points[i] =
          n + i < inside
              ? G1(load_point<G1Affine>(section, n + i)) - low
              : overrun_difference(from_section.subspan((n + i) * sizeof(G1Affine), sizeof(G1Affine)), low);
    }
    batch_to_affine(std::span<G1Affine>(out).subspan(begin, end - begin),
                    std::span<const G1>(points).subspan(begin, end - begin));
  });
  return out;
}

void hash_count(Blake2b& hash, size_t count) {
  const auto n = static_cast<uint32_t>(count);
  hash.update(std::array<uint8_t, 4>{static_cast<uint8_t>(n >> 24), static_cast<uint8_t>(n >> 16),
                                     static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)});
}

template <class Point>
void hash_array(Blake2b& hash, std::span<const Point> points) {
  hash_count(hash, points.size());
  hash_uncompressed(hash, points);
}

}  // namespace

Blake2bDigest circuit_hash(const PtauFile& powers, size_t n, const FirstKey& key) {
  Blake2b hash;
  hash.update(to_evm(key.alpha_1)).update(to_evm(key.beta_1)).update(to_evm(key.beta_2));
  hash.update(to_evm(g2_generator())).update(to_evm(g1_generator())).update(to_evm(g2_generator()));
  hash_array(hash, key.ic);
  hash_count(hash, n - 1);
  hash_uncompressed(hash, vanishing_powers(powers, n));
  hash_array(hash, key.l);
  hash_array(hash, key.a);
  hash_array(hash, key.b_1);
  hash_array(hash, key.b_2);
  return hash.digest();
}

}  // namespace pyzkfl::formats

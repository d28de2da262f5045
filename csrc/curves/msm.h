// Multi-scalar multiplication: sum_i k_i P_i.
//
// VARIABLE TIME, in the scalars too: which buckets are touched, and how much is done at all, depends on them.
// A prover calls this on its witness, as every public Groth16 prover does, so whoever can time a prover
// closely or watch its caches may learn about the witness (mostly its count of zeros and small values). Do
// not run a prover on a machine shared with an adversary. Points must be of order r (G2: checked when
// decoded). Infinity, repeated, equal and opposite points are all right.
//
// Cost follows the scalars: zeros are skipped, values near 0 (or r: negative values) cost by their bit
// length. Parallel on the thread pool.
#pragma once

#include <cstdint>
#include <span>

#include <memory>

#include "curves/bn254.h"
#include "curves/point_bytes.h"
#include "fields/fr.h"

namespace pyzkfl {

// Scalars, recoded once for several sums with different points (a Groth16 prover multiplies one witness with
// three arrays of its key). Wiped on destruction.
class MsmScalars {
 public:
  explicit MsmScalars(std::span<const Fr> scalars);
  explicit MsmScalars(std::span<const int64_t> scalars);
  MsmScalars(MsmScalars&&) noexcept;
  MsmScalars& operator=(MsmScalars&&) noexcept;
  ~MsmScalars();

  size_t size() const;

  struct Recoded;
  const Recoded& recoded() const { return *recoded_; }

 private:
  std::unique_ptr<Recoded> recoded_;
};

// Throws ParameterError if the lengths differ. The empty sum is infinity.
G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars);
G2 msm(std::span<const G2Affine> points, std::span<const Fr> scalars);

// The same for points at any alignment.
G1 msm(PointBytes<Fp> points, std::span<const Fr> scalars);
G2 msm(PointBytes<Fp2> points, std::span<const Fr> scalars);
// The same for scalars that were recoded before.
G1 msm(PointBytes<Fp> points, const MsmScalars& scalars);
G2 msm(PointBytes<Fp2> points, const MsmScalars& scalars);

// The same for integers.
G1 msm_i64(std::span<const G1Affine> points, std::span<const int64_t> scalars);
// Faster than the same in 64 bits: no copy of the scalars is made.
G1 msm_i32(std::span<const G1Affine> points, std::span<const int32_t> scalars);

// The plain sum.
G1 sum(std::span<const G1Affine> points);
G2 sum(std::span<const G2Affine> points);

}  // namespace pyzkfl

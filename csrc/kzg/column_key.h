// The KZG commitment key of the engine (docs/engine.md, section 1; Kate, Zaverucha, Goldberg 2010): powers of a tau
// that nobody knows, and commitments to columns of integers and to polynomials.
//
//   commit(c) = sum_i c_i [tau^i]
//
// Additive. Hiding by whatever uniform coefficient the caller puts in; binding in the algebraic group model, and only
// for coefficients that an opening sees (symmetric_opening.h). The key is public; one member's honest contribution to
// the ceremony that it comes from is enough.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/sha256.h"
#include "curves/bn254.h"
#include "curves/large_array.h"
#include "fields/fr.h"
#include "pairing/pairing.h"

namespace pyzkfl {

// What a verifier of openings needs of a key. Whoever builds one answers for its consistency: it comes from a
// ColumnKey, or from bytes whose digest is known.
class ColumnKeyVerifier {
 public:
  // [tau]_1, [tau]_2, [tau^2]_2, points of their groups (not checked).
  ColumnKeyVerifier(const G1Affine& tau_1, const G2Affine& tau_2, const G2Affine& tau_squared_2);

  const G1Affine& tau_1() const { return tau_1_; }
  const G2Affine& tau_2() const { return tau_2_; }
  const G2Affine& tau_squared_2() const { return tau_squared_2_; }
  // [1]_2, [tau]_2, [tau^2]_2.
  const G2Prepared& one_2_prepared() const { return prepared_[0]; }
  const G2Prepared& tau_2_prepared() const { return prepared_[1]; }
  const G2Prepared& tau_squared_2_prepared() const { return prepared_[2]; }

 private:
  G1Affine tau_1_;
  G2Affine tau_2_, tau_squared_2_;
  G2Prepared prepared_[3];
};

// Whether the points were checked to be the powers of one tau. `skipped` is for a key whose digest is known to be that
// of a checked one.
enum class PowersCheck { done, skipped };

class ColumnKey {
 public:
  static constexpr unsigned most_log_n = 28;

  // Takes powers [tau^i]_1, i = 0, 1, .. : at least two, at most 2^29. Points must be of order r. Throws ParameterError
  // unless they are the powers of one tau other than 0, 1, -1 (wrong with probability at most 2^-120 over our own
  // randomness).
  ColumnKey(LargeArray<G1Affine> powers, const G2Affine& tau_2, const G2Affine& tau_squared_2,
            PowersCheck check = PowersCheck::done);

  // 2^log_n + 1 powers of a tau from the system's generator, which existed in this process: whoever can read its memory
  // can open a commitment to anything. For tests and benchmarks. Throws ParameterError above most_log_n.
  static ColumnKey insecure(unsigned log_n);
  // The same for this tau. Throws ParameterError for 0, 1, -1.
  static ColumnKey insecure(unsigned log_n, const Fr& tau);

  // The largest l with powers up to tau^(2^l).
  unsigned log_n() const { return log_n_; }
  // 2^log_n().
  size_t size() const { return size_t{1} << log_n_; }
  // All of them, size() + 1 or more.
  std::span<const G1Affine> powers() const { return powers_.span(); }
  const ColumnKeyVerifier& verifier() const { return verifier_; }

  // SHA-256 of to_bytes().
  const Digest& digest() const { return digest_; }
  // Header, number of powers (u32), the powers, [tau]_2, [tau^2]_2, uncompressed.
  Bytes to_bytes() const;
  // The same bytes piece by piece: never more than a few megabytes of them are in memory.
  void stream(const ByteSink& out) const;
  // Throws DecodeError or UnsupportedVersion. Points are on their curves in either case; `skipped` leaves out the
  // subgroup and the powers.
  static ColumnKey from_bytes(ByteSpan data, PowersCheck check = PowersCheck::done);

 private:
  LargeArray<G1Affine> powers_;  // in huge pages: an msm reads them in no order
  unsigned log_n_;
  ColumnKeyVerifier verifier_;
  Digest digest_;
};

// sum_i cells_i [tau^i] + blinder [tau^blinder_position]. The time depends on the cells (curves/msm.h), not on the
// blinder. Throws ParameterError if the key has too few powers.
G1Affine commit_column(const ColumnKey& key, std::span<const int32_t> cells, const Fr& blinder,
                       size_t blinder_position);
// Without a blinder, for what is public.
G1Affine commit_column(const ColumnKey& key, std::span<const int32_t> cells);

// sum_i coefficients_i [tau^i]. The time depends on the coefficients (curves/msm.h); up to eight, a mask, are
// multiplied in constant time. Throws ParameterError if the key has too few powers.
G1Affine commit_polynomial(const ColumnKey& key, std::span<const Fr> coefficients);

}  // namespace pyzkfl

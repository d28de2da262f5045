// The opening of multilinear evaluations by a commitment to coefficients (docs/engine.md, sections 3 T7 and 5.3).
//
// A vector f of n = 2^l values is at once the polynomial F(X) = sum f_i X^i and the multilinear extension f~ with
// f~(r) = sum f_i e_i, where E(X) = sum e_i X^i = prod_j ((1 - r_j) + r_j X^(2^j)). F(X) E(1/X) has f~(r) as its
// constant coefficient, so that
//
//   F(X) E(1/X) + F(1/X) E(X) = 2 f~(r) + X S(X) + (1/X) S(1/X)
//
// for one S of degree below n, and for another value in place of f~(r) for none. F may have a coefficient n, a blinder,
// which no value sees. The identity is then tested at X = z, for which F and S are opened at z and 1/z.
//
// An opening binds F modulo (X - z)(X - 1/z) alone: coefficients above n are bound by nothing, except that they change
// the values at z.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "curves/bn254.h"
#include "curves/large_array.h"
#include "fields/fr.h"
#include "kzg/column_key.h"
#include "pairing/pairing.h"

namespace pyzkfl {

// The n coefficients of S for n = 2^point.size(), from at most n + 1 coefficients (others are zero). The prover's own
// check: throws ParameterError unless `value` is f~(point), and for more coefficients or a point of more than 28
// coordinates. About n (l + 2) multiplications; memory 3n elements. Constant time in the coefficients. Parallel.
SecretArray<Fr> symmetric_quotient(std::span<const Fr> coefficients, std::span<const Fr> point, const Fr& value);

// sum coefficients_i x^i. Constant time. Parallel.
Fr evaluate(std::span<const Fr> coefficients, const Fr& x);

// The values of G at z and 1/z, as those of i0 + i1 X, and the commitment to the quotient of G - i0 - i1 X by
// (X - z)(X - 1/z).
struct PairOpening {
  G1Affine quotient;
  Fr i0, i1;
};

// Whether there is an opening at z and 1/z: z is not 0, and not 1/z.
[[nodiscard]] bool is_opening_point(const Fr& z);

// Throws ParameterError where is_opening_point(z) is false, and if the key has too few powers. Computing i0 and i1 is
// constant time in the coefficients, the commitment is not (curves/msm.h). Parallel.
PairOpening open_at_pair(const ColumnKey& key, std::span<const Fr> coefficients, const Fr& z);

// Whether the opening holds:
//   e(C - [i0] - i1 [tau], [1]_2) = e(W, [tau^2]_2 - (z + 1/z) [tau]_2 + [1]_2).
// False for a z without an opening and for points off the curve. Public data: variable time.
[[nodiscard]] bool verify_pair_opening(const ColumnKeyVerifier& key, const G1Affine& commitment,
                                       const PairOpening& opening, const Fr& z);

// The same equation times `weight`, for a product with others (multi_miller_loop): it holds exactly if the product of
// e(P, Q) over these is 1. As a summand of several it must have an independent weight that whoever made the proof could
// not choose. Nothing where verify_pair_opening says false without a pairing. The inputs point into `key`. Throws
// ParameterError for weight 0.
[[nodiscard]] std::optional<std::array<PreparedPairingInput, 3>> pair_opening_inputs(const ColumnKeyVerifier& key,
                                                                                     const G1Affine& commitment,
                                                                                     const PairOpening& opening,
                                                                                     const Fr& z, const Fr& weight);

}  // namespace pyzkfl

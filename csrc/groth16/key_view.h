// A proving key of Groth16 as the prover reads it: points where they lie, in memory or in a mapped file.
//
// One form for the keys of this package (key_elements.h) and for those of iden3's .zkey files. A view owns
// nothing: what it points to must outlive it. plain_prover.h proves with it, plain_verifier.h has the
// verifying key that belongs to it.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "curves/bn254.h"
#include "curves/point_bytes.h"
#include "groth16/key_elements.h"

namespace pyzkfl::groth16 {

// What the points `h` are multiplied with. In both cases the sum is (A(tau) B(tau) - C(tau)) / delta.
enum class QuotientBasis {
  // tau^i (tau^n - 1) / delta for i < n - 1: the coefficients of the quotient (A B - C) / (X^n - 1).
  powers,
  // L_(2i+1)(tau) / delta for i < n, L the Lagrange polynomials of the 2n-th roots of unity: the values of
  // A B - C, of which those at the even powers are zero, at the odd ones. A .zkey's section 9.
  odd_lagrange,
};

struct KeyView {
  unsigned log_n = 0;       // the evaluation domain has 2^log_n points
  uint32_t num_public = 0;  // without the constant wire
  uint32_t num_wires = 0;

  G1Affine alpha_1, beta_1, delta_1;
  G2Affine beta_2, gamma_2, delta_2;
  PointBytes<Fp> ic;      // constant wire and public inputs: num_public + 1
  PointBytes<Fp> a, b_1;  // all wires; infinity where the polynomial is zero
  PointBytes<Fp> l;       // the last l.count wires: from num_public + 1 on where no wires are committed
  PointBytes<Fp> h;       // n or n - 1 points, see QuotientBasis
  PointBytes<Fp2> b_2;    // all wires
  QuotientBasis basis = QuotientBasis::powers;

  size_t domain_size() const { return size_t{1} << log_n; }
};

// A copy of points, as objects.
template <class F>
std::vector<Affine<F>> points_of(PointBytes<F> bytes) {
  std::vector<Affine<F>> points(bytes.count);
  if (bytes.count != 0) std::memcpy(points.data(), bytes.data, bytes.count * sizeof(Affine<F>));
  return points;
}

// Valid as long as `key` is neither moved nor changed.
KeyView view_of(const KeyElements& key);

// What makes a key one that anyone can forge proofs under, if it shows in its points: two of beta, gamma and delta that
// are equal or opposite, alpha or beta that is the generator (a phase of the setup was skipped: gamma = delta is what
// `snarkjs groth16 setup` writes). That one is another times a number that somebody knows cannot be seen.
std::optional<std::string> related_points(const G1Affine& alpha_1, const G2Affine& beta_2, const G2Affine& gamma_2,
                                          const G2Affine& delta_2);

// Whether a key with related points may be proven with. Verifiers refuse it always.
enum class UnfinishedKey { refused, allowed };

// What a prover needs to know of a key that it did not make: the arrays have the lengths of the layout, the
// single points are points of their groups other than infinity, and not related (unless allowed). The
// points of the arrays are not looked at (proof_core.h says why that is safe). Throws DecodeError.
void check_key(const KeyView& key, UnfinishedKey unfinished);

// For who imports a key: delta in G1 is delta in G2, and beta likewise, by pairings (about 1 ms). Throws
// DecodeError.
void check_both_groups(const KeyView& key);

}  // namespace pyzkfl::groth16

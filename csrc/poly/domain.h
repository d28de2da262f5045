// Evaluation domains: the powers of a root of unity of order 2^log_n in Fr, and the transforms over them.
//
// The root is 5^((r-1)/2^28) raised to 2^(28 - log_n), as in snarkjs and arkworks; the coset is 5 times the
// domain. Everything is in natural order. Transforms run on the thread pool, in place; they are constant time
// in the values.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fields/fr.h"

namespace pyzkfl {

class Domain {
 public:
  // The largest order of a root of unity in Fr is 2^28.
  static constexpr unsigned kMostLogN = 28;

  // The domain of 2^log_n points. Costs nothing; the first transform makes the twiddle factors, 2^log_n / 2
  // elements that are kept for the life of the process and shared with the domains of that size and below.
  // Throws ParameterError for log_n above 28.
  explicit Domain(unsigned log_n);

  unsigned log_n() const { return log_n_; }
  size_t size() const { return size_t{1} << log_n_; }
  // The root of unity w of order size().
  const Fr& generator() const { return generator_; }
  // The shift of the coset, 5.
  static Fr coset_shift() { return Fr::from_u64(5); }

  // Each of these takes a span of size() elements and throws ParameterError for another length.
  // Coefficients a_j to values a(w^i) = sum_j a_j w^(ij).
  void ntt(std::span<Fr> values) const;
  // The inverse: values to coefficients.
  void intt(std::span<Fr> values) const;
  // Coefficients to values a(5 w^i), and back.
  void coset_ntt(std::span<Fr> values) const;
  void coset_intt(std::span<Fr> values) const;
  // Values a(w^i) to values a(shift w^i): intt, then ntt over the coset of any shift, which is public; twice as
  // fast as the two, for nothing is put in order in between. Throws ParameterError for zero.
  void coset_extend(std::span<Fr> values, const Fr& shift) const;

  // 5^n - 1, the value that the vanishing polynomial X^n - 1 takes at every point of the coset.
  Fr vanishing_on_coset() const;
  // The Lagrange polynomials of the domain at x: L_0(x) .. L_{n-1}(x). x may lie in the domain. x may be secret:
  // constant time, and intermediate values are wiped.
  std::vector<Fr> lagrange_at(const Fr& x) const;

 private:
  void check_size(std::span<const Fr> values) const;

  unsigned log_n_;
  Fr generator_;
};

}  // namespace pyzkfl

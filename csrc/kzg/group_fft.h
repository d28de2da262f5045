// The inverse Fourier transform over group elements: from the powers tau^i P of a setup to the Lagrange basis
// L_k(tau) P of its evaluation domain, which nobody who does not know tau could compute term by term.
//
// Decimation in frequency, with affine additions and multiplications in large batches; (n / 2) log2(n)
// multiplications at most. Public data: variable time. Parallel.
#pragma once

#include <span>

#include "base/progress.h"
#include "curves/bn254.h"

namespace pyzkfl {

// points[k] becomes (1/n) sum_i w^(-ik) points[i], w the generator of the domain of n = points.size() =
// 2^log_n. Throws ParameterError if the length is no power of two or above 2^28.
void group_intt(std::span<G1Affine> points, const Progress& progress = {});
void group_intt(std::span<G2Affine> points, const Progress& progress = {});

}  // namespace pyzkfl

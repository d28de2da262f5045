// The inverse Fourier transform over group elements: from the powers tau^i P of a setup to the Lagrange basis
// L_k(tau) P of its evaluation domain, which nobody who does not know tau could compute term by term.
//
// Decimation in frequency, with affine additions and multiplications in large batches; about (n / 2) log2(n)
// multiplications. Public data: variable time. Parallel.
#pragma once

#include <span>

#include "base/progress.h"
#include "curves/bn254.h"
#include "curves/point_bytes.h"

namespace pyzkfl {

// points[k] becomes (1/n) sum_i w^(-ik) points[i], w the generator of the domain of n = points.size() =
// 2^log_n. Throws ParameterError if the length is no power of two or above 2^28.
void group_intt(std::span<G1Affine> points, const Progress& progress = {});
void group_intt(std::span<G2Affine> points, const Progress& progress = {});

// The Lagrange bases of the domains of 1, 2, 4 .. 2^log_n points, one after the other: that of 2^p points
// begins at out[2^p - 1]. From the powers tau^i P, of which those beyond the end of `powers` count as
// infinity (a .ptau file lacks the last one of its largest domain, which no key uses). Throws ParameterError
// unless out has 2^(log_n + 1) - 1 points and log_n is at most 28. `out` does not overlap `powers`.
void lagrange_bases(std::span<G1Affine> out, PointBytes<Fp> powers, unsigned log_n,
                    const Progress& progress = {});
void lagrange_bases(std::span<G2Affine> out, PointBytes<Fp2> powers, unsigned log_n,
                    const Progress& progress = {});

}  // namespace pyzkfl

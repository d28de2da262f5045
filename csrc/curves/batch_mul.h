// Many points, each multiplied by a scalar: what a setup ceremony's contribution does to its powers.
//
// Variable time in points and scalars (the ceremony's secrets included: a contributor runs this on a machine
// of its own, and throws the secrets away). All points must be of order r. Parallel on the thread pool.
#pragma once

#include <span>

#include "curves/bn254.h"
#include "fields/fr.h"

namespace pyzkfl {

// points[i] = scalars[i] points[i]. Throws ParameterError if the lengths differ.
void batch_mul(std::span<G1Affine> points, std::span<const Fr> scalars);
void batch_mul(std::span<G2Affine> points, std::span<const Fr> scalars);

// points[i] = scalar points[i].
void batch_mul_same_scalar(std::span<G1Affine> points, const Fr& scalar);
void batch_mul_same_scalar(std::span<G2Affine> points, const Fr& scalar);

}  // namespace pyzkfl

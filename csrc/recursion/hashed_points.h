// Coordinates as elements to be hashed. docs/recursion.md, section 1.
//
//   residues  a canonical coordinate modulo r, as it is: cheap on an EVM. Two coordinates of the curve below p with the same residues are
//             not known, and a forger would need commitments whose coordinates lie in a set of 2^127: what is public is hashed so.
//   packed    all bits of any integers in [0, 2^255): 225 low bits an element, and the high bits of up to eight together. What is
//             only fixed before a weight is hashed so, whether canonical or not.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "recursion/g1_points.h"

namespace pyzkfl::recursion {

std::array<Fr, 2> residues(const G1Affine& point);
// The same of a point whose coordinates are values, which are proven to be canonical. 44 constraints.
std::array<LC, 2> canonical_residues(BaseField& fp, const G1Point& point);

// At most eight (ParameterError).
std::vector<Fr> packed(std::span<const Fp> coordinates);
std::vector<LC> packed(const BaseField& fp, std::span<const Value> coordinates);

// A hash under a name of its own: the first element hashed is one of the name.
Fr named_hash(const char* name, std::span<const Fr> elements);
LC named_hash(Builder& b, const char* name, std::span<const LC> elements);

}  // namespace pyzkfl::recursion

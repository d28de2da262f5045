// Poseidon2 over Fr (Grassi, Khovratovich, Schofnegger, eprint 2023/323): the permutation of four elements
// and the sponge of noir and barretenberg.
//
// t = 4, S-box x^5, 8 full and 56 partial rounds; constants in poseidon2_constants.h. All functions are
// constant time in the elements (not in how many there are).
#pragma once

#include <array>
#include <span>

#include "fields/fr.h"
#include "hash/poseidon2_constants.h"

namespace pyzkfl {

using Poseidon2State = std::array<Fr, poseidon2::width>;

// The permutation, in place.
void poseidon2_permute(Poseidon2State& state);

// The same for many independent states, in parallel.
void poseidon2_permute(std::span<Poseidon2State> states);

// Hash of a list of elements, as noir's Poseidon2::hash(inputs, inputs.len()): a sponge of rate 3 whose
// fourth element starts as length * 2^64; inputs are added three at a time with a permutation after each
// three (the last ones may be fewer; no input at all is one permutation); the result is the first element.
// Lists of different lengths never collide by padding.
Fr poseidon2_hash(std::span<const Fr> inputs);

namespace poseidon2 {

inline constexpr unsigned rate = 3;

// The constants as field elements, for whoever computes the permutation in another way (the circuit gadget).
struct Constants {
  std::array<std::array<Fr, width>, full_rounds> full;
  std::array<Fr, partial_rounds> partial;
  std::array<Fr, width> diagonal;  // of the internal matrix, minus one
};
const Constants& constants();

// The external matrix, applied in place. T: anything with + and a doubling +=, such as Fr or a linear
// combination.
//     5 7 1 3
//     4 6 1 1
//     1 3 5 7
//     1 1 4 6
template <class T>
void external_matrix(std::array<T, width>& s) {
  const auto doubled = [](const T& v) { return v + v; };
  const T ab = s[0] + s[1];
  const T cd = s[2] + s[3];
  const T u = doubled(s[1]) + cd;               // 0 2 1 1
  const T v = doubled(s[3]) + ab;               // 1 1 0 2
  s[3] = doubled(doubled(cd)) + v;              // 1 1 4 6
  s[1] = doubled(doubled(ab)) + u;              // 4 6 1 1
  s[0] = v + s[1];                              // 5 7 1 3
  s[2] = u + s[3];                              // 1 3 5 7
}

}  // namespace poseidon2
}  // namespace pyzkfl

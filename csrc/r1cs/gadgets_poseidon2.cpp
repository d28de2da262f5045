// Poseidon2 as constraints.
#include "r1cs/gadgets_poseidon2.h"

namespace pyzkfl::gadgets {
namespace {

using namespace poseidon2;

LC sbox(Builder& b, LC x, const Fr& constant, const char* label) {
  x += constant;
  if (b.records()) x.normalise();
  const Wire square = b.product(x, x, label);
  const Wire fourth = b.product(square, square, label);
  return b.product(fourth, x, label);
}

void full_round(Builder& b, Poseidon2Wires& s, unsigned r, const char* label) {
  for (unsigned i = 0; i < width; ++i) s[i] = sbox(b, std::move(s[i]), constants().full[r][i], label);
  external_matrix(s);
}

void partial_round(Builder& b, Poseidon2Wires& s, unsigned r, const char* label) {
  s[0] = sbox(b, std::move(s[0]), constants().partial[r], label);
  const LC sum = s[0] + s[1] + s[2] + s[3];
  for (unsigned i = 0; i < width; ++i) {
    s[i] *= constants().diagonal[i];
    s[i] += sum;
    if (b.records()) s[i].normalise();
  }
}

}  // namespace

void poseidon2_permute(Builder& b, Poseidon2Wires& state, const char* label) {
  external_matrix(state);
  for (unsigned r = 0; r < full_rounds / 2; ++r) full_round(b, state, r, label);
  for (unsigned r = 0; r < partial_rounds; ++r) {
    if (r == partial_rounds / 2) {
      for (unsigned i = 1; i < width; ++i) state[i] = b.materialise(state[i], label);
    }
    partial_round(b, state, r, label);
  }
  for (unsigned r = full_rounds / 2; r < full_rounds; ++r) full_round(b, state, r, label);
  if (b.records()) {
    for (LC& cell : state) cell.normalise();
  }
}

LC poseidon2_hash(Builder& b, std::span<const LC> inputs, const char* label) {
  Poseidon2Wires state;
  state[rate] = Fr::from_canonical({0, inputs.size(), 0, 0});
  size_t i = 0;
  do {
    for (unsigned j = 0; j < rate && i < inputs.size(); ++j) state[j] += inputs[i++];
    poseidon2_permute(b, state, label);
  } while (i < inputs.size());
  return state[0];
}

}  // namespace pyzkfl::gadgets

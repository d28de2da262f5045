// The Poseidon2 permutation and sponge.
#include "hash/poseidon2.h"

#include "base/thread_pool.h"

namespace pyzkfl {
namespace poseidon2 {
namespace {

constexpr Constants to_montgomery() {
  Constants out;
  for (unsigned r = 0; r < full_rounds; ++r) {
    for (unsigned i = 0; i < width; ++i) out.full[r][i] = Fr::from_canonical(full_constants[r][i]);
  }
  for (unsigned r = 0; r < partial_rounds; ++r) out.partial[r] = Fr::from_canonical(partial_constants[r]);
  for (unsigned i = 0; i < width; ++i) out.diagonal[i] = Fr::from_canonical(internal_diagonal[i]);
  return out;
}

constexpr Constants table = to_montgomery();

Fr sbox(const Fr& x) { return x.square().square() * x; }

void full_round(Poseidon2State& s, unsigned r) {
  for (unsigned i = 0; i < width; ++i) s[i] = sbox(s[i] + table.full[r][i]);
  external_matrix(s);
}

void partial_round(Poseidon2State& s, unsigned r) {
  s[0] = sbox(s[0] + table.partial[r]);
  const Fr sum = (s[0] + s[1]) + (s[2] + s[3]);
  for (unsigned i = 0; i < width; ++i) s[i] = s[i] * table.diagonal[i] + sum;
}

}  // namespace

const Constants& constants() { return table; }

}  // namespace poseidon2

void poseidon2_permute(Poseidon2State& state) {
  using namespace poseidon2;
  external_matrix(state);
  for (unsigned r = 0; r < full_rounds / 2; ++r) full_round(state, r);
  for (unsigned r = 0; r < partial_rounds; ++r) partial_round(state, r);
  for (unsigned r = full_rounds / 2; r < full_rounds; ++r) full_round(state, r);
}

void poseidon2_permute(std::span<Poseidon2State> states) {
  parallel_for(states.size(), 32, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) poseidon2_permute(states[i]);
  });
}

Fr poseidon2_hash(std::span<const Fr> inputs) {
  Poseidon2State state{};
  state[poseidon2::rate] = Fr::from_canonical({0, inputs.size(), 0, 0});
  size_t i = 0;
  do {
    for (unsigned j = 0; j < poseidon2::rate && i < inputs.size(); ++j) state[j] += inputs[i++];
    poseidon2_permute(state);
  } while (i < inputs.size());
  return state[0];
}

}  // namespace pyzkfl

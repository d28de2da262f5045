// What the tests of shared keys have in common: contexts, values, and a Paillier round up to its request.
#pragma once

#include <set>
#include <vector>

#include "he/paillier_threshold.h"
#include "he/plaintext_proof.h"
#include "key_samples.h"

namespace pyzkfl::test {

inline Digest context_of(uint8_t number) {
  Digest out{};
  out[0] = number;
  return out;
}

inline const std::vector<int64_t> sample = {5, -100, 0, 77};

inline std::vector<int64_t> times(int64_t k) {
  std::vector<int64_t> out = sample;
  for (int64_t& v : out) v *= k;
  return out;
}

// Three of five members decrypt; four of them contribute `sample`.
struct PaillierRound {
  explicit PaillierRound(uint8_t context = 9, std::set<he::Index> asked = {0, 1, 2, 3, 4})
      : dealing(he::deal_paillier(sample_paillier_key()->p(), sample_paillier_key()->q(), 3, 5)),
        request{.context = context_of(context), .commitments = {}, .ciphertexts = {}, .holders = std::move(asked)} {
    for (he::Index i = 0; i < 4; ++i) {
      request.ciphertexts[i] = he::prove_contribution(dealing.key->key(), he::Packing(100, 8), sample, request.context, i);
      request.commitments[i] = he::commit_contribution(request.context, i, request.ciphertexts[i]);
    }
    for (const auto& h : dealing.holders) h->expect(request.context, request.commitments);
  }
  he::PaillierDealing dealing;
  he::SumRequest request;
};

}  // namespace pyzkfl::test

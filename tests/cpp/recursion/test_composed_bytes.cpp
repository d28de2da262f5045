// A composed proof's bytes: the byte map, both ways, and what is refused.
#include "recursion/composed_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/errors.h"
#include "curves/encoding.h"
#include "curves/scalar_mul.h"

using namespace pyzkfl;
using namespace pyzkfl::recursion;

namespace {

G1Affine g1(uint64_t k) { return mul_vartime(G1(g1_generator()), Fr::from_u64(k)).to_affine(); }

ComposedProof sample() {
  const G2Affine b = mul_vartime(G2(g2_generator()), Fr::from_u64(7)).to_affine();
  return {{g1(2), b, g1(3)}, groth16::Commitment::with_knowledge(g1(4), g1(5))};
}

}  // namespace

TEST_CASE("a composed proof's 192 bytes are A, B, C, C_0, P_0, and come back as they were") {
  const ComposedProof proof = sample();
  const auto bytes = to_compressed(proof);
  const auto at = [&](size_t from, const auto& expected) { return std::equal(expected.begin(), expected.end(), bytes.begin() + static_cast<ptrdiff_t>(from)); };
  CHECK(at(0, compress(proof.proof.a)));
  CHECK(at(32, compress(proof.proof.b)));
  CHECK(at(96, compress(proof.proof.c)));
  CHECK(at(128, compress(proof.commitment.point)));
  CHECK(at(160, compress(*proof.commitment.knowledge)));
  const ComposedProof back = composed_proof_from(bytes);
  CHECK(back.proof == proof.proof);
  CHECK(back.commitment == proof.commitment);
  const auto evm = to_evm(proof);
  const auto knowledge = pyzkfl::to_evm(*proof.commitment.knowledge);
  CHECK(std::equal(knowledge.begin(), knowledge.end(), evm.begin() + 320));
}

TEST_CASE("bytes of another length, infinity, and a proof without its proof of knowledge are refused") {
  const auto bytes = to_compressed(sample());
  CHECK_THROWS_AS(composed_proof_from(ByteSpan(bytes).first(191)), DecodeError);
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(0);
  CHECK_THROWS_AS(composed_proof_from(longer), DecodeError);
  for (const size_t at : {0u, 32u, 96u, 128u, 160u}) {
    CAPTURE(at);
    Bytes changed(bytes.begin(), bytes.end());
    std::fill_n(changed.begin() + static_cast<ptrdiff_t>(at), at == 32 ? 64 : 32, uint8_t{0});
    CHECK_THROWS_AS(composed_proof_from(changed), DecodeError);
    changed[at] = 0x40;
    CHECK_THROWS_AS(composed_proof_from(changed), DecodeError);
  }
  ComposedProof without = sample();
  without.commitment.knowledge.reset();
  CHECK_THROWS_AS(to_compressed(without), ParameterError);
  CHECK_THROWS_AS(to_evm(without), ParameterError);
}

// See composed_bytes.h.
#include "recursion/composed_bytes.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "curves/encoding.h"

namespace pyzkfl::recursion {
namespace {

const G1Affine& knowledge_of(const ComposedProof& proof) {
  if (!proof.commitment.knowledge) throw ParameterError("a composed proof is sent with its proof of knowledge");
  return *proof.commitment.knowledge;
}

// The three parts one after the other.
template <size_t N, class First, class Rest>
std::array<uint8_t, N> joined(const First& first, const Rest& second, const Rest& third) {
  static_assert(std::tuple_size_v<First> + 2 * std::tuple_size_v<Rest> == N);
  std::array<uint8_t, N> out;
  auto at = std::copy(first.begin(), first.end(), out.begin());
  at = std::copy(second.begin(), second.end(), at);
  std::copy(third.begin(), third.end(), at);
  return out;
}

}  // namespace

std::array<uint8_t, composed_proof_bytes> to_compressed(const ComposedProof& proof) {
  return joined<composed_proof_bytes>(proof.proof.to_compressed(), compress(proof.commitment.point), compress(knowledge_of(proof)));
}

std::array<uint8_t, composed_proof_evm_bytes> to_evm(const ComposedProof& proof) {
  return joined<composed_proof_evm_bytes>(proof.proof.to_evm(), pyzkfl::to_evm(proof.commitment.point), pyzkfl::to_evm(knowledge_of(proof)));
}

ComposedProof composed_proof_from(ByteSpan data) {
  if (data.size() != composed_proof_bytes)
    throw DecodeError("a composed proof has " + std::to_string(composed_proof_bytes) + " bytes, got " + std::to_string(data.size()));
  const auto point = [&](size_t at) { return g1_decompress(data.subspan(at).first<g1_compressed_bytes>(), Infinity::refused); };
  const groth16::Proof proof = groth16::Proof::from_bytes(data.first(groth16::proof_compressed_bytes));
  const G1Affine commitment = point(128);
  return {proof, groth16::Commitment::with_knowledge(commitment, point(160))};
}

}  // namespace pyzkfl::recursion

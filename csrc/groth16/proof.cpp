// See proof.h.
#include "groth16/proof.h"

#include <string>

#include "base/errors.h"
#include "curves/encoding.h"

namespace pyzkfl::groth16 {

std::array<uint8_t, proof_evm_bytes> Proof::to_evm() const {
  std::array<uint8_t, proof_evm_bytes> out;
  const std::span<uint8_t, proof_evm_bytes> all(out);
  pyzkfl::to_evm(all.subspan<0, 64>(), a);
  pyzkfl::to_evm(all.subspan<64, 128>(), b);
  pyzkfl::to_evm(all.subspan<192, 64>(), c);
  return out;
}

std::array<uint8_t, proof_compressed_bytes> Proof::to_compressed() const {
  std::array<uint8_t, proof_compressed_bytes> out;
  const std::span<uint8_t, proof_compressed_bytes> all(out);
  compress(all.subspan<0, 32>(), a);
  compress(all.subspan<32, 64>(), b);
  compress(all.subspan<96, 32>(), c);
  return out;
}

Proof Proof::from_bytes(std::span<const uint8_t> data) {
  if (data.size() == proof_evm_bytes) {
    const auto all = data.first<proof_evm_bytes>();
    return {g1_from_evm(all.subspan<0, 64>(), Infinity::refused),
            g2_from_evm(all.subspan<64, 128>(), Infinity::refused),
            g1_from_evm(all.subspan<192, 64>(), Infinity::refused)};
  }
  if (data.size() == proof_compressed_bytes) {
    const auto all = data.first<proof_compressed_bytes>();
    return {g1_decompress(all.subspan<0, 32>(), Infinity::refused),
            g2_decompress(all.subspan<32, 64>(), Infinity::refused),
            g1_decompress(all.subspan<96, 32>(), Infinity::refused)};
  }
  throw DecodeError("a proof has 256 bytes, or 128 compressed, not " + std::to_string(data.size()));
}

}  // namespace pyzkfl::groth16

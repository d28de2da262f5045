// The proof that leaves a client, and its bytes (docs/engine.md, section 5).
//
// Byte map. Compressed (four digits columns: 512 bytes; flag bits as in curves/encoding.h):
//     A 32, B 64, C 32 of Groth16; each digits column 32, mask 32, C_S 32, W 32; rho, z, gamma, i0, i1, 32 each, big-endian
// Uncompressed, as an EVM takes it (864): A 64, B 128, C 64, the G1 points 64 each, the scalars the same.
//
// Groth16 proofs can be re-randomised, so the bytes are never an identifier.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "curves/bn254.h"
#include "fields/fr.h"
#include "groth16/proof.h"

namespace pyzkfl::wrap {

struct EngineProof {
  groth16::Proof groth16;
  std::vector<G1Affine> digits;  // commitments to the digits columns, in column order
  G1Affine mask;                 // commitment to the mask
  G1Affine symmetric;            // C_S
  G1Affine quotient;             // W
  Fr rho, z, gamma, i0, i1;

  static constexpr size_t compressed_bytes(size_t digits_columns) { return 128 + 32 * (digits_columns + 3) + 160; }
  static constexpr size_t evm_bytes(size_t digits_columns) { return 256 + 64 * (digits_columns + 3) + 160; }

  Bytes to_compressed() const;
  Bytes to_evm() const;
  // Either form, by length. Strict: scalars below r, points on the curve and in the subgroup, none infinite, nothing
  // behind. Throws DecodeError.
  static EngineProof from_bytes(ByteSpan data, size_t digits_columns);

  bool operator==(const EngineProof&) const = default;
};

}  // namespace pyzkfl::wrap

// A composed proof as bytes, the same for any number of clients and rounds. docs/recursion.md, section 1; docs/formats.md.
//
//   compressed, 192 bytes     0 A   32 B   96 C   128 C_0   160 P_0
//   for an EVM, 384 bytes     0 A   64 B  192 C   256 C_0   320 P_0       uncompressed, in EIP-197's order
//
// Groth16 can be re-randomised: the bytes are never an identifier.
#pragma once

#include <array>

#include "base/bytes.h"
#include "recursion/composed_verifier.h"

namespace pyzkfl::recursion {

inline constexpr size_t composed_proof_bytes = 192, composed_proof_evm_bytes = 384;

// ParameterError for a proof without its proof of knowledge.
std::array<uint8_t, composed_proof_bytes> to_compressed(const ComposedProof& proof);
std::array<uint8_t, composed_proof_evm_bytes> to_evm(const ComposedProof& proof);
// Strict, of the compressed form: on the curve, in the subgroup, never infinity. Throws DecodeError.
ComposedProof composed_proof_from(ByteSpan data);

}  // namespace pyzkfl::recursion

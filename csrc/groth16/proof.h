// A Groth16 proof, the commitments it speaks about, and their bytes.
//
// Byte map. Uncompressed, 256 bytes, as an EVM verifier takes them (EIP-196, EIP-197; all big-endian, 32
// bytes each):
//     0 A.x     32 A.y
//    64 B.x.c1  96 B.x.c0  128 B.y.c1  160 B.y.c0        (imaginary part first)
//   192 C.x    224 C.y
// Compressed, 128 bytes (flag bits as in curves/encoding.h):
//     0 A       32 B.x.c1 with flags   64 B.x.c0         96 C
// A commitment and its proof of knowledge are G1 points of 64 or 32 bytes of their own.
//
// Proofs can be re-randomised (anyone can turn one into another of the same statement), so the bytes are
// never an identifier. They cannot be turned into a proof of another statement.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "curves/bn254.h"

namespace pyzkfl::groth16 {

inline constexpr size_t proof_evm_bytes = 256;
inline constexpr size_t proof_compressed_bytes = 128;

struct Proof {
  G1Affine a;
  G2Affine b;
  G1Affine c;

  // Strict both ways: coordinates below p, on the curve, in the subgroup, never infinity, nothing behind.
  std::array<uint8_t, proof_evm_bytes> to_evm() const;
  std::array<uint8_t, proof_compressed_bytes> to_compressed() const;
  // By length: 256 bytes uncompressed, 128 compressed. Throws DecodeError.
  static Proof from_bytes(std::span<const uint8_t> data);

  bool operator==(const Proof&) const = default;
};

// A commitment to one group of wires as a verifier sees it.
struct Commitment {
  G1Affine point;
  // sigma C: shows that C is made of this group's basis and nothing else. Without it a proof proves nothing
  // about what C contains.
  std::optional<G1Affine> knowledge;

  static Commitment with_knowledge(const G1Affine& point, const G1Affine& knowledge) {
    return {point, knowledge};
  }
  // For a commitment whose proof of knowledge the verifier has checked before (verify_commitment).
  static Commitment already_checked(const G1Affine& point) { return {point, std::nullopt}; }

  bool operator==(const Commitment&) const = default;
};

}  // namespace pyzkfl::groth16

// The group elements of a Groth16 key pair with committed wires (docs/protocol.md, section 3), as plain data.
//
// For wire i: K_i = beta A_i(tau) + alpha B_i(tau) + C_i(tau), gamma = 1 (Bowe, Gabizon, Miers 2017). Wire
// order is that of r1cs/constraint_system.h. ProvingKey and VerifyingKey (keys.h) are the checked forms; a
// ceremony's second phase works on this one, whose delta and sigma are still one at the start.
#pragma once

#include <vector>

#include "base/sha256.h"
#include "curves/bn254.h"
#include "kzg/point_arrays.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::groth16 {

// One group of committed wires.
struct GroupElements {
  std::vector<G1Affine> basis;      // K_i, the blinder's last
  std::vector<G1Affine> knowledge;  // sigma K_i; sigma itself is in no element of G1
  G2Affine sigma_2;                 // sigma H2

  bool operator==(const GroupElements&) const = default;
};

struct KeyElements {
  Digest circuit{};  // ConstraintSystem::digest()
  WireLayout layout;
  unsigned log_n = 0;  // the evaluation domain has 2^log_n points

  G1Affine alpha_1, beta_1, delta_1;
  G2Affine beta_2, delta_2;
  std::vector<G1Affine> ic;           // K_i of the constant wire and the public inputs
  std::vector<GroupElements> groups;  // committed wires
  std::vector<G1Affine> l;            // K_i / delta of private wires
  std::vector<G1Affine> h;            // tau^i (tau^n - 1) / delta, i < n - 1
  std::vector<G1Affine> a;            // A_i(tau) of all wires; infinity where the polynomial is zero
  std::vector<G1Affine> b_1;          // B_i(tau) of all wires, in G1
  std::vector<G2Affine> b_2;          //   and in G2

  size_t domain_size() const { return size_t{1} << log_n; }
  bool operator==(const KeyElements&) const = default;
};

// The exponent of the smallest domain that holds all rows; at least 1. Throws ParameterError above 2^28 rows.
unsigned domain_log_n(const ConstraintSystem& cs);

// Bytes of write_elements for these shapes.
size_t encoded_size(const KeyElements& shapes);
// Layout, then every array in the order above, points uncompressed.
void write_elements(Writer& out, const KeyElements& key);
// The same bytes piece by piece.
void stream_elements(const ByteSink& out, const KeyElements& key);
// Strict; sizes are compared with the bytes left before anything is allocated. Throws DecodeError.
KeyElements read_elements(Reader& in, SubgroupCheck check);

}  // namespace pyzkfl::groth16

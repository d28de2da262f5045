// A proving key as snarkjs writes it: .zkey, version 1, Groth16 over BN254 (bn128).
//
// Section 1: protocol (u32, 1 = Groth16). Section 2: coordinate prime, scalar prime, wires, public inputs,
// domain size (u32 each), alpha_1, beta_1, beta_2, gamma_2, delta_1, delta_2. Section 3: IC. Section 4:
// number of coefficients (u32), then for each matrix (u32, 0 = A, 1 = B), row, wire (u32), value (v R^2 mod
// r, 32 bytes). Sections 5 to 9: A, B in G1, B in G2, L (private wires), H (odd Lagrange basis of twice the
// domain). Section 10: the contributions to the second phase (phase2_records.h), absent in old files.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "formats/container/container.h"
#include "groth16/key_view.h"
#include "groth16/proof_core.h"

namespace pyzkfl::formats {

enum ZkeySection : uint32_t {
  zkey_protocol = 1,
  zkey_header = 2,
  zkey_ic = 3,
  zkey_coefficients = 4,
  zkey_a = 5,
  zkey_b_1 = 6,
  zkey_b_2 = 7,
  zkey_l = 8,
  zkey_h = 9,
  zkey_contributions = 10,
};

inline constexpr uint32_t zkey_groth16 = 1;      // protocol
inline constexpr unsigned zkey_most_log_n = 27;  // H needs roots of unity of order 2^(log_n + 1)

class ZkeyFile {
 public:
  // Maps the file; checks the header (its points fully) and that all arrays have the lengths that it asks
  // for. The arrays themselves are not read: problem_with_zkey does that, and a prover verifies its own
  // proof. Throws DecodeError, UnsupportedVersion (PLONK and FFLONK keys), SystemError.
  explicit ZkeyFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const Container& container() const { return file_; }
  // Points at the mapped file: valid as long as this object lives.
  const groth16::KeyView& view() const { return view_; }
  uint64_t num_coefficients() const { return num_coefficients_; }
  // Why anyone can forge proofs under this key, if a phase of its setup was skipped.
  std::optional<std::string> unfinished() const {
    return groth16::related_points(view_.alpha_1, view_.beta_2, view_.gamma_2, view_.delta_2);
  }

  // The matrices A and B times the witness (all wires). Throws DecodeError for a coefficient out of range,
  // ParameterError for a witness of another length.
  groth16::RowValues rows(std::span<const Fr> witness) const;
  // Throws DecodeError for a coefficient that is not below r, or of a matrix, row or wire that is not there.
  void check_coefficients() const;

 private:
  Container file_;
  groth16::KeyView view_;
  uint64_t num_coefficients_ = 0;
  ByteSpan coefficients_;
};

// Sections 1 and 2: protocol, then the numbers and single points of `key`; its arrays are not looked at.
void write_zkey_head(ContainerWriter& out, const groth16::KeyView& key);

}  // namespace pyzkfl::formats

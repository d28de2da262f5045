// A circuit as circom writes it: .r1cs (iden3/r1csfile, version 1).
//
// Section 1: prime, wires, public outputs, public inputs, private inputs (u32 each), labels (u64),
// constraints (u32). Section 2: for each constraint its linear combinations A, B, C, each a count (u32) of
// terms: wire (u32), coefficient (32 bytes, canonical). Section 3: a label (u64) for each wire. Wire order:
// the constant one, public outputs, public inputs, all others. Sections 4 and 5 (custom gates, for PLONK)
// must be empty.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "fields/fr.h"
#include "formats/container/container.h"
#include "r1cs/constraint_system.h"

namespace pyzkfl::formats {

class R1csFile {
 public:
  // Maps and checks the whole file: every wire in range, every coefficient below r, nothing missing or left
  // over. Allocates nothing that grows with the file. Throws DecodeError, UnsupportedVersion, SystemError.
  explicit R1csFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  uint32_t num_wires() const { return num_wires_; }
  uint32_t num_constraints() const { return num_constraints_; }
  // Outputs and public inputs, without the constant.
  uint32_t num_public() const { return num_public_; }
  uint64_t num_terms() const { return num_terms_; }

  // Calls visit(row, matrix, wire, coefficient) for all terms in the file's order: row by row; in a row A
  // (matrix 0), B (1), C (2). The coefficient is 32 bytes, a canonical integer, zero too.
  template <class Visit>
  void for_each_term(Visit&& visit) const {
    const uint8_t* at = constraints_.data();
    for (uint32_t row = 0; row < num_constraints_; ++row)
      for (unsigned matrix = 0; matrix < 3; ++matrix)
        for (uint32_t left = next_u32(at); left > 0; --left) {
          const uint32_t wire = next_u32(at);
          visit(row, matrix, wire, at);
          at += 32;
        }
  }

 private:
  static uint32_t next_u32(const uint8_t*& at) {
    uint32_t value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  void check_constraints();

  Container file_;
  uint32_t num_wires_ = 0, num_constraints_ = 0, num_public_ = 0;
  uint64_t num_terms_ = 0;
  ByteSpan constraints_;
};

// Writes a constraint system without committed wires as such a file, replacing it; public inputs become
// outputs. The rows x * 0 = 0 of constant and inputs are left out: whoever makes a key adds them. Throws
// ParameterError for a system with committed wires, which the format does not know.
void write_r1cs(const std::string& path, const ConstraintSystem& cs);

}  // namespace pyzkfl::formats

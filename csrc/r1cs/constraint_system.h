// A rank-1 constraint system over Fr: rows <A_k, w> <B_k, w> = <C_k, w>, with its wires in classes.
//
// Made by Builder (r1cs/builder.h), immutable afterwards. Groth16's setup reads the matrices, its prover
// evaluates them, and the digest binds keys and statements to the circuit.
//
// Rows come in this order, so that whoever appends or omits the last ones (snarkjs keeps them implicit)
// finds them:
//   1. the circuit's own constraints, in the order in which they were made;
//   2. one row b * 0 = 0 for each committed blinder b (a wire that no other row need read);
//   3. one row x * 0 = 0 for the constant wire and each public input, in wire order: 1 + num_public rows.
// The rows of 2 and 3 always hold; they make the polynomials of those wires independent of all others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fields/fr.h"

namespace pyzkfl {

// How many wires of each class there are. Final wire order: [one | public | group 0 | group 1 | ... |
// private].
struct WireLayout {
  uint32_t num_public = 0;  // without the constant wire
  std::vector<uint32_t> group_sizes;
  uint32_t num_private = 0;

  static constexpr uint32_t one() { return 0; }
  static constexpr uint32_t first_public() { return 1; }
  uint32_t num_groups() const { return static_cast<uint32_t>(group_sizes.size()); }
  // First wire of committed group g, g <= num_groups(); for g = num_groups() the first private wire.
  uint32_t first_committed(uint32_t g) const {
    uint32_t first = 1 + num_public;
    for (uint32_t i = 0; i < g; ++i) first += group_sizes[i];
    return first;
  }
  uint32_t num_committed() const { return first_private() - first_committed(0); }
  uint32_t first_private() const { return first_committed(num_groups()); }
  uint32_t num_wires() const { return first_private() + num_private; }

  bool operator==(const WireLayout&) const = default;
};

// Compressed sparse rows. Entry e of row k, row_start[k] <= e < row_start[k + 1], is the coefficient
// table[coefficient[e]] at wire[e]. Wires increase strictly within a row and no coefficient is zero.
struct SparseMatrix {
  std::vector<uint64_t> row_start{0};  // num_rows + 1 offsets
  std::vector<uint32_t> wire;
  std::vector<uint32_t> coefficient;  // index into ConstraintSystem::coefficients()

  size_t num_rows() const { return row_start.size() - 1; }
  size_t num_entries() const { return wire.size(); }
};

enum class Side { a = 0, b = 1, c = 2 };

class ConstraintSystem {
 public:
  const WireLayout& layout() const { return layout_; }
  // All rows, those of the blinders and inputs included.
  size_t num_constraints() const { return matrices_[0].num_rows(); }
  // Only the circuit's own (part 1 of the order above): the number to compare with other systems' figures.
  size_t num_circuit_constraints() const { return num_circuit_constraints_; }
  size_t num_wires() const { return layout_.num_wires(); }
  size_t num_public() const { return layout_.num_public; }

  const SparseMatrix& matrix(Side side) const { return matrices_[static_cast<size_t>(side)]; }
  // The distinct coefficients in order of first use; entries 0 and 1 are always 1 and -1.
  std::span<const Fr> coefficients() const { return coefficients_; }
  const Fr& coefficient(uint32_t index) const { return coefficients_[index]; }

  // out[k] = <row k of the matrix, witness> for all num_constraints() rows; the rest of `out` is set to
  // zero, so that it can be as long as an evaluation domain. Parallel; constant time in the witness. Throws
  // ParameterError if `out` is shorter than the rows or the witness is not num_wires() long. No overlap.
  void evaluate(Side side, std::span<Fr> out, std::span<const Fr> witness) const;

  // The first constraint that `witness` violates, if any. Parallel; not constant time. Throws
  // ParameterError for a witness of another length or whose wire 0 is not one.
  [[nodiscard]] std::optional<size_t> check(std::span<const Fr> witness) const;

  // What constraint k is for, e.g. "row[3]/sigmoid/clamp". Throws ParameterError if there is no such
  // constraint.
  std::string label(size_t k) const;

  // SHA-256 of a canonical serialisation of layout and matrices (labels do not count). Computed once.
  const std::array<uint8_t, 32>& digest() const { return digest_; }

  // What a Builder in witness mode must have done to fit this shape: see Builder::take_witness.
  uint64_t trace() const { return trace_; }

 private:
  friend class Builder;
  ConstraintSystem() = default;
  std::array<uint8_t, 32> compute_digest() const;

  WireLayout layout_;
  std::array<SparseMatrix, 3> matrices_;
  std::vector<Fr> coefficients_;
  std::vector<uint32_t> row_label_;
  std::vector<std::string> labels_;
  size_t num_circuit_constraints_ = 0;
  uint64_t trace_ = 0;
  std::array<uint8_t, 32> digest_{};
};

// Checks what the binding of commitments rests on (docs/protocol.md, section 3): every committed wire
// stands alone among all committed wires, of whatever group, in some row of A, B or C. Then the key
// elements K_i of committed wires are linearly independent as polynomials. Throws ParameterError naming the
// first wire that does not.
void check_commitment_independence(const ConstraintSystem& cs);

}  // namespace pyzkfl

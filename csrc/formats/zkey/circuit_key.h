// The key of a circuit before anybody contributed to its second phase: what circuit and powers of tau alone lead to, with
// gamma and delta one. A setup starts from it, and whoever checks a ceremony makes it again and compares.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/progress.h"
#include "curves/bn254.h"
#include "formats/circuit/r1cs_file.h"
#include "formats/hashing/blake2b.h"
#include "formats/ptau/ptau_file.h"

namespace pyzkfl::formats {

struct CircuitKey {
  unsigned log_n = 0;  // the evaluation domain has 2^log_n points
  G1Affine alpha_1, beta_1;
  G2Affine beta_2;
  std::vector<G1Affine> a, b_1;
  std::vector<G2Affine> b_2;
  std::vector<G1Affine> combined;  // beta A_i + alpha B_i + C_i of all wires: IC, then L
  std::vector<G1Affine> h;         // the odd half of the Lagrange basis of twice the domain
  size_t ic_count = 0;
  Blake2bDigest hash{};  // circuit_hash.h

  std::span<const G1Affine> ic() const { return std::span(combined).first(ic_count); }
  std::span<const G1Affine> l() const { return std::span(combined).subspan(ic_count); }
  std::span<G1Affine> l() { return std::span(combined).subspan(ic_count); }
};

// log_n of a circuit's evaluation domain: a row for each constraint, the constant wire and each public input.
unsigned domain_log_n(const R1csFile& circuit);

// Makes the key. The powers must be prepared, large enough, and have contributions (ParameterError else). The bases
// that are used are checked: every point, and against the powers by random combinations (DecodeError). That the powers
// are powers of one tau, and the contributions' chain, is for problem_with_ptau. Memory: 64 bytes a row for each of H and
// three bases, 320 bytes a wire, 40 bytes a term.
CircuitKey make_circuit_key(const R1csFile& circuit, const PtauFile& powers, const Progress& progress = {});

// Section 4 of the circuit's .zkey, in pieces: the terms of A and B, row by row, then the rows of constant and public
// inputs. Throws ParameterError for more terms than such a file can hold.
void stream_coefficients(const R1csFile& circuit, const ByteSink& out);

}  // namespace pyzkfl::formats

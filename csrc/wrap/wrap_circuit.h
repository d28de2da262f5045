// The circuit that verifies an inner proof (docs/engine.md, section 4): it replays the proof's transcript and
// checks every equation. One circuit a program; one public input.
//
// The public input is a hash of what the verifier knows or is given: statement, rows, points, and the five
// scalars of the opening. Everything else is a private wire, and each is determined by the inner proof's
// messages, of which a prover is free to choose only what the transcript then binds. The circuit knows points
// only by their two elements: the verifier computes those from the points that it decodes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "curves/bn254.h"
#include "r1cs/builder.h"
#include "sumcheck/claims.h"
#include "sumcheck/program.h"
#include "sumcheck/prover.h"

namespace pyzkfl::wrap {

// The private inputs, in the order of the transcript. Secret: wiped when it goes.
struct WrapAssignment {
  using Elements = Witness::Values;
  using PointElements = std::array<Fr, 2>;

  std::array<Fr, 2> context{};  // ctx_lo, ctx_hi
  Elements rows;                // one a local step
  Elements square_sums;         // Q_s
  Elements norm_squares, rates; // N2_c, rate_c
  std::vector<PointElements> points;  // of T0: update, digits, mask
  Elements messages;            // every list absorbed after T0 and before C_S, one behind the other
  PointElements symmetric_point{};
  std::array<Fr, 4> evaluations{};  // F(z), F(1/z), S(z), S(1/z)
  Fr i0, i1;
  Fr public_input;

  WrapAssignment() = default;
  WrapAssignment(const WrapAssignment&) = default;
  WrapAssignment& operator=(const WrapAssignment&) = default;
  ~WrapAssignment();

  // Zeros of the program's shape.
  static WrapAssignment zeros(const sumcheck::Program& program, const sumcheck::ClaimTable& table);
};

// How many elements `messages` has.
size_t message_count(const sumcheck::Program& program, const sumcheck::ClaimTable& table);
// How many columns the prover commits to: those whose points T0 absorbs.
size_t committed_columns(const sumcheck::Program& program);

// Everything that the circuit is to be told of an inner proof.
WrapAssignment assignment_of(const sumcheck::InnerProof& proof);

// Builds the circuit. Throws ParameterError for an assignment of another shape than the program's.
void wrap_circuit(Builder& b, const sumcheck::Program& program, const sumcheck::ClaimTable& table,
                  const WrapAssignment& assignment);

// Throws ParameterError if the program does not pass its own check.
ConstraintSystem wrap_constraint_system(const sumcheck::Program& program);

// The witness for a shape made by wrap_constraint_system(program). Throws WitnessInvalid naming the first
// constraint that the assignment violates, ParameterError for a shape or an assignment of another program.
Witness wrap_witness(const ConstraintSystem& shape, const sumcheck::Program& program,
                     const WrapAssignment& assignment);

// The same whatever it violates: what a forger has, for attackers in tests and in the demo.
Witness wrap_witness_unchecked(const ConstraintSystem& shape, const sumcheck::Program& program,
                               const WrapAssignment& assignment);

// The five scalars that leave the circuit.
struct OpeningScalars {
  Fr rho, z, gamma, i0, i1;
};

// The public input as a verifier computes it. `points`: those of T0, then C_S.
Fr public_input(std::span<const Fr, 2> context, std::span<const uint64_t> rows,
                std::span<const G1Affine> points, const OpeningScalars& scalars);
// That of an inner proof, for who made it.
Fr public_input(const sumcheck::InnerProof& proof);

}  // namespace pyzkfl::wrap

// The prover of a program: commitments, one transcript of sumchecks, one opening (docs/engine.md, sections 1, 3).
//
// What comes out is the private witness of the wrap circuit, but for the points and rho, z, gamma, i0, i1: a function
// of the secret cells. Nothing else of it may leave the client.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/progress.h"
#include "curves/bn254.h"
#include "fields/fr.h"
#include "kzg/column_key.h"
#include "sumcheck/claims.h"
#include "sumcheck/columns.h"
#include "sumcheck/program.h"
#include "transcript/transcript.h"

namespace pyzkfl::sumcheck {

// Everything of a transcript that is not a challenge, in its order. Wiped on destruction.
struct InnerProof {
  std::array<Fr, 2> context;          // ctx_lo, ctx_hi
  std::vector<uint64_t> rows, rates;
  std::vector<Fr> square_sums, norm_squares;
  std::vector<G1Affine> points;       // T0's: columns of the kinds update, digits, mask
  std::vector<Fr> messages;           // every list absorbed after T0 and before C_S, one after the other
  G1Affine symmetric_point;           // C_S
  std::array<Fr, 4> evaluations;      // F(z), F(1/z), S(z), S(1/z)
  Fr rho, z, gamma, i0, i1;
  G1Affine quotient_point;            // W

  InnerProof() = default;
  InnerProof(InnerProof&&) = default;
  InnerProof& operator=(InnerProof&&) = default;
  ~InnerProof();
};

// The claims of a program, reduced to one for each column at one point: the transcript up to and with T6. Wiped on
// destruction.
struct Reduced {
  Transcript transcript;
  std::vector<Fr> point;          // r_
  std::vector<Fr> column_values;  // v_c
  std::vector<Fr> messages;
  std::vector<Fr> square_sums, norm_squares;

  explicit Reduced(Transcript t) : transcript(std::move(t)) {}
  Reduced(Reduced&&) = default;
  Reduced& operator=(Reduced&&) = default;
  ~Reduced();
};

// The transcript's domain: "pyzkfl/engine/1/" and the program's digest in hexadecimal.
std::string transcript_domain(const Program& program);

// The commitments that T0 absorbs, to columns of the kinds update, digits and mask. Time depends on the cells
// (curves/msm.h). Throws ParameterError if the key is too small.
std::vector<G1Affine> commit(const ColumnKey& key, const Program& program, const ProgramValues& values);

// T0 .. T6. `claims` is the program's own ClaimTable. Values that violate the program give a transcript that no
// verifier accepts; use check_values (direct_check.h) to find out what is wrong. Constant time in the cells, parallel.
// Memory: two elements a leaf of the lookups, or two a cell. Throws ParameterError if the values are not of the
// program's shape, or a rate is 0.
Reduced reduce(const Program& program, const ClaimTable& claims, const ProgramValues& values,
               std::span<const G1Affine> points, const std::array<Fr, 2>& context, const Progress& progress = {});

// A whole proof. Draws the mask and the blinders of the digits columns anew, into `values`: no two attempts share them.
// The blinders of data and update columns are those of commitments that exist already. Throws ParameterError as
// above, if the key is too small, and for a program that does not pass its check().
InnerProof prove(const ColumnKey& key, const Program& program, const ClaimTable& claims, ProgramValues& values,
                 const std::array<Fr, 2>& context, const Progress& progress = {});

}  // namespace pyzkfl::sumcheck

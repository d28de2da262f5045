// The transcript of an inner proof, replayed inside the wrap circuit (docs/engine.md, section 3): what its
// phases share.
//
// Messages are private wires, made as they are absorbed; challenges come from the transcript gadget and from
// nowhere else. The phases stand in relation_phases.cpp (T1 to T4), lookup_phase.cpp (T5) and
// opening_phases.cpp (T6, T7), in the order in which they must be called.
#pragma once

#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "sumcheck/claims.h"
#include "sumcheck/program.h"
#include "wrap/factors.h"
#include "wrap/transcript_gadget.h"

namespace pyzkfl::wrap {

// What T0 absorbed and other phases read.
struct CommittedScalars {
  std::vector<LC> rows, square_sums, norm_squares, rates;
};

class Replay {
 public:
  // Everything must outlive the replay. `messages`: see WrapAssignment.
  Replay(Builder& builder, const sumcheck::Program& program, const sumcheck::ClaimTable& table,
         std::span<const Fr> messages);

  Builder& b;
  const sumcheck::Program& program;
  const sumcheck::ClaimTable& table;
  TranscriptGadget transcript;
  CommittedScalars scalars;
  std::vector<std::vector<LC>> row_bits;   // of rows - 1, a step
  std::vector<LC> tau, kappa, zeta, rho;   // the points of T1, T3, T4, T5
  std::vector<LC> claim_values;

  // The next `count` messages, absorbed as one list.
  std::vector<LC> receive(size_t count);
  // Those of the claims that first occur in a phase.
  void receive_claims(sumcheck::ClaimTable::Phase phase);
  size_t messages_left() const { return messages_.size(); }

  // The rounds of a sumcheck: the point, variable 0 first, and in `value` what is left to be checked there.
  std::vector<LC> sumcheck(LC& value, unsigned variables, unsigned degree);

  Factor coordinate(const sumcheck::Coordinate& c) const;
  // An expression whose outer variables are tau or zeta, from the values of its claims.
  LC expression(const sumcheck::Expression& e, const sumcheck::ExpressionClaims& claims,
                sumcheck::Coordinate::Kind outer);

 private:
  const Factor& selector(const sumcheck::View& view, sumcheck::Coordinate::Kind outer);

  std::span<const Fr> messages_;
  std::map<std::pair<uint32_t, std::vector<sumcheck::Coordinate>>, Factor> selectors_;
};

// 1, x, x^2, .. : `count` of them.
std::vector<Factor> powers(Builder& b, const Wire& x, size_t count);

// rows_s - 1 in bits, for the steps whose rows a selector reads.
void decompose_rows(Replay& r);

// T1 to T4.
void draw_outer_point(Replay& r);
void check_outer_claims(Replay& r, std::vector<LC>& product_values);
void check_product_sums(Replay& r, std::span<const LC> product_values);
void check_zero_checks(Replay& r);
// T5.
void check_lookups(Replay& r);

// T6: the values v_c of all columns, and the point.
struct ColumnClaims {
  std::vector<LC> values, point;
};
ColumnClaims check_batched_claims(Replay& r);

// T7, from the challenge rho on. Elements of C_S, evaluations F(z), F(1/z), S(z), S(1/z), and i0, i1 as the
// caller's wires.
struct OpeningWires {
  std::array<LC, 2> symmetric_point;
  std::array<LC, 4> evaluations;
  LC i0, i1;
};
struct OpeningChallenges {
  LC rho, z, gamma;
};
OpeningChallenges check_opening(Replay& r, const ColumnClaims& columns, const OpeningWires& wires);

}  // namespace pyzkfl::wrap

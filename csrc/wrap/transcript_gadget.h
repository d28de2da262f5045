// The transcript's duplex in a circuit: the calls of transcript/transcript.h on combinations of wires.
//
// Calls and their lengths are constants of the circuit, so what they add to the capacity is too. Every wire
// is determined by what was absorbed. A permutation is 267 constraints; a challenge is one more, its own
// wire: a cell of the state is a combination of four, and the formulas of a sumcheck name a challenge half a
// dozen times.
#pragma once

#include <span>
#include <string_view>

#include "r1cs/gadgets_poseidon2.h"
#include "transcript/transcript.h"

namespace pyzkfl::wrap {

class TranscriptGadget {
 public:
  // The builder must outlive the gadget. The domain is a constant of the circuit.
  TranscriptGadget(Builder& builder, std::string_view domain);

  void absorb(const LC& v);
  void absorb(std::span<const LC> list);
  // A point by its two elements (transcript::point_elements). That they are those of a point is for whoever
  // computes them from one: nothing here looks inside.
  void absorb_point(std::span<const LC, 2> elements);

  Wire challenge();

 private:
  void add(const LC& v);
  void permute();

  Builder& b_;
  gadgets::Poseidon2Wires state_;
  transcript::CallLog calls_;
  unsigned absorbed_ = 0, available_ = 0;  // as in Transcript
};

}  // namespace pyzkfl::wrap

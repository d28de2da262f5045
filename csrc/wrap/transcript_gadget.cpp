// The duplex, call by call as in transcript/transcript.cpp.
#include "wrap/transcript_gadget.h"

namespace pyzkfl::wrap {

using transcript::Call;

TranscriptGadget::TranscriptGadget(Builder& builder, std::string_view domain) : b_(builder) {
  state_[poseidon2::rate] = transcript::initial_capacity(domain);
}

void TranscriptGadget::permute() {
  state_[poseidon2::rate] += calls_.take();
  gadgets::poseidon2_permute(b_, state_, "transcript");
  absorbed_ = 0;
}

void TranscriptGadget::add(const LC& v) {
  available_ = 0;
  if (absorbed_ == poseidon2::rate) permute();
  state_[absorbed_++] += v;
}

void TranscriptGadget::absorb(const LC& v) {
  calls_.begin(Call::element, 1);
  add(v);
}

void TranscriptGadget::absorb(std::span<const LC> list) {
  calls_.begin(Call::list, list.size());
  available_ = 0;
  for (const LC& v : list) add(v);
}

void TranscriptGadget::absorb_point(std::span<const LC, 2> elements) {
  calls_.begin(Call::point, 1);
  for (const LC& v : elements) add(v);
}

Wire TranscriptGadget::challenge() {
  calls_.begin(Call::challenge, 1);
  if (available_ == 0) {
    permute();
    available_ = poseidon2::rate;
  }
  return b_.materialise(state_[poseidon2::rate - available_--], "challenge");
}

}  // namespace pyzkfl::wrap

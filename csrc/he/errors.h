// What can go wrong with ciphertexts, beyond base/errors.h.
#pragma once

#include <string>

#include "base/errors.h"

namespace pyzkfl::he {

// A sum of more vectors, or of larger values, than its slots have room for.
struct HeadroomExceeded : ParameterError {
  using ParameterError::ParameterError;
};

// A share that does not match its proof, or a message that only a misbehaving member `offender` can have made.
struct Misbehaviour : ProtocolError {
  Misbehaviour(size_t member, const std::string& what)
      : ProtocolError(what + " (offender " + std::to_string(member) + ")"), offender(member) {}
  size_t offender;
};

// Fewer shares than the threshold.
struct NotEnoughShares : ProtocolError {
  using ProtocolError::ProtocolError;
};

}  // namespace pyzkfl::he

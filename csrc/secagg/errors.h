// What can go wrong in a masking round, beyond base/errors.h: somebody is named, or too few are left.
#pragma once

#include <string>

#include "base/errors.h"

namespace pyzkfl::secagg {

// A message that only a misbehaving party `offender` (its index) can have made: it bears the party's
// signature, or its encryption under keys that only the party and we hold. The text ends with "(offender N)".
struct Misbehaviour : ProtocolError {
  Misbehaviour(size_t party, const std::string& what)
      : ProtocolError(what + " (offender " + std::to_string(party) + ")"), offender(party) {}
  size_t offender;
};

// Fewer parties than the threshold, or than three, are left: the round is void, and nothing was revealed.
struct NotEnoughClients : ProtocolError {
  using ProtocolError::ProtocolError;
};

}  // namespace pyzkfl::secagg

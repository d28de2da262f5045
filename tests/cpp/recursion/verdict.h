// What a composing circuit says of its inputs: the label of the first constraint that fails, or nothing. No key is needed: the
// challenge is any function of the committed values.
#pragma once

#include <string>

#include "r1cs/builder.h"

namespace pyzkfl::recursion::testing {

template <class Circuit, class Inputs>
std::string verdict(const Circuit& circuit, const Inputs& inputs) {
  Builder b(Builder::Mode::witness, 1);
  circuit.build(b, inputs, [&](const Fr& x, const Fr&) {
    Fr out = x;
    for (const Fr& v : b.committed_values(0)) out = out * (out + v);
    return out;
  });
  return b.failure() ? b.failure()->second : "";
}

}  // namespace pyzkfl::recursion::testing

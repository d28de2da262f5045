// Circuits over BaseField for tests, run with honest and with forged committed wires.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "recursion/base_field.h"

namespace pyzkfl::recursion::testing {

using Circuit = std::function<void(BaseField&)>;

// Depends on every committed value; a test needs no more (recursion/challenge.h has the real one).
inline Fr test_challenge(std::span<const Fr> committed) {
  static const Fr base = Fr::from_canonical({0x1234567890abcdef, 0xfedcba0987654321, 7, 11});
  Fr out = base;
  for (const Fr& v : committed) out = out * base + v;
  return out;
}

struct Forgery {
  std::map<uint32_t, Fr> committed, private_wires;  // by number
  std::vector<std::string> left_out;                // labels of constraints that the circuit lacks
};

inline void run(Builder& b, const Circuit& circuit) {
  BaseField fp(b, 0);
  circuit(fp);
  fp.finish(Fr::from_u64(17), [&] { return test_challenge(b.committed_values(0)); });
}

// The label of the first constraint that this prover violates; empty if none.
inline std::string verdict(const Circuit& circuit, const Forgery& forgery = {}) {
  Builder b(Builder::Mode::witness, 1);
  for (const auto& [n, v] : forgery.committed) b.substitute_committed(0, n, v);
  for (const auto& [n, v] : forgery.private_wires) b.substitute_private(n, v);
  for (const std::string& label : forgery.left_out) b.leave_out(label);
  run(b, circuit);
  return b.failure() ? b.failure()->second : "";
}

inline std::pair<ConstraintSystem, Witness> build(const Circuit& circuit) {
  Builder b(Builder::Mode::both, 1);
  run(b, circuit);
  return b.take_both();
}

// The digits of an integer below 2^(15 count), from the n-th committed wire on.
inline void set_digits(Forgery& forgery, uint32_t n, unsigned count, std::array<uint64_t, 5> v) {
  for (unsigned j = 0; j < count; ++j) {
    forgery.committed[n + j] = Fr::from_u64(v[0] & 0x7fff);
    for (size_t i = 0; i < 5; ++i) v[i] = v[i] >> 15 | (i < 4 ? v[i + 1] << 49 : 0);
  }
}

}  // namespace pyzkfl::recursion::testing

// What Python holds of networks: pyzkfl._core.engine.Network and Trained.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lazy_engine.h"
#include "training/network_forgery.h"
#include "training/network_program.h"

namespace pyzkfl::bindings {

// A spec, its program and the wrap circuit; the last is built when it is first asked for.
class Network {
 public:
  explicit Network(const NetworkParameters& parameters) : spec(parameters), program(spec) {}
  // Without the relations that refuse a forgery: what its keys verify proves nothing. For tests.
  Network(const NetworkParameters& parameters, const NetworkForgeryInfo& omitted)
      : spec(parameters), program(program_without(spec, omitted)) {}

  const NetworkSpec spec;
  const NetworkProgram program;

  const std::shared_ptr<const wrap::Engine>& engine() const { return engine_.get(); }  // without the GIL

 private:
  static NetworkProgram program_without(const NetworkSpec& spec, const NetworkForgeryInfo& omitted) {
    NetworkProgram out(spec);
    out.program = provable_without_relation(out.program, omitted);
    return out;
  }

  const LazyEngine engine_{program.program};
};

// What a member keeps of a round: weights, all intermediate values. Secret: it has no repr and no ==.
struct Trained {
  std::shared_ptr<const Network> network;
  std::vector<int64_t> weights;
  NetworkRound round;
};

}  // namespace pyzkfl::bindings

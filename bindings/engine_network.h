// What Python holds of networks: pyzkfl._core.engine.Network and Trained.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "training/network_program.h"
#include "wrap/engine.h"

namespace pyzkfl::bindings {

// A spec, its program and the wrap circuit; the last is built when it is first asked for.
class Network {
 public:
  explicit Network(const NetworkParameters& parameters) : spec(parameters), program(spec) {}

  const NetworkSpec spec;
  const NetworkProgram program;

  // Call it without the GIL: another thread may be building.
  const std::shared_ptr<const wrap::Engine>& engine() const {
    std::call_once(once_, [this] { engine_ = std::make_shared<const wrap::Engine>(program.program); });
    return engine_;
  }

 private:
  mutable std::once_flag once_;
  mutable std::shared_ptr<const wrap::Engine> engine_;
};

// What a member keeps of a round: weights, all intermediate values. Secret: it has no repr and no ==.
struct Trained {
  std::shared_ptr<const Network> network;
  std::vector<int64_t> weights;
  NetworkRound round;
};

}  // namespace pyzkfl::bindings

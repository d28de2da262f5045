// The engine of a program, built when it is first asked for: its wrap circuit takes a tenth of a second and more.
#pragma once

#include <memory>
#include <mutex>

#include "wrap/engine.h"

namespace pyzkfl::bindings {

class LazyEngine {
 public:
  // The program must outlive this.
  explicit LazyEngine(const sumcheck::Program& program) : program_(program) {}

  // Call it without the GIL: another thread may be building.
  const std::shared_ptr<const wrap::Engine>& get() const {
    std::call_once(once_, [this] { engine_ = std::make_shared<const wrap::Engine>(program_); });
    return engine_;
  }

 private:
  const sumcheck::Program& program_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const wrap::Engine> engine_;
};

}  // namespace pyzkfl::bindings

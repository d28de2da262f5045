// How long computations report to Python: a callable that takes the fraction done, or None.
#pragma once

#include <memory>

#include "base/progress.h"
#include "registry.h"

namespace pyzkfl::bindings {

// Lets Ctrl-C through, with or without a callable: the computation unwinds with KeyboardInterrupt.
inline Progress progress_of(const py::object& callback) {
  // Shared, so that copies of the function made without the GIL do not touch Python's reference count.
  return [held = std::make_shared<py::object>(callback)](double fraction) {
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!held->is_none()) (*held)(fraction);
  };
}

}  // namespace pyzkfl::bindings

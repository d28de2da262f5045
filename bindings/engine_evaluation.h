// The part of pyzkfl._core.engine that evaluates networks.
#pragma once

#include "registry.h"

namespace pyzkfl::bindings {

void bind_evaluation(py::module_& m);

}  // namespace pyzkfl::bindings

// The part of pyzkfl._core.engine that bounds norms.
#pragma once

#include "registry.h"

namespace pyzkfl::bindings {

void bind_norm(py::module_& m);

}  // namespace pyzkfl::bindings

// The part of pyzkfl._core.engine that shows what is inside a proof: for tests and nothing else.
#pragma once

#include "registry.h"

namespace pyzkfl::bindings {

void bind_inspection(py::module_& m);

}  // namespace pyzkfl::bindings

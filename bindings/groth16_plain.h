// Added to pyzkfl._core.groth16 by groth16.cpp.
#pragma once

#include "registry.h"

namespace pyzkfl::bindings {

void bind_plain_groth16(py::module_& m);

}  // namespace pyzkfl::bindings

// Ring-LWE (see he.h).
#include "he.h"

namespace pyzkfl::bindings {

void add_he_rlwe(py::module_&) {}

}  // namespace pyzkfl::bindings

// A program as plain data for Python: dicts and lists with the fields of csrc/sumcheck/program.h, enumerators by name,
// elements of Fr as ints, names left out. It is the form that tests/python/engine/program_shape.py reads.
#pragma once

#include "registry.h"
#include "sumcheck/program.h"

namespace pyzkfl::bindings {

// Needs the GIL.
py::dict program_data(const sumcheck::Program& program);

}  // namespace pyzkfl::bindings

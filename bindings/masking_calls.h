// What the bindings of masking sessions share: members, vectors, and the errors that name somebody.
#pragma once

#include <string>
#include <vector>

#include "python_bytes.h"
#include "secagg/errors.h"

namespace pyzkfl::bindings {

inline std::vector<int> ints(const std::vector<uint16_t>& members) { return {members.begin(), members.end()}; }

// Errors with more than a text: the Python class for too few clients, and the offender as an attribute.
[[noreturn]] inline void raise_python(const char* name, const std::string& what, const py::object& offender) {
  const py::object type = py::module_::import("pyzkfl.errors").attr(name);
  const py::object error = type(what);
  error.attr("offender") = offender;
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

// Runs `work` without the interpreter's lock.
template <class F>
auto run(F&& work) {
  const auto unlocked = [&] {
    const py::gil_scoped_release release;
    return work();
  };
  try {
    return unlocked();
  } catch (const secagg::Misbehaviour& e) {
    raise_python("ProtocolError", e.what(), py::int_(e.offender));
  } catch (const secagg::NotEnoughClients& e) {
    raise_python("NotEnoughClients", e.what(), py::none());
  }
}

using Values = py::array_t<int64_t, py::array::c_style>;

// The argument itself, or a contiguous copy of it; no conversion from floats, other integers or other shapes.
inline Values values_of(const py::array& array, uint64_t length) {
  if (!array.dtype().equal(py::dtype::of<int64_t>()) || array.ndim() != 1) {
    throw ParameterError("the vector must be a numpy array of int64 with one dimension");
  }
  if (static_cast<uint64_t>(array.shape(0)) != length) {
    throw ParameterError("the vector has " + std::to_string(array.shape(0)) + " coordinates, " +
                         std::to_string(length) + " are agreed on");
  }
  return Values(array);
}

}  // namespace pyzkfl::bindings

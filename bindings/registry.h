// How a binding file adds itself to pyzkfl._core: PYZKFL_BINDINGS(fields) { m.def(...); }
//
// Every file makes one submodule of _core named after the C++ module it binds, so that no file has to know the
// others. Rules for a binding: convert, release the GIL (py::gil_scoped_release) where it computes, call; check
// shapes and dtypes before the GIL goes; never let a C++ exception other than the registered ones through.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

namespace pyzkfl::bindings {

namespace py = pybind11;

struct Entry {
  const char* name;
  void (*add)(py::module_&);
};

inline std::vector<Entry>& entries() {
  static std::vector<Entry> list;
  return list;
}

struct Registrar {
  Registrar(const char* name, void (*add)(py::module_&)) { entries().push_back({name, add}); }
};

}  // namespace pyzkfl::bindings

#define PYZKFL_BINDINGS(NAME)                                                           \
  static void add_##NAME(pybind11::module_& m);                                         \
  static const ::pyzkfl::bindings::Registrar registrar_##NAME{#NAME, &add_##NAME};      \
  static void add_##NAME([[maybe_unused]] pybind11::module_& m)

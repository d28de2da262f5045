// Paths, and other text that the system hands over as bytes: any bytes, UTF-8 or not (PEP 383).
//
// Python holds such bytes as str with surrogates, which std::string's caster refuses with a TypeError about signatures.
#pragma once

#include <string>
#include <utility>

#include "base/errors.h"
#include "registry.h"

namespace pyzkfl::bindings {

// A parameter that takes str (encoded as os.fsencode does), bytes or os.PathLike.
struct SystemText {
  std::string bytes;

  operator const std::string&() const { return bytes; }
};

// As os.fsdecode does.
inline py::str to_python_path(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
}

// Text for people, which may have a path in it: what is not UTF-8 is shown as \xNN.
inline py::str to_python_text(const std::string& text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

}  // namespace pyzkfl::bindings

namespace pybind11::detail {

template <>
struct type_caster<pyzkfl::bindings::SystemText> {
  PYBIND11_TYPE_CASTER(pyzkfl::bindings::SystemText, const_name("str | bytes | os.PathLike"));

  bool load(handle source, bool) {
    auto path = reinterpret_steal<object>(PyOS_FSPath(source.ptr()));
    if (!path) {
      PyErr_Clear();
      return false;
    }
    if (PyUnicode_Check(path.ptr())) {
      path = reinterpret_steal<object>(PyUnicode_EncodeFSDefault(path.ptr()));
      if (!path) {
        PyErr_Clear();
        throw pyzkfl::ParameterError("a path or name that this system's encoding has no bytes for");
      }
    }
    value.bytes = std::string(reinterpret_borrow<bytes>(path));
    return true;
  }
};

}  // namespace pybind11::detail

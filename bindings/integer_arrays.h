// How integers cross from Python: int64 arrays of a given shape.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "python_bytes.h"
#include "registry.h"

namespace pyzkfl::bindings {

using IntArray = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

inline std::string shape_text(const std::vector<py::ssize_t>& shape) {
  std::string out = "(";
  for (size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + (shape.size() == 1 ? ",)" : ")");
}

// Integers of this shape; bool and integers of up to 64 bits are taken, floats never.
inline IntArray int_array(const py::object& in, const char* name, const std::vector<size_t>& shape) {
  const py::array array = py::array::ensure(in);
  if (!array) {
    PyErr_Clear();
    throw ParameterError(std::string(name) + " must be an array of integers");
  }
  const char kind = array.dtype().kind();
  if (!(kind == 'i' || kind == 'b' || (kind == 'u' && array.itemsize() < 8))) {
    throw ParameterError(std::string(name) + " must be signed integers of at most 64 bits, got dtype " +
                         py::str(array.dtype()).cast<std::string>());
  }
  const std::vector<py::ssize_t> expected(shape.begin(), shape.end());
  const std::vector<py::ssize_t> got(array.shape(), array.shape() + array.ndim());
  if (got != expected) {
    throw ParameterError(std::string(name) + " must have shape " + shape_text(expected) + ", got " +
                         shape_text(got));
  }
  return IntArray::ensure(array);
}

inline std::span<const int64_t> view(const IntArray& array) {
  return {array.data(), static_cast<size_t>(array.size())};
}

inline py::array_t<int64_t> to_numpy(std::span<const int64_t> values) {
  py::array_t<int64_t> out(static_cast<py::ssize_t>(values.size()));
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

}  // namespace pyzkfl::bindings

// How field elements cross to Python: an int below the modulus, or rows of 32 little-endian bytes in a uint8 array
// (n, 32). Anything that is not a canonical element is refused with DecodeError, anything of another type
// or shape with TypeError or ParameterError.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "base/errors.h"
#include "fields/fp.h"
#include "fields/fr.h"
#include "registry.h"

namespace pyzkfl::bindings {

using ElementRows = py::array_t<uint8_t, py::array::c_style>;
using FrRows = ElementRows;

// Needs the GIL.
template <class F>
F element_from_int(py::handle value) {
  if (!py::isinstance<py::int_>(value)) throw py::type_error("a field element must be an int");
  std::string bytes;
  try {
    bytes = py::cast<std::string>(value.attr("to_bytes")(32, "little"));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_OverflowError)) throw;
    throw DecodeError(std::string("an element of ") + F::name + " must be an int from 0 to the modulus less 1");
  }
  if (bytes.size() != 32) throw py::type_error("a field element must be an int");  // a subclass with a to_bytes of its own
  return F::from_bytes_le(std::span<const uint8_t, 32>(reinterpret_cast<const uint8_t*>(bytes.data()), 32));
}

template <class F>
py::int_ element_to_int(const F& v) {
  const std::array<uint8_t, 32> bytes = v.to_bytes_le();
  const py::bytes raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const py::handle type(reinterpret_cast<PyObject*>(&PyLong_Type));
  return type.attr("from_bytes")(raw, "little");
}

// The rows of an array whose last axis has 32 bytes. Does not need the GIL; throws DecodeError naming the
// row.
template <class F>
std::vector<F> elements_from_bytes(std::span<const uint8_t> bytes) {
  std::vector<F> out(bytes.size() / 32);
  for (size_t i = 0; i < out.size(); ++i) {
    try {
      out[i] = F::from_bytes_le(bytes.subspan(32 * i).first<32>());
    } catch (const DecodeError& error) {
      throw DecodeError("element " + std::to_string(i) + ": " + error.what());
    }
  }
  return out;
}

// The bytes of a uint8 array (n, 32), without copying; valid as long as `values` is.
inline std::span<const uint8_t> element_bytes(const py::array& values) {
  if (!py::isinstance<ElementRows>(values)) {
    throw py::type_error("an array of field elements must be C-contiguous, of dtype uint8");
  }
  if (values.ndim() != 2 || values.shape(1) != 32) {
    throw ParameterError("an array of field elements must have the shape (n, 32)");
  }
  return {static_cast<const uint8_t*>(values.data()), static_cast<size_t>(values.size())};
}

// An iterable of ints, or a uint8 array (n, 32).
template <class F>
std::vector<F> elements_from_python(const py::object& values) {
  // A list is no array, and asking pybind11 would import numpy, a tenth of a second.
  if (!py::isinstance<py::list>(values) && py::isinstance<py::array>(values)) {
    return elements_from_bytes<F>(element_bytes(py::reinterpret_borrow<py::array>(values)));
  }
  std::vector<F> out;
  for (const py::handle value : values) out.push_back(element_from_int<F>(value));
  return out;
}

template <class F>
ElementRows elements_to_array(std::span<const F> values) {
  ElementRows out({static_cast<py::ssize_t>(values.size()), py::ssize_t{32}});
  uint8_t* data = out.mutable_data();
  for (size_t i = 0; i < values.size(); ++i) {
    const std::array<uint8_t, 32> bytes = values[i].to_bytes_le();
    std::memcpy(data + 32 * i, bytes.data(), 32);
  }
  return out;
}

inline Fr fr_from_int(py::handle value) { return element_from_int<Fr>(value); }
inline py::int_ fr_to_int(const Fr& v) { return element_to_int(v); }
inline std::vector<Fr> frs_from_bytes(std::span<const uint8_t> bytes) { return elements_from_bytes<Fr>(bytes); }
inline std::vector<Fr> frs_from_python(const py::object& values) { return elements_from_python<Fr>(values); }
inline FrRows frs_to_array(std::span<const Fr> values) { return elements_to_array(values); }

}  // namespace pyzkfl::bindings

// How elements of Fr cross to Python: an int below r, or rows of 32 little-endian bytes in a uint8 array
// (n, 32). Anything that is not a canonical element is refused with DecodeError, anything of another type
// or shape with TypeError or ParameterError.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "base/errors.h"
#include "fields/fr.h"
#include "registry.h"

namespace pyzkfl::bindings {

using FrRows = py::array_t<uint8_t, py::array::c_style>;

// Needs the GIL.
inline Fr fr_from_int(py::handle value) {
  if (!py::isinstance<py::int_>(value)) throw py::type_error("a field element must be an int");
  std::string bytes;
  try {
    bytes = py::cast<std::string>(value.attr("to_bytes")(32, "little"));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_OverflowError)) throw;
    throw DecodeError("a field element must be an int in [0, r)");
  }
  return Fr::from_bytes_le(std::span<const uint8_t, 32>(reinterpret_cast<const uint8_t*>(bytes.data()), 32));
}

inline py::int_ fr_to_int(const Fr& v) {
  const std::array<uint8_t, 32> bytes = v.to_bytes_le();
  const py::bytes raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const py::handle type(reinterpret_cast<PyObject*>(&PyLong_Type));
  return type.attr("from_bytes")(raw, "little");
}

// The rows of an array whose last axis has 32 bytes. Does not need the GIL; throws DecodeError naming the
// row.
inline std::vector<Fr> frs_from_bytes(std::span<const uint8_t> bytes) {
  std::vector<Fr> out(bytes.size() / 32);
  for (size_t i = 0; i < out.size(); ++i) {
    try {
      out[i] = Fr::from_bytes_le(bytes.subspan(32 * i).first<32>());
    } catch (const DecodeError& error) {
      throw DecodeError("element " + std::to_string(i) + ": " + error.what());
    }
  }
  return out;
}

// An iterable of ints, or a uint8 array (n, 32).
inline std::vector<Fr> frs_from_python(const py::object& values) {
  if (py::isinstance<py::array>(values)) {
    if (!py::isinstance<FrRows>(values)) {
      throw py::type_error("an array of field elements must be C-contiguous, of dtype uint8");
    }
    const auto rows = py::cast<FrRows>(values);
    if (rows.ndim() != 2 || rows.shape(1) != 32) {
      throw ParameterError("an array of field elements must have the shape (n, 32)");
    }
    return frs_from_bytes({rows.data(), static_cast<size_t>(rows.size())});
  }
  std::vector<Fr> out;
  for (const py::handle value : values) out.push_back(fr_from_int(value));
  return out;
}

inline FrRows frs_to_array(std::span<const Fr> values) {
  FrRows out({static_cast<py::ssize_t>(values.size()), py::ssize_t{32}});
  uint8_t* data = out.mutable_data();
  for (size_t i = 0; i < values.size(); ++i) {
    const std::array<uint8_t, 32> bytes = values[i].to_bytes_le();
    std::memcpy(data + 32 * i, bytes.data(), 32);
  }
  return out;
}

}  // namespace pyzkfl::bindings

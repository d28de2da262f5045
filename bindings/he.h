// The two halves of pyzkfl._core.he, and how their errors and integers cross.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "he/errors.h"
#include "he/integer.h"
#include "he/paillier.h"
#include "he/rlwe.h"
#include "integer_arrays.h"
#include "registry.h"

namespace pyzkfl::bindings {

void add_he_paillier(py::module_& m);
void add_he_rlwe(py::module_& m);
void add_he_shared(py::module_& m);

// pybind11 holds no pointers to const.
struct HePaillierPublic {
  std::shared_ptr<const he::PaillierPublicKey> key;
};
struct HePaillierSecret {
  std::shared_ptr<const he::PaillierSecretKey> key;
};
struct HeRlwePublic {
  std::shared_ptr<const he::RlwePublicKey> key;
};
struct HeRlweSecret {
  std::shared_ptr<const he::RlweSecretKey> key;
};

[[noreturn]] inline void raise_he(const char* name, const std::string& what, const py::object& offender) {
  const py::object type = py::module_::import("pyzkfl.errors").attr(name);
  const py::object error = type(what);
  if (!offender.is_none()) error.attr("offender") = offender;
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

// Runs `work` without the interpreter's lock.
template <class F>
auto run_he(F&& work) {
  const auto unlocked = [&] {
    const py::gil_scoped_release release;
    return work();
  };
  try {
    return unlocked();
  } catch (const he::HeadroomExceeded& e) {
    raise_he("HeadroomExceeded", e.what(), py::none());
  } catch (const he::Misbehaviour& e) {
    raise_he("ProtocolError", e.what(), py::int_(e.offender));
  } catch (const he::NotEnoughShares& e) {
    raise_he("NotEnoughClients", e.what(), py::none());
  }
}

inline py::bytes he_bytes(ByteSpan bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
inline ByteSpan he_view(const py::bytes& bytes) { return as_bytes(static_cast<std::string_view>(bytes)); }

inline py::int_ python_int(const he::Integer& v) {
  const Bytes bytes = v.to_bytes((v.bits() + 7) / 8 + 1);
  return py::int_(py::module_::import("builtins").attr("int").attr("from_bytes")(he_bytes(bytes), "little"));
}

// A Python int that is not negative and has at most `max_bits` bits.
inline he::Integer core_integer(const py::int_& v, const char* name, size_t max_bits) {
  if (v < py::int_(0) || v.attr("bit_length")().cast<size_t>() > max_bits) {
    throw ParameterError(std::string(name) + " must be an integer of 0 to " + std::to_string(max_bits) + " bits");
  }
  const py::bytes bytes = v.attr("to_bytes")(max_bits / 8 + 1, "little");
  return he::Integer::from_bytes(he_view(bytes));
}

// A one-dimensional array of integers, without a copy where it is int64 already.
inline IntArray value_array(const py::object& in) {
  const py::array array = py::array::ensure(in);
  if (!array || array.ndim() != 1) {
    PyErr_Clear();
    throw ParameterError("values must be a one-dimensional array of integers; flatten it first");
  }
  return int_array(array, "values", {static_cast<size_t>(array.shape(0))});
}

}  // namespace pyzkfl::bindings

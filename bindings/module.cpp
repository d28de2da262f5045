// pyzkfl._core: makes one submodule for each binding file (registry.h) and maps C++ exceptions to pyzkfl.errors.
//
// An exception thrown anywhere below a binding, on the calling thread or rethrown from the pool, ends up here.
// Each class of base/errors.h becomes the Python class of the same name, so that `except DecodeError` means the
// same in both languages; std::bad_alloc becomes MemoryError (pybind11 does that), and any other std::exception
// RuntimeError, which is a bug of ours and reads like one.
#include "base/errors.h"
#include "registry.h"
#include "system_text.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace pyzkfl::bindings {
namespace {

// Borrowed for the life of the process: translators may run while the interpreter is being taken down, when a
// py::object's destructor no longer may.
struct PythonErrors {
  PyObject* base;
  PyObject* decode;
  PyObject* unsupported_version;
  PyObject* parameter;
  PyObject* witness_invalid;
  PyObject* protocol;
  PyObject* interrupted;
  PyObject* system_failure;
};

PythonErrors& python_errors() {
  static PythonErrors errors{};
  return errors;
}

void load_python_errors() {
  const py::module_ source = py::module_::import("pyzkfl.errors");
  const auto take = [&](const char* name) { return py::object(source.attr(name)).release().ptr(); };
  python_errors() = {take("PyzkflError"),    take("DecodeError"),    take("UnsupportedVersion"),
                     take("ParameterError"), take("WitnessInvalid"), take("ProtocolError"),
                     take("Interrupted"),    take("SystemFailure")};
}

// A message may have a path in it, which need not be UTF-8.
void set_error(PyObject* type, const std::exception& error) {
  PyErr_SetObject(type, to_python_text(error.what()).ptr());
}

void translate(std::exception_ptr pointer) {
  if (!pointer) return;
  const PythonErrors& to = python_errors();
  try {
    std::rethrow_exception(pointer);
  } catch (const UnsupportedVersion& e) {
    set_error(to.unsupported_version, e);
  } catch (const DecodeError& e) {
    set_error(to.decode, e);
  } catch (const ParameterError& e) {
    set_error(to.parameter, e);
  } catch (const WitnessInvalid& e) {
    set_error(to.witness_invalid, e);
  } catch (const ProtocolError& e) {
    set_error(to.protocol, e);
  } catch (const Interrupted& e) {
    // Ctrl-C during a computation: the pending signal's KeyboardInterrupt, if there is one, is what the caller expects.
    if (PyErr_Occurred() == nullptr && PyErr_CheckSignals() == 0) set_error(to.interrupted, e);
  } catch (const SystemError& e) {
    set_error(to.system_failure, e);
  } catch (const Error& e) {
    set_error(to.base, e);
  } catch (const std::system_error& e) {
    set_error(to.system_failure, e);  // no thread, no file, no memory map
  }
  // Anything else falls through to pybind11's own translators.
}

py::dict build_info() {
  py::dict info;
#if defined(__clang__)
  info["compiler"] = std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  info["compiler"] = std::string("gcc ") + __VERSION__;
#else
  info["compiler"] = "unknown";
#endif
#ifdef NDEBUG
  info["assertions"] = false;
#else
  info["assertions"] = true;
#endif
  info["pybind11"] = std::to_string(PYBIND11_VERSION_MAJOR) + "." + std::to_string(PYBIND11_VERSION_MINOR);
  info["openssl"] = OpenSSL_version(OPENSSL_VERSION);  // the library loaded now, not the headers compiled against
  return info;
}

}  // namespace
}  // namespace pyzkfl::bindings

PYBIND11_MODULE(_core, m) {
  using namespace pyzkfl::bindings;
  m.doc() = "Native core of pyzkfl: one submodule a C++ module. Use the Python packages above it.";
  load_python_errors();
  py::register_local_exception_translator(&translate);

  auto& list = entries();
  std::sort(list.begin(), list.end(),
            [](const Entry& a, const Entry& b) { return std::string_view(a.name) < std::string_view(b.name); });
  py::list names;
  for (const Entry& entry : list) {
    py::module_ submodule = m.def_submodule(entry.name);
    entry.add(submodule);
    names.append(entry.name);
  }
  m.attr("MODULES") = py::tuple(names);
  m.def("build_info", &build_info, "Compiler, pybind11 and OpenSSL of this build, as a dict.");
}

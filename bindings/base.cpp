// pyzkfl._core.base: threads, processor, SHA-256, canonical bytes.
#include <openssl/crypto.h>

#include "base/canonical_cbor.h"
#include "base/cpu.h"
#include "base/sha256.h"
#include "base/thread_pool.h"
#include "registry.h"

namespace {

namespace py = pybind11;

// Anything with a contiguous buffer of bytes.
py::bytes sha256_of(const py::buffer& data) {
  const py::buffer_info info = data.request();
  py::ssize_t stride = info.itemsize;
  for (size_t axis = info.shape.size(); axis-- > 0; stride *= info.shape[axis]) {
    if (info.shape[axis] > 1 && info.strides[axis] != stride) {
      throw py::type_error("sha256 needs a C-contiguous buffer");
    }
  }
  pyzkfl::Digest digest;
  {
    const pyzkfl::ByteSpan bytes(static_cast<const uint8_t*>(info.ptr), static_cast<size_t>(info.size * info.itemsize));
    const py::gil_scoped_release release;
    digest = pyzkfl::sha256(bytes);
  }
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

PYZKFL_BINDINGS(base) {
  m.doc() = "Threads, processor and SHA-256.";
  m.def("thread_count", &pyzkfl::thread_count,
        "How many threads a computation of the core may use: what set_thread_count said, else the environment's "
        "PYZKFL_THREADS, else the processors this process may run on.");
  m.def(
      "set_thread_count", [](size_t n) {
        const py::gil_scoped_release release;  // joins the old threads
        pyzkfl::set_thread_count(n);
      },
      py::arg("n"), "Set it; 0 goes back to the default. Raises ParameterError above 1024.");
  m.def("cpu_kernel", &pyzkfl::cpu_kernel,
        "The instruction set that arithmetic uses: 'generic', 'adx' or 'avx512ifma'. The environment's PYZKFL_CPU lowers it.");
  m.def("cpu_features", &pyzkfl::cpu_features, "The processor's relevant features, separated by blanks.");
  m.def(
      "openssl_version", [] { return std::string(OpenSSL_version(OPENSSL_VERSION)); },
      "The version of the OpenSSL library in use, e.g. 'OpenSSL 3.0.22 25 Aug 2026'.");
  m.def(
      "is_canonical_cbor",
      [](const py::bytes& data, size_t start, size_t depth_max) {
        const pyzkfl::ByteSpan bytes = pyzkfl::as_bytes(static_cast<std::string_view>(data));
        return start <= bytes.size() && pyzkfl::is_canonical_cbor(bytes.subspan(start), depth_max);
      },
      py::arg("data"), py::arg("start"), py::arg("depth_max"),
      "Whether data[start:] is one item of deterministic CBOR, as pyzkfl.encoding writes it; text is not looked at.");
  m.def("sha256", &sha256_of, py::arg("data"), "The SHA-256 digest (32 bytes) of a bytes-like object.");
}

// pyzkfl._core.base: threads, processor, SHA-256, canonical bytes.
#include <openssl/crypto.h>

#include <pybind11/numpy.h>

#include <span>
#include <string>
#include <vector>

#include "base/aes_ctr.h"
#include "base/canonical_cbor.h"
#include "base/cpu.h"
#include "base/errors.h"
#include "base/secret.h"
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

// Rows of equal length, encrypted in place with AES-256 in counter mode: row i with the key stream from byte
// numbers[i] * length on. The same call decrypts.
void crypt_rows(const py::bytes& key, py::array_t<uint8_t, py::array::c_style>& rows,
                const py::array_t<int64_t, py::array::c_style | py::array::forcecast>& numbers) {
  const pyzkfl::ByteSpan secret = pyzkfl::as_bytes(static_cast<std::string_view>(key));  // no copy that would stay behind
  if (secret.size() != 32) throw pyzkfl::ParameterError("the key has 32 bytes");
  if (rows.ndim() != 2 || numbers.ndim() != 1 || rows.shape(0) != numbers.shape(0))
    throw pyzkfl::ParameterError("rows must be an array of two dimensions, numbers of one, with as many entries");
  const auto length = static_cast<size_t>(rows.shape(1));
  uint8_t* bytes = rows.mutable_data();
  const int64_t* at = numbers.data();
  for (py::ssize_t i = 0; i < numbers.shape(0); ++i) {
    if (at[i] < 0) throw pyzkfl::ParameterError("a row's number is not negative");
  }
  const auto count = static_cast<size_t>(rows.shape(0));
  const py::gil_scoped_release release;
  pyzkfl::AesCtr256 stream(secret.first<32>());
  std::vector<uint8_t> pad(length + 16);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t first = static_cast<uint64_t>(at[i]) * length;
    const size_t skipped = first % 16;
    stream.seek(first / 16);
    const std::span<uint8_t> part = std::span(pad).first(skipped + length);
    stream.keystream(part);
    for (size_t k = 0; k < length; ++k) bytes[i * length + k] ^= part[skipped + k];
  }
  pyzkfl::wipe(pad);
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
  m.def("crypt_rows", &crypt_rows, py::arg("key"), py::arg("rows").noconvert(), py::arg("numbers"),
        R"(Encrypts, or decrypts, rows (uint8, two dimensions, in place) with AES-256 in counter mode.

key: 32 bytes, for one list of rows of one length, each written once. numbers: int64, where each row stands in the list: row
number i takes the key stream from byte i * length on.)");
  m.def("sha256", &sha256_of, py::arg("data"), "The SHA-256 digest (32 bytes) of a bytes-like object.");
}

// pyzkfl._core.identity: Ed25519 identity keys.
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "base/ed25519.h"
#include "base/pem.h"
#include "base/private_file.h"
#include "base/sha256.h"
#include "edwards/verifier.h"
#include "registry.h"

namespace pyzkfl {
namespace {

namespace py = pybind11;

// A passphrase or a text, as bytes or str.
using Text = std::variant<py::bytes, py::str>;

SecretBytes text_bytes(const Text& text) {
  std::string copy = std::visit([](const auto& value) { return static_cast<std::string>(value); }, text);
  SecretBytes out = SecretBytes::copy_of(as_bytes(copy));
  wipe({reinterpret_cast<uint8_t*>(copy.data()), copy.size()});
  return out;
}

py::bytes to_python(ByteSpan bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

ByteSpan view(const py::bytes& bytes) { return as_bytes(static_cast<std::string_view>(bytes)); }

std::string fingerprint(const Ed25519PublicKey& key) {
  static constexpr char kHex[] = "0123456789abcdef";
  const Digest digest = sha256(key);
  std::string out;
  for (size_t i = 0; i < 8; ++i) {
    out.push_back(kHex[digest[i] >> 4]);
    out.push_back(kHex[digest[i] & 15]);
  }
  return out;
}

// Public keys, messages and signatures of Python's tuples, which must outlive the result.
std::vector<edwards::SignedMessage> signed_messages(const py::sequence& items) {
  std::vector<edwards::SignedMessage> out;
  out.reserve(items.size());
  for (const py::handle item : items) {
    const auto parts = py::cast<py::tuple>(item);
    if (parts.size() != 3) throw ParameterError("give (public key, message, signature)");
    ByteSpan spans[3];
    for (size_t i = 0; i < 3; ++i) {
      const py::handle part = PyTuple_GET_ITEM(parts.ptr(), static_cast<Py_ssize_t>(i));
      if (!PyBytes_CheckExact(part.ptr())) throw ParameterError("keys, messages and signatures are bytes");
      spans[i] = {reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(part.ptr())),
                  static_cast<size_t>(PyBytes_GET_SIZE(part.ptr()))};
    }
    if (spans[0].size() != 32) throw ParameterError("an Ed25519 public key has 32 bytes");
    out.push_back({spans[0].first<32>(), spans[1], spans[2]});
  }
  return out;
}

[[noreturn]] void refuse_copy() {
  throw py::type_error("an IdentityKey is neither copied nor pickled; use to_pem(passphrase)");
}

}  // namespace
}  // namespace pyzkfl

PYZKFL_BINDINGS(identity) {
  using namespace pyzkfl;
  m.doc() = "Ed25519 identity keys (RFC 8032): sign, verify, and keep them encrypted.";

  py::class_<Ed25519PrivateKey, std::shared_ptr<Ed25519PrivateKey>>(m, "IdentityKey",
                                                                    R"(An Ed25519 signing key; secret.

It prints only a fingerprint of its public half, compares by identity, is neither copied nor pickled, and is
wiped when it goes. Make one with `generate()`, `from_pem()` or `load()`.)")
      .def_static(
          "generate", [] { return std::make_shared<Ed25519PrivateKey>(Ed25519PrivateKey::generate()); },
          "A fresh key from the operating system's randomness.")
      .def_static(
          "from_pem",
          [](const Text& pem, const Text& passphrase) {
            const SecretBytes data = text_bytes(pem);
            const SecretBytes secret = text_bytes(passphrase);
            const py::gil_scoped_release release;
            return std::make_shared<Ed25519PrivateKey>(ed25519_from_pem(data.span(), secret.span()));
          },
          py::arg("pem"), py::arg("passphrase"),
          R"(The key in an encrypted PKCS#8 PEM (str or bytes).

Raises DecodeError if it is not exactly one such key, or the passphrase is wrong.)")
      .def(
          "to_pem",
          [](const Ed25519PrivateKey& key, const Text& passphrase) {
            const SecretBytes secret = text_bytes(passphrase);
            std::string pem;
            {
              const py::gil_scoped_release release;
              pem = ed25519_to_pem(key, secret.span());
            }
            return py::bytes(pem);
          },
          py::arg("passphrase"),
          R"(The key as bytes of an encrypted PKCS#8 PEM: scrypt and AES-256-CBC, as `openssl pkey` reads it.

Raises ParameterError for an empty passphrase.)")
      .def(
          "save",
          [](const Ed25519PrivateKey& key, const std::filesystem::path& path, const Text& passphrase) {
            const SecretBytes secret = text_bytes(passphrase);
            const py::gil_scoped_release release;
            write_private_file(path.string(), as_bytes(ed25519_to_pem(key, secret.span())));
          },
          py::arg("path"), py::arg("passphrase"),
          R"(Write `to_pem(passphrase)` to a new file of mode 0600, whole or not at all.

Raises SystemFailure if the file exists or cannot be written.)")
      .def_static(
          "load",
          [](const std::filesystem::path& path, const Text& passphrase) {
            const SecretBytes secret = text_bytes(passphrase);
            const py::gil_scoped_release release;
            const SecretBytes pem = read_private_file(path.string(), 4096);
            return std::make_shared<Ed25519PrivateKey>(ed25519_from_pem(pem.span(), secret.span()));
          },
          py::arg("path"), py::arg("passphrase"),
          R"(The key in a file that `save` wrote.

Raises SystemFailure if the file cannot be read, ParameterError if others may read it, DecodeError as
`from_pem`.)")
      .def_property_readonly(
          "public_bytes", [](const Ed25519PrivateKey& key) { return to_python(key.public_key()); },
          "The 32 bytes of the public key.")
      .def_property_readonly(
          "fingerprint", [](const Ed25519PrivateKey& key) { return fingerprint(key.public_key()); },
          "The first 8 bytes of the public key's SHA-256, in hexadecimal: for people, not for checks.")
      .def(
          "sign",
          [](const Ed25519PrivateKey& key, const py::bytes& message) {
            const ByteSpan data = view(message);
            Ed25519Signature signature;
            {
              const py::gil_scoped_release release;
              signature = key.sign(data);
            }
            return to_python(signature);
          },
          py::arg("message"),
          "The 64-byte signature of `message`, exactly as it is: put a domain in front of it.")
      .def("__repr__",
           [](const Ed25519PrivateKey& key) { return "<IdentityKey " + fingerprint(key.public_key()) + ">"; })
      .def("__reduce_ex__", [](const Ed25519PrivateKey&, int) { refuse_copy(); })
      .def("__copy__", [](const Ed25519PrivateKey&) { refuse_copy(); })
      .def("__deepcopy__", [](const Ed25519PrivateKey&, const py::dict&) { refuse_copy(); });

  py::class_<edwards::Verifier, std::shared_ptr<edwards::Verifier>>(m, "Verifier", R"(Verifies many signatures at once.

Keeps tables of the last keys it met (15 KiB each, at most `keys_max`), so that the next signatures of a signer take
a tenth of the time. A signature holds here exactly when it holds alone.)")
      .def(py::init<size_t>(), py::arg("keys_max") = 512)
      .def(
          "verify",
          [](edwards::Verifier& verifier, const py::list& items, bool alone) {
            const std::vector<edwards::SignedMessage> messages = signed_messages(items);
            std::vector<uint8_t> good;
            {
              const py::gil_scoped_release release;
              good = verifier.verify(messages, alone);
            }
            py::list out(good.size());
            for (size_t i = 0; i < good.size(); ++i) out[i] = py::bool_(good[i] != 0);
            return out;
          },
          py::arg("items"), py::arg("alone") = false,
          R"(Whether each (public key, message, signature) of a list holds, in order; on all threads, or on this one alone.

The list must not change meanwhile. Raises ParameterError if a public key does not have 32 bytes.)");
  m.def(
      "verify",
      [](const py::bytes& public_key, const py::bytes& message, const py::bytes& signature) {
        const ByteSpan key = view(public_key);
        const ByteSpan data = view(message);
        const ByteSpan sig = view(signature);
        if (key.size() != 32) throw ParameterError("an Ed25519 public key has 32 bytes");
        if (sig.size() != 64) return false;
        const py::gil_scoped_release release;
        return ed25519_verify(key.first<32>(), data, sig.first<64>());
      },
      py::arg("public_key"), py::arg("message"), py::arg("signature"),
      R"(Whether `signature` is the key's signature of `message`; False for anything malformed.

Raises ParameterError if the public key does not have 32 bytes.)");
  m.def(
      "fingerprint",
      [](const py::bytes& public_key) {
        const ByteSpan key = view(public_key);
        if (key.size() != 32) throw ParameterError("an Ed25519 public key has 32 bytes");
        Ed25519PublicKey copy;
        std::copy(key.begin(), key.end(), copy.begin());
        return fingerprint(copy);
      },
      py::arg("public_key"), "What `IdentityKey.fingerprint` is for the key with these public bytes.");
}

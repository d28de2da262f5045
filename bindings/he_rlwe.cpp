// Ring-LWE: keys held by one, encrypted vectors.
#include "he.h"
#include "he/rlwe.h"

namespace pyzkfl::bindings {
namespace {

using namespace he;


py::dict to_dict(const RlweParameters& p) {
  py::dict out;
  out["n"] = p.n();
  out["log2_q"] = prime_bits * p.primes;
  out["primes"] = p.primes;
  out["slots"] = p.slots;
  out["slot_bits"] = p.packing.slot_bits;
  out["noise_bits"] = p.noise_bits;
  out["smudge_bits"] = p.smudge_bits;
  out["members"] = p.members;
  return out;
}

}  // namespace

void add_he_rlwe(py::module_& m) {
  m.def(
      "rlwe_parameters",
      [](uint64_t max_abs, uint32_t summands, unsigned members) {
        return to_dict(RlweParameters(Packing(max_abs, summands), members));
      },
      py::arg("max_abs"), py::arg("summands"), py::arg("members") = 1,
      "The ring, slots and noise bounds for these sums; members: who share the key, 1 for a single decryptor.");
  m.attr("RLWE_PRIMES") = std::vector<uint64_t>(ring_primes.begin(), ring_primes.end());

  py::class_<RlweVector>(m, "RlweCiphertext", "A vector of integers, encrypted; add them with +.")
      .def("__add__", [](const RlweVector& a, const RlweVector& b) { return run_he([&] { return a + b; }); })
      .def("__len__", &RlweVector::length)
      .def_property_readonly("terms", &RlweVector::terms, "How many encryptions were added.")
      .def_property_readonly("nbytes", &RlweVector::encoded_bytes, "Bytes of to_bytes().")
      .def(
          "to_bytes", [](const RlweVector& v) { return he_bytes(run_he([&] { return v.encode(); })); },
          "The artefact of docs/formats.md.")
      .def("__repr__", [](const RlweVector& v) {
        return "<he.RlweCiphertext of " + std::to_string(v.length()) + " values, " + std::to_string(v.terms()) +
               " terms>";
      });

  py::class_<HeRlwePublic>(m, "RlwePublicKey", "(b, a) of a ring-LWE key, with its parameters.")
      .def_property_readonly("parameters", [](const HeRlwePublic& p) { return to_dict(p.key->scheme()->parameters()); })
      .def_property_readonly("digest", [](const HeRlwePublic& p) { return he_bytes(p.key->digest()); })
      .def("to_bytes", [](const HeRlwePublic& p) { return he_bytes(p.key->encode()); })
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return HeRlwePublic{run_he([&] { return RlwePublicKey::decode(data); })};
          },
          py::arg("data"))
      .def(
          "encrypt",
          [](const HeRlwePublic& p, const py::object& values) {
            const IntArray array = value_array(values);
            const auto data = view(array);
            return run_he([&] { return RlweVector::encrypt(p.key, data); });
          },
          py::arg("values"), "Encrypt integers of at most the key's max_abs in magnitude.")
      .def(
          "_encrypt_with",
          [](const HeRlwePublic& p, const py::object& values, const py::bytes& root) {
            const IntArray array = value_array(values);
            const auto data = view(array);
            const SecretBytes seed = SecretBytes::copy_of(bytes32(root, "the root"));
            return run_he([&] { return RlweVector::encrypt(p.key, data, &seed); });
          },
          py::arg("values"), py::arg("root"), "encrypt() with given randomness, for test vectors. Never twice.")
      .def(
          "ciphertext",
          [](const HeRlwePublic& p, const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return run_he([&] { return RlweVector::decode(p.key, data); });
          },
          py::arg("data"), "Read a ciphertext under this key. DecodeError says what is wrong with it.");

  py::class_<HeRlweSecret>(m, "RlweSecretKey", "A ring-LWE key with one holder. Wiped when released.")
      .def_static(
          "generate",
          [](uint64_t max_abs, uint32_t summands) {
            return HeRlweSecret{
                run_he([&] { return RlweSecretKey::generate(RlweParameters(Packing(max_abs, summands), 1)); })};
          },
          py::kw_only(), py::arg("max_abs"), py::arg("summands"),
          "A fresh key for sums of at most `summands` vectors of values of at most max_abs in magnitude.")
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return HeRlweSecret{run_he([&] { return RlweSecretKey::decode(data); })};
          },
          py::arg("data"))
      .def(
          "to_bytes", [](const HeRlweSecret& s) { return he_bytes(s.key->encode().span()); }, "HeRlweSecret.")
      .def_property_readonly("public_key", [](const HeRlweSecret& s) { return HeRlwePublic{s.key->public_key()}; })
      .def(
          "encrypt",
          [](const HeRlweSecret& s, const py::object& values) {
            const IntArray array = value_array(values);
            const auto data = view(array);
            return run_he([&] { return RlweVector::encrypt(*s.key, data); });
          },
          py::arg("values"), "As the public key's, in half the bytes until it is added to.")
      .def(
          "decrypt",
          [](const HeRlweSecret& s, const RlweVector& v) {
            py::array_t<int64_t> out(static_cast<py::ssize_t>(v.length()));
            const std::span<int64_t> values(out.mutable_data(), v.length());
            run_he([&] { v.decrypt(values, *s.key); });
            return out;
          },
          py::arg("ciphertext"), "The values, int64.")
      .def("__repr__", [](const HeRlweSecret&) { return "<he.RlweSecretKey>"; });
}

}  // namespace pyzkfl::bindings

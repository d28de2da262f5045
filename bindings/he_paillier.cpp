// Paillier: keys, encrypted vectors, and the raw functions that phe has.
#include "he.h"
#include "he/paillier.h"
#include "he/paillier_vector.h"
#include "he/plaintext_proof.h"

namespace pyzkfl::bindings {
namespace {

using namespace he;


Randomness randomness_of(const std::string& name) {
  if (name == "short") return Randomness::short_exponent;
  if (name == "classic") return Randomness::classic;
  throw ParameterError("randomness is \"short\" or \"classic\", not \"" + name + "\"");
}

Words words_of(const std::vector<py::int_>& integers, const Integer& bound, size_t words, const char* name) {
  Words out(integers.size() * words);
  for (size_t i = 0; i < integers.size(); ++i) {
    const Integer v = core_integer(integers[i], name, 64 * words);
    if (!(v < bound)) throw ParameterError(std::string(name) + " must be below n (ciphertexts: below n^2)");
    v.to_words(std::span(out).subspan(i * words, words));
  }
  return out;
}

std::vector<py::int_> integers_of(WordSpan words, size_t each) {
  std::vector<py::int_> out;
  for (size_t i = 0; i < words.size(); i += each)
    out.push_back(python_int(Integer::from_words(words.subspan(i, each))));
  return out;
}

}  // namespace

void add_he_paillier(py::module_& m) {
  py::class_<PaillierVector>(m, "PaillierCiphertext", "A vector of integers, encrypted; add them with +.")
      .def("__add__", [](const PaillierVector& a, const PaillierVector& b) { return run_he([&] { return a + b; }); })
      .def("__len__", &PaillierVector::length)
      .def_property_readonly("terms", &PaillierVector::terms, "How many encryptions were added.")
      .def_property_readonly("max_abs", [](const PaillierVector& v) { return v.packing().max_abs; })
      .def_property_readonly("summands", [](const PaillierVector& v) { return v.packing().summands; })
      .def_property_readonly("slot_bits", [](const PaillierVector& v) { return v.packing().slot_bits; })
      .def_property_readonly("nbytes", &PaillierVector::encoded_bytes, "Bytes of to_bytes().")
      .def(
          "to_bytes", [](const PaillierVector& v) { return he_bytes(v.encode()); },
          "The artefact of docs/formats.md.")
      .def(
          "raw", [](const PaillierVector& v) { return integers_of(v.ciphertexts(), 2 * v.key()->words()); },
          "The ciphertexts as integers below n^2, as phe has them; each is of packed values.")
      .def("__repr__", [](const PaillierVector& v) {
        return "<he.PaillierCiphertext of " + std::to_string(v.length()) + " values, " + std::to_string(v.terms()) +
               " terms>";
      });

  py::class_<HePaillierPublic>(m, "PaillierPublicKey", "A Paillier modulus n; g is n + 1, as in phe.")
      .def(py::init([](const py::int_& n) {
             const Integer v = core_integer(n, "n", 4096);
             return HePaillierPublic{run_he([&] { return std::make_shared<const PaillierPublicKey>(v); })};
           }),
           py::arg("n"))
      .def_property_readonly("n", [](const HePaillierPublic& p) { return python_int(p.key->n()); })
      .def_property_readonly("bits", [](const HePaillierPublic& p) { return p.key->bits(); })
      .def_property_readonly("digest", [](const HePaillierPublic& p) { return he_bytes(p.key->digest()); })
      .def("to_bytes", [](const HePaillierPublic& p) { return he_bytes(encode_public_key(*p.key)); })
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return HePaillierPublic{run_he([&] { return decode_paillier_public_key(data); })};
          },
          py::arg("data"))
      .def(
          "encrypt",
          [](const HePaillierPublic& p, const py::object& values, uint64_t max_abs, uint32_t summands,
             const std::string& randomness) {
            const IntArray array = value_array(values);
            const auto data = view(array);
            const Randomness kind = randomness_of(randomness);
            return run_he([&] { return PaillierVector::encrypt(p.key, Packing(max_abs, summands), data, kind); });
          },
          py::arg("values"), py::kw_only(), py::arg("max_abs"), py::arg("summands"), py::arg("randomness") = "short",
          R"(Encrypt integers of at most max_abs in magnitude, for sums of at most `summands` such vectors.

randomness: "short" (fixed-base tables, half-length exponents) or "classic" (r^n); SECURITY.md has the assumptions.)")
      .def(
          "ciphertext",
          [](const HePaillierPublic& p, const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return run_he([&] { return PaillierVector::decode(p.key, data); });
          },
          py::arg("data"), "Read a ciphertext under this key. DecodeError says what is wrong with it.")
      .def(
          "contribution",
          [](const HePaillierPublic& p, const py::bytes& context, uint16_t member, const py::bytes& bytes) {
            const Digest c = bytes32(context, "the context");
            const ByteSpan data = he_view(bytes);
            return run_he([&] { return read_contribution(p.key, c, member, data); });
          },
          py::arg("context"), py::arg("member"), py::arg("data"),
          "The ciphertext of a contribution to a shared key's sum. DecodeError without the proof, for this member and "
          "context, that its sender knows the values.")
      .def(
          "raw_encrypt",
          [](const HePaillierPublic& p, const std::vector<py::int_>& messages, const std::string& randomness) {
            const size_t w = p.key->words();
            const Words words = words_of(messages, p.key->n(), w, "a message");
            const Randomness kind = randomness_of(randomness);
            return integers_of(run_he([&] { return p.key->encrypt(words, kind); }), 2 * w);
          },
          py::arg("messages"), py::arg("randomness") = "short", "Ciphertexts of integers below n, one each.")
      .def(
          "raw_add",
          [](const HePaillierPublic& p, const std::vector<py::int_>& a, const std::vector<py::int_>& b) {
            const size_t each = 2 * p.key->words();
            const Words x = words_of(a, p.key->n_squared(), each, "a ciphertext"),
                        y = words_of(b, p.key->n_squared(), each, "a ciphertext");
            return integers_of(run_he([&] { return p.key->add(x, y); }), each);
          },
          py::arg("a"), py::arg("b"));

  py::class_<HePaillierSecret>(m, "PaillierSecretKey", "The primes of a Paillier key. Wiped when released.")
      .def(py::init([](const py::int_& p, const py::int_& q) {
             const Integer a = core_integer(p, "p", 2048), b = core_integer(q, "q", 2048);
             return HePaillierSecret{run_he([&] { return std::make_shared<const PaillierSecretKey>(a, b); })};
           }),
           py::arg("p"), py::arg("q"))
      .def_static(
          "generate", [](size_t bits) { return HePaillierSecret{run_he([&] { return PaillierSecretKey::generate(bits); })}; },
          py::arg("bits") = 2048, "A fresh key of 2048, 3072 or 4096 bits.")
      .def_property_readonly("public_key", [](const HePaillierSecret& s) { return HePaillierPublic{s.key->public_key()}; })
      .def(
          "primes", [](const HePaillierSecret& s) { return py::make_tuple(python_int(s.key->p()), python_int(s.key->q())); },
          "(p, q), for phe.PaillierPrivateKey and for storing. HePaillierSecret.")
      .def(
          "decrypt",
          [](const HePaillierSecret& s, const PaillierVector& v) {
            py::array_t<int64_t> out(static_cast<py::ssize_t>(v.length()));
            const std::span<int64_t> values(out.mutable_data(), v.length());
            run_he([&] {
              if (v.key()->digest() != s.key->public_key()->digest()) {
                throw ParameterError("the ciphertext is under another key");
              }
              v.unpack_messages(values, s.key->decrypt(v.ciphertexts()));
            });
            return out;
          },
          py::arg("ciphertext"), "The values, int64.")
      .def(
          "raw_decrypt",
          [](const HePaillierSecret& s, const std::vector<py::int_>& ciphertexts) {
            const PaillierPublicKey& key = *s.key->public_key();
            const Words words = words_of(ciphertexts, key.n_squared(), 2 * key.words(), "a ciphertext");
            return integers_of(run_he([&] {
                                 key.check_ciphertexts(words);
                                 return s.key->decrypt(words);
                               }),
                               key.words());
          },
          py::arg("ciphertexts"), "The integers below n.")
      .def("__repr__", [](const HePaillierSecret& s) {
        return "<he.PaillierSecretKey of " + std::to_string(s.key->public_key()->bits()) + " bits>";
      });
}

}  // namespace pyzkfl::bindings

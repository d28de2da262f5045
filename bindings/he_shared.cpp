// Keys that several hold: contributions and requests, Paillier's threshold keys, joint ring-LWE keys.
#include "he.h"
#include "base/ed25519.h"
#include "he/agreed_sum.h"
#include "he/paillier_threshold.h"
#include "he/primes.h"
#include "he/rlwe_shared.h"
#include "he/sealed_state.h"
#include "he/share_box.h"

namespace pyzkfl::bindings {
namespace {

using namespace he;

struct ThresholdKey {
  std::shared_ptr<const PaillierThresholdKey> key;
};

Digest digest32(const py::bytes& in, const char* name) { return bytes32(in, name); }

Commitments commitments_of(const std::map<int64_t, py::bytes>& in) {
  Commitments out;
  for (const auto& [member, digest] : in) {
    if (member < 0 || member > 0xffff) throw ParameterError("there is no member " + std::to_string(member));
    out[static_cast<Index>(member)] = digest32(digest, "a commitment");
  }
  return out;
}

std::vector<Bytes> bytes_list(const std::vector<py::bytes>& in) {
  std::vector<Bytes> out;
  for (const py::bytes& b : in) {
    const ByteSpan data = he_view(b);
    out.emplace_back(data.begin(), data.end());
  }
  return out;
}

SecretBytes secret_or_random(const py::object& given, const char* name) {
  if (given.is_none()) return SecretBytes::random(32);
  return SecretBytes::copy_of(bytes32(given.cast<py::bytes>(), name));
}

Index index_of(int64_t i) {
  if (i < 0 || i > 0xffff) throw ParameterError("there is no member " + std::to_string(i));
  return static_cast<Index>(i);
}

SumRequest request_of(const py::bytes& context, const std::map<int64_t, py::bytes>& commitments,
                      const std::map<int64_t, py::bytes>& ciphertexts, const std::set<int64_t>& holders) {
  SumRequest out{.context = digest32(context, "the context"),
                 .commitments = commitments_of(commitments),
                 .ciphertexts = {},
                 .holders = {}};
  for (const auto& [member, bytes] : ciphertexts) {
    const ByteSpan data = he_view(bytes);
    out.ciphertexts[index_of(member)] = Bytes(data.begin(), data.end());
  }
  for (const int64_t holder : holders) out.holders.insert(index_of(holder));
  return out;
}

using Identity = std::shared_ptr<Ed25519PrivateKey>;

// Sealed before Python sees it.
template <class Holder>
py::bytes save(Holder& holder, const Identity& identity) {
  return he_bytes(run_he([&] { return seal_state(*identity, holder.state().span()); }));
}

constexpr const char* kSaveDoc =
    "Everything there is, what was answered too, sealed under a key that the identity key derives.";
constexpr const char* kRestoreDoc =
    "Go on where save() was called. Restoring any but the last saved state may answer twice.";
constexpr const char* kCloseDoc = "Open and answer nothing in this context from now on, and forget what was kept for it.";

void add_states(py::module_& m) {
  m.def(
      "seal_state",
      [](const Identity& identity, const py::bytes& state) { return he_bytes(seal_state(*identity, he_view(state))); },
      py::arg("identity").none(false), py::arg("state"), "Under a key that the identity key derives.");
  m.def(
      "open_state",
      [](const Identity& identity, const py::bytes& sealed) {
        return he_bytes(open_state(*identity, he_view(sealed)).span());
      },
      py::arg("identity").none(false), py::arg("sealed"), "DecodeError for what this identity did not seal.");
}

void add_requests(py::module_& m) {
  m.attr("MIN_CONTRIBUTIONS") = min_contributions;
  m.def(
      "commit_contribution",
      [](const py::bytes& context, int64_t member, const py::bytes& ciphertext) {
        return he_bytes(commit_contribution(digest32(context, "the context"), index_of(member), he_view(ciphertext)));
      },
      py::arg("context"), py::arg("member"), py::arg("ciphertext"),
      "The 32-byte commitment to a ciphertext, sent before anybody opens.");
  py::class_<SumRequest>(m, "SumRequest", "What holders are asked to decrypt together.")
      .def(py::init(&request_of), py::kw_only(), py::arg("context"), py::arg("commitments"), py::arg("ciphertexts"),
           py::arg("holders"),
           R"(context: 32 bytes, never used twice. commitments: {member: 32 bytes} of everybody who committed.
ciphertexts: {member: bytes} of those who opened. holders: the members who are to answer.)")
      .def_property_readonly("digest", [](const SumRequest& r) { return he_bytes(r.digest(r.check())); })
      .def_property_readonly(
          "holders", [](const SumRequest& r) { return std::set<int64_t>(r.holders.begin(), r.holders.end()); });
}

void add_paillier_threshold(py::module_& m) {
  py::class_<ThresholdKey>(m, "PaillierThresholdKey", "A Paillier key with what checks decryption shares. Public.")
      .def_property_readonly("public_key", [](const ThresholdKey& k) { return HePaillierPublic{k.key->key()}; })
      .def_property_readonly("threshold", [](const ThresholdKey& k) { return k.key->threshold(); })
      .def_property_readonly("members", [](const ThresholdKey& k) { return k.key->members(); })
      .def("to_bytes", [](const ThresholdKey& k) { return he_bytes(k.key->encode()); })
      .def_static(
          "from_bytes",
          [](const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return ThresholdKey{run_he([&] { return PaillierThresholdKey::decode(data); })};
          },
          py::arg("data"))
      .def(
          "combine",
          [](const ThresholdKey& k, const SumRequest& request, const std::vector<py::bytes>& shares) {
            const std::vector<Bytes> list = bytes_list(shares);
            return to_numpy(run_he([&] { return combine_paillier(*k.key, request, list); }));
          },
          py::arg("request"), py::arg("shares"),
          "The values, from shares of at least `threshold` members. ProtocolError names who sent a wrong one.");

  py::class_<PaillierHolder>(m, "PaillierHolder", "One member's share of a Paillier key. Answers a context once.")
      .def_property_readonly("index", &PaillierHolder::index)
      .def_property_readonly("key", [](const PaillierHolder& h) { return ThresholdKey{h.key()}; })
      .def(
          "to_bytes", [](const PaillierHolder& h) { return he_bytes(h.encode().span()); },
          "The share, for the dealer to send. Secret.")
      .def_static(
          "from_bytes",
          [](const ThresholdKey& key, const py::bytes& bytes) {
            const ByteSpan data = he_view(bytes);
            return run_he([&] { return PaillierHolder::decode(key.key, data); });
          },
          py::arg("key"), py::arg("data"), "Checked against the key's verification value.")
      .def(
          "contribute",
          [](PaillierHolder& h, const py::bytes& context, const py::object& values, uint64_t max_abs,
             uint32_t summands) {
            const Digest c = digest32(context, "the context");
            const IntArray array = value_array(values);
            const auto data = view(array);
            return he_bytes(run_he([&] { return h.contribute(c, Packing(max_abs, summands), data); }));
          },
          py::arg("context"), py::arg("values"), py::kw_only(), py::arg("max_abs"), py::arg("summands"),
          "Encrypt this member's values, prove that it knows them, keep both; returns the commitment.")
      .def(
          "open",
          [](PaillierHolder& h, const py::bytes& context, const std::map<int64_t, py::bytes>& commitments) {
            const Digest c = digest32(context, "the context");
            const Commitments list = commitments_of(commitments);
            return he_bytes(run_he([&] { return h.open(c, list); }));
          },
          py::arg("context"), py::arg("commitments"), "The ciphertext, once everybody's commitments are there.")
      .def(
          "expect",
          [](PaillierHolder& h, const py::bytes& context, const std::map<int64_t, py::bytes>& commitments) {
            const Digest c = digest32(context, "the context");
            const Commitments list = commitments_of(commitments);
            run_he([&] { h.expect(c, list); });
          },
          py::arg("context"), py::arg("commitments"), "For a holder that contributes nothing: the commitments.")
      .def(
          "answer",
          [](PaillierHolder& h, const SumRequest& r) { return he_bytes(run_he([&] { return h.answer(r); })); },
          py::arg("request"), "The decryption share, with its proof. ProtocolError for what must not be answered.")
      .def(
          "close", [](PaillierHolder& h, const py::bytes& context) { h.close(digest32(context, "the context")); },
          py::arg("context"), kCloseDoc)
      .def("save", &save<PaillierHolder>, py::arg("identity").none(false), kSaveDoc)
      .def_static(
          "restore",
          [](const ThresholdKey& key, const Identity& identity, const py::bytes& saved) {
            const ByteSpan data = he_view(saved);
            return run_he([&] { return PaillierHolder::restore(key.key, open_state(*identity, data).span()); });
          },
          py::arg("key"), py::arg("identity").none(false), py::arg("saved"), kRestoreDoc)
      .def("__repr__",
           [](const PaillierHolder& h) { return "<he.PaillierHolder " + std::to_string(h.index()) + ">"; });

  m.def(
      "random_safe_primes",
      [](size_t bits) {
        if (bits != 2048 && bits != 3072 && bits != 4096)
          throw ParameterError("Paillier keys have 2048, 3072 or 4096 bits");
        const auto primes = run_he([&] {
          const Integer p = random_prime(bits / 2, PrimeKind::safe);
          return std::pair(p, random_prime(bits / 2, PrimeKind::safe));
        });
        return py::make_tuple(python_int(primes.first), python_int(primes.second));
      },
      py::arg("bits"), "Two primes p with (p - 1) / 2 prime, for a key of `bits` bits. Seconds. Secret.");
  m.def(
      "deal_paillier",
      [](const py::int_& p, const py::int_& q, unsigned threshold, unsigned members) {
        const Integer a = core_integer(p, "p", 2048), b = core_integer(q, "q", 2048);
        PaillierDealing dealing = run_he([&] { return deal_paillier(a, b, threshold, members); });
        py::list holders;
        for (auto& holder : dealing.holders) holders.append(py::cast(std::move(holder)));
        return py::make_tuple(ThresholdKey{dealing.key}, holders);
      },
      py::arg("p"), py::arg("q"), py::arg("threshold"), py::arg("members"),
      "(PaillierThresholdKey, [PaillierHolder]) from safe primes: a dealer's work, who could decrypt alone and must "
      "forget.");
}

void add_share_box(py::module_& m) {
  py::class_<ShareBox>(m, "ShareBox", "Carries shares of one key between members: encrypted, authenticated, once.")
      .def(py::init([](const py::bytes& context, const py::object& secret) {
             return std::make_unique<ShareBox>(digest32(context, "the context"),
                                               secret_or_random(secret, "a box's secret"));
           }),
           py::arg("context"), py::arg("secret") = py::none(),
           "context: 32 bytes that name the key that is being made, and no other. secret: 32 random bytes, to go on in "
           "another process with the same box; drawn if not given.")
      .def_property_readonly("public_key", [](const ShareBox& b) { return he_bytes(b.public_key()); })
      .def(
          "seal",
          [](ShareBox& b, const py::bytes& to, const py::bytes& share) {
            return he_bytes(b.seal(digest32(to, "a box's public key"), he_view(share)));
          },
          py::arg("to"), py::arg("share"), "For the box with this public key, once.")
      .def(
          "open",
          [](const ShareBox& b, const py::bytes& from, const py::bytes& sealed) {
            return he_bytes(b.open(digest32(from, "a box's public key"), he_view(sealed)).span());
          },
          py::arg("sender"), py::arg("sealed"), "DecodeError for what the sender's box did not seal for this one.")
      .def("__repr__", [](const ShareBox&) { return "<he.ShareBox>"; });
}

}  // namespace

void add_he_shared(py::module_& m) {
  add_states(m);
  add_requests(m);
  add_paillier_threshold(m);
  add_share_box(m);

  py::class_<SharedKeyTerms>(m, "SharedKeyTerms", "What the members of a joint ring-LWE key agree on first.")
      .def(
          py::init([](unsigned members, unsigned threshold, uint64_t max_abs, uint32_t summands,
                      const py::bytes& context) {
            return SharedKeyTerms(RlweParameters(Packing(max_abs, summands), members), threshold,
                                  digest32(context, "the context"));
          }),
          py::kw_only(), py::arg("members"), py::arg("threshold"), py::arg("max_abs"), py::arg("summands"),
          py::arg("context"),
          R"(threshold: how many decrypt; `members` for all of them. context: 32 bytes that name this key and no other.)")
      .def_property_readonly("members", &SharedKeyTerms::members)
      .def_property_readonly("threshold", [](const SharedKeyTerms& t) { return t.threshold; })
      .def(
          "public_key",
          [](const SharedKeyTerms& t, const std::vector<py::bytes>& commitments,
             const std::vector<py::bytes>& parts) {
            const auto c = bytes_list(commitments), p = bytes_list(parts);
            return HeRlwePublic{run_he([&] { return joint_public_key(t, c, p); })};
          },
          py::arg("commitments"), py::arg("parts"), "The joint key, for those who are no members.")
      .def(
          "audit",
          [](const SharedKeyTerms& t, int64_t index, const py::bytes& seed, const py::bytes& part) {
            const SecretBytes secret = SecretBytes::copy_of(bytes32(seed, "the seed"));
            const Index i = index_of(index);
            const ByteSpan data = he_view(part);
            return run_he([&] { return audit(t, i, secret, data); });
          },
          py::arg("index"), py::arg("seed"), py::arg("part"), "Whether a shown seed gives this part.")
      .def(
          "combine",
          [](const SharedKeyTerms& t, const HeRlwePublic& key, const SumRequest& request,
             const std::vector<py::bytes>& shares) {
            const auto list = bytes_list(shares);
            return to_numpy(run_he([&] { return combine_rlwe(t, key.key, request, list); }));
          },
          py::arg("public_key"), py::arg("request"), py::arg("shares"),
          "The values, from the shares of exactly the request's holders.");

  py::class_<RlweHolder>(m, "RlweHolder", "One member's share of a joint ring-LWE key. Answers a context once.")
      .def_property_readonly("index", &RlweHolder::index)
      .def_property_readonly("public_key", [](const RlweHolder& h) { return HeRlwePublic{h.public_key()}; })
      .def(
          "contribute",
          [](RlweHolder& h, const py::bytes& context, const py::object& values) {
            const Digest c = digest32(context, "the context");
            const IntArray array = value_array(values);
            const auto data = view(array);
            return he_bytes(run_he([&] { return h.contribute(c, data); }));
          },
          py::arg("context"), py::arg("values"), "Encrypt and keep this member's values; returns the commitment.")
      .def(
          "open",
          [](RlweHolder& h, const py::bytes& context, const std::map<int64_t, py::bytes>& commitments) {
            const Digest c = digest32(context, "the context");
            const Commitments list = commitments_of(commitments);
            return he_bytes(run_he([&] { return h.open(c, list); }));
          },
          py::arg("context"), py::arg("commitments"), "The ciphertext, once everybody's commitments are there.")
      .def(
          "answer", [](RlweHolder& h, const SumRequest& r) { return he_bytes(run_he([&] { return h.answer(r); })); },
          py::arg("request"), "The decryption share. ProtocolError for what must not be answered.")
      .def(
          "close", [](RlweHolder& h, const py::bytes& context) { h.close(digest32(context, "the context")); },
          py::arg("context"), kCloseDoc)
      .def("save", &save<RlweHolder>, py::arg("identity").none(false), kSaveDoc)
      .def_static(
          "restore",
          [](const Identity& identity, const py::bytes& saved) {
            const ByteSpan data = he_view(saved);
            return run_he([&] { return RlweHolder::restore(open_state(*identity, data).span()); });
          },
          py::arg("identity").none(false), py::arg("saved"), kRestoreDoc)
      .def("__repr__", [](const RlweHolder& h) { return "<he.RlweHolder " + std::to_string(h.index()) + ">"; });

  py::class_<RlweKeyMember>(m, "RlweKeyMember", "One member while a joint ring-LWE key is made.")
      .def(py::init([](const SharedKeyTerms& terms, int64_t index, const py::object& seed) {
             const Index i = index_of(index);
             SecretBytes own = secret_or_random(seed, "the seed");
             return run_he([&] { return std::make_unique<RlweKeyMember>(terms, i, std::move(own)); });
           }),
           py::arg("terms"), py::arg("index"), py::arg("seed") = py::none(),
           "seed: 32 random bytes, secret, to go on in another process as the same member; drawn if not given.")
      .def(
          "commitment", [](const RlweKeyMember& k) { return he_bytes(k.commitment()); }, "First message, to all.")
      .def(
          "part",
          [](RlweKeyMember& k, const std::vector<py::bytes>& commitments) {
            return he_bytes(k.part(bytes_list(commitments)));
          },
          py::arg("commitments"), "Second message, to all, once everybody's commitments are there.")
      .def(
          "dealt_share",
          [](const RlweKeyMember& k, int64_t to) { return he_bytes(k.dealt_share(index_of(to)).span()); },
          py::arg("to"), "For a threshold: what member `to` gets, encrypted and authenticated. Secret.")
      .def(
          "finish",
          [](RlweKeyMember& k, const std::vector<py::bytes>& parts, const std::vector<py::bytes>& dealt_shares) {
            const auto p = bytes_list(parts), d = bytes_list(dealt_shares);
            return run_he([&] { return k.finish(p, d); });
          },
          py::arg("parts"), py::arg("dealt_shares") = std::vector<py::bytes>{},
          "The RlweHolder. ProtocolError names a member whose message is not what it committed to.")
      .def(
          "reveal_seed", [](RlweKeyMember& k) { return he_bytes(k.reveal_seed().span()); },
          "After a failed test, to find out who cheated; the key is dead from then on.");
}

}  // namespace pyzkfl::bindings

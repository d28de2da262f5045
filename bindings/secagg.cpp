// pyzkfl._core.secagg: the masking sessions.
//
// A session is guarded by a mutex, because the interpreter's lock is released while it works.
#include <pybind11/numpy.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "masking_calls.h"
#include "registry.h"
#include "secagg/bench.h"
#include "secagg/client.h"
#include "secagg/server.h"

namespace pyzkfl::secagg {
namespace {

namespace py = pybind11;
using namespace pyzkfl::bindings;

std::vector<Index> indices(const std::vector<int64_t>& list) {
  std::vector<Index> out;
  for (const int64_t i : list) {
    if (i < 0 || i >= static_cast<int64_t>(kMaxClients)) {
      throw ParameterError("there is no member " + std::to_string(i));
    }
    out.push_back(static_cast<Index>(i));
  }
  std::ranges::sort(out);
  return out;
}

struct Client {
  std::mutex mutex;
  ClientSession session;

  template <class F>
  py::bytes step(F&& work) {
    return to_py(run([&] {
      const std::lock_guard lock(mutex);
      return work(session);
    }));
  }
};

struct Server {
  std::mutex mutex;
  ServerSession session;

  template <class F>
  auto step(F&& work) {
    return run([&] {
      const std::lock_guard lock(mutex);
      return work(session);
    });
  }
};

UnsafeSkips unsafe_skips(const std::set<std::string>& names) {
  UnsafeSkips out;
  for (const std::string& name : names) {
    if (name == "consistency") {
      out.same_set = true;
    } else if (name == "both-shares") {
      out.one_share_each = true;
    } else {
      throw ParameterError("unsafe_skip knows 'consistency' and 'both-shares', not '" + name + "'");
    }
  }
  return out;
}


}  // namespace
}  // namespace pyzkfl::secagg

PYZKFL_BINDINGS(secagg) {
  using namespace pyzkfl;
  using namespace pyzkfl::secagg;
  m.doc() = "Masked secure aggregation: see pyzkfl.secagg.";

  py::class_<Config>(m, "Config", R"(What all parties of a masking round agree on; see `pyzkfl.secagg`.

job_digest: 32 bytes. round, attempt: which round, and how many times it was tried before. members: the
Ed25519 public keys of all n members (3 to 255) in the job's order; a member is named by its index here.
threshold: how many must stay to the end, more than n / 2. length: coordinates of a vector. max_abs: the
largest magnitude of an honest coordinate.

Raises ParameterError when these cannot be meant, e.g. n * max_abs >= 2^63.)")
      .def(py::init([](const py::bytes& job_digest, uint64_t round, const std::vector<py::bytes>& members,
                       size_t threshold, uint64_t length, uint64_t max_abs, uint32_t attempt) {
             std::vector<Ed25519PublicKey> keys;
             for (const py::bytes& key : members) keys.push_back(bytes32(key, "a member's public key"));
             return Config(bytes32(job_digest, "the job digest"), round, std::move(keys), threshold, length,
                           max_abs, attempt);
           }),
           py::arg("job_digest"), py::arg("round"), py::arg("members"), py::arg("threshold"),
           py::arg("length"), py::arg("max_abs"), py::arg("attempt") = 0)
      .def_property_readonly("job_digest", [](const Config& c) { return to_py(c.job_digest()); })
      .def_property_readonly("round", &Config::round)
      .def_property_readonly("attempt", &Config::attempt)
      .def_property_readonly("members",
                             [](const Config& c) {
                               py::list keys;
                               for (const auto& key : c.members()) keys.append(to_py(key));
                               return keys;
                             })
      .def_property_readonly("n", &Config::n)
      .def_property_readonly("threshold", &Config::threshold)
      .def_property_readonly("length", &Config::length)
      .def_property_readonly("max_abs", &Config::max_abs)
      .def_property_readonly("bits", &Config::bits,
                             "Width b of a masked coordinate: the least with n * max_abs < 2^(b-1).")
      .def_property_readonly("min_clients", &Config::min_clients, "max(threshold, 3): fewer end the round.")
      .def_property_readonly("max_corrupt", &Config::max_corrupt,
                             "So many members may collude with the server: min(2 threshold - n, min_clients - 1) - 1.")
      .def_property_readonly(
          "digest", [](const Config& c) { return to_py(c.digest()); },
          "SHA-256 of all parameters; it stands in every message.")
      .def(
          "__eq__", [](const Config& a, const Config& b) { return a.digest() == b.digest(); },
          py::is_operator())
      .def("__hash__", [](const Config& c) { return py::hash(to_py(c.digest())); })
      .def("__repr__", [](const Config& c) {
        return "<secagg.Config round " + std::to_string(c.round()) + ", " + std::to_string(c.threshold()) +
               " of " + std::to_string(c.n()) + ", " + std::to_string(c.length()) + " x " +
               std::to_string(c.bits()) + " bits>";
      });

  py::class_<Client>(m, "ClientSession", R"(A member's side of one masking round.

Bytes in, bytes out. A step that raises leaves the session as it was: ProtocolError for a message that an
honest server would not send now (its attribute `offender` is the index of the member to blame, or None),
NotEnoughClients when too few are left, ParameterError for the caller's own mistakes.

config: Config. index: this member's place in config.members. identity: its IdentityKey.
unsafe_skip: {"consistency", "both-shares"}, checks to leave out; for mutation tests only, and refused unless
the environment has PYZKFL_ALLOW_UNSAFE=1, because such a session reveals its vector to a bad server.)")
      .def(py::init([](const Config& config, size_t index, std::shared_ptr<Ed25519PrivateKey> identity,
                       const std::set<std::string>& unsafe_skip) {
             return std::unique_ptr<Client>(new Client{
                 {}, ClientSession(config, index, std::move(identity), unsafe_skips(unsafe_skip))});
           }),
           py::arg("config"), py::arg("index"), py::arg("identity"),
           py::arg("unsafe_skip") = std::set<std::string>())
      .def(
          "advertise", [](Client& c) { return c.step([](ClientSession& s) { return s.advertise(); }); },
          "Phase 1: our signed keys, for the server.")
      .def(
          "share",
          [](Client& c, const py::bytes& advertised) {
            const ByteSpan data = span_of(advertised);
            return c.step([&](ClientSession& s) { return s.share(data); });
          },
          py::arg("advertised"), "Phase 2: everybody's keys in, our sealed shares out.")
      .def(
          "masked_input",
          [](Client& c, const py::bytes& shared, const py::array& values, const py::bytes& blinder) {
            const ByteSpan data = span_of(shared);
            const Values contiguous = values_of(values, c.session.config().length());
            const std::span<const int64_t> vector(contiguous.data(), static_cast<size_t>(contiguous.size()));
            const auto element = bytes32(blinder, "the blinder");
            return c.step([&](ClientSession& s) { return s.masked_input(data, vector, element); });
          },
          py::arg("shared"), py::arg("values"), py::arg("blinder"),
          R"(Phase 3: the shares for us in, our masked vector out.

values: int64 array of shape (length,), magnitudes at most max_abs. blinder: an element of Fr, 32 bytes
little-endian.)")
      .def(
          "sign_survivors",
          [](Client& c, const std::variant<py::bytes, std::vector<int64_t>>& survivors,
             const py::bytes& context) {
            if (const auto* message = std::get_if<py::bytes>(&survivors)) {
              const ByteSpan data = span_of(*message);
              return c.step([&](ClientSession& s) { return s.sign_survivors(data); });
            }
            const std::vector<Index> set = indices(std::get<std::vector<int64_t>>(survivors));
            const Digest bound = bytes32(context, "the context");
            return c.step([&](ClientSession& s) { return s.sign_survivors(set, bound); });
          },
          py::arg("survivors"), py::arg("context") = py::bytes(std::string(32, '\0')),
          R"(Phase 4: our signature over the set of survivors.

survivors: the server's message, which brings its context along, or the indices of a set that we know
otherwise, with its 32-byte context. The same set may be signed again; a second, different one raises
ProtocolError.)")
      .def(
          "unmask",
          [](Client& c, const py::bytes& request) {
            const ByteSpan data = span_of(request);
            return c.step([&](ClientSession& s) { return s.unmask(data); });
          },
          py::arg("request"),
          R"(Phase 5: everybody's signatures in, our shares out.

Raises ProtocolError when the server asks for both shares of a member or shows signatures over another set.)")
      .def_property_readonly("config", [](const Client& c) { return c.session.config(); })
      .def_property_readonly("index", [](const Client& c) { return c.session.index(); })
      .def_property_readonly(
          "next_step",
          [](Client& c) {
            const std::lock_guard lock(c.mutex);
            return c.session.next_step();
          },
          "The step that is due: advertise, share, masked_input, sign_survivors or unmask.")
      .def("__repr__",
           [](const Client& c) {
             return "<secagg.ClientSession member " + std::to_string(c.session.index()) + " of " +
                    std::to_string(c.session.config().n()) + ", round " +
                    std::to_string(c.session.config().round()) + ">";
           })
      .def("__reduce_ex__", [](const Client&, int) {
        throw py::type_error("a ClientSession holds secrets of one round and is not copied or pickled");
      });

  py::class_<Server>(m, "ServerSession", R"(The coordinator's side of one masking round.

It never holds a vector without its masks. A call that raises changes nothing: ProtocolError for a message
that does not belong here (its attribute `offender` is a member's index where only that member can have made
it, else None), NotEnoughClients when a phase cannot be closed, ParameterError for the caller's own
mistakes.)")
      .def(py::init([](const Config& config) {
             return std::unique_ptr<Server>(new Server{{}, ServerSession(config)});
           }),
           py::arg("config"))
      .def(
          "receive",
          [](Server& c, const py::bytes& message) {
            const ByteSpan data = span_of(message);
            return static_cast<int>(c.step([&](ServerSession& s) { return s.receive(data); }));
          },
          py::arg("message"),
          "Take a client's message of the phase that is open. Returns its sender's index.")
      .def(
          "close_advertise",
          [](Server& c) { return to_py(c.step([](ServerSession& s) { return s.close_advertise(); })); },
          "End phase 1. Returns the message for everybody who advertised keys.")
      .def(
          "close_share",
          [](Server& c) {
            const auto messages = c.step([](ServerSession& s) { return s.close_share(); });
            py::dict out;
            for (const auto& [member, message] : messages) out[py::int_(member)] = to_py(message);
            return out;
          },
          "End phase 2. Returns {index: message} for everybody who dealt shares.")
      .def(
          "close_masked",
          [](Server& c, const std::vector<int64_t>& accepted, const py::bytes& context) {
            const std::vector<Index> set = indices(accepted);
            const Digest bound = bytes32(context, "the context");
            return to_py(c.step([&](ServerSession& s) { return s.close_masked(set, bound); }));
          },
          py::arg("accepted"), py::arg("context") = py::bytes(std::string(32, '\0')),
          R"(End phase 3 with the members whose vectors shall be in the sum. Returns the set message for them.

context: 32 bytes that are signed along with the set, e.g. a digest of the accepted submissions.)")
      .def(
          "close_consistency",
          [](Server& c) { return to_py(c.step([](ServerSession& s) { return s.close_consistency(); })); },
          "End phase 4. Returns the request for shares, the same for every survivor.")
      .def(
          "sum",
          [](Server& c) {
            const auto sum = c.step([](ServerSession& s) { return s.sum(); });
            py::array_t<int64_t> values(static_cast<py::ssize_t>(sum.values.size()));
            std::ranges::copy(sum.values, values.mutable_data());
            return py::make_tuple(values, to_py(sum.blinder));
          },
          R"(After phase 5: the sums over the survivors: (int64 array of shape (length,), 32-byte blinder).

Raises NotEnoughClients with fewer than `threshold` answers, ProtocolError naming a member that dealt false
shares.)")
      .def_property_readonly("config", [](const Server& c) { return c.session.config(); })
      .def_property_readonly(
          "phase",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return c.session.phase();
          },
          "Whose messages are taken now: advertise, share, masked, consistency or unmask.")
      .def_property_readonly(
          "advertisers",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.advertisers());
          },
          "Indices of those who advertised keys.")
      .def_property_readonly(
          "sharers",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.sharers());
          },
          "Indices of those who dealt shares.")
      .def_property_readonly(
          "submitters",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.submitters());
          },
          "Indices of those whose masked vectors came.")
      .def_property_readonly(
          "survivors",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.survivors());
          },
          "Indices of those whose vectors are in the sum; empty before close_masked().")
      .def_property_readonly(
          "signers",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.signers());
          },
          "Indices of those who signed the set of survivors.")
      .def_property_readonly(
          "responders",
          [](Server& c) {
            const std::lock_guard lock(c.mutex);
            return ints(c.session.responders());
          },
          "Indices of those whose shares came.")
      .def("__repr__", [](const Server& c) {
        return "<secagg.ServerSession of " + std::to_string(c.session.config().n()) + " members, round " +
               std::to_string(c.session.config().round()) + ">";
      });

  m.def("masked_bytes", &masked_bytes, py::arg("config"), "Bytes of a client's masked-input message.");
  m.def(
      "client_traffic",
      [](const Config& config, size_t survivors) {
        if (survivors > config.n()) throw ParameterError("more survivors than members");
        const Traffic t = client_traffic(config, survivors == 0 ? config.n() : survivors);
        return py::make_tuple(t.sent, t.received);
      },
      py::arg("config"), py::arg("survivors") = 0,
      R"((bytes sent, bytes received) by a client in a round in which all members deal shares.

survivors: how many stay to the end; 0 for all.)");

  m.def(
      "bench_mask", [](uint64_t n_bytes) { return run([&] { return bench_mask(n_bytes); }); },
      py::arg("n_bytes"), "Seconds to expand n_bytes of mask and add them to a vector, once.");
  m.def(
      "bench_shamir",
      [](unsigned n, unsigned threshold) {
        if (threshold == 0 || threshold > n || n > kMaxClients) {
          throw ParameterError("1 <= threshold <= n <= 255");
        }
        const ShamirSeconds s = run([&] { return bench_shamir(n, threshold); });
        py::dict out;
        out["split_seconds"] = s.split;
        out["combine_seconds"] = s.combine;
        return out;
      },
      py::arg("n"), py::arg("threshold"),
      "Seconds to share two 256-bit secrets among n, and to get one back from `threshold` shares.");
}

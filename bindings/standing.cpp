// pyzkfl._core.standing: many masked sums on one setup.
//
// A member or server is guarded by a mutex, because the interpreter's lock is released while it works.
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "masking_calls.h"
#include "registry.h"
#include "secagg/bench.h"
#include "secagg/standing/client.h"
#include "secagg/standing/server.h"
#include "secagg/standing/stand_in.h"

namespace pyzkfl::secagg::standing {
namespace {

namespace py = pybind11;
using namespace pyzkfl::bindings;

template <class Party>
struct Guarded {
  std::mutex mutex;
  Party party;

  explicit Guarded(Party p) : party(std::move(p)) {}

  template <class F>
  auto step(F&& work) {
    return run([&] {
      const std::lock_guard lock(mutex);
      return work(party);
    });
  }
  template <class F>
  py::bytes bytes(F&& work) {
    return to_py(step(std::forward<F>(work)));
  }
};
using GuardedMember = Guarded<Member>;
using GuardedServer = Guarded<Server>;
using GuardedStandIn = Guarded<StandIn>;
using PlanPointer = std::shared_ptr<Plan>;

// (limbs, blinder): what blame shows or commits to. A mask is a secret, so our copy is wiped.
py::tuple to_tuple(WideVector wide) {
  py::list limbs;
  for (auto& limb : wide.limbs) {
    py::array_t<int64_t> values(static_cast<py::ssize_t>(limb.values.size()));
    std::ranges::copy(limb.values, values.mutable_data());
    wipe({reinterpret_cast<uint8_t*>(limb.values.data()), limb.values.size() * sizeof(int64_t)});
    limbs.append(py::make_tuple(limb.exponent, std::move(values)));
  }
  return py::make_tuple(std::move(limbs), to_py(wide.blinder));
}

Index member_index(int64_t member) {
  if (member < 0 || member >= 65535) throw ParameterError("there is no member " + std::to_string(member));
  return static_cast<Index>(member);
}

std::vector<LostSeed> seeds_of(const std::vector<std::pair<int, py::bytes>>& list) {
  std::vector<LostSeed> out;
  for (const auto& [lost, seed] : list) out.push_back({member_index(lost), bytes32(seed, "a seed")});
  return out;
}


Assumptions assumptions_of(size_t n, double dropout, double corrupt, const std::string& server,
                           double security_bits, double correctness_bits) {
  if (server != "active" && server != "semi-honest") {
    throw ParameterError("the server is 'active' or 'semi-honest', not '" + server + "'");
  }
  return {n, dropout, corrupt, server == "active" ? Adversary::active : Adversary::semi_honest, security_bits,
          correctness_bits};
}

}  // namespace
}  // namespace pyzkfl::secagg::standing

PYZKFL_BINDINGS(standing) {
  using namespace pyzkfl;
  using namespace pyzkfl::secagg;
  using namespace pyzkfl::secagg::standing;
  m.doc() = "Masked sums, many rounds on one setup: see pyzkfl.standing.";

  py::class_<Neighbourhood>(m, "Neighbourhood", R"(How many neighbours a member has and how many must answer.

Made by choose_neighbourhood().)")
      .def_readonly("neighbours", &Neighbourhood::k, "Neighbours of each member; an even number, or n - 1.")
      .def_readonly("threshold", &Neighbourhood::t, "Of `neighbours` + 1 holders, so many must answer.")
      .def_readonly("min_survivors", &Neighbourhood::min_survivors, "Fewer vectors end a round.")
      .def_readonly("security_bits", &Neighbourhood::security_bits,
                    "Privacy fails with probability at most 2^-this over the graph; inf where it cannot.")
      .def_readonly("correctness_bits", &Neighbourhood::correctness_bits,
                    "A round is lost with probability at most 2^-this; inf where it cannot be.")
      .def("__repr__", [](const Neighbourhood& c) {
        return "<standing.Neighbourhood " + std::to_string(c.t) + " of " + std::to_string(c.k + 1) + ">";
      });
  m.def(
      "choose_neighbourhood",
      [](size_t n, double dropout, double corrupt, const std::string& server, double security_bits,
         double correctness_bits) {
        return choose_neighbourhood(
            assumptions_of(n, dropout, corrupt, server, security_bits, correctness_bits));
      },
      py::arg("n"), py::arg("dropout"), py::arg("corrupt"), py::arg("server") = "active",
      py::arg("security_bits") = 40.0, py::arg("correctness_bits") = 30.0,
      R"(The least number of neighbours, and the greatest threshold for it, for n members.

dropout: the fraction that may be lost in a round. corrupt: the fraction that may collude with the server.
server: 'active' (does what it likes) or 'semi-honest'. Computed from exact hypergeometric tails; raises
ParameterError if not even the complete graph is enough.)");

  py::class_<Plan, PlanPointer>(m, "Plan", R"(What all members agree on before a setup; see pyzkfl.standing.

job_digest: 32 bytes. epoch: which setup of the job. members: the Ed25519 public keys of all n members.
seed: 32 bytes from a beacon made after the members were fixed. rounds: how many the setup lasts for.
length, max_abs: of a vector. dropout, corrupt, server, security_bits, correctness_bits: as in
choose_neighbourhood(), which chooses neighbours and threshold unless both are given.

Raises ParameterError when these cannot be meant, or are too weak.)")
      .def(py::init([](const py::bytes& job_digest, uint64_t epoch, const std::vector<py::bytes>& members,
                       const py::bytes& seed, uint32_t rounds, uint64_t length, uint64_t max_abs,
                       double dropout, double corrupt, const std::string& server, double security_bits,
                       double correctness_bits, size_t neighbours, size_t threshold) {
             std::vector<Ed25519PublicKey> keys;
             for (const py::bytes& key : members) keys.push_back(bytes32(key, "a member's public key"));
             const Assumptions a =
                 assumptions_of(keys.size(), dropout, corrupt, server, security_bits, correctness_bits);
             if (neighbours == 0 && threshold == 0) {
               const Neighbourhood chosen = choose_neighbourhood(a);
               neighbours = chosen.k;
               threshold = chosen.t;
             }
             return std::make_shared<Plan>(bytes32(job_digest, "the job digest"), epoch, std::move(keys), a,
                                           neighbours, threshold, bytes32(seed, "the seed"), rounds, length,
                                           max_abs);
           }),
           py::kw_only(), py::arg("job_digest"), py::arg("epoch"), py::arg("members"), py::arg("seed"),
           py::arg("rounds"), py::arg("length"), py::arg("max_abs"), py::arg("dropout"), py::arg("corrupt"),
           py::arg("server") = "active", py::arg("security_bits") = 40.0, py::arg("correctness_bits") = 30.0,
           py::arg("neighbours") = 0, py::arg("threshold") = 0)
      .def_property_readonly("epoch", &Plan::epoch)
      .def_property_readonly("n", &Plan::n)
      .def_property_readonly("members",
                             [](const Plan& p) {
                               py::list out;
                               for (const Ed25519PublicKey& key : p.members()) out.append(to_py(key));
                               return out;
                             },
                             "The Ed25519 public keys, in order.")
      .def_property_readonly("neighbourhood", &Plan::neighbourhood)
      .def_property_readonly("active", &Plan::active)
      .def_property_readonly("rounds", &Plan::rounds)
      .def_property_readonly("length", &Plan::length)
      .def_property_readonly("max_abs", &Plan::max_abs)
      .def_property_readonly("bits", &Plan::bits,
                             "Width b of a masked coordinate: the least with n * max_abs < 2^(b-1).")
      .def_property_readonly("colluding", [](const Plan& p) { return p.assumptions().colluding(); },
                             "So many members may collude with the server.")
      .def_property_readonly("committee", [](const Plan& p) { return ints(p.committee()); })
      .def(
          "neighbours_of",
          [](const Plan& p, int64_t member) {
            if (member < 0 || static_cast<size_t>(member) >= p.n()) {
              throw ParameterError("there is no member " + std::to_string(member));
            }
            return ints(p.graph().of(static_cast<Index>(member)));
          },
          py::arg("member"))
      .def_property_readonly("masked_bytes", [](const Plan& p) { return masked_bytes(p); },
                             "Bytes of a member's masked vector on the wire.")
      .def_property_readonly("digest", [](const Plan& p) { return to_py(p.digest()); })
      .def("__repr__", [](const Plan& p) {
        return "<standing.Plan of " + std::to_string(p.n()) + ", " + std::to_string(p.rounds()) +
               " rounds of " + std::to_string(p.length()) + " x " + std::to_string(p.bits()) + " bits>";
      });

  py::class_<GuardedMember>(m, "Member", R"(A member's side of standing rounds: bytes in, bytes out.

A step that raises leaves the member as it was: ProtocolError for a message that an honest server would not
send now (its attribute `offender` is the index of the member to blame, or None), NotEnoughClients when too
few are left, ParameterError for the caller's own mistakes.)")
      .def(py::init([](const PlanPointer& plan, size_t index, std::shared_ptr<Ed25519PrivateKey> identity) {
             return std::make_unique<GuardedMember>(Member(plan, index, std::move(identity)));
           }),
           py::arg("plan"), py::arg("index"), py::arg("identity"))
      .def_static(
          "restore",
          [](const PlanPointer& plan, size_t index, std::shared_ptr<Ed25519PrivateKey> identity,
             const py::bytes& saved) {
            const ByteSpan data = span_of(saved);
            return std::make_unique<GuardedMember>(Member::restore(plan, index, std::move(identity), data));
          },
          py::arg("plan"), py::arg("index"), py::arg("identity"), py::arg("saved"),
          "Go on where save() was called. Restoring any but the last saved state may use a mask twice.")
      .def(
          "save", [](GuardedMember& c) { return c.bytes([](Member& p) { return p.save(); }); },
          "Everything there is, sealed under a key that the identity key derives.")
      .def(
          "keys", [](GuardedMember& c) { return c.bytes([](Member& p) { return p.keys(); }); },
          "Setup: our signed key, for the server.")
      .def(
          "deal",
          [](GuardedMember& c, const py::bytes& neighbour_keys) {
            const ByteSpan data = span_of(neighbour_keys);
            return c.bytes([&](Member& p) { return p.deal(data); });
          },
          py::arg("neighbour_keys"), "Setup: the neighbours' keys in, sealed shares for them out.")
      .def(
          "accept",
          [](GuardedMember& c, const py::bytes& dealt) {
            const ByteSpan data = span_of(dealt);
            return c.bytes([&](Member& p) { return p.accept(data); });
          },
          py::arg("dealt"),
          "Setup: the shares for us in; our confirmations out, or b'' with a semi-honest server.")
      .def(
          "confirmed",
          [](GuardedMember& c, const py::bytes& message) {
            const ByteSpan data = span_of(message);
            c.step([&](Member& p) { p.confirmed(data); });
          },
          py::arg("message"), "Setup with an active server: who confirmed to us.")
      .def(
          "masked_input",
          [](GuardedMember& c, uint32_t round, const py::array& values, const py::bytes& blinder) {
            const Values contiguous = values_of(values, c.party.plan().length());
            const std::span<const int64_t> vector(contiguous.data(), static_cast<size_t>(contiguous.size()));
            const auto element = bytes32(blinder, "the blinder");
            return c.bytes([&](Member& p) { return p.masked_input(round, vector, element); });
          },
          py::arg("round"), py::arg("values"), py::arg("blinder"),
          R"(A round: our masked vector. Rounds ascend, and each is entered once.

values: int64 array of shape (length,), magnitudes at most max_abs. blinder: an element of Fr, 32 bytes
little-endian.)")
      .def(
          "sign_survivors",
          [](GuardedMember& c, const py::bytes& survivors) {
            const ByteSpan data = span_of(survivors);
            return c.bytes([&](Member& p) { return p.sign_survivors(data); });
          },
          py::arg("survivors"), "A round with an active server: the committee's signature over one set.")
      .def(
          "unmask",
          [](GuardedMember& c, const py::bytes& request) {
            const ByteSpan data = span_of(request);
            return c.bytes([&](Member& p) { return p.unmask(data); });
          },
          py::arg("request"), "A round: one share of each neighbour and of ourselves, for the one set.")
      .def(
          "blamed_vector",
          [](GuardedMember& c, const py::bytes& request, const py::array& values, const py::bytes& blinder) {
            const Values contiguous = values_of(values, c.party.plan().length());
            const std::span<const int64_t> vector(contiguous.data(), static_cast<size_t>(contiguous.size()));
            const auto element = bytes32(blinder, "the blinder");
            const ByteSpan data = span_of(request);
            return to_tuple(c.step([&](Member& p) { return p.blamed_vector(data, vector, element); }));
          },
          py::arg("request"), py::arg("values"), py::arg("blinder"),
          "Blame: our vector of the round under wide masks, ([(exponent, int64 limb)], blinder). See pyzkfl.blame.")
      .def(
          "lost_seeds",
          [](GuardedMember& c, const py::bytes& request) {
            const ByteSpan data = span_of(request);
            py::list out;
            for (const LostSeed& entry : c.step([&](Member& p) { return p.lost_seeds(data); })) {
              out.append(py::make_tuple(entry.lost, to_py(entry.seed)));
            }
            return out;
          },
          py::arg("request"), "Blame: [(lost neighbour, seed)], our side of what the unmasking opened.")
      .def(
          "blame_mask",
          [](GuardedMember& c, const py::bytes& request, int64_t survivor) {
            const Index i = member_index(survivor);
            const ByteSpan data = span_of(request);
            return to_tuple(c.step([&](Member& p) { return p.blame_mask(data, i); }));
          },
          py::arg("request"), py::arg("survivor"),
          "Blame: the wide mask that we share with a survivor. Secret: commit to it and forget it.")
      .def_property_readonly("index", [](const GuardedMember& c) { return c.party.index(); })
      .def_property_readonly("in_committee", [](const GuardedMember& c) { return c.party.in_committee(); })
      .def_property_readonly(
          "next_round",
          [](GuardedMember& c) {
            const std::lock_guard lock(c.mutex);
            return c.party.next_round();
          },
          "The first round that may still be entered.")
      .def_property_readonly(
          "next_step",
          [](GuardedMember& c) {
            const std::lock_guard lock(c.mutex);
            return c.party.next_step();
          },
          "keys, deal, accept, confirmed or round.")
      .def("__repr__",
           [](const GuardedMember& c) {
             return "<standing.Member " + std::to_string(c.party.index()) + " of " +
                    std::to_string(c.party.plan().n()) + ">";
           })
      .def("__reduce_ex__", [](const GuardedMember&, int) {
        throw py::type_error("a Member holds secrets and is not copied or pickled; save() seals its state");
      });

  py::class_<GuardedServer>(m, "Server", R"(The coordinator's side of standing rounds: bytes in, bytes out.

A call that raises changes nothing: ProtocolError for a message that does not belong here (`offender` is a
member's index where only that member can have made it), NotEnoughClients when a phase cannot be closed,
ParameterError for the caller's own mistakes.

folder: where the server keeps what members send for each other, n times their neighbours of it; a folder that
is there, for this server and setup alone. Without one it is kept in memory. SystemFailure where it cannot be
written.)")
      .def(py::init([](const PlanPointer& plan, const std::optional<std::filesystem::path>& folder) {
             return std::make_unique<GuardedServer>(Server(plan, folder ? folder->string() : std::string{}));
           }),
           py::arg("plan"), py::arg("folder") = py::none())
      .def(
          "receive",
          [](GuardedServer& c, const py::bytes& message) {
            const ByteSpan data = span_of(message);
            return static_cast<int>(c.step([&](Server& s) { return s.receive(data); }));
          },
          py::arg("message"),
          "Take a member's message of the phase that is open. Returns its sender. A vector is in the sum at once.")
      .def("close_keys", [](GuardedServer& c) { c.step([](Server& s) { s.close_keys(); }); })
      .def(
          "neighbour_keys",
          [](GuardedServer& c, int64_t member) {
            const Index i = member_index(member);
            return c.bytes([&](Server& s) { return s.neighbour_keys(i); });
          },
          py::arg("member"))
      .def("close_deal", [](GuardedServer& c) { c.step([](Server& s) { s.close_deal(); }); })
      .def(
          "dealt",
          [](GuardedServer& c, int64_t member) {
            const Index i = member_index(member);
            return c.bytes([&](Server& s) { return s.dealt(i); });
          },
          py::arg("member"))
      .def("close_confirm", [](GuardedServer& c) { c.step([](Server& s) { s.close_confirm(); }); })
      .def(
          "confirmed",
          [](GuardedServer& c, int64_t member) {
            const Index i = member_index(member);
            return c.bytes([&](Server& s) { return s.confirmed(i); });
          },
          py::arg("member"))
      .def(
          "open_round",
          [](GuardedServer& c, uint32_t round) { c.step([&](Server& s) { s.open_round(round); }); },
          py::arg("round"), "Rounds ascend. A round that is open and has no sum is void.")
      .def(
          "close_masked",
          [](GuardedServer& c, const py::bytes& context) {
            const Digest bound = bytes32(context, "the context");
            return c.bytes([&](Server& s) { return s.close_masked(bound); });
          },
          py::arg("context") = py::bytes(std::string(32, '\0')),
          R"(End the masked vectors. Active server: the message for the committee. Semi-honest: the request for shares.

context: 32 bytes that are signed along with the set.)")
      .def(
          "close_consistency",
          [](GuardedServer& c) { return c.bytes([](Server& s) { return s.close_consistency(); }); },
          "Active server: the request for shares, the same for every survivor.")
      .def(
          "sum",
          [](GuardedServer& c) {
            const auto sum = c.step([](Server& s) { return s.sum(); });
            py::array_t<int64_t> values(static_cast<py::ssize_t>(sum.values.size()));
            std::ranges::copy(sum.values, values.mutable_data());
            return py::make_tuple(values, to_py(sum.blinder));
          },
          "The sums over the survivors: (int64 array of shape (length,), 32-byte blinder).")
      .def(
          "sent_vector",
          [](GuardedServer& c, int64_t survivor, const py::array& low, const py::bytes& blinder) {
            const Index i = member_index(survivor);
            const Values contiguous = values_of(low, c.party.plan().length());
            const std::span<const int64_t> vector(contiguous.data(), static_cast<size_t>(contiguous.size()));
            const auto element = bytes32(blinder, "the blinder");
            return c.step([&](Server& s) { return s.sent_vector(i, vector, element); });
          },
          py::arg("survivor"), py::arg("low"), py::arg("blinder"),
          "Blame: whether this is, modulo 2^b, the vector that the survivor sent in the round.")
      .def(
          "opened_masks",
          [](GuardedServer& c, int64_t survivor, const std::vector<std::pair<int, py::bytes>>& shown) {
            const Index i = member_index(survivor);
            const std::vector<LostSeed> seeds = seeds_of(shown);
            return to_tuple(c.step([&](Server& s) { return s.opened_masks(i, seeds); }));
          },
          py::arg("survivor"), py::arg("shown"),
          "Blame: the masks in a survivor's vector that are no secret any more, ([(exponent, limb)], blinder).")
      .def(
          "other_seeds",
          [](GuardedServer& c, int64_t survivor, const std::vector<std::pair<int, py::bytes>>& shown) {
            const Index i = member_index(survivor);
            const std::vector<LostSeed> seeds = seeds_of(shown);
            return ints(c.step([&](Server& s) { return s.other_seeds(i, seeds); }));
          },
          py::arg("survivor"), py::arg("shown"),
          "Blame: the lost members whose pads hold other seeds than the survivor shows.")
      .def_static(
          "restore",
          [](const PlanPointer& plan, const std::shared_ptr<Ed25519PrivateKey>& identity, const py::bytes& saved,
             const std::optional<std::filesystem::path>& folder) {
            return std::make_unique<GuardedServer>(
                Server::restore(plan, *identity, span_of(saved), folder ? folder->string() : std::string{}));
          },
          py::arg("plan"), py::arg("identity").none(false), py::arg("saved"), py::arg("folder") = py::none(),
          "Go on where save() was called; with the folder of then, DecodeError if its files are not those of this state.")
      .def(
          "save",
          [](GuardedServer& c, const std::shared_ptr<Ed25519PrivateKey>& identity) {
            return c.bytes([&](Server& s) { return s.save(*identity); });
          },
          py::arg("identity").none(false),
          "Everything there is, sealed under a key that the server's identity key derives.")
      .def_property_readonly("round",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               return c.party.round();
                             },
                             "The round that is or was open last.")
      .def_property_readonly("phase",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               return c.party.phase();
                             })
      .def_property_readonly("members",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               return ints(c.party.members());
                             },
                             "Indices of those who are set up.")
      .def_property_readonly("survivors",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               return ints(c.party.survivors());
                             },
                             "Indices of those whose vectors are in the sum.")
      .def_property_readonly("responders",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               return ints(c.party.responders());
                             })
      .def_property_readonly("suspects",
                             [](GuardedServer& c) {
                               const std::lock_guard lock(c.mutex);
                               const auto& s = c.party.suspects();
                               return std::vector<int>(s.begin(), s.end());
                             },
                             "Indices of holders whose share was outvoted in the last sum.")
      .def("__repr__", [](const GuardedServer& c) {
        return "<standing.Server of " + std::to_string(c.party.plan().n()) + " members>";
      });

  py::class_<GuardedStandIn>(m, "BenchStandIn", R"(A client for the server's benchmark: it protects nothing, see csrc/secagg/standing/stand_in.h.

Its steps are Member's. crowd: 32 bytes, the same for all members of a plan.)")
      .def(py::init([](const PlanPointer& plan, size_t index, std::shared_ptr<Ed25519PrivateKey> identity,
                       const py::bytes& crowd) {
             return std::make_unique<GuardedStandIn>(
                 StandIn(plan, index, std::move(identity), bytes32(crowd, "the crowd's secret")));
           }),
           py::arg("plan"), py::arg("index"), py::arg("identity"), py::arg("crowd"))
      .def("keys", [](GuardedStandIn& c) { return c.bytes([](StandIn& p) { return p.keys(); }); })
      .def("deal",
           [](GuardedStandIn& c, const py::bytes& message) {
             const ByteSpan data = span_of(message);
             return c.bytes([&](StandIn& p) { return p.deal(data); });
           })
      .def("accept",
           [](GuardedStandIn& c, const py::bytes& message) {
             const ByteSpan data = span_of(message);
             return c.bytes([&](StandIn& p) { return p.accept(data); });
           })
      .def("confirmed",
           [](GuardedStandIn& c, const py::bytes& message) {
             const ByteSpan data = span_of(message);
             c.step([&](StandIn& p) { p.confirmed(data); });
           })
      .def("masked_input",
           [](GuardedStandIn& c, uint32_t round, const py::array& values, const py::bytes& blinder) {
             const Values contiguous = values_of(values, c.party.plan().length());
             const std::span<const int64_t> vector(contiguous.data(), static_cast<size_t>(contiguous.size()));
             const auto element = bytes32(blinder, "the blinder");
             return c.bytes([&](StandIn& p) { return p.masked_input(round, vector, element); });
           })
      .def("sign_survivors",
           [](GuardedStandIn& c, const py::bytes& message) {
             const ByteSpan data = span_of(message);
             return c.bytes([&](StandIn& p) { return p.sign_survivors(data); });
           })
      .def("unmask", [](GuardedStandIn& c, const py::bytes& message) {
        const ByteSpan data = span_of(message);
        return c.bytes([&](StandIn& p) { return p.unmask(data); });
      });

  m.def(
      "bench_shamir",
      [](unsigned n, unsigned threshold) {
        if (threshold == 0 || threshold > n || n > 65535) throw ParameterError("1 <= threshold <= n <= 65535");
        const ShamirSeconds s = run([&] { return bench_wide_shamir(n, threshold); });
        py::dict out;
        out["split_seconds"] = s.split;
        out["combine_seconds"] = s.combine;
        return out;
      },
      py::arg("n"), py::arg("threshold"),
      "Seconds to share a 256-bit secret among n, and to get it back from `threshold` shares.");
}

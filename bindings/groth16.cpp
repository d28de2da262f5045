// pyzkfl._core.groth16: setup, prover and verifier with committed wires (docs/protocol.md sections 3 and 4).
//
// Points cross as compressed bytes: G1 32, a proof 128. Scalars cross as Python integers (public inputs,
// negative ones meaning r - |x|) or 32 bytes little-endian (blinders).
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "byte_streams.h"
#include "curves/encoding.h"
#include "groth16/phase1.h"
#include "groth16/phase2.h"
#include "groth16/prover.h"
#include "groth16/setup.h"
#include "groth16/verifier.h"
#include "groth16_plain.h"
#include "python_bytes.h"
#include "r1cs/witness.h"
#include "progress.h"
#include "registry.h"

namespace pyzkfl {
namespace {

namespace py = pybind11;
using namespace groth16;
using bindings::progress_of;
using bindings::span_of;
using bindings::to_py;

G1Affine point(const py::bytes& in, const char* name) {
  const ByteSpan bytes = span_of(in);
  if (bytes.size() != g1_compressed_bytes) {
    throw DecodeError(std::string(name) + " must have 32 bytes, got " + std::to_string(bytes.size()));
  }
  return g1_decompress(bytes.first<g1_compressed_bytes>(), Infinity::refused);
}

Fr blinder_of(const py::bytes& in) {
  const ByteSpan bytes = span_of(in);
  if (bytes.size() != 32) throw ParameterError("a blinder has 32 bytes, got " + std::to_string(bytes.size()));
  return Fr::from_bytes_le(bytes.first<32>());
}

std::vector<py::bytes> evm_list(std::span<const G1Affine> points) {
  std::vector<py::bytes> out;
  for (const G1Affine& p : points) out.push_back(to_py(to_evm(p)));
  return out;
}

SubgroupCheck check_of(bool trusted) { return trusted ? SubgroupCheck::skipped : SubgroupCheck::done; }

std::span<const int64_t> values_of(const py::array& in) {
  if (in.ndim() != 1 || !in.dtype().equal(py::dtype::of<int64_t>()) || !(in.flags() & py::array::c_style)) {
    throw ParameterError("values must be a contiguous int64 array of one dimension");
  }
  return {static_cast<const int64_t*>(in.data()), static_cast<size_t>(in.size())};
}

// A public input: an integer in (-r, r).
Fr scalar_of(const py::handle& in) {
  if (!PyLong_Check(in.ptr())) throw ParameterError("a public input is an integer");
  const py::int_ value = py::reinterpret_borrow<py::int_>(in);
  const bool negative = py::cast<bool>(value.attr("__lt__")(0));
  const py::object magnitude = negative ? py::object(value.attr("__neg__")()) : py::object(value);
  if (py::cast<size_t>(magnitude.attr("bit_length")()) > 256)
    throw DecodeError("a public input is not below r");
  const py::bytes bytes = magnitude.attr("to_bytes")(32, "little");
  const Fr out = Fr::from_bytes_le(span_of(bytes).first<32>());
  return negative ? -out : out;
}

std::vector<Contribution> records_of(const std::vector<py::bytes>& in) {
  std::vector<Contribution> out;
  for (const py::bytes& record : in) out.push_back(Contribution::from_bytes(span_of(record)));
  return out;
}

py::tuple proved_to_py(const Proved& proved) {
  py::list knowledge;
  for (const Commitment& c : proved.commitments) knowledge.append(to_py(compress(*c.knowledge)));
  return py::make_tuple(to_py(proved.proof.to_compressed()), knowledge);
}

std::vector<Fr> inputs_of(const py::object& public_inputs) {
  std::vector<Fr> inputs;
  for (const py::handle value : public_inputs) inputs.push_back(scalar_of(value));
  return inputs;
}

Instance instance_of(std::vector<Fr> inputs, const py::object& commitment_list, const py::bytes& proof) {
  std::vector<Commitment> commitments;
  for (const py::handle entry : commitment_list) {
    const auto pair = py::cast<py::tuple>(entry);
    if (pair.size() != 2) throw ParameterError("a commitment is (point, proof of knowledge or None)");
    const G1Affine c = point(py::cast<py::bytes>(pair[0]), "a commitment");
    commitments.push_back(
        pair[1].is_none()
            ? Commitment::already_checked(c)
            : Commitment::with_knowledge(c, point(py::cast<py::bytes>(pair[1]), "a proof of knowledge")));
  }
  return {std::move(inputs), std::move(commitments), Proof::from_bytes(span_of(proof))};
}

void bind_keys(py::module_& m) {
  py::class_<CommitmentKey>(m, "CommitmentKey",
                            "The basis of one group's commitments; its digest names it in a Job.")
      .def_property_readonly("size", &CommitmentKey::size,
                             "Values a commitment takes, the blinder not counted.")
      .def_property_readonly("digest", [](const CommitmentKey& k) { return to_py(k.digest()); })
      .def("to_bytes", [](const CommitmentKey& k) { return to_py(k.to_bytes()); })
      .def_static("from_bytes", [](const py::bytes& in) { return CommitmentKey::from_bytes(span_of(in)); })
      .def(
          "commit",
          [](const CommitmentKey& key, const py::array& values, const py::bytes& blinder) {
            const auto v = values_of(values);
            const Fr b = blinder_of(blinder);
            G1Affine out;
            {
              const py::gil_scoped_release release;
              out = key.commit(v, b);
            }
            return to_py(compress(out));
          },
          py::arg("values"), py::arg("blinder"),
          "C = sum v_i K_i + b K_blind, 32 bytes. values: int64 (size,); blinder: 32 bytes, little-endian, "
          "below r.");

  py::class_<VerifyingKey>(m, "VerifyingKey",
                           "What a verifier needs; keys that allow forgery are refused when read.")
      .def_property_readonly("digest", [](const VerifyingKey& k) { return to_py(k.digest()); })
      .def_property_readonly("circuit", [](const VerifyingKey& k) { return to_py(k.circuit()); })
      .def_property_readonly("num_public", &VerifyingKey::num_public)
      .def_property_readonly("num_groups", &VerifyingKey::num_groups)
      .def(
          "evm_points",
          [](const VerifyingKey& k) {
            py::dict out;
            std::vector<py::bytes> sigma;
            for (size_t g = 0; g < k.num_groups(); ++g) sigma.push_back(to_py(to_evm(k.sigma_2(g))));
            out["alpha"] = to_py(to_evm(k.alpha_1()));
            out["beta"] = to_py(to_evm(k.beta_2()));
            out["gamma"] = to_py(to_evm(g2_generator()));
            out["delta"] = to_py(to_evm(k.delta_2()));
            out["sigma"] = sigma;
            out["ic"] = evm_list(k.ic());
            return out;
          },
          "The key's points as EIP-197 bytes: alpha (64), beta, gamma, delta (128), sigma and ic (lists).")
      .def("to_bytes", [](const VerifyingKey& k) { return to_py(k.to_bytes()); })
      .def_static("from_bytes", [](const py::bytes& in) {
        const ByteSpan bytes = span_of(in);
        const py::gil_scoped_release release;
        return VerifyingKey::from_bytes(bytes);
      });

  py::class_<ProvingKey>(m, "ProvingKey", "What a prover needs; holds its VerifyingKey and CommitmentKeys.")
      .def_property_readonly("verifying_key", &ProvingKey::verifying_key, py::return_value_policy::copy)
      .def_property_readonly("circuit", [](const ProvingKey& k) { return to_py(k.circuit()); })
      .def("commitment_key", &ProvingKey::commitment_key, py::return_value_policy::reference_internal,
           py::arg("group"))
      .def(
          "commit",
          [](const ProvingKey& key, size_t group, const py::array& values, const py::bytes& blinder) {
            const auto v = values_of(values);
            const Fr b = blinder_of(blinder);
            G1Affine out;
            {
              const py::gil_scoped_release release;
              out = key.commitment_key(group).commit(v, b);
            }
            return to_py(compress(out));
          },
          py::arg("group"), py::arg("values"), py::arg("blinder"), "As commitment_key(group).commit.")
      .def(
          "prove_knowledge",
          [](const ProvingKey& key, size_t group, const py::array& values, const py::bytes& blinder) {
            const auto v = values_of(values);
            const Fr b = blinder_of(blinder);
            G1Affine out;
            {
              const py::gil_scoped_release release;
              out = key.prove_knowledge(group, v, b);
            }
            return to_py(compress(out));
          },
          py::arg("group"), py::arg("values"), py::arg("blinder"),
          "sigma C, 32 bytes: shows that C is made of this group's basis and nothing else.")
      .def("to_bytes", [](const ProvingKey& k) { return to_py(k.to_bytes()); })
      .def(
          "stream",
          [](const ProvingKey& k, const py::function& write) {
            const py::gil_scoped_release release;
            k.stream(bindings::sink_of(write));
          },
          py::arg("write"), "The bytes of to_bytes, a few megabytes at a time, each given to `write`.")
      .def_static(
          "from_bytes",
          [](const py::buffer& in, bool trusted) {
            const bindings::BytesView bytes(in);
            const py::gil_scoped_release release;
            return ProvingKey::from_bytes(bytes.span(), check_of(trusted));
          },
          py::arg("data"), py::kw_only(), py::arg("trusted") = false,
          "Strict. data: bytes, or a mapped file. trusted: skip the subgroup check of G2, for a key that the caller wrote where nobody else "
          "writes.");
}

// The two phases have the same shape in Python.
template <class Phase, class Contributed>
py::class_<Phase> bind_phase(py::module_& m, const char* name, const char* doc) {
  return py::class_<Phase>(m, name, doc)
      .def_property_readonly("contributions", [](const Phase& p) { return p.contributions; })
      .def("to_bytes", [](const Phase& p) { return to_py(p.to_bytes()); })
      .def(
          "stream",
          [](const Phase& p, const py::function& write) {
            const py::gil_scoped_release release;
            p.stream(bindings::sink_of(write));
          },
          py::arg("write"), "The bytes of to_bytes, a few megabytes at a time, each given to `write`.")
      .def_static(
          "from_bytes",
          [](const py::buffer& in, bool trusted) {
            const bindings::BytesView bytes(in);
            const py::gil_scoped_release release;
            return Phase::from_bytes(bytes.span(), check_of(trusted));
          },
          py::arg("data"), py::kw_only(), py::arg("trusted") = false,
          R"(Strict: every point is checked. data: bytes, or a mapped file. Raises DecodeError or UnsupportedVersion.

trusted: skip the subgroup check of G2, for a state that the caller wrote itself. Never before `problem`.)")
      .def(
          "contribute",
          [](const Phase& before, const std::string& who, const py::bytes& context,
             const py::object& progress) {
            const ByteSpan bound = span_of(context);
            const Progress report = progress_of(progress);
            std::optional<Contributed> out;
            {
              const py::gil_scoped_release release;
              out = contribute(before, who, bound, report);
            }
            return py::make_tuple(std::move(out->state), to_py(out->record.to_bytes()));
          },
          py::arg("name"), py::arg("context"), py::arg("progress") = py::none(),
          "Multiply fresh secrets in; (new state, record). The secrets are wiped.");
}

void bind_ceremony(py::module_& m) {
  bind_phase<Phase1, Phase1Contributed>(m, "Phase1", "Powers of tau, for circuits of at most 2^log_n rows.")
      .def_property_readonly("log_n", [](const Phase1& p) { return p.log_n; })
      .def_static("size_bytes", &Phase1::size_bytes, py::arg("log_n"), "How many bytes a state for 2^log_n rows has.")
      .def_static(
          "initial",
          [](unsigned log_n, const py::bytes& context) { return Phase1::initial(log_n, span_of(context)); },
          py::arg("log_n"), py::arg("context"))
      .def(
          "problem",
          [](const Phase1& state, const py::bytes& context, const std::vector<py::bytes>& records,
             const py::object& progress, bool may_be_start) {
            const ByteSpan bound = span_of(context);
            const std::vector<Contribution> chain = records_of(records);
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            return problem_with(state, bound, chain, report, may_be_start ? groth16::Start::allowed : groth16::Start::refused);
          },
          py::arg("context"), py::arg("records"), py::arg("progress") = py::none(),
          py::arg("may_be_start") = false,
          "What is wrong with the ceremony that these records and this state are the end of; None if it is "
          "right.");
  bind_phase<Phase2, Phase2Contributed>(m, "Phase2",
                                        "The keys of one circuit, with the deltas and sigmas so far.")
      .def_static("size_bytes", &Phase2::size_bytes, py::arg("constraints"), "How many bytes a state of this circuit has.")
      .def_static(
          "initial",
          [](const Phase1& phase1, const ConstraintSystem& cs, const py::bytes& context,
             const py::object& progress) {
            const ByteSpan bound = span_of(context);
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            return Phase2::initial(phase1, cs, bound, report);
          },
          py::arg("phase1"), py::arg("constraints"), py::arg("context"), py::arg("progress") = py::none())
      .def(
          "problem",
          [](const Phase2& state, const Phase1& phase1, const ConstraintSystem& cs, const py::bytes& context,
             const std::vector<py::bytes>& records, const py::object& progress, bool may_be_start) {
            const ByteSpan bound = span_of(context);
            const std::vector<Contribution> chain = records_of(records);
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            return problem_with(state, phase1, cs, bound, chain, report,
                                may_be_start ? groth16::Start::allowed : groth16::Start::refused);
          },
          py::arg("phase1"), py::arg("constraints"), py::arg("context"), py::arg("records"),
          py::arg("progress") = py::none(), py::arg("may_be_start") = false)
      .def("finalize", [](const Phase2& p) {
        const py::gil_scoped_release release;
        return p.finalize();
      });
  m.def(
      "contributor",
      [](const py::bytes& record) {
        const Contribution c = Contribution::from_bytes(span_of(record));
        return py::make_tuple(c.name, to_py(c.context));
      },
      py::arg("record"), "Name and context that a contribution's record is bound to.");
  m.def("domain_log_n", &domain_log_n, py::arg("constraints"),
        "log2 of the rows that a first phase must be for.");
  m.def(
      "insecure_setup",
      [](const ConstraintSystem& cs, const py::object& progress) {
        const Progress report = progress_of(progress);
        const py::gil_scoped_release release;
        return insecure_setup(cs, report);
      },
      py::arg("constraints"), py::arg("progress") = py::none(),
      "Keys from one party's secrets: for tests and benchmarks only.");
}

void bind_committed_proofs(py::module_& m) {
  m.def(
      "prove",
      [](const ProvingKey& key, const ConstraintSystem& cs, const Witness& witness,
         const py::object& progress) {
        const Progress report = progress_of(progress);
        std::optional<Proved> out;
        {
          const py::gil_scoped_release release;
          out = prove(key, cs, witness, report);
        }
        return proved_to_py(*out);
      },
      py::arg("key"), py::arg("constraints"), py::arg("witness"), py::arg("progress") = py::none(),
      "(proof of 128 bytes, a proof of knowledge of 32 bytes for each group). Raises WitnessInvalid.");
  m.def(
      "prove_unverified",
      [](const ProvingKey& key, const ConstraintSystem& cs, const Witness& witness) {
        std::optional<Proved> out;
        {
          const py::gil_scoped_release release;
          out = prove_unverified(key, cs, witness);
        }
        return proved_to_py(*out);
      },
      py::arg("key"), py::arg("constraints"), py::arg("witness"),
      "As prove, looking at neither witness nor result: what an attacker runs. For tests of verifiers.");
  m.def(
      "commitment",
      [](const ProvingKey& key, const ConstraintSystem&, const Witness& witness, size_t group) {
        Commitment out;
        {
          const py::gil_scoped_release release;
          out = commit_group(key, group, witness);
        }
        return to_py(compress(out.point));
      },
      py::arg("key"), py::arg("constraints"), py::arg("witness"), py::arg("group"),
      "The commitment to a group's wires in the witness, 32 bytes.");
  m.def(
      "verify",
      [](const VerifyingKey& key, const py::object& public_inputs, const py::object& commitments,
         const py::bytes& proof) {
        const Instance one = instance_of(inputs_of(public_inputs), commitments, proof);
        const py::gil_scoped_release release;
        return verify(key, one.public_inputs, one.commitments, one.proof);
      },
      py::arg("key"), py::arg("public_inputs"), py::arg("commitments"), py::arg("proof"),
      "Whether one instance (see verify_batch) verifies.");
  m.def(
      "verify_commitment",
      [](const VerifyingKey& key, size_t group, const py::bytes& commitment, const py::bytes& knowledge) {
        const G1Affine c = point(commitment, "a commitment");
        const G1Affine p = point(knowledge, "a proof of knowledge");
        const py::gil_scoped_release release;
        return verify_commitment(key, group, c, p);
      },
      py::arg("key"), py::arg("group"), py::arg("commitment"), py::arg("knowledge"),
      "Whether `knowledge` shows that `commitment` is one to values of this group. 32 bytes each.");
  m.def(
      "verify_batch",
      [](const VerifyingKey& key, const py::sequence& instances) {
        std::vector<Instance> list;
        std::vector<size_t> bad, position;
        for (size_t i = 0; i < instances.size(); ++i) {
          const auto parts = py::cast<py::tuple>(py::object(instances[i]));
          if (parts.size() != 3) throw ParameterError("an instance is (public inputs, commitments, proof)");
          std::vector<Fr> inputs = inputs_of(parts[0]);  // the caller's own: malformed, they are its mistake
          try {
            list.push_back(instance_of(std::move(inputs), parts[1], py::cast<py::bytes>(parts[2])));
            position.push_back(i);
          } catch (const DecodeError&) {
            bad.push_back(i);
          }
        }
        const py::gil_scoped_release release;
        for (const size_t failed : verify_batch(key, list)) bad.push_back(position[failed]);
        std::sort(bad.begin(), bad.end());
        return bad;
      },
      py::arg("key"), py::arg("instances"),
      R"(Positions of the instances that do not verify; empty if all do.

An instance is (public inputs, [(commitment, proof of knowledge or None) for each group], proof of 128 or 256
bytes). A commitment without its proof of knowledge must have passed verify_commitment before. An instance whose proof
or commitments are no points fails like a false one; public inputs that are none raise DecodeError.)");
  m.def(
      "evm_bytes", [](const py::bytes& proof) { return to_py(Proof::from_bytes(span_of(proof)).to_evm()); },
      py::arg("proof"), "A proof's 256 bytes in EIP-197 order.");
}

}  // namespace
}  // namespace pyzkfl

PYZKFL_BINDINGS(groth16) {
  using namespace pyzkfl;
  m.doc() = "Groth16 over BN254 with committed wires: setup with contributions, prover, verifier.";
  bind_keys(m);
  bind_ceremony(m);
  bind_committed_proofs(m);
  bindings::bind_plain_groth16(m);
}

// pyzkfl._core.formats: keys, proofs, circuits, witnesses and powers of tau in iden3's formats.
//
// Points cross as EVM bytes (64 for G1, 128 for G2, 256 for a proof), scalars as ints. What takes long
// releases the GIL and lets Ctrl-C through.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "field_elements.h"
#include "formats/circuit/r1cs_file.h"
#include "formats/circuit/wtns_file.h"
#include "formats/container/mapped_file.h"
#include "formats/container/output_file.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/phase1_records.h"
#include "formats/snarkjs_json.h"
#include "formats/zkey/ceremony.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/setup.h"
#include "formats/zkey/zkey_check.h"
#include "formats/zkey/zkey_file.h"
#include "groth16/plain_prover.h"
#include "groth16/plain_verifier.h"
#include "point_bytes.h"
#include "progress.h"
#include "registry.h"
#include "system_text.h"

namespace pyzkfl::bindings {
namespace {

using namespace formats;
using groth16::PlainVerifyingKey;
using groth16::Proof;

py::tuple prove(const ZkeyFile& key, const Witness& witness, bool allow_unfinished,
                const py::object& progress) {
  const Progress report = progress_of(progress);
  Proof proof;
  {
    const py::gil_scoped_release release;
    proof = groth16::prove_plain(
        key.view(), key.rows(witness), witness, report,
        allow_unfinished ? groth16::UnfinishedKey::allowed : groth16::UnfinishedKey::refused);
  }
  py::list inputs;
  for (size_t i = 1; i <= key.view().num_public; ++i) inputs.append(fr_to_int(witness[i]));
  return py::make_tuple(to_python(proof.to_evm()), inputs);
}

// What a check says, which is run without the GIL: it may have the file's path in it.
template <class Check>
std::optional<py::str> problem_in_python(Check&& check) {
  std::optional<std::string> problem;
  {
    const py::gil_scoped_release release;
    problem = check();
  }
  if (!problem) return std::nullopt;
  return to_python_text(*problem);
}

py::bytes hash_in_python(const Blake2bDigest& hash) {
  return py::bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
}

// (name, beacon or None, exponent of its iterations, hash).
py::tuple contribution_in_python(const ContributionParameters& parameters, const Blake2bDigest& hash) {
  py::object beacon = py::none();
  if (parameters.is_beacon())
    beacon = py::bytes(reinterpret_cast<const char*>(parameters.beacon.data()), parameters.beacon.size());
  return py::make_tuple(py::bytes(parameters.name), beacon, parameters.iterations_exponent,
                        hash_in_python(hash));
}

// What a contribution is recorded with. A beacon's bytes, or None for a secret of this machine's own.
ContributionParameters parameters_from(const SystemText& name, const std::optional<py::bytes>& beacon,
                                       unsigned iterations_log) {
  ContributionParameters out;
  out.name = name.bytes;
  if (beacon) {
    const ByteSpan bytes = view_of(*beacon);
    out.type = ContributionParameters::beacon_type;
    out.beacon.assign(bytes.begin(), bytes.end());
    out.iterations_exponent = static_cast<uint8_t>(std::min(iterations_log, 255u));
  }
  return out;
}

void bind_snarkjs_json(py::module_& m) {
  m.def("snarkjs_verification_key", py::overload_cast<const groth16::VerifyingKey&>(&verification_key_json),
        py::arg("key"),
        "verification_key.json as text. Raises ParameterError for a key with committed wires.");
  m.def("snarkjs_verification_key", py::overload_cast<const PlainVerifyingKey&>(&verification_key_json),
        py::arg("key"));
  m.def(
      "snarkjs_proof", [](const py::bytes& proof) { return proof_json(Proof::from_bytes(view_of(proof))); },
      py::arg("proof"), "proof.json as text, from a proof's 128 or 256 bytes. Raises DecodeError.");
  m.def(
      "snarkjs_public", [](const py::object& inputs) { return public_json(frs_from_python(inputs)); },
      py::arg("public_inputs"), "public.json as text, from ints in [0, r) or a uint8 array (n, 32).");
}

Phase2Records records_of(const ZkeyFile& key) {
  if (!key.container().has(zkey_contributions)) return {};
  Reader in = key.container().reader(zkey_contributions);
  return Phase2Records::read(in);
}

void bind_zkey(py::module_& m) {
  py::class_<ZkeyFile>(m, "ZkeyFile",
                       "A .zkey of Groth16, mapped; its header is checked, its arrays are not.")
      .def(py::init([](const SystemText& path) {
             const py::gil_scoped_release release;
             return std::make_unique<ZkeyFile>(path.bytes);
           }),
           py::arg("path"))
      .def_property_readonly("path", [](const ZkeyFile& key) { return to_python_path(key.path()); })
      .def_property_readonly("num_wires", [](const ZkeyFile& key) { return key.view().num_wires; })
      .def_property_readonly("num_public", [](const ZkeyFile& key) { return key.view().num_public; })
      .def_property_readonly("log_n", [](const ZkeyFile& key) { return key.view().log_n; })
      .def_property_readonly("unfinished", &ZkeyFile::unfinished,
                             "Why anyone can forge proofs under this key, or None.")
      .def("verifying_key", [](const ZkeyFile& key) { return PlainVerifyingKey(key.view()); })
      .def(
          "contributions",
          [](const ZkeyFile& key) {
            py::list out;
            for (const Phase2Record& record : records_of(key).records)
              out.append(contribution_in_python(record.parameters, record.hash()));
            return out;
          },
          "(name, beacon or None, log of its iterations, hash) of each contribution to the second phase.")
      .def_property_readonly(
          "circuit_hash", [](const ZkeyFile& key) { return hash_in_python(records_of(key).circuit); },
          "What the file says is the circuit's hash; zeros where it has no section for contributions.")
      .def("prove", &prove, py::arg("witness"), py::arg("allow_unfinished") = false,
           py::arg("progress") = py::none(),
           "(proof of 256 bytes, public inputs). Verified before it is returned. Raises WitnessInvalid, "
           "ParameterError, DecodeError.")
      .def(
          "problem",
          [](const ZkeyFile& key, const py::object& progress) {
            const Progress report = progress_of(progress);
            return problem_in_python([&] { return problem_with_zkey(key, report); });
          },
          py::arg("progress") = py::none(),
          "What is wrong with the key, looking at every byte; None if nothing.");
  m.def(
      "setup_zkey",
      [](const SystemText& r1cs, const SystemText& ptau, const SystemText& output, const SystemText& name,
         const py::object& progress) {
        const Progress report = progress_of(progress);
        const py::gil_scoped_release release;
        setup_zkey(r1cs, ptau, output, name, report);
      },
      py::arg("r1cs"), py::arg("ptau"), py::arg("output"), py::arg("name"), py::arg("progress") = py::none());
}

// A contribution to either phase, from one file to another.
void bind_contribution(py::module_& m, const char* name,
                       Blake2bDigest (*contribute)(const std::string&, const std::string&,
                                                   const ContributionParameters&, const Progress&),
                       const char* doc) {
  m.def(
      name,
      [contribute](const SystemText& input, const SystemText& output, const SystemText& contributor,
                   const std::optional<py::bytes>& beacon, unsigned iterations_log, const py::object& progress) {
        const Progress report = progress_of(progress);
        const ContributionParameters parameters = parameters_from(contributor, beacon, iterations_log);
        Blake2bDigest hash;
        {
          const py::gil_scoped_release release;
          hash = contribute(input, output, parameters, report);
        }
        return hash_in_python(hash);
      },
      py::arg("input"), py::arg("output"), py::arg("name"), py::arg("beacon") = py::none(),
      py::arg("iterations_log") = 0, py::arg("progress") = py::none(), doc);
}

void bind_second_phase(py::module_& m) {
  bind_contribution(m, "contribute_zkey", contribute_zkey, "The hash of the contribution.");
  m.def(
      "ceremony_problem",
      [](const SystemText& r1cs, const SystemText& ptau, const ZkeyFile& key, const py::object& progress) {
        const Progress report = progress_of(progress);
        return problem_in_python([&] { return problem_with_ceremony(r1cs, ptau, key, report); });
      },
      py::arg("r1cs"), py::arg("ptau"), py::arg("key"), py::arg("progress") = py::none(),
      "What is wrong with the key of a second phase, given circuit and powers; None if nothing.");
}

void bind_circuit_files(py::module_& m) {
  m.def(
      "read_wtns",
      [](const SystemText& path) {
        const py::gil_scoped_release release;
        return read_wtns(path);
      },
      py::arg("path"), "A Witness (training.Witness: secret, wiped when it goes).");
  m.def(
      "write_wtns", [](const SystemText& path, const Witness& witness) { write_wtns(path, witness.span()); },
      py::arg("path"), py::arg("witness"));
  m.def(
      "write_wtns",
      [](const SystemText& path, const py::object& values) {
        std::vector<Fr> elements = frs_from_python(values);
        write_wtns(path, elements);
        wipe({reinterpret_cast<uint8_t*>(elements.data()), elements.size() * sizeof(Fr)});
      },
      py::arg("path"), py::arg("values"));
  m.def(
      "write_r1cs",
      [](const SystemText& path, const ConstraintSystem& constraints) { write_r1cs(path, constraints); },
      py::arg("path"), py::arg("constraints"));
  m.def(
      "r1cs_info",
      [](const SystemText& path) {
        const R1csFile file(path.bytes);
        py::dict out;
        out["wires"] = file.num_wires();
        out["public"] = file.num_public();
        out["constraints"] = file.num_constraints();
        out["terms"] = file.num_terms();
        return out;
      },
      py::arg("path"), "Reads and checks a whole .r1cs.");
  m.def(
      "read_file",
      [](const SystemText& path, size_t most_bytes) {
        const Bytes content = read_small_file(path, most_bytes);
        return py::bytes(reinterpret_cast<const char*>(content.data()), content.size());
      },
      py::arg("path"), py::arg("most_bytes"), "The bytes of a small regular file.");
  m.def(
      "check_outputs",
      [](const std::vector<SystemText>& outputs, const std::vector<SystemText>& inputs) {
        std::vector<std::string> read;
        for (const SystemText& path : inputs) read.push_back(path);
        for (const SystemText& path : outputs) {
          check_not_input(path, read);
          check_output(path);
        }
      },
      py::arg("outputs"), py::arg("inputs") = py::tuple(),
      "Raises what writing these files would, and ParameterError if one of them is an input.");
  m.def(
      "write_file",
      [](const SystemText& path, const py::bytes& content) { write_file(path, view_of(content)); },
      py::arg("path"), py::arg("content"), "Writes a file whole or not at all, replacing a regular file.");
  m.def(
      "write_files",
      [](const std::vector<std::pair<SystemText, py::bytes>>& files) {
        std::vector<std::pair<std::string, ByteSpan>> views;
        for (const auto& [path, content] : files) views.emplace_back(path.bytes, view_of(content));
        write_files(views);
      },
      py::arg("files"),
      "Writes files that belong together, (path, content) each: all are on the disk before the first gets its name.");
}

void bind_ptau(py::module_& m) {
  m.def(
      "new_ptau",
      [](const SystemText& output, unsigned log_n) {
        const py::gil_scoped_release release;
        new_ptau(output, log_n);
      },
      py::arg("output"), py::arg("log_n"));
  bind_contribution(m, "contribute_ptau", contribute_ptau, "The hash of the response.");
  m.def(
      "prepare_ptau",
      [](const SystemText& input, const SystemText& output, const py::object& progress) {
        const Progress report = progress_of(progress);
        const py::gil_scoped_release release;
        prepare_ptau(input, output, report);
      },
      py::arg("input"), py::arg("output"), py::arg("progress") = py::none());
  m.def(
      "ptau_problem",
      [](const SystemText& path, const py::object& progress) {
        const Progress report = progress_of(progress);
        return problem_in_python(
            [&] { return problem_with_ptau(PtauFile(path.bytes), Contributions::needed, report); });
      },
      py::arg("path"), py::arg("progress") = py::none(), "What is wrong with the powers; None if nothing.");
  m.def(
      "ptau_info",
      [](const SystemText& path) {
        const PtauFile file(path.bytes);
        py::list all;
        for (const Phase1Record& record : read_phase1_records(file))
          all.append(contribution_in_python(record.parameters, record.response()));
        py::dict out;
        out["log_n"] = file.log_n();
        out["ceremony_log_n"] = file.ceremony_log_n();
        out["prepared"] = file.is_prepared();
        out["contributions"] = all;
        return out;
      },
      py::arg("path"));
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(formats) {
  using namespace pyzkfl::bindings;
  m.doc() =
      "iden3's and snarkjs's formats: .r1cs, .wtns, .zkey, .ptau, and JSON of keys, proofs, public inputs.";
  bind_snarkjs_json(m);
  bind_zkey(m);
  bind_second_phase(m);
  bind_circuit_files(m);
  bind_ptau(m);
}

// pyzkfl._core.engine: networks, their integer training, and proofs of it (docs/engine.md).
//
// Weights and updates are flat int64 arrays in torch's order; points are 32 bytes, compressed; blinders 32 bytes,
// little-endian.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "byte_streams.h"
#include "curves/encoding.h"
#include "engine_batch.h"
#include "engine_evaluation.h"
#include "engine_inspection.h"
#include "engine_network.h"
#include "engine_norm.h"
#include "engine_parameters.h"
#include "formats/ptau/column_key.h"
#include "groth16/phase1_columns.h"
#include "groth16/setup.h"
#include "integer_arrays.h"
#include "program_data.h"
#include "progress.h"
#include "python_bytes.h"
#include "registry.h"
#include "system_text.h"
#include "training/network_forgery.h"
#include "wrap/engine.h"

namespace pyzkfl {
namespace {

namespace py = pybind11;
using bindings::Batch;
using bindings::bytes32;
using bindings::int_array;
using bindings::IntArray;
using bindings::Network;
using bindings::progress_of;
using bindings::to_numpy;
using bindings::to_py;
using bindings::Trained;
using bindings::view;
using wrap::EngineProof;
using wrap::EngineProver;
using wrap::EngineVerifier;
using wrap::Statement;

py::bytes to_py(const G1Affine& p) { return to_py(compress(p)); }

Fr blinder_of(const py::bytes& in, const char* name) { return Fr::from_bytes_le(bytes32(in, name)); }

std::vector<Fr> blinders_of(const std::vector<py::bytes>& in) {
  std::vector<Fr> out;
  for (const py::bytes& b : in) out.push_back(blinder_of(b, "a data blinder"));
  return out;
}

void bind_network(py::module_& m) {
  m.def(
      "with_learning_rate",
      [](const py::dict& parameters, double learning_rate) {
        return bindings::to_dict(
            NetworkSpec::with_learning_rate(bindings::network_parameters(parameters, false), learning_rate));
      },
      py::arg("parameters"), py::arg("learning_rate"),
      "Network's parameters with the eta, eta_shift and saturation of a learning rate.");

  py::class_<Network, std::shared_ptr<Network>>(m, "Network", R"(A network with its integer training step (docs/engine.md, section 6).

parameters: a dict of input, layers (dicts of kind, out, kernel, stride, padding, bias, relu), loss and numbers. Raises
ParameterError naming the parameter or the layer that does not fit.)")
      .def(py::init([](const py::dict& parameters) {
             return std::make_shared<Network>(bindings::network_parameters(parameters, true));
           }),
           py::arg("parameters"))
      .def_property_readonly("parameters", [](const Network& n) { return bindings::to_dict(n.spec.parameters()); })
      .def_property_readonly("dimension", [](const Network& n) { return n.spec.dimension(); },
                             "Coordinates of weights and updates.")
      .def_property_readonly("log_height", [](const Network& n) { return n.program.program.log_height; },
                             "A string of 2^log_height + 1 powers is needed.")
      .def_property_readonly("digest", [](const Network& n) { return to_py(n.program.program.digest()); },
                             "SHA-256 of the program, 32 bytes.")
      .def(
          "program", [](const Network& n) { return bindings::program_data(n.program.program); },
          "The program as plain data: dicts and lists with the fields of csrc/sumcheck/program.h. Public.")
      .def_property_readonly("exp_table", [](const Network& n) { return n.spec.exp_table(); },
                             "EXP, the table of the softmax: a list of ints.")
      .def_property_readonly(
          "constraints",
          [](const Network& n) {
            const py::gil_scoped_release release;
            return n.engine()->circuit().num_constraints();
          },
          "Of the wrap circuit.")
      .def(
          "constraint_system",
          [](const Network& n) {
            const py::gil_scoped_release release;
            return std::make_shared<ConstraintSystem>(n.engine()->circuit());
          },
          "The wrap circuit, for a setup.")
      .def_property_readonly("proof_bytes",
                             [](const Network&) { return EngineProof::compressed_bytes(digits_columns); })
      .def(
          "train",
          [](const std::shared_ptr<Network>& n, const py::object& weights, const std::vector<py::object>& features,
             const std::vector<py::object>& labels, const py::object& velocity) {
            const IntArray w = int_array(weights, "weights", {n->spec.dimension()});
            std::optional<IntArray> v;
            if (!velocity.is_none()) v = int_array(velocity, "velocity", {n->spec.dimension()});
            if (features.size() != labels.size()) throw ParameterError("features and labels differ in number");
            std::vector<Batch> batches;
            for (size_t s = 0; s < features.size(); ++s) batches.emplace_back(*n, features[s], labels[s]);
            const py::gil_scoped_release release;
            std::vector<NetworkBatch> seen;
            for (const Batch& b : batches) seen.push_back(b.seen());
            auto out = std::make_shared<Trained>();
            out->network = n;
            out->weights.assign(view(w).begin(), view(w).end());
            out->round = network_round(n->spec, view(w), seen, v ? view(*v) : std::span<const int64_t>());
            return out;
          },
          py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("velocity") = py::none(),
          R"(The local steps of a round, one batch each. velocity: int64 (dimension,), of 16 bits, where momentum is carried.

weights: int64 (dimension,); features: a list of int64 (rows, features), labels: of int64 (rows,), or of the mean squared
error (rows, outputs), one a step.)")
      .def(
          "outputs",
          [](const Network& n, const py::object& weights, const py::object& features) {
            const IntArray w = int_array(weights, "weights", {n.spec.dimension()});
            const py::array x = py::array::ensure(features);
            if (!x || x.ndim() != 2) throw ParameterError("features must be an array of two dimensions");
            const auto rows = static_cast<size_t>(x.shape(0));
            const IntArray checked = int_array(x, "features", {rows, n.spec.features()});
            std::vector<int64_t> out;
            {
              const py::gil_scoped_release release;
              out = network_outputs(n.spec, view(w), view(checked), rows);
            }
            return to_numpy(out).reshape({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(n.spec.classes())});
          },
          py::arg("weights"), py::arg("features"), "Outputs of the last layer, int64 (rows, classes), in units of 2^-a_frac.");

  py::class_<Trained, std::shared_ptr<Trained>>(m, "Trained", "A round's training with all that its proof needs. Secret.")
      .def_property_readonly(
          "update", [](const Trained& t) { return to_numpy(t.round.update.to_flat(t.network->spec)); },
          "D: int64 (dimension,).")
      .def_property_readonly(
          "velocity",
          [](const Trained& t) {
            if (!t.network->spec.carries()) throw ParameterError("this job starts every round without a velocity");
            return to_numpy(t.round.next_velocity.to_flat(t.network->spec));
          },
          "What the next round goes on from, where momentum is carried: int64 (dimension,).");
}

void bind_proofs(py::module_& m) {
  py::class_<ColumnKey, std::shared_ptr<ColumnKey>>(m, "ColumnKey", "The powers of tau that columns are committed with.")
      .def_static(
          "insecure",
          [](unsigned log_n) {
            const py::gil_scoped_release release;
            return std::make_shared<ColumnKey>(ColumnKey::insecure(log_n));
          },
          py::arg("log_n"), "From a tau that this process knew: for tests and benchmarks.")
      .def_static(
          "from_phase1",
          [](const groth16::Phase1& phase1, unsigned log_n) {
            const py::gil_scoped_release release;
            return std::make_shared<ColumnKey>(groth16::column_key_of(phase1, log_n));
          },
          py::arg("phase1"), py::arg("log_n"),
          "The powers of a verified first phase. Raises ParameterError when it has too few.")
      .def_static(
          "from_ptau",
          [](const bindings::SystemText& path, unsigned log_n) {
            const py::gil_scoped_release release;
            return std::make_shared<ColumnKey>(formats::column_key_from_ptau(formats::PtauFile(path.bytes), log_n));
          },
          py::arg("path"), py::arg("log_n"),
          R"(The first powers of a .ptau file, checked: they are powers of one tau. Not its contributions (formats.ptau_problem).
Raises ParameterError when it has too few, or nobody contributed; DecodeError, SystemFailure.)")
      .def_static(
          "from_bytes",
          [](const py::buffer& in, bool trusted) {
            const bindings::BytesView bytes(in);
            const py::gil_scoped_release release;
            return std::make_shared<ColumnKey>(
                ColumnKey::from_bytes(bytes.span(), trusted ? PowersCheck::skipped : PowersCheck::done));
          },
          py::arg("data"), py::kw_only(), py::arg("trusted") = false,
          R"(data: bytes, or a mapped file. trusted: the caller compares the digest with that of a key that was checked.
Raises DecodeError or UnsupportedVersion.)")
      .def(
          "stream",
          [](const ColumnKey& key, const py::function& write) {
            const py::gil_scoped_release release;
            key.stream(bindings::sink_of(write));
          },
          py::arg("write"), "The bytes of from_bytes, a few megabytes at a time, each given to `write`.")
      .def_property_readonly("log_n", [](const ColumnKey& key) { return key.log_n(); })
      .def_property_readonly("digest", [](const ColumnKey& key) { return to_py(key.digest()); })
      .def_property_readonly(
          "evm_points",
          [](const ColumnKey& key) {
            const ColumnKeyVerifier& v = key.verifier();
            py::dict out;
            out["tau_1"] = to_py(to_evm(v.tau_1()));
            out["tau_2"] = to_py(to_evm(v.tau_2()));
            out["tau_squared_2"] = to_py(to_evm(v.tau_squared_2()));
            return out;
          },
          "What a verifier of openings needs, as EVM bytes: tau_1, tau_2, tau_squared_2.");

  m.def(
      "forged_commitment",
      [](const Network& n, const ColumnKey& key, const py::object& weights, const py::object& features,
         const py::object& labels, const std::string& forgery, const py::bytes& update_blinder) {
        const IntArray w = int_array(weights, "weights", {n.spec.dimension()});
        const Batch batch(n, features, labels);
        const Fr update = blinder_of(update_blinder, "the update's blinder");
        G1Affine out;
        {
          const py::gil_scoped_release release;
          const std::vector<NetworkBatch> seen = {batch.seen()};
          const std::vector<Fr> data(1);
          const sumcheck::ProgramValues values = forged_network_values(n.spec, n.program, view(w), seen, data, update,
                                                                       find_network_forgery(forgery).forgery);
          out = n.engine()->commit(key, n.program.layout.update_column, values.columns[n.program.layout.update_column]);
        }
        return to_py(out);
      },
      py::arg("network"), py::arg("key"), py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("forgery"),
      py::arg("update_blinder"), "C(D) of Prover.forge: what the forger's statement names.");
  m.def(
      "without_relation",
      [](const Network& n, const std::string& forgery) {
        return std::make_shared<Network>(n.spec.parameters(), find_network_forgery(forgery));
      },
      py::arg("network"), py::arg("forgery"),
      R"(For tests: the network without the relations that refuse a forgery. What its keys verify proves nothing.
Raises ParameterError for a forgery that the clip refuses.)");
  m.def(
      "network_forgeries",
      [] {
        py::dict out;
        for (const NetworkForgeryInfo& info : network_forgeries())
          out[info.name] = py::make_tuple(std::string(relation_kind_name(info.kind)) + " " + info.refused_by, info.what);
        return out;
      },
      "Forgeries of a network's step by name: the relation that refuses it, and what it is.");
  m.def(
      "commit_weights",
      [](const Network& n, const ColumnKey& key, const py::object& weights) {
        const IntArray w = int_array(weights, "weights", {n.spec.dimension()});
        G1Affine out;
        {
          const py::gil_scoped_release release;
          out = commit_column(key, weight_cells(n.spec, n.program, view(w)));
        }
        return to_py(out);
      },
      py::arg("network"), py::arg("key"), py::arg("weights"), "C(W): what each verifier makes itself once a round.");
  m.def(
      "commit_tables",
      [](const Network& n, const ColumnKey& key) {
        G1Affine out;
        {
          const py::gil_scoped_release release;
          out = commit_column(key, table_cells(n.spec, n.program));
        }
        return to_py(out);
      },
      py::arg("network"), py::arg("key"), "C(T): what each verifier makes itself once a job.");
  m.def(
      "commit_update",
      [](const Network& n, const ColumnKey& key, const py::object& update, const py::bytes& blinder) {
        const IntArray d = int_array(update, "update", {n.spec.dimension()});
        const Fr b = blinder_of(blinder, "the blinder");
        G1Affine out;
        {
          const py::gil_scoped_release release;
          const unsigned height = n.program.program.columns[n.program.layout.update_column].log_height;
          out = commit_column(key, weight_cells(n.spec, n.program, view(d)), b, size_t{1} << height);
        }
        return to_py(out);
      },
      py::arg("network"), py::arg("key"), py::arg("update"), py::arg("blinder"),
      "C(D), additive: the sum of commitments is that to the sum of updates with the sum of blinders.");
  m.def(
      "commit_batch",
      [](const Network& n, const ColumnKey& key, const py::object& features, const py::object& labels,
         const py::bytes& blinder) {
        const Batch batch(n, features, labels);
        const Fr b = blinder_of(blinder, "the blinder");
        G1Affine out;
        {
          const py::gil_scoped_release release;
          const unsigned height = n.program.program.columns[n.program.layout.first_data_column].log_height;
          out = commit_column(key, batch_cells(n.spec, n.program, batch.seen()), b, size_t{1} << height);
        }
        return to_py(out);
      },
      py::arg("network"), py::arg("key"), py::arg("features"), py::arg("labels"), py::arg("blinder"),
      "C(X) of a batch, as it is registered.");

  py::class_<EngineProver, std::shared_ptr<EngineProver>>(m, "Prover", "Proves rounds of a network.")
      .def_static(
          "insecure",
          [](const std::shared_ptr<Network>& n, const std::shared_ptr<ColumnKey>& columns, const py::object& progress) {
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            auto key = std::make_shared<const groth16::ProvingKey>(groth16::insecure_setup(n->engine()->circuit(), report));
            return std::make_shared<EngineProver>(n->engine(), std::move(key), columns);
          },
          py::arg("network"), py::arg("columns"), py::arg("progress") = py::none(),
          "With a key from secrets that this process knew: for tests and benchmarks.")
      .def_static(
          "from_keys",
          [](const std::shared_ptr<Network>& n, const groth16::ProvingKey& key, const std::shared_ptr<ColumnKey>& columns) {
            const py::gil_scoped_release release;
            return std::make_shared<EngineProver>(n->engine(), std::make_shared<const groth16::ProvingKey>(key), columns);
          },
          py::arg("network"), py::arg("proving_key"), py::arg("columns"),
          "With the keys of a setup. Raises ParameterError if they do not belong to this network.")
      .def(
          "forge",
          [](const EngineProver& p, const Network& n, const py::object& weights, const py::object& features,
             const py::object& labels, const std::string& forgery, const py::bytes& context, const py::bytes& data_blinder,
             const py::bytes& update_blinder) {
            const IntArray w = int_array(weights, "weights", {n.spec.dimension()});
            const Batch batch(n, features, labels);
            const Digest digest = bytes32(context, "context");
            if (n.spec.carries()) throw ParameterError("forgeries by name are of jobs that carry no momentum");
            const std::vector<Fr> data = {blinder_of(data_blinder, "the data blinder")};
            const Fr update = blinder_of(update_blinder, "the update's blinder");
            EngineProver::Proved proved;
            {
              const py::gil_scoped_release release;
              const std::vector<NetworkBatch> seen = {batch.seen()};
              sumcheck::ProgramValues values = forged_network_values(n.spec, n.program, view(w), seen, data, update,
                                                                     find_network_forgery(forgery).forgery);
              values.rates.resize(n.program.program.clips.size());  // fewer in without_relation's
              proved = p.forge(values, digest);
            }
            return py::make_tuple(to_py(proved.statement.commitments.back()), to_py(proved.proof.to_compressed()));
          },
          py::arg("network"), py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("forgery"),
          py::arg("context"), py::arg("data_blinder"), py::arg("update_blinder"),
          R"(C(D) and a proof of a false step, made as well as a forger with this library can: for attackers in tests and in
the demo. forgery: a name of network_forgeries(); for networks of one local step. Raises ParameterError when weights and
batch give no occasion for it.)")
      .def_property_readonly("verifier", [](const EngineProver& p) { return p.verifier(); })
      .def(
          "prove",
          [](const EngineProver& p, const Trained& trained, const py::bytes& context,
             const std::vector<py::bytes>& data_blinders, const py::bytes& update_blinder, const py::object& progress,
             const std::vector<py::bytes>& expected) {
            const Digest digest = bytes32(context, "context");
            const std::vector<G1Affine> stated = bindings::points_of(expected);
            const std::vector<Fr> data = blinders_of(data_blinders);
            const Fr update = blinder_of(update_blinder, "the update's blinder");
            const Progress report = progress_of(progress);
            EngineProver::Proved proved;
            {
              const py::gil_scoped_release release;
              const Network& n = *trained.network;
              if (n.program.program.digest() != p.engine().program().digest())
                throw ParameterError("the witness is of another job: train with the job that these keys are for");
              sumcheck::ProgramValues values =
                  network_values(n.spec, n.program, trained.weights, trained.round, data, update);
              proved = p.prove(values, digest, report, stated);
            }
            py::list commitments;
            for (const G1Affine& c : proved.statement.commitments) commitments.append(to_py(c));
            py::dict out;
            out["proof"] = to_py(proved.proof.to_compressed());
            out["commitments"] = commitments;
            out["rows"] = proved.statement.rows;
            out["inner_seconds"] = proved.seconds.inner;
            out["wrap_seconds"] = proved.seconds.wrap;
            return out;
          },
          py::arg("trained"), py::arg("context"), py::arg("data_blinders"), py::arg("update_blinder"),
          py::arg("progress") = py::none(), py::arg("expected") = std::vector<py::bytes>(),
          R"(A dict: proof (bytes), commitments (weights, tables, data .., update; 32 bytes each), rows, seconds.

context: the statement's SHA-256; data_blinders: one a step, those of the registered commitments, and where momentum is
carried those of the velocity and the next one, whose commitments stand behind the data's. expected: the commitments that
the statement names; where one is another, ParameterError says so before the proof is begun. So it does for training of
another network.)");

  py::class_<EngineVerifier>(m, "Verifier", "Checks proofs of a network's rounds.")
      .def(
          "verify",
          [](const EngineVerifier& v, const py::bytes& context, const std::vector<uint64_t>& rows,
             const std::vector<py::bytes>& commitments, const py::bytes& proof) {
            Statement statement{bytes32(context, "context"), rows, {}};
            std::vector<std::array<uint8_t, 32>> points;
            for (const py::bytes& c : commitments) points.push_back(bytes32(c, "a commitment"));
            const auto text = static_cast<std::string>(proof);
            const py::gil_scoped_release release;
            for (const auto& c : points) statement.commitments.push_back(g1_decompress(c, Infinity::allowed));
            return v.verify(statement, EngineProof::from_bytes(as_bytes(text), v.engine().digits_columns()));
          },
          py::arg("context"), py::arg("rows"), py::arg("commitments"), py::arg("proof"),
          "Whether the proof holds. Raises DecodeError for bytes that are no proof.")
      .def(
          "failing",
          [](const EngineVerifier& v, const std::vector<std::tuple<py::bytes, std::vector<uint64_t>, std::vector<py::bytes>,
                                                                   py::bytes>>& items) {
            std::vector<Statement> statements;
            std::vector<std::vector<std::array<uint8_t, 32>>> points(items.size());
            std::vector<std::string> texts;
            for (size_t i = 0; i < items.size(); ++i) {
              const auto& [context, rows, commitments, proof] = items[i];
              statements.push_back({bytes32(context, "context"), rows, {}});
              for (const py::bytes& c : commitments) points[i].push_back(bytes32(c, "a commitment"));
              texts.push_back(static_cast<std::string>(proof));
            }
            const py::gil_scoped_release release;
            std::vector<EngineProof> proofs(items.size());
            std::vector<uint8_t> readable(items.size(), 1);
            parallel_for(items.size(), 1, [&](size_t begin, size_t end) {
              for (size_t i = begin; i < end; ++i) try {
                  for (const auto& c : points[i]) statements[i].commitments.push_back(g1_decompress(c, Infinity::allowed));
                  proofs[i] = EngineProof::from_bytes(as_bytes(texts[i]), v.engine().digits_columns());
                } catch (const DecodeError&) {
                  readable[i] = 0;  // one that is no proof fails like a false one, and the others are still looked at
                }
            });
            std::vector<size_t> bad, position;
            std::vector<Statement> read_statements;
            std::vector<EngineProof> read_proofs;
            for (size_t i = 0; i < items.size(); ++i) {
              if (readable[i] == 0) {
                bad.push_back(i);
                continue;
              }
              position.push_back(i);
              read_statements.push_back(std::move(statements[i]));
              read_proofs.push_back(std::move(proofs[i]));
            }
            for (const size_t failed : v.failing(read_statements, read_proofs)) bad.push_back(position[failed]);
            std::sort(bad.begin(), bad.end());
            return bad;
          },
          py::arg("items"),
          R"(The positions of the proofs that do not hold, of a list of (context, rows, commitments, proof): one multi-pairing,
halved where it fails. One whose proof or commitments are no points or scalars fails like a false one.)");
}

}  // namespace
}  // namespace pyzkfl

PYZKFL_BINDINGS(engine) {
  pyzkfl::bind_network(m);
  pyzkfl::bind_proofs(m);
  pyzkfl::bindings::bind_norm(m);
  pyzkfl::bindings::bind_evaluation(m);
  pyzkfl::bindings::bind_inspection(m);
}

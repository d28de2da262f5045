// pyzkfl._core.engine.Evaluation: weights label so many rows of committed batches correctly (training/evaluation_program.h).
#include "engine_evaluation.h"

#include <memory>
#include <vector>

#include "curves/encoding.h"
#include "engine_batch.h"
#include "groth16/setup.h"
#include "lazy_engine.h"
#include "progress.h"
#include "python_bytes.h"
#include "training/evaluation_program.h"
#include "wrap/engine.h"

namespace pyzkfl::bindings {
namespace {

using wrap::EngineProof;
using wrap::EngineProver;

class Evaluation {
 public:
  Evaluation(std::shared_ptr<const Network> network_in, size_t batches)
      : network(std::move(network_in)), program(network->spec, batches) {}

  const std::shared_ptr<const Network> network;
  const EvaluationProgram program;

  const std::shared_ptr<const wrap::Engine>& engine() const { return engine_.get(); }  // without the GIL

 private:
  const LazyEngine engine_{program.program};
};

// Weights and batches, alive while the GIL is away.
struct Inputs {
  Inputs(const Evaluation& e, const py::object& w, const std::vector<py::object>& x, const std::vector<py::object>& y)
      : weights(int_array(w, "weights", {e.network->spec.dimension()})) {
    if (x.size() != y.size()) throw ParameterError("features and labels differ in number");
    for (size_t s = 0; s < x.size(); ++s) batches.emplace_back(*e.network, x[s], y[s]);
  }
  std::vector<NetworkBatch> seen() const {
    std::vector<NetworkBatch> out;
    for (const Batch& b : batches) out.push_back(b.seen());
    return out;
  }

  IntArray weights;
  std::vector<Batch> batches;
};

}  // namespace

void bind_evaluation(py::module_& m) {
  py::class_<Evaluation, std::shared_ptr<Evaluation>>(
      m, "Evaluation", "The statement that a network's weights label so many rows of committed batches correctly.")
      .def(py::init([](const std::shared_ptr<Network>& network, size_t batches) {
             return std::make_shared<Evaluation>(network, batches);
           }),
           py::arg("network"), py::arg("batches"))
      .def_property_readonly("log_height", [](const Evaluation& e) { return e.program.program.log_height; })
      .def_property_readonly("digest", [](const Evaluation& e) { return to_py(e.program.program.digest()); })
      .def_property_readonly("proof_bytes", [](const Evaluation&) { return EngineProof::compressed_bytes(digits_columns); })
      .def_property_readonly("constraints",
                             [](const Evaluation& e) {
                               const py::gil_scoped_release release;
                               return e.engine()->circuit().num_constraints();
                             })
      .def(
          "prover",
          [](const Evaluation& e, const std::shared_ptr<ColumnKey>& columns, const py::object& progress) {
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            auto key =
                std::make_shared<const groth16::ProvingKey>(groth16::insecure_setup(e.engine()->circuit(), report));
            return std::make_shared<EngineProver>(e.engine(), std::move(key), columns);
          },
          py::arg("columns"), py::arg("progress") = py::none(),
          "With a key from secrets that this process knew: for tests and benchmarks.")
      .def(
          "constraint_system",
          [](const Evaluation& e) {
            const py::gil_scoped_release release;
            return std::make_shared<ConstraintSystem>(e.engine()->circuit());
          },
          "The wrap circuit, for a setup.")
      .def(
          "prover_of_keys",
          [](const Evaluation& e, const groth16::ProvingKey& key, const std::shared_ptr<ColumnKey>& columns) {
            const py::gil_scoped_release release;
            return std::make_shared<EngineProver>(e.engine(), std::make_shared<const groth16::ProvingKey>(key), columns);
          },
          py::arg("proving_key"), py::arg("columns"),
          "With the keys of a setup. Raises ParameterError if they do not belong to this statement.")
      .def(
          "correct",
          [](const Evaluation& e, const py::object& weights, const std::vector<py::object>& features,
             const std::vector<py::object>& labels) {
            const Inputs in(e, weights, features, labels);
            const py::gil_scoped_release release;
            return correct_rows(e.network->spec, view(in.weights), in.seen());
          },
          py::arg("weights"), py::arg("features"), py::arg("labels"),
          "How many rows have an output of their label above all others.")
      .def(
          "prove",
          [](const Evaluation& e, const EngineProver& prover, const py::object& weights,
             const std::vector<py::object>& features, const std::vector<py::object>& labels, uint64_t correct,
             const py::bytes& context, const std::vector<py::bytes>& data_blinders, const py::object& progress,
             const std::vector<py::bytes>& expected) {
            const Inputs in(e, weights, features, labels);
            const std::vector<G1Affine> stated = points_of(expected);
            const Digest digest = bytes32(context, "context");
            std::vector<Fr> blinders;
            for (const py::bytes& b : data_blinders) blinders.push_back(Fr::from_bytes_le(bytes32(b, "a data blinder")));
            const Progress report = progress_of(progress);
            EngineProver::Proved proved;
            {
              const py::gil_scoped_release release;
              sumcheck::ProgramValues values =
                  evaluation_values(e.network->spec, e.program, view(in.weights), in.seen(), blinders, correct);
              proved = prover.prove(values, digest, report, stated);
            }
            py::list commitments;
            for (const G1Affine& c : proved.statement.commitments) commitments.append(to_py(compress(c)));
            py::dict out;
            out["proof"] = to_py(proved.proof.to_compressed());
            out["commitments"] = commitments;
            out["rows"] = proved.statement.rows;
            out["inner_seconds"] = proved.seconds.inner;
            out["wrap_seconds"] = proved.seconds.wrap;
            return out;
          },
          py::arg("prover"), py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("correct"),
          py::arg("context"), py::arg("data_blinders"), py::arg("progress") = py::none(),
          py::arg("expected") = std::vector<py::bytes>(),
          R"(A dict: proof, commitments (weights, data ..), rows (of the batches, then the score), seconds. Raises WitnessInvalid
when fewer rows are labelled correctly, ParameterError, before the proof is begun, where a commitment is not the expected
one.)");
}

}  // namespace pyzkfl::bindings

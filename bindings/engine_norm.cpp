// pyzkfl._core.engine.NormBound: an update's norm is within a bound, and nothing else (training/norm_program.h).
#include "engine_norm.h"

#include <memory>
#include <vector>

#include "curves/encoding.h"
#include "groth16/setup.h"
#include "integer_arrays.h"
#include "lazy_engine.h"
#include "progress.h"
#include "python_bytes.h"
#include "training/norm_program.h"
#include "wrap/engine.h"

namespace pyzkfl::bindings {
namespace {

using wrap::Engine;
using wrap::EngineProof;
using wrap::EngineProver;

class NormEngine {
 public:
  NormEngine(size_t dimension, uint64_t bound) : program(dimension, bound) {}

  const NormProgram program;

  const std::shared_ptr<const Engine>& engine() const { return engine_.get(); }  // without the GIL

 private:
  const LazyEngine engine_{program.program};
};

}  // namespace

void bind_norm(py::module_& m) {
  py::class_<NormEngine, std::shared_ptr<NormEngine>>(
      m, "NormBound", "The statement that an update of 16-bit integers has an L2 norm of at most `bound` units.")
      .def(py::init<size_t, uint64_t>(), py::arg("dimension"), py::arg("bound"))
      .def_property_readonly("log_height", [](const NormEngine& n) { return n.program.program.log_height; })
      .def_property_readonly("digest", [](const NormEngine& n) { return to_py(n.program.program.digest()); })
      .def_property_readonly("proof_bytes", [](const NormEngine&) { return EngineProof::compressed_bytes(1); })
      .def_property_readonly("constraints",
                             [](const NormEngine& n) {
                               const py::gil_scoped_release release;
                               return n.engine()->circuit().num_constraints();
                             })
      .def(
          "prover",
          [](const NormEngine& n, const std::shared_ptr<ColumnKey>& columns, const py::object& progress) {
            const Progress report = progress_of(progress);
            const py::gil_scoped_release release;
            auto key =
                std::make_shared<const groth16::ProvingKey>(groth16::insecure_setup(n.engine()->circuit(), report));
            return std::make_shared<EngineProver>(n.engine(), std::move(key), columns);
          },
          py::arg("columns"), py::arg("progress") = py::none(),
          "With a key from secrets that this process knew: for tests and benchmarks.")
      .def(
          "constraint_system",
          [](const NormEngine& n) {
            const py::gil_scoped_release release;
            return std::make_shared<ConstraintSystem>(n.engine()->circuit());
          },
          "The wrap circuit, for a setup.")
      .def(
          "prover_of_keys",
          [](const NormEngine& n, const groth16::ProvingKey& key, const std::shared_ptr<ColumnKey>& columns) {
            const py::gil_scoped_release release;
            return std::make_shared<EngineProver>(n.engine(), std::make_shared<const groth16::ProvingKey>(key), columns);
          },
          py::arg("proving_key"), py::arg("columns"),
          "With the keys of a setup. Raises ParameterError if they do not belong to this statement.")
      .def(
          "commit",
          [](const NormEngine& n, const ColumnKey& key, const py::object& update, const py::bytes& blinder) {
            const IntArray d = int_array(update, "update", {n.program.dimension});
            const Fr b = Fr::from_bytes_le(bytes32(blinder, "the blinder"));
            G1Affine out;
            {
              const py::gil_scoped_release release;
              const sumcheck::ProgramValues values = norm_values(n.program, view(d), b);
              out = n.engine()->commit(key, NormProgram::update_column, values.columns[NormProgram::update_column]);
            }
            return to_py(compress(out));
          },
          py::arg("key"), py::arg("update"), py::arg("blinder"), "C(D), additive over members.")
      .def(
          "commit_sum",
          [](const NormEngine& n, const ColumnKey& key, const py::object& total, const py::bytes& blinder) {
            const IntArray d = int_array(total, "total", {n.program.dimension});
            sumcheck::ColumnValues values;
            values.blinder = Fr::from_bytes_le(bytes32(blinder, "the blinder"));
            values.cells.reserve(n.program.dimension);
            for (const int64_t v : view(d)) {
              if (v != static_cast<int32_t>(v)) throw ParameterError("total: a coordinate is no signed integer of 32 bits");
              values.cells.push_back(static_cast<int32_t>(v));
            }
            G1Affine out;
            {
              const py::gil_scoped_release release;
              out = n.engine()->commit(key, NormProgram::update_column, values);
            }
            return to_py(compress(out));
          },
          py::arg("key"), py::arg("total"), py::arg("blinder"),
          "The same commitment to a sum of updates: 32-bit integers, of any norm. ParameterError beyond that.")
      .def(
          "prove",
          [](const NormEngine& n, const EngineProver& prover, const py::object& update, const py::bytes& context,
             const py::bytes& blinder, const py::object& progress) {
            const IntArray d = int_array(update, "update", {n.program.dimension});
            const Fr b = Fr::from_bytes_le(bytes32(blinder, "the blinder"));
            const Digest digest = bytes32(context, "context");
            const Progress report = progress_of(progress);
            EngineProver::Proved proved;
            {
              const py::gil_scoped_release release;
              sumcheck::ProgramValues values = norm_values(n.program, view(d), b);
              proved = prover.prove(values, digest, report);
            }
            py::dict out;
            out["proof"] = to_py(proved.proof.to_compressed());
            out["commitment"] = to_py(compress(proved.statement.commitments.at(0)));
            out["inner_seconds"] = proved.seconds.inner;
            out["wrap_seconds"] = proved.seconds.wrap;
            return out;
          },
          py::arg("prover"), py::arg("update"), py::arg("context"), py::arg("blinder"),
          py::arg("progress") = py::none(),
          "A dict: proof, commitment, seconds. Raises WitnessInvalid if the norm is above the bound.");
}

}  // namespace pyzkfl::bindings

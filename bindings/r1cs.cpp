// pyzkfl._core.r1cs: the class of constraint systems, which other bindings return.
#include <memory>

#include "r1cs/chain_circuit.h"
#include "r1cs/constraint_system.h"
#include "r1cs/witness.h"

#include "field_elements.h"
#include "registry.h"

namespace pyzkfl::bindings {
namespace {

py::bytes digest_bytes(const ConstraintSystem& cs) {
  return {reinterpret_cast<const char*>(cs.digest().data()), cs.digest().size()};
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

Side side_named(const std::string& name) {
  if (name == "A") return Side::a;
  if (name == "B") return Side::b;
  if (name == "C") return Side::c;
  throw ParameterError("the matrices are A, B and C");
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(r1cs) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() = "Rank-1 constraint systems over Fr of BN254.";

  py::class_<ConstraintSystem, std::shared_ptr<ConstraintSystem>>(
      m, "ConstraintSystem",
      "Rows <A_k, w> <B_k, w> = <C_k, w>; wires are [1 | public | committed groups | private].")
      .def_property_readonly("num_constraints", &ConstraintSystem::num_constraints,
                             "All rows, those of blinders and public inputs included.")
      .def_property_readonly("num_circuit_constraints", &ConstraintSystem::num_circuit_constraints,
                             "The circuit's own rows.")
      .def_property_readonly("num_wires", &ConstraintSystem::num_wires)
      .def_property_readonly("num_public", &ConstraintSystem::num_public,
                             "Public inputs, without the constant.")
      .def_property_readonly("num_private",
                             [](const ConstraintSystem& cs) { return cs.layout().num_private; })
      .def_property_readonly(
          "group_sizes", [](const ConstraintSystem& cs) { return cs.layout().group_sizes; },
          "Wires of each committed group.")
      .def_property_readonly("digest", &digest_bytes, "SHA-256 of the canonical serialisation, 32 bytes.")
      .def("label", &ConstraintSystem::label, py::arg("constraint"), "What a constraint is for.")
      .def(
          "check",
          [](const ConstraintSystem& cs, const py::object& witness) {
            const std::vector<Fr> values = frs_from_python(witness);
            const py::gil_scoped_release release;
            return cs.check(values);
          },
          py::arg("witness"),
          "The first constraint that the witness (ints, or uint8 (num_wires, 32)) violates, or None.")
      .def(
          "matrix",
          [](const ConstraintSystem& cs, const std::string& name) {
            const SparseMatrix& matrix = cs.matrix(side_named(name));
            return py::make_tuple(to_array(matrix.row_start), to_array(matrix.wire),
                                  to_array(matrix.coefficient));
          },
          py::arg("side"),
          "Matrix 'A', 'B' or 'C' in compressed sparse rows: row starts (uint64), wires and coefficient "
          "indices (uint32).")
      .def(
          "coefficients", [](const ConstraintSystem& cs) { return frs_to_array(cs.coefficients()); },
          "The coefficients that the matrices index, uint8 (n, 32) little-endian.")
      .def("__repr__", [](const ConstraintSystem& cs) {
        return "<ConstraintSystem: " + std::to_string(cs.num_constraints()) + " constraints, " +
               std::to_string(cs.num_wires()) + " wires>";
      });

  m.def(
      "chain_circuit",
      [](size_t steps) {
        if (steps == 0) throw ParameterError("the chain has at least one step");
        const py::gil_scoped_release release;
        Builder b(Builder::Mode::shape);
        chain_circuit(b, steps);
        return std::make_shared<ConstraintSystem>(b.take_constraint_system());
      },
      py::arg("steps"), "The benchmark circuit x[i+1] = x[i]^2 + x[0] with a public x[steps].");
  m.def(
      "chain_witness",
      [](const ConstraintSystem& circuit, const py::int_& start) {
        const size_t steps = circuit.num_circuit_constraints();
        const Fr first = fr_from_int(start);
        std::shared_ptr<Witness> out;
        {
          const py::gil_scoped_release release;
          Builder b(Builder::Mode::witness);
          chain_circuit(b, steps, first);
          out = std::make_shared<Witness>(b.take_witness(circuit));
        }
        return py::make_tuple(out, fr_to_int(chain_result(first, steps)));
      },
      py::arg("circuit"), py::arg("start"),
      "(witness of a chain_circuit, its public input) for x[0] = start.");
}

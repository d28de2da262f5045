// Inner proofs as plain data, and the wrap circuit's verdict on them (docs/engine.md, sections 3 and 4).
//
// An inner proof is a function of training data: what these functions return is as secret as the data, and
// belongs in tests, where a second verifier reads it.
#include "engine_inspection.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "curves/encoding.h"
#include "engine_network.h"
#include "field_elements.h"
#include "integer_arrays.h"
#include "point_bytes.h"
#include "sumcheck/prover.h"
#include "transcript/transcript.h"
#include "wrap/wrap_circuit.h"

namespace pyzkfl::bindings {
namespace {

using namespace sumcheck;
using wrap::WrapAssignment;

// Every list that is absorbed, one after the other: T0's, the messages, the four evaluations.
std::vector<Fr> all_messages(const InnerProof& proof) {
  std::vector<Fr> out(proof.context.begin(), proof.context.end());
  for (const uint64_t rows : proof.rows) out.push_back(Fr::from_u64(rows));
  out.insert(out.end(), proof.square_sums.begin(), proof.square_sums.end());
  for (size_t c = 0; c < proof.rates.size(); ++c) {
    out.push_back(proof.norm_squares[c]);
    out.push_back(Fr::from_u64(proof.rates[c]));
  }
  out.insert(out.end(), proof.messages.begin(), proof.messages.end());
  out.insert(out.end(), proof.evaluations.begin(), proof.evaluations.end());
  return out;
}

py::list ints(std::span<const Fr> values) {
  py::list out;
  for (const Fr& v : values) out.append(fr_to_int(v));
  return out;
}

py::bytes evm(const G1Affine& p) { return to_python(to_evm(p)); }
py::bytes evm(const G2Affine& p) { return to_python(to_evm(p)); }

py::dict inner_proof(const Trained& trained, const ColumnKey& key, const py::bytes& context,
                     const std::vector<py::bytes>& data_blinders, const py::bytes& update_blinder) {
  const Digest digest = bytes32(context, "context");
  std::vector<Fr> data;
  for (const py::bytes& b : data_blinders) data.push_back(Fr::from_bytes_le(bytes32(b, "a data blinder")));
  const Fr update = Fr::from_bytes_le(bytes32(update_blinder, "the update's blinder"));
  const Network& n = *trained.network;
  const Program& program = n.program.program;
  std::vector<G1Affine> commitments;
  InnerProof proof;
  {
    const py::gil_scoped_release release;
    ProgramValues values =
        network_values(n.spec, n.program, trained.weights, trained.round, data, update);
    proof = prove(key, program, n.engine()->claims(), values, wrap::context_elements(digest));
    auto absorbed = proof.points.begin();
    for (uint32_t c = 0; c < program.columns.size(); ++c) {
      const ColumnKind kind = program.columns[c].kind;
      const bool in_proof =
          kind == ColumnKind::update || kind == ColumnKind::digits || kind == ColumnKind::mask;
      commitments.push_back(in_proof ? *absorbed++ : n.engine()->commit(key, c, values.columns[c]));
    }
  }
  py::list points;
  const auto add_elements = [&](const G1Affine& p) {
    const std::array<Fr, 2> elements = transcript::point_elements(p);
    points.append(py::make_tuple(fr_to_int(elements[0]), fr_to_int(elements[1])));
  };
  for (const G1Affine& p : proof.points) add_elements(p);
  add_elements(proof.symmetric_point);
  py::list columns;
  for (const G1Affine& p : commitments) columns.append(evm(p));
  const ColumnKeyVerifier& srs = key.verifier();

  py::dict out;
  out["context"] = py::make_tuple(fr_to_int(proof.context[0]), fr_to_int(proof.context[1]));
  out["rows"] = proof.rows;
  out["points"] = points;
  out["messages"] = ints(all_messages(proof));
  out["opening"] = ints(std::array{proof.rho, proof.z, proof.gamma, proof.i0, proof.i1});
  out["public_input"] = fr_to_int(wrap::public_input(proof));
  out["commitments"] = columns;
  out["symmetric"] = evm(proof.symmetric_point);
  out["quotient"] = evm(proof.quotient_point);
  out["srs"] = py::make_tuple(evm(srs.tau_1()), evm(srs.tau_2()), evm(srs.tau_squared_2()));
  return out;
}

// The next `count` of `values`.
class CellReader {
 public:
  explicit CellReader(std::vector<Fr> values) : values_(std::move(values)) {}

  std::span<const Fr> take(size_t count) {
    if (count > left()) throw ParameterError("inner proof: too few messages");
    at_ += count;
    return std::span<const Fr>(values_).subspan(at_ - count, count);
  }
  size_t left() const { return values_.size() - at_; }

 private:
  std::vector<Fr> values_;
  size_t at_ = 0;
};

std::optional<std::string> wrap_refusal(const Network& network, const py::dict& proof) {
  const Program& program = network.program.program;
  CellReader messages(frs_from_python(proof["messages"]));
  WrapAssignment a;
  std::ranges::copy(messages.take(2), a.context.begin());
  const auto fill = [&](WrapAssignment::Elements& to, size_t count) {
    const std::span<const Fr> from = messages.take(count);
    to.assign(from.begin(), from.end());
  };
  fill(a.rows, program.steps);
  fill(a.square_sums, program.squares.size());
  for (size_t c = 0; c < program.clips.size(); ++c) {
    a.norm_squares.push_back(messages.take(1)[0]);
    a.rates.push_back(messages.take(1)[0]);
  }
  if (messages.left() < a.evaluations.size()) throw ParameterError("inner proof: too few messages");
  fill(a.messages, messages.left() - a.evaluations.size());
  std::ranges::copy(messages.take(a.evaluations.size()), a.evaluations.begin());

  for (const py::handle point : proof["points"]) {
    const std::vector<Fr> elements = frs_from_python(py::reinterpret_borrow<py::object>(point));
    if (elements.size() != 2) throw ParameterError("inner proof: a point has two elements");
    a.points.push_back({elements[0], elements[1]});
  }
  if (a.points.empty()) throw ParameterError("inner proof: no points");
  a.symmetric_point = a.points.back();
  a.points.pop_back();
  const std::vector<Fr> opening = frs_from_python(proof["opening"]);
  if (opening.size() != 5) throw ParameterError("inner proof: an opening has rho, z, gamma, i0, i1");
  a.i0 = opening[3];
  a.i1 = opening[4];
  a.public_input = fr_from_int(proof["public_input"]);

  const py::gil_scoped_release release;
  try {
    (void)wrap::wrap_witness(network.engine()->circuit(), program, a);
  } catch (const WitnessInvalid& error) {
    return error.what();
  }
  return std::nullopt;
}

}  // namespace

void bind_inspection(py::module_& m) {
  m.def("inner_proof", &inner_proof, py::arg("trained"), py::arg("key"), py::arg("context"),
        py::arg("data_blinders"), py::arg("update_blinder"),
        R"(For tests: the private part of a proof, as a dict. It holds secrets: it tells of the training data.

context, rows, points (two elements each: those that T0 absorbs, then C_S), messages (every element of every
absorbed list, in order), opening (rho, z, gamma, i0, i1), public_input: ints. commitments (of all columns),
symmetric (C_S), quotient (W), srs ([tau], [tau]_2, [tau^2]_2): points in the EVM's encoding.)");
  m.def("wrap_refusal", &wrap_refusal, py::arg("network"), py::arg("proof"),
        R"(For tests: the first constraint of the wrap circuit that an inner proof violates, or None.

proof: a dict of which messages, points, opening (i0, i1) and public_input are read. Raises ParameterError for
another number of messages than the program's.)");
}

}  // namespace pyzkfl::bindings

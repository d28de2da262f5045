// pyzkfl._core.recursion: client proofs composed to one of 192 bytes (docs/recursion.md).
//
// Points cross compressed (32 bytes), field elements as ints. A client is a tuple (client, round, session, choice, rows, C(W), C(T),
// [C(X) ..], C(D), proof); a statement one of its fields in the order of recursion/composed_statement.h.
#include <memory>
#include <mutex>
#include <tuple>

#include "byte_streams.h"
#include "curves/encoding.h"
#include "engine_batch.h"
#include "engine_network.h"
#include "field_elements.h"
#include "integer_arrays.h"
#include "progress.h"
#include "python_bytes.h"
#include "recursion/composed_bytes.h"
#include "recursion/development_keys.h"
#include "recursion/leaf_circuit.h"
#include "registry.h"

namespace pyzkfl {
namespace {

namespace py = pybind11;
using namespace recursion;
using bindings::bytes32;
using bindings::BytesView;
using bindings::fr_from_int;
using bindings::fr_to_int;
using bindings::Network;
using bindings::progress_of;
using bindings::span_of;
using bindings::to_py;

using StatementTuple = std::tuple<py::int_, py::int_, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, py::int_, py::bytes, py::bytes, py::bytes>;
using ClientTuple = std::tuple<uint64_t, uint64_t, py::int_, py::int_, std::vector<uint64_t>, py::bytes, py::bytes, std::vector<py::bytes>,
                               py::bytes, py::bytes>;

G1Affine point_of(const py::bytes& in, const char* name) { return g1_decompress(bytes32(in, name), Infinity::refused); }

ComposedStatement statement_of(const StatementTuple& in) {
  ComposedStatement out;
  const auto& [node_key, job, first_round, last_round, count, first_client, last_client, root, sum, before, after] = in;
  out.node_key = fr_from_int(node_key);
  out.job = fr_from_int(job);
  out.first_round = first_round;
  out.last_round = last_round;
  out.count = count;
  out.first_client = first_client;
  out.last_client = last_client;
  out.root = fr_from_int(root);
  out.sum = point_of(sum, "the sum of C(D)");
  out.old_weights = point_of(before, "C(W) before");
  out.new_weights = point_of(after, "C(W) after");
  return out;
}

py::tuple to_py(const ComposedStatement& s) {
  const auto packed = [](const G1Affine& p) { return to_py(compress(p)); };
  return py::make_tuple(fr_to_int(s.node_key), fr_to_int(s.job), s.first_round, s.last_round, s.count, s.first_client, s.last_client,
                        fr_to_int(s.root), packed(s.sum), packed(s.old_weights), packed(s.new_weights));
}

// Infinity passes here, so that the leaf names whose commitment it is.
ClientProof client_of(const ClientTuple& in, size_t digits_columns) {
  const auto& [client, round, session, choice, rows, weights, tables, data, update, proof] = in;
  ClientProof out;
  ClientStatement& said = out.statement;
  said.client = client;
  said.round = round;
  said.session = fr_from_int(session);
  said.choice = fr_from_int(choice);
  said.rows = rows;
  const std::vector<G1Affine> fixed = bindings::points_of({weights, tables, update});
  said.weights = fixed[0];
  said.tables = fixed[1];
  said.update = fixed[2];
  said.data = bindings::points_of(data);
  out.proof = wrap::EngineProof::from_bytes(span_of(proof), digits_columns);
  return out;
}

Merge merge_of(const std::string& name) {
  if (name == "within round") return Merge::within_round;
  if (name == "between rounds") return Merge::between_rounds;
  if (name == "single") return Merge::single;
  throw ParameterError("statements merge 'within round', 'between rounds', or one is 'single'");
}

py::tuple to_py(const Composed& composed) { return py::make_tuple(to_py(composed.statement), to_py(to_compressed(composed.proof))); }

// A circuit with its constraint system, which takes a second: made when it is first asked for, without the GIL.
template <class Circuit>
class Shaped {
 public:
  template <class... Arguments>
  explicit Shaped(const Arguments&... arguments) : circuit(arguments...) {}
  const std::shared_ptr<ConstraintSystem>& system() const {
    std::call_once(once_, [this] { system_ = std::make_shared<ConstraintSystem>(circuit.shape()); });
    return system_;
  }
  const Circuit circuit;

 private:
  mutable std::once_flag once_;
  mutable std::shared_ptr<ConstraintSystem> system_;
};

struct Leaf : Shaped<LeafCircuit> {
  using Shaped::Shaped;
  size_t digits_columns = 0;
};
using Node = Shaped<NodeCircuit>;

constexpr size_t engine_points_bytes = 64 + 3 * 128 + 2 * 64 + 64 + 2 * 128;

// What a leaf needs of the engine's keys, uncompressed: alpha, beta, gamma, delta, IC_0, IC_1, [tau]_1, [tau]_2, [tau^2]_2.
py::bytes engine_points(const wrap::EngineVerifier& verifier) {
  Bytes out;
  const auto append = [&](const auto& p) {
    const auto bytes = to_evm(p);
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  const groth16::PlainVerifyingKey& key = verifier.key();
  append(key.alpha_1());
  for (const G2Affine* p : {&key.beta_2(), &key.gamma_2(), &key.delta_2()}) append(*p);
  append(key.ic()[0]);
  append(key.ic()[1]);
  append(verifier.columns().tau_1());
  append(verifier.columns().tau_2());
  append(verifier.columns().tau_squared_2());
  return to_py(out);
}

std::shared_ptr<Leaf> leaf_of(const Network& network, const py::bytes& points, const py::bytes& tables, const py::int_& tag) {
  const ByteSpan data = span_of(points);
  if (data.size() != engine_points_bytes)
    throw DecodeError("the points of the engine's keys have " + std::to_string(engine_points_bytes) + " bytes, got " + std::to_string(data.size()));
  const G1Affine c_t = point_of(tables, "C(T)");
  const Fr t = fr_from_int(tag);
  const py::gil_scoped_release release;
  size_t at = 0;
  const auto g1 = [&] { return g1_from_evm(data.subspan(std::exchange(at, at + g1_evm_bytes)).first<g1_evm_bytes>(), Infinity::refused); };
  const auto g2 = [&] { return g2_from_evm(data.subspan(std::exchange(at, at + g2_evm_bytes)).first<g2_evm_bytes>(), Infinity::refused); };
  const G1Affine alpha = g1();
  const G2Affine beta = g2(), gamma = g2(), delta = g2();
  const G1Affine ic0 = g1(), ic1 = g1(), tau_1 = g1();
  const G2Affine tau_2 = g2(), tau_squared_2 = g2();
  const groth16::PlainVerifyingKey key(alpha, beta, gamma, delta, {ic0, ic1});
  auto out = std::make_shared<Leaf>(network.engine(), key, ColumnKeyVerifier(tau_1, tau_2, tau_squared_2), c_t, t);
  out->digits_columns = network.engine()->digits_columns();
  return out;
}

template <class Class>
void bind_system(Class& c) {
  using Circuit = typename Class::type;
  c.def(
      "constraint_system",
      [](const Circuit& circuit) {
        const py::gil_scoped_release release;
        return circuit.system();
      },
      "The circuit, for a setup: a second when it is first asked for.");
}

void bind_leaf(py::module_& m) {
  m.def("engine_points", &engine_points, py::arg("verifier"), "What a leaf circuit needs of an engine verifier's keys: 896 bytes.");
  py::class_<Leaf, std::shared_ptr<Leaf>> leaf(m, "Leaf", R"(The circuit that composes one or two client proofs of a network.

points: engine_points of its verifier; tables: C(T); tag: element 0 of ctx for member 0 in round 0. Raises ParameterError for a
network whose proofs do not compose, DecodeError for keys that must not be used.)");
  leaf.def(py::init(&leaf_of), py::arg("network"), py::arg("points"), py::arg("tables"), py::arg("tag"));
  bind_system(leaf);
  leaf.def(
      "prove",
      [](const Leaf& leaf_circuit, const groth16::ProvingKey& key, const std::vector<ClientTuple>& clients, const py::bytes& weights_after,
         const py::object& progress) {
        std::vector<ClientProof> list;
        for (const ClientTuple& client : clients) list.push_back(client_of(client, leaf_circuit.digits_columns));
        const G1Affine after = point_of(weights_after, "C(W) after the round");
        const Progress report = progress_of(progress);
        std::optional<Composed> out;
        {
          const py::gil_scoped_release release;
          out = leaf_circuit.circuit.prove(key, *leaf_circuit.system(), list, after, report);
        }
        return to_py(*out);
      },
      py::arg("key"), py::arg("clients"), py::arg("weights_after"), py::arg("progress") = py::none(),
      R"((statement, proof of 192 bytes). Raises WitnessInvalid, saying which and why, for a client's proof that does not verify,
or two that do not belong together.)");
  leaf.def(
      "insecure_keys",
      [](const Leaf& leaf_circuit, const py::object& progress) {
        const Progress report = progress_of(progress);
        std::optional<DevelopmentKeys> out;
        {
          const py::gil_scoped_release release;
          out = insecure_keys(*leaf_circuit.system(), report);
        }
        return py::make_tuple(std::move(out->leaf), std::move(out->node));
      },
      py::arg("progress") = py::none(), "(leaf's, node's ProvingKey) from secrets that this process knew: for tests and benchmarks.");
}

void bind_node(py::module_& m) {
  py::class_<Node, std::shared_ptr<Node>> node(m, "Node", "The circuit that composes two proofs of leaves, or two of nodes.");
  node.def(py::init([](const groth16::VerifyingKey& leaf_key) {
             const py::gil_scoped_release release;
             return std::make_shared<Node>(leaf_key);
           }),
           py::arg("leaf_key"), "Raises ParameterError for a key of another circuit.");
  bind_system(node);
  node.def(
      "prove",
      [](const Node& node_circuit, const groth16::ProvingKey& key, const std::vector<std::pair<StatementTuple, py::bytes>>& children,
         bool leaves, const std::string& merge, const py::object& progress) {
        std::vector<Composed> list;
        for (const auto& [statement, proof] : children) list.push_back({statement_of(statement), composed_proof_from(span_of(proof))});
        const Merge how = merge_of(merge);
        if (list.empty()) throw ParameterError("a node has two children, a single one has one");
        const Progress report = progress_of(progress);
        std::optional<Composed> out;
        {
          const py::gil_scoped_release release;
          out = node_circuit.circuit.prove(key, *node_circuit.system(), list, leaves, how, report);
        }
        return to_py(*out);
      },
      py::arg("key"), py::arg("children"), py::arg("leaves"), py::arg("merge"), py::arg("progress") = py::none(),
      R"((statement, proof of 192 bytes) from children (statement, proof). leaves: whether they are proofs of leaves.
merge: 'within round', 'between rounds', or 'single' for one child alone. Raises WitnessInvalid for a child that does not
verify, or two whose statements do not merge.)");
}

void bind_statements(py::module_& m) {
  m.def(
      "statement_hash", [](const StatementTuple& statement) { return fr_to_int(statement_of(statement).hash()); }, py::arg("statement"),
      "The public input of a statement's proof. Raises DecodeError for what is no statement: infinity among it.");
  m.def(
      "merged",
      [](const StatementTuple& left, const StatementTuple& right, const std::string& merge) {
        return to_py(merged(statement_of(left), statement_of(right), merge_of(merge)));
      },
      py::arg("left"), py::arg("right"), py::arg("merge"), "The statement of both. Raises WitnessInvalid if they do not merge.");
  m.def(
      "key_digest", [](const groth16::VerifyingKey& key) { return fr_to_int(ComposedKey::of(key).digest()); }, py::arg("key"),
      "K, by which a node's key is named in statements.");
  m.def(
      "verify",
      [](const groth16::VerifyingKey& key, const StatementTuple& statement, const py::bytes& proof) {
        const ComposedStatement said = statement_of(statement);
        const ByteSpan bytes = span_of(proof);
        const py::gil_scoped_release release;
        const Composed composed{said, composed_proof_from(bytes)};
        return said.node_key.is_zero() ? verify_leaf(key, composed) : verify_node(key, composed);
      },
      py::arg("key"), py::arg("statement"), py::arg("proof"),
      R"(Whether the proof holds for the statement under this key, of a node, or of a leaf where the statement's node key is 0.
Raises DecodeError for bytes that are no proof or no statement.)");
  m.def(
      "evm_bytes", [](const py::bytes& proof) { return to_py(to_evm(composed_proof_from(span_of(proof)))); }, py::arg("proof"),
      "A composed proof uncompressed, 384 bytes: A, B, C, C_0, P_0 in EIP-197's order.");
  m.def(
      "residues",
      [](const py::bytes& compressed) {
        const std::array<Fr, 2> out = residues(point_of(compressed, "a point"));
        return py::make_tuple(fr_to_int(out[0]), fr_to_int(out[1]));
      },
      py::arg("point"), "A point's coordinates modulo r, as a statement's hash has them.");
}

}  // namespace
}  // namespace pyzkfl

PYZKFL_BINDINGS(recursion) {
  m.doc() = "Client proofs composed to one proof of 192 bytes (docs/recursion.md).";
  pyzkfl::bind_leaf(m);
  pyzkfl::bind_node(m);
  pyzkfl::bind_statements(m);
}

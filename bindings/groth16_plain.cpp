// The part of pyzkfl._core.groth16 without committed wires: snarkjs's verifying keys and proofs.
//
// Batches cross as uint8 arrays, without copying: proofs (N, 256) in EVM order, public inputs (N, n, 32)
// little-endian.
#include "groth16_plain.h"

#include <string_view>
#include <vector>

#include "base/errors.h"
#include "curves/encoding.h"
#include "field_elements.h"
#include "groth16/keys.h"
#include "groth16/plain_verifier.h"
#include "kzg/point_arrays.h"
#include "python_bytes.h"

namespace pyzkfl::bindings {
namespace {

using namespace groth16;
using ByteArray = py::array_t<uint8_t, py::array::c_style>;

template <size_t N>
std::span<const uint8_t, N> exactly(const py::bytes& in, const char* name) {
  const ByteSpan bytes = span_of(in);
  if (bytes.size() != N)
    throw DecodeError(std::string(name) + " must have " + std::to_string(N) + " bytes, got " +
                      std::to_string(bytes.size()));
  return bytes.first<N>();
}

G1Affine g1(const py::bytes& in, const char* name) {
  return g1_from_evm(exactly<g1_evm_bytes>(in, name), Infinity::refused);
}
G2Affine g2(const py::bytes& in, const char* name) {
  return g2_from_evm(exactly<g2_evm_bytes>(in, name), Infinity::refused);
}

PlainVerifyingKey key_of(const py::bytes& alpha, const py::bytes& beta, const py::bytes& gamma,
                         const py::bytes& delta, const std::vector<py::bytes>& ic) {
  std::vector<G1Affine> points;
  for (const py::bytes& p : ic) points.push_back(g1(p, "a point of IC"));
  return {g1(alpha, "alpha"), g2(beta, "beta"), g2(gamma, "gamma"), g2(delta, "delta"), std::move(points)};
}

// The bytes of a C-contiguous uint8 array of this shape; the first dimension may be any.
ByteSpan bytes_of(const py::array& in, const char* name, std::vector<size_t> shape) {
  bool fits = py::isinstance<ByteArray>(in) && static_cast<size_t>(in.ndim()) == shape.size() + 1;
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = static_cast<size_t>(in.shape(static_cast<py::ssize_t>(i + 1))) == shape[i];
  if (!fits) {
    std::string expected = "(N";
    for (const size_t n : shape) expected += ", " + std::to_string(n);
    throw ParameterError(std::string(name) + " must be a C-contiguous uint8 array of shape " + expected +
                         ")");
  }
  return {static_cast<const uint8_t*>(in.data()), static_cast<size_t>(in.size())};
}

}  // namespace

void bind_plain_groth16(py::module_& m) {
  py::class_<PlainVerifyingKey>(
      m, "PlainVerifyingKey",
      R"(A verifying key of Groth16 without committed wires: snarkjs's verification_key.json.

alpha (64 bytes), beta, gamma, delta (128 each) and ic (a list of 64 bytes each) are points in EIP-197 order.
Raises DecodeError for a key with which anyone could forge: delta = gamma (a second phase that was skipped),
points at infinity, off the curve or outside their subgroup, two equal points of ic.)")
      .def(py::init(&key_of), py::arg("alpha"), py::arg("beta"), py::arg("gamma"), py::arg("delta"),
           py::arg("ic"))
      .def_static(
          "of_proving_key",
          [](const ProvingKey& key) {
            if (key.num_groups() != 0) throw ParameterError("the key has committed wires");
            const py::gil_scoped_release release;
            return PlainVerifyingKey(view_of(key.elements()));
          },
          py::arg("key"), "That of a ProvingKey without committed wires; gamma is the generator.")
      .def_property_readonly("num_public", &PlainVerifyingKey::num_public)
      .def("evm_points",
           [](const PlainVerifyingKey& key) {
             py::list ic;
             for (const G1Affine& p : key.ic()) ic.append(to_py(to_evm(p)));
             py::dict out;
             out["alpha"] = to_py(to_evm(key.alpha_1()));
             out["beta"] = to_py(to_evm(key.beta_2()));
             out["gamma"] = to_py(to_evm(key.gamma_2()));
             out["delta"] = to_py(to_evm(key.delta_2()));
             out["ic"] = ic;
             return out;
           })
      .def("__eq__", [](const PlainVerifyingKey& a, const PlainVerifyingKey& b) { return a == b; })
      .def(
          "verify",
          [](const PlainVerifyingKey& key, const py::object& public_inputs, const py::bytes& proof) {
            const std::vector<Fr> inputs = frs_from_python(public_inputs);
            const ByteSpan bytes = span_of(proof);
            const py::gil_scoped_release release;
            return verify(key, inputs, Proof::from_bytes(bytes));
          },
          py::arg("public_inputs"), py::arg("proof"),
          "Whether the proof (256 bytes, or 128 compressed) holds. Inputs: ints from 0 to r - 1, or uint8 "
          "(n, 32).")
      .def(
          "verify_batch",
          [](const PlainVerifyingKey& key, const py::array& public_inputs, const py::array& proofs) {
            const ByteSpan inputs = bytes_of(public_inputs, "public_inputs", {key.num_public(), 32});
            const ByteSpan bytes = bytes_of(proofs, "proofs", {proof_evm_bytes});
            const auto count = static_cast<size_t>(proofs.shape(0));
            if (static_cast<size_t>(public_inputs.shape(0)) != count)
              throw ParameterError("public_inputs and proofs differ in number");
            const py::gil_scoped_release release;
            return verify_batch(key, count, inputs, bytes);
          },
          py::arg("public_inputs"), py::arg("proofs"),
          R"(Positions of the instances that do not verify; empty if all do.

public_inputs: uint8 (N, num_public, 32), little-endian; proofs: uint8 (N, 256) in EVM order. Bytes that
decode to no scalar below r or no point of its group do not verify.)");
}

}  // namespace pyzkfl::bindings

// pyzkfl._core.formats: keys and proofs in the formats of other programs.
#include "formats/snarkjs_json.h"

#include <string_view>

#include "field_elements.h"
#include "registry.h"

PYZKFL_BINDINGS(formats) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() =
      "snarkjs's JSON for circuits without committed wires: verification_key.json, proof.json, public.json.";
  m.def("snarkjs_verification_key", &formats::verification_key_json, py::arg("key"),
        "verification_key.json as text. Raises ParameterError for a key with committed wires.");
  m.def(
      "snarkjs_proof",
      [](const py::bytes& proof) {
        const auto text = static_cast<std::string_view>(proof);
        return formats::proof_json(
            groth16::Proof::from_bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
      },
      py::arg("proof"), "proof.json as text, from a proof's 128 or 256 bytes. Raises DecodeError.");
  m.def(
      "snarkjs_public",
      [](const py::object& inputs) { return formats::public_json(frs_from_python(inputs)); },
      py::arg("public_inputs"), "public.json as text, from ints in [0, r) or a uint8 array (n, 32).");
}

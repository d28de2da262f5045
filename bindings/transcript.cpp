// pyzkfl._core.transcript: the Fiat-Shamir transcript, for tests and for verifiers written in Python.
#include "transcript/transcript.h"

#include "curves/encoding.h"
#include "field_elements.h"
#include "registry.h"

PYZKFL_BINDINGS(transcript) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() = "The Poseidon2 transcript (csrc/transcript/transcript.h specifies it).";

  py::class_<Transcript>(m, "Transcript", "A transcript of public data.")
      .def(py::init([](const std::string& domain) { return Transcript(domain); }), py::arg("domain"))
      .def(
          "absorb", [](Transcript& t, const py::int_& v) { t.absorb(fr_from_int(v)); }, py::arg("element"),
          "One element, an int below r.")
      .def(
          "absorb_list",
          [](Transcript& t, const py::object& list) { t.absorb(std::span<const Fr>(frs_from_python(list))); },
          py::arg("elements"), "A list of elements with its length: ints below r, or a uint8 array (n, 32).")
      .def(
          "absorb_g1",
          [](Transcript& t, const py::bytes& compressed) {
            const std::string_view view = compressed;
            if (view.size() != g1_compressed_bytes) throw DecodeError("a compressed G1 point has 32 bytes");
            const auto* data = reinterpret_cast<const uint8_t*>(view.data());
            t.absorb(g1_decompress(std::span<const uint8_t, g1_compressed_bytes>(data, g1_compressed_bytes),
                                   Infinity::allowed));
          },
          py::arg("point"), "A point of G1, compressed.")
      .def(
          "absorb_bytes",
          [](Transcript& t, const py::bytes& data) { t.absorb_bytes(as_bytes(std::string_view(data))); },
          py::arg("data"), "A byte string with its length.")
      .def(
          "challenge", [](Transcript& t) { return fr_to_int(t.challenge()); },
          "The next challenge, an int below r; it depends on everything before it.");
}

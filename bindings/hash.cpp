// pyzkfl._core.hash: Poseidon2.
#include "hash/poseidon2.h"

#include "field_elements.h"
#include "registry.h"

namespace pyzkfl::bindings {
namespace {

Poseidon2State state_from_python(const py::object& values) {
  const std::vector<Fr> list = frs_from_python(values);
  if (list.size() != poseidon2::width) throw ParameterError("a Poseidon2 state has four elements");
  Poseidon2State state;
  std::copy(list.begin(), list.end(), state.begin());
  return state;
}

py::list state_to_python(const Poseidon2State& state) {
  py::list out;
  for (const Fr& v : state) out.append(fr_to_int(v));
  return out;
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(hash) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() = "Poseidon2 over Fr of BN254 (t = 4, R_F = 8, R_P = 56), compatible with noir and barretenberg.";

  m.def(
      "poseidon2_permute",
      [](const py::object& values, size_t times) {
        Poseidon2State state = state_from_python(values);
        {
          const py::gil_scoped_release release;
          for (size_t i = 0; i < times; ++i) poseidon2_permute(state);
        }
        return state_to_python(state);
      },
      py::arg("state"), py::arg("times") = 1,
      "The permutation of four elements (ints below r, or a uint8 array (4, 32)), applied `times` times.");

  m.def(
      "poseidon2_permute_many",
      [](const FrRows& states) {
        if (states.ndim() != 3 || states.shape(1) != poseidon2::width || states.shape(2) != 32) {
          throw ParameterError("states must have the shape (n, 4, 32)");
        }
        const std::span<const uint8_t> bytes(states.data(), static_cast<size_t>(states.size()));
        FrRows out({states.shape(0), py::ssize_t{poseidon2::width}, py::ssize_t{32}});
        uint8_t* const to = out.mutable_data();
        const py::gil_scoped_release release;
        const std::vector<Fr> list = frs_from_bytes(bytes);
        std::vector<Poseidon2State> work(list.size() / poseidon2::width);
        for (size_t i = 0; i < list.size(); ++i) work[i / poseidon2::width][i % poseidon2::width] = list[i];
        poseidon2_permute(std::span<Poseidon2State>(work));
        for (size_t i = 0; i < list.size(); ++i) {
          const auto element = work[i / poseidon2::width][i % poseidon2::width].to_bytes_le();
          std::memcpy(to + 32 * i, element.data(), 32);
        }
        return out;
      },
      py::arg("states").noconvert(),
      "The permutation of many states, in parallel: uint8 array (n, 4, 32), little-endian; a new one.");

  m.def(
      "poseidon2_hash",
      [](const py::object& inputs) {
        const std::vector<Fr> list = frs_from_python(inputs);
        Fr out;
        {
          const py::gil_scoped_release release;
          out = poseidon2_hash(list);
        }
        return fr_to_int(out);
      },
      py::arg("inputs"),
      "Hash of a list of elements (ints below r, or a uint8 array (n, 32)), as noir's Poseidon2::hash; int.");
}

// A batch as Python gives it: features (rows, features) and labels (rows,), or targets (rows, outputs).
#pragma once

#include <vector>

#include "base/errors.h"
#include "curves/encoding.h"
#include "engine_network.h"
#include "integer_arrays.h"
#include "registry.h"

namespace pyzkfl::bindings {

// One batch's arrays, alive while the GIL is away.
struct Batch {
  Batch(const Network& network, const py::object& x, const py::object& y)
      : Batch(network, x, py::array::ensure(y), 0) {}

  NetworkBatch seen() const { return {view(features), view(labels)}; }

  IntArray features, labels;

 private:
  Batch(const Network& network, const py::object& x, const py::array& y, int)
      : features(int_array(x, "features", {rows_of(network, y), network.spec.features()})),
        labels(int_array(y, "labels", labels_shape(network, y))) {}
  static size_t rows_of(const Network& network, const py::array& y) {
    const bool classifies = network.spec.classifies();
    if (!y || y.ndim() != (classifies ? 1 : 2))
      throw ParameterError(classifies ? "labels must be an array of one dimension" : "targets must be an array (rows, outputs)");
    return static_cast<size_t>(y.shape(0));
  }
  static std::vector<size_t> labels_shape(const Network& network, const py::array& y) {
    std::vector<size_t> shape{rows_of(network, y)};
    if (!network.spec.classifies()) shape.push_back(network.spec.classes());
    return shape;
  }
};

// Commitments as they stand in statements: compressed, infinity among them.
inline std::vector<G1Affine> points_of(const std::vector<py::bytes>& in) {
  std::vector<G1Affine> out;
  for (const py::bytes& c : in) out.push_back(g1_decompress(bytes32(c, "a commitment"), Infinity::allowed));
  return out;
}

}  // namespace pyzkfl::bindings

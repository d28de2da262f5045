// pyzkfl._core.pairing: the pairing of BN254 on encoded points, and its benchmark.
#include "pairing/pairing.h"

#include "point_bytes.h"

namespace pyzkfl::bindings {
namespace {

std::vector<PairingInput> inputs_from_python(const py::iterable& pairs) {
  std::vector<PairingInput> out;
  for (const py::handle pair : pairs) {
    const auto both = py::cast<std::pair<py::bytes, py::bytes>>(pair);
    out.push_back(
        {point_from_bytes<G1Affine>(view_of(both.first)), point_from_bytes<G2Affine>(view_of(both.second))});
  }
  return out;
}

// The coefficients of w^0 .. w^5, each c0 then c1.
py::bytes gt_to_python(const Fp12& v) {
  std::array<uint8_t, 384> out;
  size_t at = 0;
  for (const Fp2* c : {&v.c0.c0, &v.c1.c0, &v.c0.c1, &v.c1.c1, &v.c0.c2, &v.c1.c2}) {
    for (const Fp* part : {&c->c0, &c->c1}) {
      part->to_bytes_le(std::span<uint8_t, 32>(out.data() + at, 32));
      at += 32;
    }
  }
  return to_python(out);
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(pairing) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() =
      "The optimal ate pairing of BN254. Points are bytes as in pyzkfl._core.curves; infinity is allowed.";

  m.def(
      "pairing_product_is_one",
      [](const py::iterable& pairs) {
        const std::vector<PairingInput> inputs = inputs_from_python(pairs);
        const py::gil_scoped_release release;
        return pairing_product_is_one(inputs);
      },
      py::arg("pairs"),
      "Whether the product of e(p, q) over the pairs (p, q) of bytes is one, as EIP-197 checks it.");

  m.def(
      "pairing",
      [](const py::bytes& p, const py::bytes& q) {
        const auto a = point_from_bytes<G1Affine>(view_of(p));
        const auto b = point_from_bytes<G2Affine>(view_of(q));
        Fp12 value;
        {
          const py::gil_scoped_release release;
          value = pairing(a, b);
        }
        return gt_to_python(value);
      },
      py::arg("p"), py::arg("q"),
      "e(p, q), 384 bytes: over Fp2 = Fp[u] / (u^2 + 1), the coefficients of w^0 .. w^5 with w^6 = 9 + u, "
      "each as two "
      "little-endian integers. It is the reduced pairing to the power 2x (6x^2 + 3x + 1) (see "
      "csrc/pairing/pairing.h).");

  m.def(
      "bench_pairing",
      [](size_t times) {
        const py::gil_scoped_release release;
        G1Affine p = g1_generator();
        for (size_t i = 0; i < times; ++i) {
          const Fp12 e = pairing(p, g2_generator());
          if (e.is_one()) throw Error("bench_pairing: a pairing of generators is one, which it cannot be");
          p = -p;
        }
      },
      py::arg("times") = 1, "That many pairings, one after the other, on one thread.");
}

// pyzkfl._core.curves: arithmetic in G1 and G2 of BN254 on encoded points, and its benchmarks.
#include <chrono>
#include <mutex>

#include "curves/batch_mul.h"
#include "curves/fixed_base.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "field_elements.h"
#include "point_bytes.h"

namespace pyzkfl::bindings {
namespace {

using Rows = py::array_t<uint8_t, py::array::c_style>;

// An array (n, bytes of a point) or a list of bytes -> points. Takes the GIL to look, gives it up to decode.
template <class Point>
std::vector<Point> points_from_python(const py::object& values) {
  if (py::isinstance<py::array>(values)) {
    if (!py::isinstance<Rows>(values))
      throw py::type_error("an array of points must be C-contiguous, of dtype uint8");
    const auto rows = py::cast<Rows>(values);
    const auto width = rows.ndim() == 2 ? static_cast<size_t>(rows.shape(1)) : 0;
    if (width != evm_bytes<Point> && width != compressed_bytes<Point>) {
      throw ParameterError("an array of points must have the shape (n, " + std::to_string(evm_bytes<Point>) +
                           ") or (n, " + std::to_string(compressed_bytes<Point>) + ")");
    }
    const std::span<const uint8_t> bytes(rows.data(), static_cast<size_t>(rows.size()));
    const py::gil_scoped_release release;
    return points_from_rows<Point>(bytes, width);
  }
  std::vector<Point> out;
  for (const py::handle value : values)
    out.push_back(point_from_bytes<Point>(view_of(py::cast<py::bytes>(value))));
  return out;
}

template <class Point>
Rows points_to_array(const std::vector<Point>& points) {
  Rows out({static_cast<py::ssize_t>(points.size()), static_cast<py::ssize_t>(evm_bytes<Point>)});
  uint8_t* const data = out.mutable_data();
  for (size_t i = 0; i < points.size(); ++i) {
    to_evm(std::span<uint8_t, evm_bytes<Point>>(data + i * evm_bytes<Point>, evm_bytes<Point>), points[i]);
  }
  return out;
}

template <class Point>
Point sum_of(const std::vector<Point>& points) {
  const py::gil_scoped_release release;
  return sum(std::span<const Point>(points)).to_affine();
}

// Scalars of the given length for a benchmark, from a fixed seed (splitmix64).
std::vector<Fr> benchmark_scalars(size_t n, unsigned bits) {
  std::vector<Fr> out(n);
  uint64_t state = 0x9e3779b97f4a7c15;
  const auto next = [&] {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  for (Fr& k : out) {
    Limbs v = {next(), next(), next(), next() >> 3};  // below 2^253 < r
    for (unsigned i = 0; i < 4; ++i) {
      if (64 * i >= bits)
        v[i] = 0;
      else if (64 * (i + 1) > bits)
        v[i] &= (uint64_t{1} << (bits - 64 * i)) - 1;
    }
    k = Fr::from_canonical(v);
  }
  return out;
}

template <class Point>
double bench_msm(unsigned log_n, unsigned scalar_bits) {
  if (log_n > 24) throw ParameterError("bench_msm: log_n is at most 24");
  if (scalar_bits < 1 || scalar_bits > 253) throw ParameterError("bench_msm: scalar_bits is 1 to 253");
  const py::gil_scoped_release release;
  const size_t n = size_t{1} << log_n;
  // Distinct points of unknown relation, kept from run to run.
  static std::mutex mutex;
  static std::vector<Point> points;
  const std::lock_guard lock(mutex);
  if (points.size() < n) {
    const Point* generator;
    if constexpr (std::is_same_v<Point, G1Affine>)
      generator = &g1_generator();
    else
      generator = &g2_generator();
    points = FixedBase<Point>(*generator, n).batch(benchmark_scalars(n, 253));
  }
  const std::vector<Fr> scalars = benchmark_scalars(n, scalar_bits);
  const auto began = std::chrono::steady_clock::now();
  const auto result = msm(std::span<const Point>(points).first(n), std::span<const Fr>(scalars));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  if (n > 1 && result.is_infinity()) throw Error("bench_msm: the sum is infinity, which it cannot be");
  return taken.count();
}

template <class Point>
void bind_group(py::module_& m, const std::string& name) {
  using std::string;
  const string form = std::to_string(evm_bytes<Point>) + " bytes (EVM) or " +
                      std::to_string(compressed_bytes<Point>) + " (compressed)";
  const auto def = [&](const char* suffix, auto&& function, const auto&... extra) {
    m.def((name + suffix).c_str(), std::forward<decltype(function)>(function), extra...);
  };

  def(
      "_generator",
      [] {
        if constexpr (std::is_same_v<Point, G1Affine>)
          return to_python(to_evm(g1_generator()));
        else
          return to_python(to_evm(g2_generator()));
      },
      "The group's generator, in the EVM encoding.");
  def(
      "_add",
      [](const py::bytes& a, const py::bytes& b) {
        using J = Jacobian<typename Point::Field>;
        const auto p = point_from_bytes<Point>(view_of(a)), q = point_from_bytes<Point>(view_of(b));
        return to_python(to_evm((J(p) + q).to_affine()));
      },
      py::arg("a"), py::arg("b"),
      ("a + b. Points are " + form + "; the result is in the EVM encoding.").c_str());
  def(
      "_neg", [](const py::bytes& a) { return to_python(to_evm(-point_from_bytes<Point>(view_of(a)))); },
      py::arg("a"), "-a, in the EVM encoding.");
  def(
      "_mul",
      [](const py::bytes& a, const py::object& scalar) {
        const auto p = point_from_bytes<Point>(view_of(a));
        const Fr k = fr_from_int(scalar);
        std::array<uint8_t, evm_bytes<Point>> out;
        {
          const py::gil_scoped_release release;
          out = to_evm(mul(p, k).to_affine());
        }
        return to_python(out);
      },
      py::arg("a"), py::arg("scalar"),
      "scalar * a for an int in [0, r), in constant time; in the EVM encoding.");
  def(
      "_msm",
      [](const py::object& points, const py::object& scalars) {
        const auto p = points_from_python<Point>(points);
        const std::vector<Fr> k = frs_from_python(scalars);
        std::array<uint8_t, evm_bytes<Point>> out;
        {
          const py::gil_scoped_release release;
          out = to_evm(msm(std::span<const Point>(p), std::span<const Fr>(k)).to_affine());
        }
        return to_python(out);
      },
      py::arg("points"), py::arg("scalars"),
      ("The sum of scalars[i] * points[i], in the EVM encoding. Points: a uint8 array with a row for each, "
       "or a list of "
       "bytes; each " +
       form + ". Scalars: a uint8 array (n, 32), little-endian, or a list of ints. Variable time.")
          .c_str());
  def(
      "_batch_mul",
      [](const py::object& points, const py::object& scalars) {
        auto p = points_from_python<Point>(points);
        const std::vector<Fr> k = frs_from_python(scalars);
        {
          const py::gil_scoped_release release;
          batch_mul(std::span<Point>(p), std::span<const Fr>(k));
        }
        return points_to_array(p);
      },
      py::arg("points"), py::arg("scalars"),
      "Each scalars[i] * points[i], as a uint8 array of rows in the EVM encoding. Inputs as for msm. "
      "Variable time.");
  def(
      "_sum",
      [](const py::object& points) { return to_python(to_evm(sum_of(points_from_python<Point>(points)))); },
      py::arg("points"), "The sum of the points (as for msm), in the EVM encoding.");
  def(
      "_sum_compressed",
      [](const py::object& points) { return to_python(compress(sum_of(points_from_python<Point>(points)))); },
      py::arg("points"), "The sum of the points (as for msm), compressed.");
  def(
      "_compress",
      [](const py::bytes& a) { return to_python(compress(point_from_bytes<Point>(view_of(a)))); },
      py::arg("a"), "The compressed encoding of a point in either encoding.");
  def(
      "_decompress",
      [](const py::bytes& a) {
        if (view_of(a).size() != compressed_bytes<Point>)
          throw DecodeError("not the length of a compressed point");
        return to_python(to_evm(point_from_bytes<Point>(view_of(a))));
      },
      py::arg("a"), "The EVM encoding of a compressed point.");
  def(
      "_is_valid",
      [](const py::bytes& a) {
        try {
          (void)point_from_bytes<Point>(view_of(a));
          return true;
        } catch (const DecodeError&) {
          return false;
        }
      },
      py::arg("a"),
      "Whether the bytes are the canonical encoding (of either kind) of a point of the group: on the curve, "
      "of order r.");
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(curves) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() =
      "The groups G1 and G2 of BN254. A point is bytes: the EVM encoding (x, y big-endian; in G2 imaginary "
      "parts first; "
      "infinity all zeros) or compressed (x, with flags in the two top bits). Bytes that are not the "
      "canonical encoding "
      "of a point of the group raise DecodeError.";
  bind_group<G1Affine>(m, "g1");
  bind_group<G2Affine>(m, "g2");
  m.def("bench_msm_g1", &bench_msm<G1Affine>, py::arg("log_n"), py::arg("scalar_bits") = 253,
        "Seconds of one msm of 2^log_n points in G1 by scalars of that many bits. Making the points is not "
        "counted.");
  m.def("bench_msm_g2", &bench_msm<G2Affine>, py::arg("log_n"), py::arg("scalar_bits") = 253,
        "The same in G2.");
}

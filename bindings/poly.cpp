// pyzkfl._core.poly: transforms over evaluation domains of Fr, and their benchmark.
#include <chrono>

#include "field_elements.h"
#include "poly/domain.h"
#include "poly/kernels/transform_kernel.h"

namespace pyzkfl::bindings {
namespace {

// log2 of a length that must be a power of two.
unsigned log_of(size_t n) {
  if (n == 0 || (n & (n - 1)) != 0) {
    throw ParameterError("a transform needs 2^k elements, not " + std::to_string(n));
  }
  unsigned log_n = 0;
  while ((size_t{1} << log_n) < n) ++log_n;
  return log_n;
}

template <void (Domain::*transform)(std::span<Fr>) const>
ElementRows transformed(const py::object& values) {
  std::vector<Fr> elements = elements_from_python<Fr>(values);
  {
    const py::gil_scoped_release release;
    (Domain(log_of(elements.size())).*transform)(elements);
  }
  return elements_to_array<Fr>(elements);
}

template <class Transform>
double bench(unsigned log_n, const Transform& transform) {
  if (log_n > 26) throw ParameterError("a benchmark's log_n is at most 26");
  const py::gil_scoped_release release;
  const Domain domain(log_n);
  std::vector<Fr> values(domain.size());
  Fr v = Fr::one();
  for (Fr& element : values) element = v = v.dbl() + Fr::from_u64(3);
  const auto began = std::chrono::steady_clock::now();
  transform(domain, std::span<Fr>(values));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  return taken.count();
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(poly) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() = "Transforms over the 2^k-th roots of unity in Fr, k <= 28. Natural order everywhere.\n\n"
            "Elements go in as a uint8 array (2^k, 32), little-endian and canonical, or as ints, and come out as a new "
            "array. A length that is not a power of two raises ParameterError.";
  m.def("ntt", &transformed<&Domain::ntt>, py::arg("values"), "Coefficients to values at 1, w, w^2, ...");
  m.def("intt", &transformed<&Domain::intt>, py::arg("values"), "Values at 1, w, w^2, ... to coefficients.");
  m.def("coset_ntt", &transformed<&Domain::coset_ntt>, py::arg("values"), "Coefficients to values at 5, 5w, 5w^2, ...");
  m.def("coset_intt", &transformed<&Domain::coset_intt>, py::arg("values"), "Values at 5, 5w, ... to coefficients.");
  m.def(
      "generator", [](unsigned log_n) { return element_to_int(Domain(log_n).generator()); }, py::arg("log_n"),
      "w, the root of unity of order 2^log_n.");
  m.def(
      "vanishing_on_coset", [](unsigned log_n) { return element_to_int(Domain(log_n).vanishing_on_coset()); },
      py::arg("log_n"), "5^n - 1 for n = 2^log_n.");
  m.def(
      "lagrange_at",
      [](unsigned log_n, const py::int_& x) {
        const Fr at = element_from_int<Fr>(x);
        std::vector<Fr> values;
        {
          const py::gil_scoped_release release;
          values = Domain(log_n).lagrange_at(at);
        }
        return elements_to_array<Fr>(values);
      },
      py::arg("log_n"), py::arg("x"), "The Lagrange polynomials L_0 .. L_{n-1} of the domain at x.");
  m.def(
      "kernels", [] {
        std::vector<std::string> names;
        for (const TransformKernel& kernel : runnable_transform_kernels()) names.emplace_back(kernel.name);
        return names;
      },
      "The transform kernels that this processor can run.");
  m.def(
      "coset_extend",
      [](const py::object& values, const py::int_& shift) {
        std::vector<Fr> elements = elements_from_python<Fr>(values);
        const Fr by = element_from_int<Fr>(shift);
        {
          const py::gil_scoped_release release;
          Domain(log_of(elements.size())).coset_extend(elements, by);
        }
        return elements_to_array<Fr>(elements);
      },
      py::arg("values"), py::arg("shift"),
      "Values at 1, w, w^2, ... to values at shift, shift w, shift w^2, ... of the same polynomial.");
  m.def(
      "bench_extend",
      [](unsigned log_n) {
        return bench(log_n, [](const Domain& domain, std::span<Fr> values) {
          domain.coset_extend(values, Domain::coset_shift());
        });
      },
      py::arg("log_n"), "Seconds of one coset_extend of 2^log_n elements in place.");
  m.def(
      "bench_ntt",
      [](unsigned log_n) {
        return bench(log_n, [](const Domain& domain, std::span<Fr> values) { domain.ntt(values); });
      },
      py::arg("log_n"),
        "Seconds of one forward transform of 2^log_n elements in place; preparing them is not counted.");
}

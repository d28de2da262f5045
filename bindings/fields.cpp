// pyzkfl._core.fields: vectors of elements of Fp and Fr, the tower over Fp, and the benchmark of single operations.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/thread_pool.h"
#include "field_elements.h"
#include "fields/batch_inverse.h"
#include "fields/fp12.h"
#include "fields/kernels/kernel_table.h"

namespace pyzkfl::bindings {
namespace {

constexpr size_t kGrain = 1 << 10;  // elements below which a chunk is not worth a thread

// Calls body with a value of the field of that name.
template <class Body>
auto with_field(const std::string& field, const Body& body) {
  if (field == "fp") return body(Fp());
  if (field == "fr") return body(Fr());
  throw ParameterError("field is 'fp' or 'fr', not '" + field + "'");
}

template <class F>
const KernelTable<F>& table_named(const std::optional<std::string>& name) {
  if (!name) return kernel_table<F>();
  for (const KernelTable<F>& table : runnable_kernel_tables<F>()) {
    if (*name == table.name) return table;
  }
  throw ParameterError("no kernel '" + *name + "' on this processor");
}

bool is_int(const py::object& value) { return py::isinstance<py::int_>(value); }

// An operation on one operand or two: ints give an int, arrays (or iterables of ints) of equal length an array.
template <class F, class Operation>
py::object apply(const py::object& a, const Operation& operation) {
  const bool scalar = is_int(a);
  std::vector<F> values = scalar ? std::vector<F>{element_from_int<F>(a)} : elements_from_python<F>(a);
  {
    const py::gil_scoped_release release;
    operation(std::span<F>(values));
  }
  if (scalar) return element_to_int(values[0]);
  return elements_to_array<F>(values);
}

template <class F, class Operation>
py::object apply(const py::object& a, const py::object& b, const Operation& operation) {
  if (is_int(a) != is_int(b)) throw py::type_error("operands must be two ints, or two arrays");
  std::vector<F> other = is_int(b) ? std::vector<F>{element_from_int<F>(b)} : elements_from_python<F>(b);
  return apply<F>(a, [&](std::span<F> values) {
    if (values.size() != other.size()) {
      throw ParameterError("operands of " + std::to_string(values.size()) + " and " + std::to_string(other.size()) +
                           " elements");
    }
    operation(values, std::span<const F>(other));
  });
}

template <class F>
using Binary = void (*KernelTable<F>::*)(std::span<F>, std::span<const F>, std::span<const F>);

// m.name(field, a, b, kernel=None), through the kernel table.
void def_binary(py::module_& m, const char* name, Binary<Fp> for_fp, Binary<Fr> for_fr, const char* doc) {
  m.def(
      name,
      [for_fp, for_fr](const std::string& field, const py::object& a, const py::object& b,
                       const std::optional<std::string>& kernel) {
        return with_field(field, [&]<class F>(F) {
          Binary<F> member;
          if constexpr (std::is_same_v<F, Fp>) member = for_fp;
          else member = for_fr;
          const KernelTable<F>& table = table_named<F>(kernel);
          return apply<F>(a, b, [&](std::span<F> values, std::span<const F> other) {
            parallel_for(values.size(), kGrain, [&](size_t begin, size_t end) {
              const std::span<F> part = values.subspan(begin, end - begin);
              (table.*member)(part, part, other.subspan(begin, end - begin));
            });
          });
        });
      },
      py::arg("field"), py::arg("a"), py::arg("b"), py::arg("kernel") = py::none(), doc);
}

// Every element is replaced by function(element).
template <class Function>
void def_unary(py::module_& m, const char* name, const Function& function, const char* doc) {
  m.def(
      name,
      [function](const std::string& field, const py::object& a) {
        return with_field(field, [&]<class F>(F) {
          return apply<F>(a, [&](std::span<F> values) {
            parallel_for(values.size(), 16, [&](size_t begin, size_t end) {
              for (size_t i = begin; i < end; ++i) values[i] = function(values[i]);
            });
          });
        });
      },
      py::arg("field"), py::arg("a"), doc);
}

// The coefficients of an element of the tower, lowest first: 2, 6 or 12 elements of Fp.
Fp2 read_fp2(std::span<const Fp> v) { return {v[0], v[1]}; }
Fp6 read_fp6(std::span<const Fp> v) { return {read_fp2(v), read_fp2(v.subspan(2)), read_fp2(v.subspan(4))}; }
Fp12 read_fp12(std::span<const Fp> v) { return {read_fp6(v), read_fp6(v.subspan(6))}; }
void write(py::list& out, const Fp2& v) {
  out.append(element_to_int(v.c0));
  out.append(element_to_int(v.c1));
}
void write(py::list& out, const Fp6& v) {
  write(out, v.c0);
  write(out, v.c1);
  write(out, v.c2);
}
void write(py::list& out, const Fp12& v) {
  write(out, v.c0);
  write(out, v.c1);
}

template <class T>
py::list to_list(const T& v) {
  py::list out;
  write(out, v);
  return out;
}

// Reads each operand as an element of the field of the first one's degree, and calls operation on them.
template <class Operation, class... More>
py::list in_tower(const Operation& operation, const std::vector<Fp>& first, const More&... more) {
  if (((more.size() != first.size()) || ...)) throw ParameterError("operands of different degrees");
  switch (first.size()) {
    case 2:
      return to_list(operation(read_fp2(first), read_fp2(more)...));
    case 6:
      return to_list(operation(read_fp6(first), read_fp6(more)...));
    case 12:
      return to_list(operation(read_fp12(first), read_fp12(more)...));
    default:
      throw ParameterError("an element of the tower has 2, 6 or 12 coefficients");
  }
}

Fp12 fp12_from(const py::object& values) {
  const std::vector<Fp> v = elements_from_python<Fp>(values);
  if (v.size() != 12) throw ParameterError("an element of Fp12 has 12 coefficients");
  return read_fp12(v);
}

Fp2 fp2_from(const py::object& values) {
  const std::vector<Fp> v = elements_from_python<Fp>(values);
  if (v.size() != 2) throw ParameterError("an element of Fp2 has 2 coefficients");
  return read_fp2(v);
}

void def_tower(py::module_& m) {
  const auto elements = [](const py::object& values) { return elements_from_python<Fp>(values); };
  m.def(
      "tower_mul",
      [=](const py::object& a, const py::object& b) {
        return in_tower([](const auto& x, const auto& y) { return x * y; }, elements(a), elements(b));
      },
      py::arg("a"), py::arg("b"),
      "a b in Fp2, Fp6 or Fp12, for lists of 2, 6 or 12 ints: the coefficients of the tower flattened, lowest first.");
  m.def(
      "tower_add",
      [=](const py::object& a, const py::object& b) {
        return in_tower([](const auto& x, const auto& y) { return x + y; }, elements(a), elements(b));
      },
      py::arg("a"), py::arg("b"), "a + b, likewise.");
  m.def(
      "tower_sub",
      [=](const py::object& a, const py::object& b) {
        return in_tower([](const auto& x, const auto& y) { return x - y; }, elements(a), elements(b));
      },
      py::arg("a"), py::arg("b"), "a - b, likewise.");
  m.def(
      "tower_square", [=](const py::object& a) { return in_tower([](const auto& x) { return x.square(); }, elements(a)); },
      py::arg("a"), "a^2, likewise.");
  m.def(
      "tower_inverse",
      [=](const py::object& a, bool vartime) {
        return in_tower([=](const auto& x) { return vartime ? x.inverse_vartime() : x.inverse(); }, elements(a));
      },
      py::arg("a"), py::arg("vartime") = false, "1 / a, likewise; 0 for 0.");
  m.def(
      "tower_frobenius",
      [=](const py::object& a, unsigned power) {
        return in_tower([=](const auto& x) { return x.frobenius(power); }, elements(a));
      },
      py::arg("a"), py::arg("power"), "a^(p^power), likewise.");
  m.def(
      "fp2_sqrt",
      [](const py::object& a) -> py::object {
        Fp2 root;
        if (!fp2_from(a).sqrt_vartime(root)) return py::none();
        return to_list(root);
      },
      py::arg("a"), "A square root in Fp2, or None.");
  m.def(
      "fp12_cyclotomic_square", [](const py::object& a) { return to_list(fp12_from(a).cyclotomic_square()); },
      py::arg("a"), "a^2 for a in the cyclotomic subgroup.");
  m.def(
      "fp12_mul_by_034",
      [](const py::object& a, const py::object& b0, const py::object& b3, const py::object& b4) {
        return to_list(fp12_from(a).mul_by_034(fp2_from(b0), fp2_from(b3), fp2_from(b4)));
      },
      py::arg("a"), py::arg("b0"), py::arg("b3"), py::arg("b4"), "a (b0 + b3 w + b4 w^3).");
}

// n operations, each of which needs the result of the one before (`chains` = 1) or of the one `chains` before.
template <class F, class Operation>
double time_chains(size_t n, size_t chains, const Operation& operation) {
  std::array<F, 8> v;
  for (F& element : v) element = F::random();
  const F b = F::random();
  const auto began = std::chrono::steady_clock::now();
  if (chains == 1) {
    F x = v[0];
    for (size_t i = 0; i < n; ++i) x = operation(x, b);
    v[0] = x;
  } else {
    for (size_t i = 0; i < n; i += v.size()) {
      for (F& element : v) element = operation(element, b);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  F sum;
  for (const F& element : v) sum += element;
  // Uses the results, so that they must be computed. They are zero with probability 2^-254.
  if (sum.is_zero()) throw Error("bench: the chains ended in zero");
  return taken.count();
}

// n operations on arrays of 256 elements, which lie in the first-level cache: two operands and the result, 24 KiB.
template <class F>
double time_arrays(const KernelTable<F>& table, const std::string& operation, size_t n) {
  constexpr size_t kLength = 256;
  std::vector<F> a(kLength), b(kLength), out(kLength);
  for (F& element : a) element = F::random();
  for (F& element : b) element = F::random();
  const auto run = [&](std::span<F> to) {
    const auto x = std::span<const F>(a).first(to.size()), y = std::span<const F>(b).first(to.size());
    if (operation == "mul") return table.mul(to, x, y);
    if (operation == "add") return table.add(to, x, y);
    if (operation == "sub") return table.sub(to, x, y);
    if (operation == "scale") return table.scale(to, x, y[0]);
    if (operation == "inner_product") {
      to[0] = table.inner_product(x, y);
      return;
    }
    throw ParameterError("operation is 'mul', 'add', 'sub', 'scale' or 'inner_product', not '" + operation + "'");
  };
  run(out);
  const auto began = std::chrono::steady_clock::now();
  for (size_t done = 0; done < n; done += kLength) run(std::span(out).first(std::min(kLength, n - done)));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  return taken.count();
}

// n multiplications of 16 values by 16 factors, in registers where the kernel has vectors.
template <class F>
double time_registers(const KernelTable<F>& table, size_t n) {
  std::array<F, 16> values, factors;
  for (F& element : values) element = F::random();
  for (F& element : factors) element = F::random();
  const auto began = std::chrono::steady_clock::now();
  table.mul_chains(values, factors, n / values.size());
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  return taken.count();
}

double bench_arrays(const std::string& field, const std::string& operation, size_t n,
                    const std::optional<std::string>& kernel) {
  const py::gil_scoped_release release;
  return with_field(field, [&]<class F>(F) { return time_arrays<F>(table_named<F>(kernel), operation, n); });
}

double bench_registers(const std::string& field, size_t n, const std::optional<std::string>& kernel) {
  const py::gil_scoped_release release;
  return with_field(field, [&]<class F>(F) { return time_registers<F>(table_named<F>(kernel), n); });
}

double bench(const std::string& field, const std::string& operation, size_t n, bool independent) {
  const py::gil_scoped_release release;
  const size_t chains = independent ? 8 : 1;
  return with_field(field, [&]<class F>(F) {
    if (operation == "mul") return time_chains<F>(n, chains, [](const F& x, const F& b) { return x * b; });
    if (operation == "square") return time_chains<F>(n, chains, [](const F& x, const F&) { return x.square(); });
    if (operation == "add") return time_chains<F>(n, chains, [](const F& x, const F& b) { return x + b; });
    if (operation == "sub") return time_chains<F>(n, chains, [](const F& x, const F& b) { return x - b; });
    // The addition makes it a chain of new values, and costs a thousandth.
    if (operation == "inverse") return time_chains<F>(n, chains, [](const F& x, const F& b) { return x.inverse() + b; });
    if (operation == "inverse_vartime") {
      return time_chains<F>(n, chains, [](const F& x, const F& b) { return x.inverse_vartime() + b; });
    }
    throw ParameterError("operation is 'mul', 'square', 'add', 'sub', 'inverse' or 'inverse_vartime', not '" +
                         operation + "'");
  });
}

}  // namespace
}  // namespace pyzkfl::bindings

PYZKFL_BINDINGS(fields) {
  using namespace pyzkfl;
  using namespace pyzkfl::bindings;
  m.doc() = "Arithmetic in Fp ('fp') and Fr ('fr') of BN254 and the tower over Fp.\n\n"
            "Operands are ints, which give an int, or uint8 arrays (n, 32) of little-endian canonical elements, which "
            "give a new array. An element that is not below the modulus raises DecodeError.";
  m.def(
      "modulus",
      [](const std::string& field) {
        return with_field(field, []<class F>(F) { return py::int_(element_to_int(-F::one()) + py::int_(1)); });
      },
      py::arg("field"), "The modulus.");
  def_binary(m, "add", &KernelTable<Fp>::add, &KernelTable<Fr>::add,
             "a + b. `kernel` names one of kernels(), for tests; by default the best.");
  def_binary(m, "sub", &KernelTable<Fp>::sub, &KernelTable<Fr>::sub, "a - b, likewise.");
  def_binary(m, "mul", &KernelTable<Fp>::mul, &KernelTable<Fr>::mul, "a b, likewise.");
  def_unary(m, "neg", [](const auto& v) { return -v; }, "-a.");
  def_unary(m, "square", [](const auto& v) { return v.square(); }, "a^2.");
  def_unary(m, "inverse", [](const auto& v) { return v.inverse(); }, "1 / a; 0 for 0. Constant time.");
  def_unary(m, "inverse_vartime", [](const auto& v) { return v.inverse_vartime(); }, "1 / a; 0 for 0.");
  m.def(
      "batch_inverse",
      [](const std::string& field, const py::object& a) {
        return with_field(field, [&]<class F>(F) { return apply<F>(a, [](std::span<F> v) { batch_inverse(v); }); });
      },
      py::arg("field"), py::arg("a"), "1 / a by Montgomery's trick; zeros stay zero.");
  m.def(
      "power",
      [](const std::string& field, const py::int_& base, const py::int_& exponent) {
        return with_field(field, [&]<class F>(F) {
          const std::string bytes = py::cast<std::string>(exponent.attr("to_bytes")(64, "little"));
          std::array<uint64_t, 8> limbs;
          std::memcpy(limbs.data(), bytes.data(), sizeof(limbs));
          return element_to_int(element_from_int<F>(base).pow_vartime(limbs));
        });
      },
      py::arg("field"), py::arg("base"), py::arg("exponent"), "base^exponent, for 0 <= exponent < 2^512.");
  m.def(
      "is_square",
      [](const std::string& field, const py::int_& a) {
        return with_field(field, [&]<class F>(F) { return element_from_int<F>(a).is_square(); });
      },
      py::arg("field"), py::arg("a"), "Whether a has a square root.");
  m.def(
      "sqrt",
      [](const py::int_& a) -> py::object {
        Fp root;
        if (!element_from_int<Fp>(a).sqrt_vartime(root)) return py::none();
        return element_to_int(root);
      },
      py::arg("a"), "A square root in Fp, or None.");
  m.def(
      "from_bytes_wide",
      [](const std::string& field, const py::bytes& bytes) {
        const std::string_view view = bytes;
        if (view.size() != 64) throw ParameterError("from_bytes_wide takes 64 bytes");
        return with_field(field, [&]<class F>(F) {
          return element_to_int(F::from_bytes_wide_be(as_bytes(view).first<64>()));
        });
      },
      py::arg("field"), py::arg("bytes"), "The residue of a 512-bit big-endian integer.");
  m.def(
      "random",
      [](const std::string& field, size_t n) -> py::object {
        return with_field(field, [&]<class F>(F) -> py::object {
          std::vector<F> values(n);
          {
            const py::gil_scoped_release release;
            for (F& v : values) v = F::random();
          }
          return elements_to_array<F>(values);
        });
      },
      py::arg("field"), py::arg("n"), "n uniform elements from the cryptographic generator, as an array (n, 32).");
  m.def(
      "kernels",
      [] {
        std::vector<std::string> names;
        for (const KernelTable<Fp>& table : runnable_kernel_tables<Fp>()) names.emplace_back(table.name);
        return names;
      },
      "The kernels that this processor can run.");
  def_tower(m);
  m.def("bench", &bench, py::arg("field"), py::arg("operation"), py::arg("n"), py::arg("independent") = false,
        "Seconds of n operations on one thread: each needs the result of the one before (latency), or with "
        "independent=True of the one eight before (throughput). Operations: mul, square, add, sub, inverse, "
        "inverse_vartime.");
  m.def("bench_arrays", &bench_arrays, py::arg("field"), py::arg("operation"), py::arg("n"),
        py::arg("kernel") = py::none(),
        "Seconds of n operations on one thread over arrays of 256 elements, read from the first-level cache and "
        "written to it. Operations: mul, add, sub, scale, inner_product.");
  m.def("bench_registers", &bench_registers, py::arg("field"), py::arg("n"), py::arg("kernel") = py::none(),
        "Seconds of n multiplications on one thread, 16 chains that a vector kernel keeps in registers: without "
        "memory, and without the form that elements have there.");
}

// pyzkfl._core.training: the logistic step, its integer trainer, its constraint system and its witness.
//
// Arrays are C-contiguous views where they are int64 already, converted copies where they are narrower
// integers.
#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "integer_arrays.h"
#include "registry.h"
#include "training/forgery.h"
#include "training/logistic_circuit.h"
#include "training/trainer.h"

namespace pyzkfl {
namespace {

namespace py = pybind11;
using bindings::bytes32;
using bindings::int_array;
using bindings::IntArray;
using bindings::to_numpy;
using bindings::view;

// A spec with the shape of its circuit, built once when it is first asked for.
class Spec {
 public:
  explicit Spec(const LogisticParameters& parameters) : spec(parameters) {}

  const LogisticSpec spec;

  // Call it without the GIL: another thread may be building.
  const std::shared_ptr<ConstraintSystem>& system() const {
    std::call_once(
        once_, [this] { system_ = std::make_shared<ConstraintSystem>(logistic_constraint_system(spec)); });
    return system_;
  }

 private:
  mutable std::once_flag once_;
  mutable std::shared_ptr<ConstraintSystem> system_;
};

int64_t to_int64(const py::int_& value, const char* name) {
  int overflow = 0;
  const long long out = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0) throw ParameterError(std::string(name) + " does not fit 64 bits");
  if (out == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return out;
}

// The arrays of one batch, alive and checked for shape, while the GIL is away.
struct LogisticArrays {
  LogisticArrays(const Spec& spec, const py::object& w, const py::object& x, const py::object& y,
        const py::int_& rows_in)
      : weights(int_array(w, "weights", {spec.spec.dimension()})),
        features(int_array(x, "features", {spec.spec.batch(), spec.spec.features()})),
        labels(int_array(y, "labels", {spec.spec.batch()})),
        rows(to_int64(rows_in, "rows")) {}

  LogisticBatch view() const {
    return {bindings::view(weights), bindings::view(features), bindings::view(labels), rows};
  }

  IntArray weights, features, labels;
  int64_t rows;
};

// Context and blinders of a witness; the blinders are wiped.
struct Secrets {
  Secrets(const py::bytes& ctx, const py::bytes& x, const py::bytes& d)
      : context(bytes32(ctx, "ctx")), blinder_x(element(x, "blind_x")), blinder_d(element(d, "blind_d")) {}
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;
  ~Secrets() {
    wipe_object(blinder_x);
    wipe_object(blinder_d);
  }

  static Fr element(const py::bytes& in, const char* name) {
    std::array<uint8_t, 32> bytes = bytes32(in, name);
    const Fr out = Fr::from_bytes_le(bytes);
    wipe_object(bytes);
    return out;
  }

  std::array<uint8_t, 32> context;
  Fr blinder_x, blinder_d;
};

RelationSet relations_named(const std::vector<std::string>& names) {
  RelationSet out;
  for (const std::string& name : names) out.insert(find_relation(name));
  return out;
}

py::dict trace_dict(const LogisticStep& step) {
  py::dict out;
  const auto put = [&](const char* name, const SecretIntegers& values) { out[name] = to_numpy(values); };
  put("u", step.u);
  put("q", step.q);
  put("t", step.t);
  put("p", step.p);
  put("z", step.z);
  put("gradient", step.gradient);
  put("raw", step.raw);
  out["norm_squared"] = step.norm_squared;
  out["root"] = step.root;
  out["divisor"] = step.divisor;
  put("update", step.update);
  return out;
}

std::string spec_text(const LogisticSpec& spec) {
  const LogisticParameters& p = spec.parameters();
  const auto item = [](const char* name, int64_t value) {
    return std::string(name) + "=" + std::to_string(value);
  };
  return "LogisticSpec(" + item("features", p.features) + ", " + item("batch", p.batch) + ", " +
         item("x_bits", p.x_bits) + ", " + item("x_frac", p.x_frac) + ", " + item("w_bits", p.w_bits) + ", " +
         item("w_frac", p.w_frac) + ", " + item("eta", p.eta) + ", " + item("eta_shift", p.eta_shift) + ", " +
         item("bound", p.bound) + ")";
}

int64_t sigmoid_checked(int64_t t) {
  if (t < 0 || t > LogisticSpec::argument_max) throw ParameterError("t must be in [0, 4095]");
  return sigmoid(t);
}

void bind_spec(py::module_& m) {
  py::class_<Spec, std::shared_ptr<Spec>> spec(m, "LogisticSpec",
                                               R"(The numbers of one SGD step of a logistic classifier.

features, batch: d and B. Features are signed x_bits integers of unit 2^-x_frac, weights signed w_bits
integers of unit 2^-w_frac, updates of the same unit. eta / 2^eta_shift: learning rate / batch *
2^(w_frac - 20 - x_frac). bound: L2 bound of an update.

Raises ParameterError naming the bound that does not hold. Source: docs/protocol.md section 1.

>>> LogisticSpec(features=30, batch=32, eta=128, eta_shift=21, bound=65536).num_constraints
13186)");
  spec.def(py::init([](const py::int_& features, const py::int_& batch, const py::int_& x_bits,
                       const py::int_& x_frac, const py::int_& w_bits, const py::int_& w_frac,
                       const py::int_& eta, const py::int_& eta_shift, const py::int_& bound) {
             return std::make_shared<Spec>(LogisticParameters{
                 to_int64(features, "features"), to_int64(batch, "batch"), to_int64(x_bits, "x_bits"),
                 to_int64(x_frac, "x_frac"), to_int64(w_bits, "w_bits"), to_int64(w_frac, "w_frac"),
                 to_int64(eta, "eta"), to_int64(eta_shift, "eta_shift"), to_int64(bound, "bound")});
           }),
           py::kw_only(), py::arg("features"), py::arg("batch") = 32, py::arg("x_bits") = 8,
           py::arg("x_frac") = 5, py::arg("w_bits") = 20, py::arg("w_frac") = 16, py::arg("eta"),
           py::arg("eta_shift"), py::arg("bound"));
  const auto parameter = [&](const char* name, int64_t LogisticParameters::* field) {
    spec.def_property_readonly(name, [field](const Spec& s) { return s.spec.parameters().*field; });
  };
  parameter("features", &LogisticParameters::features);
  parameter("batch", &LogisticParameters::batch);
  parameter("x_bits", &LogisticParameters::x_bits);
  parameter("x_frac", &LogisticParameters::x_frac);
  parameter("w_bits", &LogisticParameters::w_bits);
  parameter("w_frac", &LogisticParameters::w_frac);
  parameter("eta", &LogisticParameters::eta);
  parameter("eta_shift", &LogisticParameters::eta_shift);
  parameter("bound", &LogisticParameters::bound);
  spec.def_property_readonly(
      "dimension", [](const Spec& s) { return s.spec.dimension(); },
      "Coordinates of weights and updates: features + 1.");
  spec.def_property_readonly(
      "clip_target", [](const Spec& s) { return s.spec.clip_target(); },
      "c: updates whose norm is below it are not clipped.");
  spec.def_property_readonly(
      "max_abs_update", [](const Spec& s) { return s.spec.max_abs_update(); },
      "No coordinate of an update is larger in magnitude; equal to bound.");
  spec.def_property_readonly(
      "num_constraints",
      [](const Spec& s) {
        const py::gil_scoped_release release;
        return s.system()->num_constraints();
      },
      "Rows of the constraint system, those of blinders and public inputs included.");
  spec.def(
      "constraint_counts",
      [](const Spec& s) {
        std::vector<std::pair<std::string, size_t>> counts;
        {
          const py::gil_scoped_release release;
          const ConstraintSystem& cs = *s.system();
          for (size_t k = 0; k < cs.num_constraints(); ++k) {
            const std::string label = cs.label(k);
            auto at =
                std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == label; });
            if (at == counts.end()) at = counts.insert(at, {label, 0});
            ++at->second;
          }
        }
        py::dict out;
        for (const auto& [label, count] : counts) out[py::str(label)] = count;
        return out;
      },
      "Constraints by relation, as a dict.");
  spec.def("__eq__", [](const Spec& a, const Spec& b) { return a.spec == b.spec; }, py::is_operator());
  spec.def("__hash__", [](const Spec& s) { return py::hash(py::str(spec_text(s.spec))); });
  spec.def("__repr__", [](const Spec& s) { return spec_text(s.spec); });
}

void bind_trainer(py::module_& m) {
  m.def(
      "step",
      [](const Spec& spec, const py::object& w, const py::object& x, const py::object& y,
         const py::int_& rows) {
        const LogisticArrays batch(spec, w, x, y, rows);
        std::vector<int64_t> update;
        {
          const py::gil_scoped_release release;
          update = logistic_step(spec.spec, batch.view());
        }
        return to_numpy(update);
      },
      py::arg("spec"), py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("rows"),
      R"(The update D of one training step, int64 (features + 1,), in units of 2^-w_frac; the bias is last.

weights: (features + 1,), features: (batch, features), labels: (batch,), all integers (int8 to int64);
rows: how many are real. Raises ParameterError for a wrong shape, dtype or range, naming the place.
Source: docs/protocol.md section 1.)");
  m.def(
      "trace",
      [](const Spec& spec, const py::object& w, const py::object& x, const py::object& y,
         const py::int_& rows) {
        const LogisticArrays batch(spec, w, x, y, rows);
        LogisticStep step;
        {
          const py::gil_scoped_release release;
          step = logistic_trace(spec.spec, batch.view());
        }
        return trace_dict(step);
      },
      py::arg("spec"), py::arg("weights"), py::arg("features"), py::arg("labels"), py::arg("rows"),
      "All intermediate values of a step, by their names in docs/protocol.md; private as the data is. For "
      "tests.");
  m.def(
      "next_weights",
      [](const Spec& spec, const py::object& w, const py::object& total, const py::int_& survivors) {
        const IntArray weights = int_array(w, "weights", {spec.spec.dimension()});
        const IntArray sum = int_array(total, "total", {spec.spec.dimension()});
        return to_numpy(next_weights(spec.spec, view(weights), view(sum), to_int64(survivors, "survivors")));
      },
      py::arg("spec"), py::arg("weights"), py::arg("total"), py::arg("survivors"),
      R"(W' = clamp(W + floor((2 S + n) / (2 n))): the weights after a round in which the
updates of n survivors sum to S.

Raises ParameterError for a sum that n updates within the bound cannot have.)");
  m.def("sigmoid", &sigmoid_checked, py::arg("t"),
        "The statement's sigmoid of (t - 2048) / 256 in units of 2^-20, t in [0, 4095].");
}

[[noreturn]] void refuse_witness_copy() {
  throw py::type_error("a Witness holds private data: it is neither copied nor pickled");
}

void bind_circuit(py::module_& m) {
  py::class_<Witness, std::shared_ptr<Witness>>(
      m, "Witness",
      R"(The values of all wires: private, opaque, wiped when it goes.

It prints nothing of its content, compares by identity, and is neither copied nor pickled.)")
      .def("__len__", &Witness::size)
      .def("__repr__",
           [](const Witness& w) { return "<Witness of " + std::to_string(w.size()) + " wires, private>"; })
      .def("__copy__", [](const Witness&) { refuse_witness_copy(); })
      .def("__deepcopy__", [](const Witness&, const py::dict&) { refuse_witness_copy(); })
      .def("__reduce_ex__", [](const Witness&, int) { refuse_witness_copy(); });
  m.def(
      "constraint_system",
      [](const Spec& spec, const std::vector<std::string>& omit) {
        const RelationSet omitted = relations_named(omit);
        const py::gil_scoped_release release;
        return omitted.empty()
                   ? spec.system()
                   : std::make_shared<ConstraintSystem>(logistic_constraint_system(spec.spec, omitted));
      },
      py::arg("spec"), py::arg("omit") = std::vector<std::string>{},
      R"(The circuit of the step. Public: ctx_lo, ctx_hi, rows, weights; group 0: features, labels, blinder;
group 1: D, blinder.

omit: names of relations() to leave out, for tests that a forgery is refused by the relation meant for it.)");
  m.def(
      "witness",
      [](const Spec& spec, const py::bytes& ctx, const py::object& w, const py::object& x,
         const py::object& y, const py::int_& rows, const py::bytes& blind_x, const py::bytes& blind_d) {
        const LogisticArrays batch(spec, w, x, y, rows);
        const Secrets secrets(ctx, blind_x, blind_d);
        const py::gil_scoped_release release;
        return logistic_witness(*spec.system(), spec.spec,
                                honest_assignment(spec.spec, secrets.context, batch.view(), secrets.blinder_x,
                                                  secrets.blinder_d));
      },
      py::arg("spec"), py::arg("ctx"), py::arg("weights"), py::arg("features"), py::arg("labels"),
      py::arg("rows"), py::arg("blind_x"), py::arg("blind_d"),
      R"(The witness of an honest step, for groth16.prove. Opaque, private, wiped when it goes.

ctx: SHA-256 of the statement, 32 bytes; blind_x, blind_d: scalars of 32 bytes, little-endian. Arrays as
in step.
Raises ParameterError as step does, DecodeError for a blinder that is not below r.)");
  m.def(
      "tampered_witness",
      [](const Spec& spec, const py::bytes& ctx, const py::object& w, const py::object& x,
         const py::object& y, const py::int_& rows, const py::bytes& blind_x, const py::bytes& blind_d,
         const py::object& update, const std::optional<std::string>& forgery) {
        if (update.is_none() == !forgery.has_value()) throw ParameterError("give either update or forgery");
        const LogisticArrays batch(spec, w, x, y, rows);
        const Secrets secrets(ctx, blind_x, blind_d);
        std::optional<IntArray> claimed;
        if (!forgery) claimed = int_array(update, "update", {spec.spec.dimension()});
        const py::gil_scoped_release release;
        if (forgery) {
          return logistic_witness(
              *spec.system(), spec.spec,
              forged_assignment(spec.spec, secrets.context, batch.view(), secrets.blinder_x,
                                secrets.blinder_d, find_forgery(*forgery).forgery));
        }
        LogisticAssignment values =
            honest_assignment(spec.spec, secrets.context, batch.view(), secrets.blinder_x, secrets.blinder_d);
        const std::span<const int64_t> d = view(*claimed);
        std::transform(d.begin(), d.end(), values.update.begin(), [](int64_t v) { return Fr::from_i64(v); });
        return logistic_witness(*spec.system(), spec.spec, values);
      },
      py::arg("spec"), py::arg("ctx"), py::arg("weights"), py::arg("features"), py::arg("labels"),
      py::arg("rows"), py::arg("blind_x"), py::arg("blind_d"), py::kw_only(), py::arg("update") = py::none(),
      py::arg("forgery") = py::none(),
      R"(A false witness that is as consistent as it can be, for attackers in tests and in the demo.

update: claim this D, int64 (features + 1,), for an honest run of everything before it. forgery: one of
forgeries().
Raises ParameterError when the batch gives no occasion for the forgery.)");
  m.def(
      "violated",
      [](const Spec& spec, const Witness& witness,
         const std::vector<std::string>& omit) -> std::optional<std::string> {
        const RelationSet omitted = relations_named(omit);
        const py::gil_scoped_release release;
        const std::optional<ConstraintSystem> own =
            omitted.empty() ? std::nullopt : std::optional(logistic_constraint_system(spec.spec, omitted));
        const ConstraintSystem& cs = own ? *own : *spec.system();
        const std::optional<size_t> bad = cs.check(witness);
        return bad ? std::optional(cs.label(*bad)) : std::nullopt;
      },
      py::arg("spec"), py::arg("witness"), py::arg("omit") = std::vector<std::string>{},
      "The relation of the first constraint that the witness violates, None if it satisfies all.");
  m.def(
      "relations",
      [] {
        std::vector<std::string> out;
        for (size_t i = 0; i < kRelationCount; ++i) out.emplace_back(relation_name(static_cast<Relation>(i)));
        return out;
      },
      "Names of the relations that the constraints belong to.");
  m.def(
      "forgeries",
      [] {
        py::dict out;
        for (const ForgeryInfo& info : forgeries()) {
          out[info.name] = py::make_tuple(relation_name(info.refused_by), info.what);
        }
        return out;
      },
      "Forgeries by name: the relation that refuses it, and what it is.");
}

}  // namespace
}  // namespace pyzkfl

PYZKFL_BINDINGS(training) {
  using namespace pyzkfl;
  m.doc() = "One SGD step of a logistic classifier in integers: trainer, constraint system, witness.";
  bind_spec(m);
  bind_trainer(m);
  bind_circuit(m);
}

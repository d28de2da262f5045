// Between Python's dicts and the parameters of networks.
#include "engine_parameters.h"

#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "base/errors.h"

namespace pyzkfl::bindings {
namespace {

namespace py = pybind11;

constexpr std::pair<const char*, LayerKind> kinds[] = {
    {"linear", LayerKind::linear}, {"conv2d", LayerKind::conv2d}, {"avg_pool2d", LayerKind::avg_pool2d}};
constexpr std::pair<const char*, NetworkLoss> losses[] = {{"cross_entropy", NetworkLoss::cross_entropy},
                                                          {"mse", NetworkLoss::mean_squared_error}};
constexpr std::pair<const char*, int64_t NetworkParameters::*> numbers[] = {
    {"batch", &NetworkParameters::batch},       {"steps", &NetworkParameters::steps},
    {"x_bits", &NetworkParameters::x_bits},     {"a_frac", &NetworkParameters::a_frac},
    {"w_bits", &NetworkParameters::w_bits},     {"w_frac", &NetworkParameters::w_frac},
    {"g_frac", &NetworkParameters::g_frac},     {"momentum", &NetworkParameters::momentum},
    {"bound", &NetworkParameters::bound},       {"eta", &NetworkParameters::eta},
    {"eta_shift", &NetworkParameters::eta_shift}, {"saturation", &NetworkParameters::saturation},
    {"bitwise", &NetworkParameters::bitwise}};

template <class T>
T field(const py::dict& in, const char* name) {
  if (!in.contains(name)) throw ParameterError(std::string("network: no ") + name);
  try {
    return in[name].cast<T>();
  } catch (const py::cast_error&) {
    throw ParameterError(std::string("network: ") + name + " is of another type");
  }
}

template <class Value, size_t n>
Value named(const std::pair<const char*, Value> (&names)[n], const std::string& name, const char* what) {
  for (const auto& [text, value] : names) {
    if (name == text) return value;
  }
  throw ParameterError(std::string("network: no ") + what + " is called " + name);
}

template <class Value, size_t n>
const char* name_of(const std::pair<const char*, Value> (&names)[n], Value value) {
  for (const auto& [text, known] : names) {
    if (known == value) return text;
  }
  return "";
}

}  // namespace

NetworkParameters network_parameters(const py::dict& in, bool with_rate) {
  NetworkParameters p;
  p.input = field<std::vector<int64_t>>(in, "input");
  for (const py::dict& layer : field<std::vector<py::dict>>(in, "layers")) {
    LayerParameters& out = p.layers.emplace_back();
    out.kind = named(kinds, field<std::string>(layer, "kind"), "kind of layer");
    out.out = field<int64_t>(layer, "out");
    out.kernel = field<std::array<int64_t, 2>>(layer, "kernel");
    out.stride = field<std::array<int64_t, 2>>(layer, "stride");
    out.padding = field<std::array<int64_t, 2>>(layer, "padding");
    out.bias = field<bool>(layer, "bias");
    out.relu = field<bool>(layer, "relu");
  }
  p.loss = named(losses, field<std::string>(in, "loss"), "loss");
  for (const auto& [name, member] : numbers) {
    const std::string text = name;
    if (with_rate || (text != "eta" && text != "eta_shift" && text != "saturation")) p.*member = field<int64_t>(in, name);
  }
  if (in.contains("carry")) p.carry = field<int64_t>(in, "carry");
  return p;
}

py::dict to_dict(const NetworkParameters& p) {
  py::dict out;
  out["input"] = p.input;
  py::list layers;
  for (const LayerParameters& layer : p.layers) {
    py::dict item;
    item["kind"] = name_of(kinds, layer.kind);
    item["out"] = layer.out;
    item["kernel"] = layer.kernel;
    item["stride"] = layer.stride;
    item["padding"] = layer.padding;
    item["bias"] = layer.bias;
    item["relu"] = layer.relu;
    layers.append(item);
  }
  out["layers"] = layers;
  out["loss"] = name_of(losses, p.loss);
  for (const auto& [name, member] : numbers) out[name] = p.*member;
  if (p.carry != 0) out["carry"] = p.carry;
  return out;
}

}  // namespace pyzkfl::bindings

// Shapes of a network's layers, from its input on.
#include "training/network_shape.h"

#include <algorithm>
#include <bit>

#include "base/errors.h"

namespace pyzkfl {
namespace {

constexpr size_t most_input_parts = 3;
constexpr int64_t most_units = int64_t{1} << 20;
constexpr int64_t most_side = 1024;  // of an image; the circuit sums over it

void require_shape(bool condition, const std::string& problem) {
  if (!condition) throw ParameterError("network: " + problem);
}

std::vector<unsigned> cut(size_t n, size_t parts) {
  std::vector<unsigned> out;
  // Not into pieces that are together as large as the whole.
  const size_t all = n;
  while (n != 0) {
    const auto below = static_cast<unsigned>(std::bit_width(n) - 1);
    if (out.size() + 1 == parts) {
      out.push_back(log2_ceil(n));
      break;
    }
    out.push_back(below);
    n -= size_t{1} << below;
  }
  size_t padded = 0;
  for (const unsigned part : out) padded += size_t{1} << part;
  if (padded == size_t{1} << log2_ceil(all)) return {log2_ceil(all)};
  return out;
}

TensorShape input_shape(const std::vector<int64_t>& input) {
  require_shape(input.size() == 1 || input.size() == 3, "the input is (features) or (channels, height, width)");
  const int64_t most = input.size() == 1 ? most_units : most_side;
  for (const int64_t n : input)
    require_shape(n >= 1 && n <= most, "every dimension of the input lies between 1 and " + std::to_string(most) + ", got " +
                                     std::to_string(n));
  if (input.size() == 1) return TensorShape::vector(static_cast<size_t>(input[0]));
  return TensorShape::image(static_cast<size_t>(input[0]), static_cast<size_t>(input[1]), static_cast<size_t>(input[2]));
}

void slide(LayerGeometry& layer, const LayerParameters& p, const std::string& name, size_t channels) {
  require_shape(layer.in.is_image, name + ": its input is no image (channels, height, width)");
  const std::array<size_t, 2> sides{layer.in.height, layer.in.width};
  std::array<size_t, 2> out{};
  for (size_t d = 0; d < 2; ++d) {
    require_shape(p.kernel[d] >= 1 && p.kernel[d] <= most_side, name + ": kernel sides lie between 1 and 1024");
    require_shape(p.stride[d] >= 1 && p.stride[d] <= most_side, name + ": strides lie between 1 and 1024");
    require_shape(p.padding[d] >= 0 && p.padding[d] < p.kernel[d], name + ": padding must be smaller than the kernel");
    layer.kernel[d] = static_cast<size_t>(p.kernel[d]);
    layer.stride[d] = static_cast<size_t>(p.stride[d]);
    layer.padding[d] = static_cast<size_t>(p.padding[d]);
    const size_t padded = sides[d] + 2 * layer.padding[d];
    require_shape(padded >= layer.kernel[d], name + ": a kernel of " + std::to_string(layer.kernel[d]) + " is larger than its input of " +
                                           std::to_string(sides[d]));
    out[d] = (padded - layer.kernel[d]) / layer.stride[d] + 1;
    require_shape(out[d] <= static_cast<size_t>(most_side), name + ": its output is wider than 1024");
  }
  layer.out = TensorShape::image(channels, out[0], out[1]);
}

}  // namespace

unsigned log2_ceil(size_t n) { return n <= 1 ? 0 : static_cast<unsigned>(std::bit_width(n - 1)); }

LayerParameters LayerParameters::linear(int64_t out, bool relu, bool bias) {
  LayerParameters p;
  p.out = out;
  p.relu = relu;
  p.bias = bias;
  return p;
}

LayerParameters LayerParameters::conv2d(int64_t out, std::array<int64_t, 2> kernel, std::array<int64_t, 2> stride,
                                        std::array<int64_t, 2> padding, bool relu, bool bias) {
  return {LayerKind::conv2d, out, kernel, stride, padding, bias, relu};
}

LayerParameters LayerParameters::avg_pool2d(std::array<int64_t, 2> kernel, bool relu) {
  return {LayerKind::avg_pool2d, 0, kernel, kernel, {0, 0}, false, relu};
}

const char* layer_kind_name(LayerKind kind) {
  switch (kind) {
    case LayerKind::linear: return "Linear";
    case LayerKind::conv2d: return "Conv2d";
    default: return "AvgPool2d";
  }
}

std::string layer_name(size_t layer, LayerKind kind) {
  return "layer " + std::to_string(layer + 1) + " (" + layer_kind_name(kind) + ")";
}

TensorShape TensorShape::vector(size_t length) { return {length, 1, 1, log2_ceil(length), 0, 0, false}; }

TensorShape TensorShape::image(size_t channels, size_t height, size_t width) {
  return {channels, height, width, log2_ceil(channels), std::max(1U, log2_ceil(height)), std::max(1U, log2_ceil(width)), true};
}

TensorShape TensorShape::kernel(size_t channels, size_t height, size_t width) {
  return {channels, height, width, log2_ceil(channels), log2_ceil(height), log2_ceil(width), true};
}

size_t LayerGeometry::padded_taps() const {
  size_t sum = 0;
  for (const unsigned part : log_in_parts) sum += size_t{1} << part;
  return sum;
}

size_t LayerGeometry::weight_count() const {
  return has_weights() ? out.channels * (taps.size() + (bias ? 1 : 0)) : 0;
}

size_t LayerGeometry::padded_weight_count() const {
  return has_weights() ? padded_units() * (padded_taps() + (bias ? 1 : 0)) : 0;
}

size_t LayerGeometry::most_outputs_of_an_input() const {
  size_t count = 1;
  for (size_t d = 0; d < 2; ++d) count *= (kernel[d] + stride[d] - 1) / stride[d];
  return count;
}

size_t LayerGeometry::padded_tap(size_t k) const {
  return taps.at(k / taps.area(), k % taps.area() / taps.width, k % taps.width);
}

std::vector<LayerGeometry> layer_geometry(const std::vector<int64_t>& input, const std::vector<LayerParameters>& layers) {
  require_shape(!layers.empty(), "there must be a layer");
  require_shape(layers.size() <= 64, "at most 64 layers");
  TensorShape shape = input_shape(input);
  std::vector<LayerGeometry> out;
  for (const LayerParameters& p : layers) {
    const std::string name = layer_name(out.size(), p.kind);
    LayerGeometry layer;
    layer.kind = p.kind;
    layer.relu = p.relu;
    layer.in = shape;
    if (p.kind == LayerKind::avg_pool2d) {
      require_shape(p.stride == p.kernel && p.padding == std::array<int64_t, 2>{0, 0},
              name + ": a pool's stride is its kernel, and it has no padding");
      require_shape(p.out == 0 && !p.bias, name + ": a pool has no weights");
      slide(layer, p, name, shape.channels);
    } else {
      require_shape(p.out >= 1 && p.out <= most_units, name + ": outputs lie between 1 and 2^20, got " + std::to_string(p.out));
      layer.bias = p.bias;
      if (p.kind == LayerKind::conv2d) {
        slide(layer, p, name, static_cast<size_t>(p.out));
        layer.taps = TensorShape::kernel(shape.channels, layer.kernel[0], layer.kernel[1]);
      } else {
        require_shape(p.kernel == std::array<int64_t, 2>{1, 1} && p.stride == p.kernel && p.padding == std::array<int64_t, 2>{0, 0},
                name + ": a linear layer has no kernel, stride or padding");
        // The features of a first linear layer are cut, not padded; their order is the flat one.
        if (out.empty()) layer.in = TensorShape::vector(shape.size());
        require_shape(layer.in.size() <= static_cast<size_t>(most_units), name + ": inputs lie between 1 and 2^20");
        layer.out = TensorShape::vector(static_cast<size_t>(p.out));
        layer.taps = layer.in;
      }
      const bool cuts = out.empty() && p.kind == LayerKind::linear;
      layer.log_in_parts = cuts ? cut(layer.taps.size(), most_input_parts) : std::vector<unsigned>{layer.taps.log_size()};
    }
    shape = layer.out;
    out.push_back(std::move(layer));
  }
  return out;
}

}  // namespace pyzkfl

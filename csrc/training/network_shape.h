// Layers of a network and the shapes of their tensors (docs/engine.md, section 6).
//
// Every layer is one affine operation, with a ReLU behind it or none. Tensors are padded to powers of two dimension by
// dimension, row-major: rows, channels, height, width, the width's variables lowest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pyzkfl {

enum class LayerKind : uint8_t { linear, conv2d, avg_pool2d };

struct LayerParameters {
  LayerKind kind = LayerKind::linear;
  int64_t out = 0;  // units of a linear layer, channels of a convolution; 0 of a pool, which keeps its channels
  // Of convolutions and pools: height, width. A pool's stride is its kernel, its padding 0.
  std::array<int64_t, 2> kernel{1, 1}, stride{1, 1}, padding{0, 0};
  bool bias = true;  // not of a pool
  bool relu = false;

  static LayerParameters linear(int64_t out, bool relu, bool bias = true);
  static LayerParameters conv2d(int64_t out, std::array<int64_t, 2> kernel, std::array<int64_t, 2> stride,
                                std::array<int64_t, 2> padding, bool relu, bool bias = true);
  static LayerParameters avg_pool2d(std::array<int64_t, 2> kernel, bool relu = false);

  bool operator==(const LayerParameters&) const = default;
};

// "Conv2d", as torch calls it.
const char* layer_kind_name(LayerKind kind);

// What one row of a tensor is: an image, or a vector, whose length counts as channels.
struct TensorShape {
  size_t channels = 1, height = 1, width = 1;
  unsigned log_channels = 0, log_height = 0, log_width = 0;
  bool is_image = false;

  static TensorShape vector(size_t length);
  // Height and width have one variable at least, since a window has.
  static TensorShape image(size_t channels, size_t height, size_t width);
  // What one output of a convolution sums over; no windows.
  static TensorShape kernel(size_t channels, size_t height, size_t width);

  unsigned log_size() const { return log_channels + log_height + log_width; }
  size_t size() const { return channels * height * width; }
  size_t padded_size() const { return size_t{1} << log_size(); }
  size_t at(size_t c, size_t y, size_t x) const { return (((c << log_height) + y) << log_width) + x; }
  size_t area() const { return height * width; }
  size_t padded_area() const { return size_t{1} << (log_height + log_width); }
};

struct LayerGeometry {
  LayerKind kind = LayerKind::linear;
  bool relu = false, bias = false;
  std::array<size_t, 2> kernel{1, 1}, stride{1, 1}, padding{0, 0};
  TensorShape in, out;
  TensorShape taps;                    // what one output's weights run over; none of a pool
  std::vector<unsigned> log_in_parts;  // the taps, cut into powers of two; one part but in a first linear layer

  bool has_weights() const { return kind != LayerKind::avg_pool2d; }
  size_t padded_taps() const;                                 // the sum of the parts
  size_t padded_units() const { return size_t{1} << out.log_channels; }
  size_t weight_count() const;                                // as the model has them, biases included
  size_t padded_weight_count() const;
  size_t most_outputs_of_an_input() const;  // how many outputs of one channel an input is part of, at most
  // Where tap number k, in torch's order, lies among the padded ones.
  size_t padded_tap(size_t k) const;
};

// The layers' shapes. Throws ParameterError naming the layer that does not fit the one before.
std::vector<LayerGeometry> layer_geometry(const std::vector<int64_t>& input, const std::vector<LayerParameters>& layers);

// "layer 3 (Conv2d)"
std::string layer_name(size_t layer, LayerKind kind);

// The least l with 2^l >= n.
unsigned log2_ceil(size_t n);

}  // namespace pyzkfl

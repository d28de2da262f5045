// Products of matrices, convolutions and pools, by loops.
#include "training/network_operations.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

struct Shape {
  size_t rows, inner, columns;
};

// out[i][j] = sum_k a[i][k] b[j][k].
void multiply_transposed(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.resize(s.rows * s.columns);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (size_t j = 0; j < s.columns; ++j) {
        int64_t sum = 0;
        const int64_t *const x = a.data() + i * s.inner, *const y = b.data() + j * s.inner;
        for (size_t k = 0; k < s.inner; ++k) sum += x[k] * y[k];
        out[i * s.columns + j] = sum;
      }
    }
  });
}

// out[i][j] = sum_k a[i][k] b[k][j].
void multiply(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.assign(s.rows * s.columns, 0);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      for (size_t k = 0; k < s.inner; ++k) {
        const int64_t factor = a[i * s.inner + k];
        if (factor == 0) continue;
        const int64_t* const row = b.data() + k * s.columns;
        int64_t* const to = out.data() + i * s.columns;
        for (size_t j = 0; j < s.columns; ++j) to[j] += factor * row[j];
      }
    }
  });
}

// out[i][j] = sum_k a[k][i] b[k][j].
void transposed_multiply(SecretMatrix& out, const SecretMatrix& a, const SecretMatrix& b, Shape s) {
  out.assign(s.rows * s.columns, 0);
  parallel_for(s.rows, 1, [&](size_t begin, size_t end) {
    for (size_t k = 0; k < s.inner; ++k) {
      for (size_t i = begin; i < end; ++i) {
        const int64_t factor = a[k * s.rows + i];
        if (factor == 0) continue;
        const int64_t* const row = b.data() + k * s.columns;
        int64_t* const to = out.data() + i * s.columns;
        for (size_t j = 0; j < s.columns; ++j) to[j] += factor * row[j];
      }
    }
  });
}

// The outputs from `first` to before `end` that tap `kernel` of one dimension reads a real input for.
struct Reach {
  size_t first, end;
};
Reach reach(size_t inputs, size_t outputs, size_t kernel, size_t stride, size_t padding) {
  // stride * output + kernel - padding in [0, inputs)
  const size_t first = kernel >= padding ? 0 : (padding - kernel + stride - 1) / stride;
  const size_t end = inputs + padding <= kernel ? 0 : (inputs + padding - kernel - 1) / stride + 1;
  return {first, std::min(outputs, end)};
}

// Calls use(out index, in index, count, in step, ky, kx) for each run of outputs of one row of an image and one tap, of
// one input channel and one output channel.
template <class Use>
void for_runs(const LayerSpec& layer, size_t in_channel, size_t out_channel, const Use& use) {
  for (size_t ky = 0; ky < layer.kernel[0]; ++ky) {
    const Reach rows = reach(layer.in.height, layer.out.height, ky, layer.stride[0], layer.padding[0]);
    for (size_t kx = 0; kx < layer.kernel[1]; ++kx) {
      const Reach columns = reach(layer.in.width, layer.out.width, kx, layer.stride[1], layer.padding[1]);
      if (columns.first >= columns.end) continue;
      for (size_t y = rows.first; y < rows.end; ++y) {
        const size_t in_y = y * layer.stride[0] + ky - layer.padding[0];
        const size_t in_x = columns.first * layer.stride[1] + kx - layer.padding[1];
        use(layer.out.at(out_channel, y, columns.first), layer.in.at(in_channel, in_y, in_x), columns.end - columns.first,
            layer.stride[1], ky, kx);
      }
    }
  }
}

void convolve(SecretMatrix& out, const LayerSpec& layer, const SecretMatrix& in, const SecretMatrix& weights, size_t rows) {
  out.assign(rows * layer.out.padded_size(), 0);
  parallel_for(rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      int64_t* const to = out.data() + i * layer.out.padded_size();
      const int64_t* const from = in.data() + i * layer.in.padded_size();
      for (size_t o = 0; o < layer.out.channels; ++o) {
        for (size_t c = 0; c < layer.in.channels; ++c) {
          const int64_t* const w = weights.data() + o * layer.padded_taps();
          for_runs(layer, c, o, [&](size_t z, size_t a, size_t count, size_t step, size_t ky, size_t kx) {
            const int64_t factor = w[layer.taps.at(c, ky, kx)];
            for (size_t k = 0; k < count; ++k) to[z + k] += factor * from[a + k * step];
          });
        }
      }
    }
  });
}

void convolve_back(SecretMatrix& out, const LayerSpec& layer, const SecretMatrix& gradient, const SecretMatrix& weights,
                   size_t rows) {
  out.assign(rows * layer.in.padded_size(), 0);
  parallel_for(rows, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      int64_t* const to = out.data() + i * layer.in.padded_size();
      const int64_t* const from = gradient.data() + i * layer.out.padded_size();
      for (size_t o = 0; o < layer.out.channels; ++o) {
        for (size_t c = 0; c < layer.in.channels; ++c) {
          const int64_t* const w = weights.data() + o * layer.padded_taps();
          for_runs(layer, c, o, [&](size_t z, size_t a, size_t count, size_t step, size_t ky, size_t kx) {
            const int64_t factor = w[layer.taps.at(c, ky, kx)];
            for (size_t k = 0; k < count; ++k) to[a + k * step] += factor * from[z + k];
          });
        }
      }
    }
  });
}

void convolution_weights(SecretMatrix& out, const LayerSpec& layer, const SecretMatrix& in, const SecretMatrix& gradient,
                         size_t rows) {
  out.assign(layer.padded_units() * layer.padded_taps(), 0);
  parallel_for(layer.out.channels, 1, [&](size_t begin, size_t end) {
    for (size_t o = begin; o < end; ++o) {
      int64_t* const to = out.data() + o * layer.padded_taps();
      for (size_t i = 0; i < rows; ++i) {
        const int64_t* const dz = gradient.data() + i * layer.out.padded_size();
        const int64_t* const from = in.data() + i * layer.in.padded_size();
        for (size_t c = 0; c < layer.in.channels; ++c) {
          for_runs(layer, c, o, [&](size_t z, size_t a, size_t count, size_t step, size_t ky, size_t kx) {
            int64_t sum = 0;
            for (size_t k = 0; k < count; ++k) sum += dz[z + k] * from[a + k * step];
            to[layer.taps.at(c, ky, kx)] += sum;
          });
        }
      }
    }
  });
}

// Calls use(output, input) for each pair of one row's tensors that a pool connects, padded channels included.
template <class Use>
void for_pooled(const LayerSpec& layer, const Use& use) {
  for (size_t c = 0; c < layer.out.channels; ++c) {
    for_runs(layer, c, c, [&](size_t z, size_t a, size_t count, size_t step, size_t, size_t) {
      for (size_t k = 0; k < count; ++k) use(z + k, a + k * step);
    });
  }
}

}  // namespace

SecretMatrix forward_sums(const NetworkSpec& spec, size_t l, const NetworkWeights::Layer& weights, const SecretMatrix& in) {
  const LayerSpec& layer = spec.layers()[l];
  const size_t rows = spec.padded_batch(), size = layer.out.padded_size();
  SecretMatrix sums;
  switch (layer.kind) {
    case LayerKind::linear:
      multiply_transposed(sums, in, weights.matrix, {rows, layer.padded_taps(), layer.padded_units()});
      break;
    case LayerKind::conv2d: convolve(sums, layer, in, weights.matrix, rows); break;
    case LayerKind::avg_pool2d: {
      sums.assign(rows * size, 0);
      const int64_t factor = spec.pool_factor(l);
      for (size_t i = 0; i < rows; ++i) {
        for_pooled(layer, [&](size_t z, size_t a) { sums[i * size + z] += factor * in[i * layer.in.padded_size() + a]; });
      }
      break;
    }
  }
  if (!weights.bias.empty()) {
    const int64_t unit = int64_t{1} << spec.parameters().a_frac;
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += weights.bias[i % size / layer.out.padded_area()] * unit;
  }
  return sums;
}

SecretMatrix backward_sums(const NetworkSpec& spec, size_t l, const NetworkWeights::Layer& weights,
                           const SecretMatrix& gradient) {
  const LayerSpec& layer = spec.layers()[l];
  SecretMatrix sums;
  switch (layer.kind) {
    case LayerKind::linear:
      multiply(sums, gradient, weights.matrix, {spec.padded_batch(), layer.padded_units(), layer.padded_taps()});
      break;
    case LayerKind::conv2d: convolve_back(sums, layer, gradient, weights.matrix, spec.padded_batch()); break;
    case LayerKind::avg_pool2d: {
      sums = gradient;
      for (int64_t& v : sums) v *= spec.pool_factor(l);
      break;
    }
  }
  return sums;
}

SecretMatrix spread(const NetworkSpec& spec, size_t l, const SecretMatrix& pooled) {
  const LayerSpec& layer = spec.layers()[l];
  SecretMatrix out(spec.padded_batch() * layer.in.padded_size());
  for (size_t i = 0; i < spec.padded_batch(); ++i) {
    for_pooled(layer, [&](size_t z, size_t a) {
      out[i * layer.in.padded_size() + a] = pooled[i * layer.out.padded_size() + z];
    });
  }
  return out;
}

NetworkWeights::Layer weight_sums(const NetworkSpec& spec, size_t l, const SecretMatrix& in, const SecretMatrix& gradient) {
  const LayerSpec& layer = spec.layers()[l];
  NetworkWeights::Layer out;
  if (layer.kind == LayerKind::linear) {
    transposed_multiply(out.matrix, gradient, in, {layer.padded_units(), spec.padded_batch(), layer.padded_taps()});
    // Positions of an image that only pad hold whatever a bias makes of nothing.
    if (layer.in.is_image) {
      const TensorShape& shape = layer.in;
      for (size_t i = 0; i < out.matrix.size(); ++i) {
        const size_t x = i & ((size_t{1} << shape.log_width) - 1);
        const size_t y = i >> shape.log_width & ((size_t{1} << shape.log_height) - 1);
        if (x >= shape.width || y >= shape.height) out.matrix[i] = 0;
      }
    }
  } else {
    convolution_weights(out.matrix, layer, in, gradient, spec.padded_batch());
  }
  if (!layer.bias) return out;
  out.bias.assign(layer.padded_units(), 0);
  const int64_t unit = int64_t{1} << spec.parameters().a_frac;
  const size_t size = layer.out.padded_size();
  for (size_t i = 0; i < gradient.size(); ++i) out.bias[i % size / layer.out.padded_area()] += gradient[i] * unit;
  return out;
}

}  // namespace pyzkfl

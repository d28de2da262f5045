// Honest steps at the ends of every range are witnesses, and each is what plain loops over rows and units make of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "network_samples.h"
#include "sumcheck/direct_check.h"
#include "training/network_program.h"

using namespace pyzkfl;
using namespace pyzkfl::testing;

namespace {

// A step recomputed from docs/engine.md, section 6: no padding, no matrices, no shifts of negative numbers.
class PlainStep {
 public:
  PlainStep(const NetworkSpec& spec, const std::vector<int64_t>& weights, const NetworkBatch& batch)
      : p_(spec.parameters()), spec_(spec), w_(weights) {
    for (size_t i = 0; i < batch.labels.size(); ++i)
      row(batch.features.subspan(i * width(0), width(0)), static_cast<size_t>(batch.labels[i]));
    round();
  }

  const std::vector<int64_t>& update() const { return update_; }

 private:
  using Vector = std::vector<int64_t>;
  size_t width(size_t l) const { return static_cast<size_t>(l == 0 ? p_.input[0] : p_.layers[l - 1].out); }
  size_t layers() const { return p_.layers.size(); }
  // Where the weight of unit j and input k lies, and the bias behind the matrix.
  size_t place(size_t layer, size_t j, size_t k) const {
    size_t at = 0;
    for (size_t l = 0; l < layer; ++l) at += width(l + 1) * (width(l) + 1);
    return k == width(layer) ? at + width(layer + 1) * width(layer) + j : at + j * width(layer) + k;
  }
  static __int128 floor_divide(__int128 a, __int128 b) {
    const __int128 q = a / b;
    return a % b < 0 ? q - 1 : q;
  }
  static int64_t nearest(__int128 v, int64_t bits) {  // halves upwards
    const __int128 unit = static_cast<__int128>(1) << bits;
    return static_cast<int64_t>(floor_divide(v + unit / 2, unit));
  }

  void row(std::span<const int64_t> features, size_t label) {
    std::vector<Vector> a = {Vector(features.begin(), features.end())};
    std::vector<Vector> open = {{}};
    for (size_t l = 0; l < layers(); ++l) {
      Vector out(width(l + 1)), gates(width(l + 1), 1);
      for (size_t j = 0; j < out.size(); ++j) {
        __int128 sum = static_cast<__int128>(w_[place(l, j, width(l))]) << p_.a_frac;
        for (size_t k = 0; k < width(l); ++k) sum += static_cast<__int128>(w_[place(l, j, k)]) * a[l][k];
        out[j] = nearest(sum, p_.w_frac);
        if (l + 1 == layers()) continue;
        gates[j] = out[j] > 0 ? 1 : 0;
        out[j] = std::max<int64_t>(out[j], 0);
        // As many units as an activation can reach, or 13 bits of them.
        if (spec_.layers()[l].most_output >= 65536) out[j] = std::min<int64_t>(out[j], 8191);
      }
      a.push_back(out);
      open.push_back(gates);
    }
    const Vector& z = a.back();
    const int64_t top = *std::max_element(z.begin(), z.end());
    Vector e, dz(z.size());
    for (const int64_t v : z) {
      const int64_t t = top - v;
      const double exact = 4096 * std::exp(-std::ldexp(static_cast<double>(t), -static_cast<int>(p_.a_frac)));
      e.push_back(t + 1 >= int64_t{16} << p_.a_frac ? 0 : std::llround(exact));
    }
    int64_t sum = 0;
    for (const int64_t v : e) sum += v;
    const int64_t one = int64_t{1} << p_.g_frac;
    for (size_t j = 0; j < z.size(); ++j) dz[j] = e[j] * one / sum - (j == label ? one : 0);

    for (size_t l = layers(); l-- > 0;) {
      for (size_t j = 0; j < width(l + 1); ++j) {
        for (size_t k = 0; k < width(l); ++k) add(place(l, j, k), dz[j] * a[l][k]);
        add(place(l, j, width(l)), dz[j] << p_.a_frac);
      }
      if (l == 0) break;
      Vector below(width(l));
      for (size_t k = 0; k < below.size(); ++k) {
        __int128 back = 0;
        for (size_t j = 0; j < width(l + 1); ++j) back += static_cast<__int128>(w_[place(l, j, k)]) * dz[j];
        below[k] = nearest(back, p_.w_frac);
        if (!spec_.layers()[l].backward_excess.empty()) below[k] = std::clamp<int64_t>(below[k], -4096, 4095);
        below[k] *= open[l][k];
      }
      dz = below;
    }
  }

  void add(size_t at, int64_t v) {
    gradient_.resize(w_.size());
    gradient_[at] += v;
  }

  void round() {
    unsigned __int128 squares = 0;
    for (const int64_t g : gradient_) squares += static_cast<unsigned __int128>(static_cast<__int128>(g) * g);
    unsigned __int128 root = 0;
    for (unsigned __int128 bit = static_cast<unsigned __int128>(1) << 60; bit != 0; bit >>= 1) {
      if ((root + bit) * (root + bit) <= squares) root += bit;
    }
    // The bound, less what rounding may add: half a unit a coordinate.
    const auto rounding = static_cast<int64_t>(std::sqrt(static_cast<double>(w_.size()))) / 2 + 1;
    const unsigned __int128 target = static_cast<unsigned __int128>(p_.bound - rounding) << p_.eta_shift;
    const auto rate = static_cast<__int128>(std::min(static_cast<unsigned __int128>(p_.eta), target / (root + 1)));
    for (const int64_t g : gradient_) update_.push_back(-nearest(rate * g, p_.eta_shift));
  }

  const NetworkParameters& p_;
  const NetworkSpec& spec_;
  const std::vector<int64_t>& w_;
  Vector gradient_, update_;
};

void check_honest(const NetworkSample& sample, const NetworkProgram& program,
                  const std::function<void(const NetworkRound&)>& also = {}) {
  const std::vector<NetworkBatch> batches = sample.batches();
  const NetworkRound round = network_round(sample.spec, sample.weights, batches);
  const auto values = network_values(sample.spec, program, sample.weights, round, sample.blinders(), Fr::from_u64(6));
  CHECK_NOTHROW(sumcheck::check_values(program.program, values));

  std::vector<int64_t> weights = sample.weights;
  for (size_t s = 0; s < batches.size(); ++s) {
    const PlainStep plain(sample.spec, weights, batches[s]);
    CHECK(round.steps[s].update.to_flat(sample.spec) == plain.update());
    for (size_t i = 0; i < weights.size(); ++i) weights[i] += plain.update()[i];
  }
  for (size_t i = 0; i < weights.size(); ++i) weights[i] -= sample.weights[i];
  CHECK(round.update.to_flat(sample.spec) == weights);
  if (also) also(round);
}

bool any(const SecretMatrix& m) {
  return std::any_of(m.begin(), m.end(), [](int64_t v) { return v != 0; });
}

}  // namespace

TEST_CASE("weights and features at both ends of their ranges are trained on, and saturation does saturate") {
  NetworkParameters deep = network_parameters({40, 16, 8, 2}, 5);
  deep.x_bits = 16;
  deep.w_bits = 20;
  deep = NetworkSpec::with_learning_rate(deep, 0.1);
  for (const NetworkParameters& p : {network_parameters({15, 6, 3}, 8), saturating_parameters(), deep}) {
    NetworkSample sample = network_sample(p, static_cast<size_t>(p.batch), 1, 1.0);
    const NetworkProgram program(sample.spec);
    const int64_t w = sample.spec.weight_limit(), x = sample.spec.feature_limit();
    bool excess = false, over = false, under = false;
    std::mt19937_64 random(7);
    // Ends of a range by the number of an entry: all low, all high, alternating, random.
    const std::vector<std::function<int64_t(size_t, int64_t)>> patterns = {
        [](size_t, int64_t limit) { return -limit; },
        [](size_t, int64_t limit) { return limit - 1; },
        [](size_t i, int64_t limit) { return i % 2 == 0 ? -limit : limit - 1; },
        [&](size_t, int64_t limit) { return random() % 2 == 0 ? -limit : limit - 1; },
    };
    for (const auto& weight : patterns) {
      for (const auto& feature : patterns) {
        for (size_t i = 0; i < sample.weights.size(); ++i) sample.weights[i] = weight(i, w);
        for (size_t i = 0; i < sample.features[0].size(); ++i) sample.features[0][i] = feature(i, x);
        check_honest(sample, program, [&](const NetworkRound& round) {
          for (const NetworkStep::Layer& layer : round.steps[0].layers) {
            excess = excess || any(layer.excess);
            over = over || any(layer.back_over);
            under = under || any(layer.back_under);
          }
        });
      }
    }
    CHECK(excess == sample.spec.saturates());
    CHECK(over == sample.spec.saturates());
    CHECK(under == sample.spec.saturates());
  }
}

TEST_CASE("steps of any shape are witnesses, and what plain loops compute") {
  struct Shape {
    std::vector<int64_t> widths;
    int64_t batch, steps;
    size_t rows;
  };
  for (const Shape& shape :
       {Shape{{3, 2}, 1, 1, 1}, Shape{{1, 1, 2}, 1, 1, 1}, Shape{{5, 4, 3}, 1, 3, 1}, Shape{{6, 5, 2}, 5, 1, 5},
        Shape{{6, 5, 2}, 8, 1, 1}, Shape{{7, 3, 4}, 3, 3, 2}, Shape{{30, 17, 9, 5}, 12, 2, 11},
        Shape{{16, 8, 2}, 4, 3, 4}}) {
    for (const double learning_rate : {0.05, 2.0}) {  // the second clips
      const NetworkParameters p = network_parameters(shape.widths, shape.batch, shape.steps, learning_rate);
      const NetworkProgram program{NetworkSpec(p)};
      for (uint64_t seed = 1; seed <= 3; ++seed) check_honest(network_sample(p, shape.rows, seed, 0.3), program);
    }
  }
}

TEST_CASE("a step is that of SGD in floats, within a hundredth of its norm and half a unit a weight") {
  NetworkParameters p = network_parameters({6, 10, 3}, 16);
  p.x_bits = 16;
  p.a_frac = 8;
  p = NetworkSpec::with_learning_rate(p, 0.2);
  const NetworkSpec spec(p);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  size_t compared = 0;
  for (int round = 0; round < 30; ++round) {
    constexpr size_t rows = 16;
    std::vector<double> w, x;
    std::vector<int64_t> weights, features, labels;
    for (size_t i = 0; i < spec.dimension(); ++i) weights.push_back(std::llround(normal(random) * 0.4 * 65536));
    for (size_t i = 0; i < rows * 6; ++i) features.push_back(std::llround(normal(random) * 256));
    for (size_t i = 0; i < rows; ++i) labels.push_back(static_cast<int64_t>(random() % 3));
    for (const int64_t v : weights) w.push_back(static_cast<double>(v) / 65536);
    for (const int64_t v : features) x.push_back(static_cast<double>(v) / 256);

    // w: 10 x 6, 10, 3 x 10, 3.
    std::vector<double> step(w.size());
    bool corner = false;  // a unit so near the corner of the ReLU that rounding may open or close it
    for (size_t i = 0; i < rows; ++i) {
      double h[10], z[3], total = 0;
      for (size_t j = 0; j < 10; ++j) {
        h[j] = w[60 + j];
        for (size_t k = 0; k < 6; ++k) h[j] += w[6 * j + k] * x[6 * i + k];
        corner = corner || std::abs(h[j]) < 1.0 / 256;
        h[j] = std::max(h[j], 0.0);
      }
      for (size_t c = 0; c < 3; ++c) {
        z[c] = w[100 + c];
        for (size_t j = 0; j < 10; ++j) z[c] += w[70 + 10 * c + j] * h[j];
        total += std::exp(z[c]);
      }
      double back[10] = {};
      for (size_t c = 0; c < 3; ++c) {
        const double dz = 0.2 / rows * (std::exp(z[c]) / total - (static_cast<int64_t>(c) == labels[i] ? 1 : 0));
        step[100 + c] -= dz;
        for (size_t j = 0; j < 10; ++j) {
          step[70 + 10 * c + j] -= dz * h[j];
          back[j] += dz * w[70 + 10 * c + j];
        }
      }
      for (size_t j = 0; j < 10; ++j) {
        if (h[j] == 0) continue;
        step[60 + j] -= back[j];
        for (size_t k = 0; k < 6; ++k) step[6 * j + k] -= back[j] * x[6 * i + k];
      }
    }
    if (corner) continue;
    ++compared;
    double norm = 0;
    for (const double d : step) norm += d * d;
    norm = std::sqrt(norm);
    const double clip = std::min(1.0, 30000.0 / 65536 / norm);
    const NetworkBatch batch{features, labels};
    const std::vector<int64_t> update = network_round(spec, weights, {&batch, 1}).update.to_flat(spec);
    double distance = 0;
    for (size_t i = 0; i < step.size(); ++i)
      distance += std::pow(static_cast<double>(update[i]) / 65536 - clip * step[i], 2);
    CHECK(std::sqrt(distance) < 0.01 * clip * norm + std::sqrt(static_cast<double>(step.size())) / 2 / 65536);
  }
  CHECK(compared >= 10);
}

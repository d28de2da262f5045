// Vector steps over the step_kernel table, and products by cells in 320-bit integers (see vector_steps.h).
#include "sumcheck/vector_steps.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/cpu.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "r1cs/witness.h"
#include "sumcheck/kernels/steps_ifma.h"

namespace pyzkfl::sumcheck {
namespace {

const KernelTable<Fr>& step_kernel() { return kernel_table<Fr>(); }

// Null where the processor, or whoever started the program, does not want them.
const ifma::SumcheckSteps* steps() {
  static const ifma::SumcheckSteps* const selected =
      selected_kernel() >= CpuKernel::ifma ? ifma::sumcheck_steps() : nullptr;
  return selected;
}

template <class Kernel>
void add_partial_sums(RoundSums& sums, const Kernel& kernel_call) {
  std::array<Fr, 16> partial;
  kernel_call(partial.data());
  for (size_t i = 0; i < 8; ++i) {
    sums.at_0 += partial[i];
    sums.quadratic += partial[8 + i];
  }
}

using SecretElements52 = std::vector<uint64_t, WipingAllocator<uint64_t>>;

void append_limbs52(SecretElements52& out, const Limbs& v) {
  constexpr uint64_t mask = (uint64_t{1} << 52) - 1;
  out.push_back(v[0] & mask);
  out.push_back((v[0] >> 52 | v[1] << 12) & mask);
  out.push_back((v[1] >> 40 | v[2] << 24) & mask);
  out.push_back((v[2] >> 28 | v[3] << 36) & mask);
  out.push_back(v[3] >> 16);
}

// A sum of products of 32-bit by 256-bit integers, of up to 2^31 of them.
struct WideSum {
  uint64_t l[5] = {};

  void add_product(uint32_t a, const Limbs& b) {
    uint64_t carry = 0, high = 0;
    for (int i = 0; i < 4; ++i) {
      const limbs::Wide product = static_cast<limbs::Wide>(a) * b[static_cast<size_t>(i)] + high;
      high = static_cast<uint64_t>(product >> 64);
      l[i] = limbs::add_carry(l[i], static_cast<uint64_t>(product), carry);
    }
    l[4] += high + carry;
  }
  void add(const Limbs& b) {
    uint64_t carry = 0;
    for (int i = 0; i < 4; ++i) l[i] = limbs::add_carry(l[i], b[static_cast<size_t>(i)], carry);
    l[4] += carry;
  }
  // Column k of 52 bits, each below 2^63, at columns[k stride], for k below 6.
  void add_columns(const uint64_t* columns, size_t stride) {
    for (size_t k = 0; k < 6; ++k) {
      const size_t word = 52 * k / 64, shift = 52 * k % 64;
      const limbs::Wide column = static_cast<limbs::Wide>(columns[k * stride]) << shift;
      uint64_t carry = 0;
      l[word] = limbs::add_carry(l[word], static_cast<uint64_t>(column), carry);
      for (size_t i = word + 1; i < 5; ++i)
        l[i] = limbs::add_carry(l[i], i == word + 1 ? static_cast<uint64_t>(column >> 64) : 0, carry);
    }
  }
  // The element whose Montgomery form this is. 2^256 is 1 in that form, and the product takes any first factor.
  Fr reduced() const {
    return Fr::from_montgomery_limbs({l[0], l[1], l[2], l[3]}) * Fr::one() + Fr::from_u64(l[4]);
  }
};

// Cells are added 2^31, so that they are not negative; what that adds to a sum is taken away once.
constexpr int64_t lift = int64_t{1} << 31;
uint32_t lifted(int32_t cell) { return static_cast<uint32_t>(cell) ^ 0x80000000u; }
Fr unlifted(const WideSum& sum, const WideSum& weights) {
  return sum.reduced() - weights.reduced() * Fr::from_u64(static_cast<uint64_t>(lift));
}

}  // namespace

template <size_t blocks>
Scratch<blocks>::~Scratch() {
  wipe({reinterpret_cast<uint8_t*>(elements_), sizeof(elements_)});
}
template class Scratch<1>;
template class Scratch<2>;
template class Scratch<4>;
template class Scratch<6>;

void fold(std::span<Fr> out, std::span<const Fr> low, std::span<const Fr> high, const Fr& r) {
  step_kernel().interpolate(out, low, high, r);
}

void add_tree_round(RoundSums& sums, std::span<const Fr> eq, const Children& low, const Children& high) {
  if (steps() != nullptr) {
    const void* const l[4] = {low.p0.data(), low.p1.data(), low.q0.data(), low.q1.data()};
    const void* const h[4] = {high.p0.data(), high.p1.data(), high.q0.data(), high.q1.data()};
    add_partial_sums(sums, [&](void* out) { steps()->tree_round(out, eq.data(), l, h, eq.size()); });
    return;
  }
  Scratch<6> scratch;
  for (size_t at = 0; at < eq.size(); at += block_elements) {
    const size_t n = std::min(block_elements, eq.size() - at);
    const std::span<const Fr> weight = eq.subspan(at, n);
    const Children a = low.part(at, n), b = high.part(at, n);
    const Children step{scratch[0].first(n), scratch[1].first(n), scratch[2].first(n), scratch[3].first(n)};
    const std::span<Fr> x = scratch[4].first(n), y = scratch[5].first(n);
    const auto sum = [&](const Children& c) {
      step_kernel().mul(x, c.p0, c.q1);
      step_kernel().mul(y, c.p1, c.q0);
      step_kernel().add(x, x, y);
      return step_kernel().inner_product(weight, x);
    };
    step_kernel().sub(step.p0, b.p0, a.p0);
    step_kernel().sub(step.p1, b.p1, a.p1);
    step_kernel().sub(step.q0, b.q0, a.q0);
    step_kernel().sub(step.q1, b.q1, a.q1);
    sums.at_0 += sum(a);
    sums.quadratic += sum(step);
  }
}

void add_pair_round(RoundSums& sums, std::span<const Fr> a_low, std::span<const Fr> b_low, std::span<const Fr> a_high,
                    std::span<const Fr> b_high) {
  if (steps() != nullptr) {
    const void* const l[2] = {a_low.data(), b_low.data()};
    const void* const h[2] = {a_high.data(), b_high.data()};
    add_partial_sums(sums, [&](void* out) { steps()->pair_round(out, l, h, a_low.size()); });
    return;
  }
  Scratch<2> scratch;
  for (size_t at = 0; at < a_low.size(); at += block_elements) {
    const size_t n = std::min(block_elements, a_low.size() - at);
    const std::span<Fr> a = scratch[0].first(n), b = scratch[1].first(n);
    step_kernel().sub(a, a_high.subspan(at, n), a_low.subspan(at, n));
    step_kernel().sub(b, b_high.subspan(at, n), b_low.subspan(at, n));
    sums.at_0 += step_kernel().inner_product(a_low.subspan(at, n), b_low.subspan(at, n));
    sums.quadratic += step_kernel().inner_product(a, b);
  }
}

void add_fractions(std::span<Fr> p, std::span<Fr> q, const Children& c) {
  if (steps() != nullptr) {
    const void* const children[4] = {c.p0.data(), c.p1.data(), c.q0.data(), c.q1.data()};
    steps()->add_fractions(p.data(), q.data(), children, p.size());
    return;
  }
  step_kernel().mul(p, c.p0, c.q1);
  step_kernel().mul(q, c.p1, c.q0);
  step_kernel().add(p, p, q);
  step_kernel().mul(q, c.q0, c.q1);
}

Fr weighted_products(std::span<const Fr> weight, std::span<const Fr> a, std::span<const Fr> b) {
  Scratch<1> scratch;
  Fr sum;
  for (size_t at = 0; at < weight.size(); at += block_elements) {
    const size_t n = std::min(block_elements, weight.size() - at);
    const std::span<Fr> x = scratch[0].first(n);
    step_kernel().mul(x, a.subspan(at, n), b.subspan(at, n));
    sum += step_kernel().inner_product(weight.subspan(at, n), x);
  }
  return sum;
}

void from_cells(std::span<Fr> out, std::span<const int32_t> cells, const Fr& factor, const Fr& constant) {
  const Fr lifted_constant = constant - factor * Fr::from_u64(static_cast<uint64_t>(lift));
  if (steps() != nullptr) {
    const Fr by = factor * Fr::from_u64(uint64_t{1} << 52);
    steps()->from_cells(out.data(), cells.data(), by.l.data(), lifted_constant.l.data(), out.size());
    return;
  }
  // An integer times factor 2^256 in Montgomery form is the element's own Montgomery form.
  const Fr by = factor * Fr::from_montgomery_limbs(Fr::M::r2);
  Scratch<1> scratch;
  const std::span<Fr> constants = scratch[0];
  std::fill_n(constants.begin(), std::min(block_elements, out.size()), lifted_constant);
  for (size_t i = 0; i < out.size(); ++i) out[i] = Fr::from_montgomery_limbs({lifted(cells[i]), 0, 0, 0});
  for (size_t at = 0; at < out.size(); at += block_elements) {
    const size_t n = std::min(block_elements, out.size() - at);
    step_kernel().scale(out.subspan(at, n), out.subspan(at, n), by);
    step_kernel().add(out.subspan(at, n), out.subspan(at, n), constants.first(n));
  }
}

Fr inner_product(std::span<const int32_t> cells, std::span<const Fr> weights) {
  WideSum sum, total;
  if (steps() != nullptr) {
    for (size_t at = 0; at < cells.size(); at += ifma::most_cells) {
      uint64_t columns[6], weight_columns[6];
      steps()->cells_by_weights(columns, weight_columns, cells.data() + at, weights.data() + at,
                                std::min(ifma::most_cells, cells.size() - at));
      sum.add_columns(columns, 1);
      total.add_columns(weight_columns, 1);
    }
    return unlifted(sum, total);
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    sum.add_product(lifted(cells[i]), weights[i].l);
    total.add(weights[i].l);
  }
  return unlifted(sum, total);
}

void add_combination(std::span<Fr> out, std::span<const int32_t> cells, size_t stride, std::span<const Fr> weights) {
  constexpr size_t width = 8;
  SecretElements52 limbs;
  if (steps() != nullptr) {
    for (const Fr& weight : weights) append_limbs52(limbs, weight.l);
  }
  for (size_t at = 0; at < out.size(); at += width) {
    const size_t n = std::min(width, out.size() - at);
    // Rows whose cells are all there, and perhaps one that the column ends in.
    size_t rows = 0;
    if (cells.size() >= at + n) rows = std::min(weights.size(), (cells.size() - at - n) / stride + 1);
    WideSum sums[width] = {}, total;
    for (size_t i = 0; i < rows; ++i) total.add(weights[i].l);
    if (steps() != nullptr && n == width) {
      for (size_t i = 0; i < rows; i += ifma::most_rows) {
        uint64_t columns[6 * width];
        steps()->cell_rows_by_weights(columns, cells.data() + i * stride + at, stride, limbs.data() + 5 * i,
                                      std::min(ifma::most_rows, rows - i));
        for (size_t j = 0; j < n; ++j) sums[j].add_columns(columns + j, width);
      }
    } else {
      for (size_t i = 0; i < rows; ++i) {
        for (size_t j = 0; j < n; ++j) sums[j].add_product(lifted(cells[i * stride + at + j]), weights[i].l);
      }
    }
    for (size_t j = 0; j < n; ++j) {
      out[at + j] += unlifted(sums[j], total);
      if (rows < weights.size() && rows * stride + at + j < cells.size())
        out[at + j] += weights[rows] * Fr::from_i64(cells[rows * stride + at + j]);
    }
  }
}

void eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale) {
  out[0] = scale;
  for (size_t j = 0; j < point.size(); ++j) {
    const size_t n = size_t{1} << j;
    step_kernel().scale(out.subspan(n, n), out.first(n), point[j]);
    step_kernel().sub(out.first(n), out.first(n), out.subspan(n, n));
  }
}

void large_eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale) {
  constexpr unsigned low_variables = 7;
  if (point.size() <= low_variables + 2) return eq_table(out, point, scale);
  Scratch<1> scratch;
  const std::span<Fr> low = scratch[0].first(size_t{1} << low_variables);
  eq_table(low, point.first(low_variables), Fr::one());
  const std::span<const Fr> high_point = point.subspan(low_variables);
  const size_t rows = size_t{1} << high_point.size();
  Witness high{Witness::Values(rows)};
  large_eq_table({&high[0], rows}, high_point, scale);
  parallel_for(rows, 4, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row)
      step_kernel().scale(out.subspan(row << low_variables, low.size()), low, high[row]);
  });
}

}  // namespace pyzkfl::sumcheck

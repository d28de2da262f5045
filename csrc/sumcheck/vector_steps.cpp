// Vector steps over the kernel table, and products by cells in 320-bit integers (see vector_steps.h).
#include "sumcheck/vector_steps.h"

#include <algorithm>

#include "base/secret.h"
#include "base/thread_pool.h"
#include "r1cs/witness.h"

namespace pyzkfl::sumcheck {
namespace {

const KernelTable<Fr>& kernel() { return kernel_table<Fr>(); }

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
template class Scratch<8>;
template class Scratch<16>;

void fold(std::span<Fr> out, std::span<const Fr> low, std::span<const Fr> high, const Fr& r) {
  Scratch<1> scratch;
  for (size_t at = 0; at < out.size(); at += block_elements) {
    const size_t n = std::min(block_elements, out.size() - at);
    const std::span<Fr> step = scratch[0].first(n);
    kernel().sub(step, high.subspan(at, n), low.subspan(at, n));
    kernel().scale(step, step, r);
    kernel().add(out.subspan(at, n), low.subspan(at, n), step);
  }
}

Fr weighted_products(std::span<const Fr> weight, std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> c,
                     std::span<const Fr> d) {
  Scratch<2> scratch;
  Fr sum;
  for (size_t at = 0; at < weight.size(); at += block_elements) {
    const size_t n = std::min(block_elements, weight.size() - at);
    const std::span<Fr> x = scratch[0].first(n), y = scratch[1].first(n);
    kernel().mul(x, a.subspan(at, n), b.subspan(at, n));
    kernel().mul(y, c.subspan(at, n), d.subspan(at, n));
    kernel().add(x, x, y);
    sum += kernel().inner_product(weight.subspan(at, n), x);
  }
  return sum;
}

Fr weighted_products(std::span<const Fr> weight, std::span<const Fr> a, std::span<const Fr> b) {
  Scratch<1> scratch;
  Fr sum;
  for (size_t at = 0; at < weight.size(); at += block_elements) {
    const size_t n = std::min(block_elements, weight.size() - at);
    const std::span<Fr> x = scratch[0].first(n);
    kernel().mul(x, a.subspan(at, n), b.subspan(at, n));
    sum += kernel().inner_product(weight.subspan(at, n), x);
  }
  return sum;
}

void from_cells(std::span<Fr> out, std::span<const int32_t> cells, const Fr& factor, const Fr& constant) {
  // An integer times factor 2^256 in Montgomery form is the element's own Montgomery form.
  const Fr by = factor * Fr::from_montgomery_limbs(Fr::M::r2);
  Scratch<1> scratch;
  const std::span<Fr> constants = scratch[0];
  std::fill_n(constants.begin(), std::min(block_elements, out.size()),
              constant - factor * Fr::from_u64(static_cast<uint64_t>(lift)));
  for (size_t i = 0; i < out.size(); ++i) out[i] = Fr::from_montgomery_limbs({lifted(cells[i]), 0, 0, 0});
  for (size_t at = 0; at < out.size(); at += block_elements) {
    const size_t n = std::min(block_elements, out.size() - at);
    kernel().scale(out.subspan(at, n), out.subspan(at, n), by);
    kernel().add(out.subspan(at, n), out.subspan(at, n), constants.first(n));
  }
}

Fr inner_product(std::span<const int32_t> cells, std::span<const Fr> weights) {
  WideSum sum, total;
  for (size_t i = 0; i < cells.size(); ++i) {
    sum.add_product(lifted(cells[i]), weights[i].l);
    total.add(weights[i].l);
  }
  return unlifted(sum, total);
}

void add_combination(std::span<Fr> out, std::span<const int32_t> cells, size_t stride, std::span<const Fr> weights) {
  constexpr size_t columns = 32;
  for (size_t at = 0; at < out.size(); at += columns) {
    const size_t n = std::min(columns, out.size() - at);
    WideSum sums[columns] = {}, total;
    size_t row = 0;
    for (; row < weights.size() && row * stride + at + n <= cells.size(); ++row) {
      for (size_t j = 0; j < n; ++j) sums[j].add_product(lifted(cells[row * stride + at + j]), weights[row].l);
      total.add(weights[row].l);
    }
    for (size_t j = 0; j < n; ++j) {
      out[at + j] += unlifted(sums[j], total);
      // The row in which the cells end.
      if (row < weights.size() && row * stride + at + j < cells.size())
        out[at + j] += weights[row] * Fr::from_i64(cells[row * stride + at + j]);
    }
    wipe_object(sums);
  }
}

void eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale) {
  out[0] = scale;
  for (size_t j = 0; j < point.size(); ++j) {
    const size_t n = size_t{1} << j;
    kernel().scale(out.subspan(n, n), out.first(n), point[j]);
    kernel().sub(out.first(n), out.first(n), out.subspan(n, n));
  }
}

void large_eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale) {
  constexpr unsigned low_variables = 8;
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
      kernel().scale(out.subspan(row << low_variables, low.size()), low, high[row]);
  });
}

}  // namespace pyzkfl::sumcheck

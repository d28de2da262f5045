// The inner loops of sumchecks: over vectors of field elements, and over vectors of cells.
//
// Constant time in cells and elements. Cells are 32-bit integers that stand for field elements; they are multiplied as
// what they are, which costs a fifth of a product of elements. With AVX-512 IFMA the steps that a large proof consists
// of are kernels of their own (kernels/steps_ifma.h), elsewhere they are made of the kernels of fields/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fields/fr.h"
#include "fields/kernels/kernel_table.h"

namespace pyzkfl::sumcheck {

// What one step works on at a time: a few blocks of this many elements stay in the first cache.
inline constexpr size_t block_elements = 128;

// Temporary memory for a thread; wiped at the end.
template <size_t blocks>
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  std::span<Fr> operator[](size_t i) { return {elements_ + i * block_elements, block_elements}; }

 private:
  alignas(64) Fr elements_[blocks * block_elements];
};

// out[i] = low[i] + r (high[i] - low[i]): the value at r of the line through both. out may be low.
void fold(std::span<Fr> out, std::span<const Fr> low, std::span<const Fr> high, const Fr& r);

// What a round of a sumcheck adds up, of lines through `low` and `high`: the value at 0, and the coefficient of X^2.
struct RoundSums {
  Fr at_0, quadratic;
};

// Four vectors of one length: numerators and denominators of the two children of a level's nodes.
struct Children {
  std::span<Fr> p0, p1, q0, q1;

  Children part(size_t at, size_t n) const {
    return {p0.subspan(at, n), p1.subspan(at, n), q0.subspan(at, n), q1.subspan(at, n)};
  }
};
// Adds those of eq[i] (p0[i] q1[i] + p1[i] q0[i]), eq a constant.
void add_tree_round(RoundSums& sums, std::span<const Fr> eq, const Children& low, const Children& high);
// Adds those of a[i] b[i].
void add_pair_round(RoundSums& sums, std::span<const Fr> a_low, std::span<const Fr> b_low, std::span<const Fr> a_high,
                    std::span<const Fr> b_high);
// p = p0 q1 + p1 q0, q = q0 q1. Neither may be an input.
void add_fractions(std::span<Fr> p, std::span<Fr> q, const Children& c);

// The sum of weight[i] a[i] b[i].
Fr weighted_products(std::span<const Fr> weight, std::span<const Fr> a, std::span<const Fr> b);

// out[i] = factor cells[i] + constant.
void from_cells(std::span<Fr> out, std::span<const int32_t> cells, const Fr& factor, const Fr& constant);

// The sum of cells[i] weights[i]; weights may be more than cells, of which the rest count as zero.
Fr inner_product(std::span<const int32_t> cells, std::span<const Fr> weights);

// out[j] += the sum over i of weights[i] cells[i stride + j]; cells that are not there count as zero. stride >= out's
// size.
void add_combination(std::span<Fr> out, std::span<const int32_t> cells, size_t stride, std::span<const Fr> weights);

// The values eq(point, x) scale for all x, in out, of 2^(the point's length) elements. For small tables: one thread.
void eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale);
// The same in large, on the pool.
void large_eq_table(std::span<Fr> out, std::span<const Fr> point, const Fr& scale);

}  // namespace pyzkfl::sumcheck

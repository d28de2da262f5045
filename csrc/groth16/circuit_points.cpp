// See circuit_points.h.
#include "groth16/circuit_points.h"

#include <cstdint>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/sparse_combinations.h"
#include "groth16/key_elements.h"
#include "kzg/group_fft.h"

namespace pyzkfl::groth16 {
namespace {

// A matrix by columns: entries [start[i], start[i + 1]) are those of wire i.
struct Columns {
  std::vector<uint32_t> start, row;
  std::vector<Fr> coefficient;

  SparseRows view() const { return {start, row, coefficient}; }
};

Columns columns_of(const ConstraintSystem& cs, Side side) {
  const SparseMatrix& m = cs.matrix(side);
  if (m.num_entries() > UINT32_MAX)
    throw ParameterError("a circuit has at most 2^32 - 1 entries in a matrix");
  Columns columns{std::vector<uint32_t>(cs.num_wires() + 1), std::vector<uint32_t>(m.num_entries()),
                  std::vector<Fr>(m.num_entries())};
  for (const uint32_t wire : m.wire) ++columns.start[wire + 1];
  for (size_t i = 0; i < cs.num_wires(); ++i) columns.start[i + 1] += columns.start[i];
  std::vector<uint32_t> next(columns.start.begin(), columns.start.end() - 1);
  for (size_t k = 0; k < m.num_rows(); ++k)
    for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
      const uint32_t place = next[m.wire[e]]++;
      columns.row[place] = static_cast<uint32_t>(k);
      columns.coefficient[place] = cs.coefficient(m.coefficient[e]);
    }
  return columns;
}

template <class Point>
auto sums(const std::vector<Point>& basis, const Columns& columns) {
  return sparse_combinations(std::span<const Point>(basis), columns.view());
}

// total[i] += more[i].
void add(std::vector<G1Affine>& total, const std::vector<G1Affine>& more) {
  parallel_for(total.size(), 256, [&](size_t begin, size_t end) {
    std::vector<G1> jacobian(end - begin);
    for (size_t i = begin; i < end; ++i) jacobian[i - begin] = G1(total[i]) + more[i];
    batch_to_affine(std::span<G1Affine>(total).subspan(begin, end - begin), std::span<const G1>(jacobian));
  });
}

// The Lagrange basis at tau, times whatever the powers are multiplied with.
template <class Point>
std::vector<Point> lagrange_basis(const std::vector<Point>& powers, size_t n, const Progress& progress,
                                  double from, double to) {
  std::vector<Point> basis(powers.begin(), powers.begin() + static_cast<ptrdiff_t>(n));
  group_intt(basis, [&](double fraction) { report(progress, from + (to - from) * fraction); });
  return basis;
}

}  // namespace

CircuitPoints circuit_points(const Phase1& phase1, const ConstraintSystem& cs, const Progress& progress) {
  const size_t n = size_t{1} << domain_log_n(cs);
  if (phase1.tau_1.size() < n || phase1.alpha_1.size() < n || phase1.beta_1.size() < n ||
      phase1.tau_2.size() < n)
    throw ParameterError("the first phase is too small for this circuit");
  const Columns a = columns_of(cs, Side::a), b = columns_of(cs, Side::b), c = columns_of(cs, Side::c);
  CircuitPoints out;
  {
    const auto basis = lagrange_basis(phase1.tau_1, n, progress, 0, 0.15);
    out.a = sums(basis, a);
    out.b_1 = sums(basis, b);
    out.k = sums(basis, c);
  }
  add(out.k, sums(lagrange_basis(phase1.beta_1, n, progress, 0.15, 0.3), a));
  add(out.k, sums(lagrange_basis(phase1.alpha_1, n, progress, 0.3, 0.45), b));
  out.b_2 = sums(lagrange_basis(phase1.tau_2, n, progress, 0.45, 0.9), b);
  report(progress, 0.95);
  return out;
}

}  // namespace pyzkfl::groth16

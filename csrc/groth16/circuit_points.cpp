// See circuit_points.h.
#include "groth16/circuit_points.h"

#include "base/thread_pool.h"
#include "curves/scalar_mul.h"
#include "groth16/key_elements.h"
#include "kzg/group_fft.h"

namespace pyzkfl::groth16 {
namespace {

// A sparse matrix by columns: entries [start[i], start[i + 1]) are those of wire i.
struct Columns {
  std::vector<uint64_t> start;
  std::vector<uint32_t> row, coefficient;
};

Columns columns_of(const ConstraintSystem& cs, Side side) {
  const SparseMatrix& m = cs.matrix(side);
  Columns columns{std::vector<uint64_t>(cs.num_wires() + 1), std::vector<uint32_t>(m.num_entries()),
                  std::vector<uint32_t>(m.num_entries())};
  for (const uint32_t wire : m.wire) ++columns.start[wire + 1];
  for (size_t i = 0; i < cs.num_wires(); ++i) columns.start[i + 1] += columns.start[i];
  std::vector<uint64_t> next(columns.start.begin(), columns.start.end() - 1);
  for (size_t k = 0; k < m.num_rows(); ++k)
    for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
      const uint64_t place = next[m.wire[e]]++;
      columns.row[place] = static_cast<uint32_t>(k);
      columns.coefficient[place] = m.coefficient[e];
    }
  return columns;
}

// sums[i] += sum over the rows of column i of coefficient * basis[row].
template <class F>
void add_columns(const ConstraintSystem& cs, std::vector<Jacobian<F>>& sums, const Columns& columns,
                 const std::vector<Affine<F>>& basis) {
  parallel_for(sums.size(), 16, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      for (uint64_t e = columns.start[i]; e < columns.start[i + 1]; ++e) {
        const Affine<F>& point = basis[columns.row[e]];
        const uint32_t coefficient = columns.coefficient[e];
        if (coefficient == 0) {  // entry 0 of the table is 1, entry 1 is -1
          sums[i] += point;
        } else if (coefficient == 1) {
          sums[i] -= point;
        } else {
          sums[i] += mul_vartime(Jacobian<F>(point), cs.coefficient(coefficient));
        }
      }
  });
}

template <class F>
std::vector<Affine<F>> to_affine(const std::vector<Jacobian<F>>& points) {
  std::vector<Affine<F>> out(points.size());
  parallel_for(points.size(), 256, [&](size_t begin, size_t end) {
    batch_to_affine(std::span<Affine<F>>(out).subspan(begin, end - begin),
                    std::span<const Jacobian<F>>(points).subspan(begin, end - begin));
  });
  return out;
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
  std::vector<G1> k(cs.num_wires());
  {
    const auto basis = lagrange_basis(phase1.tau_1, n, progress, 0, 0.15);
    std::vector<G1> sums(cs.num_wires());
    add_columns(cs, sums, a, basis);
    out.a = to_affine(sums);
    sums.assign(sums.size(), G1());
    add_columns(cs, sums, b, basis);
    out.b_1 = to_affine(sums);
    add_columns(cs, k, c, basis);
  }
  add_columns(cs, k, a, lagrange_basis(phase1.beta_1, n, progress, 0.15, 0.3));
  add_columns(cs, k, b, lagrange_basis(phase1.alpha_1, n, progress, 0.3, 0.45));
  out.k = to_affine(k);
  const auto basis_2 = lagrange_basis(phase1.tau_2, n, progress, 0.45, 0.9);
  std::vector<G2> sums(cs.num_wires());
  add_columns(cs, sums, b, basis_2);
  out.b_2 = to_affine(sums);
  report(progress, 0.95);
  return out;
}

}  // namespace pyzkfl::groth16

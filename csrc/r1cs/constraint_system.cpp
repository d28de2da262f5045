// Evaluation, checking and digest of a constraint system.
#include "r1cs/constraint_system.h"

#include <algorithm>
#include <atomic>

#include "base/bytes.h"
#include "base/errors.h"
#include "base/sha256.h"
#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

constexpr size_t min_rows_per_thread = 1024;

// <row, witness>. Coefficients 1 and -1, by far the most frequent, cost an addition.
Fr row_value(const SparseMatrix& m, std::span<const Fr> table, size_t row, std::span<const Fr> witness) {
  Fr sum;
  for (uint64_t e = m.row_start[row]; e < m.row_start[row + 1]; ++e) {
    const Fr& w = witness[m.wire[e]];
    switch (m.coefficient[e]) {
      case 0: sum += w; break;
      case 1: sum -= w; break;
      default: sum += table[m.coefficient[e]] * w;
    }
  }
  return sum;
}

void require_size(const ConstraintSystem& cs, std::span<const Fr> witness) {
  if (witness.size() != cs.num_wires()) {
    throw ParameterError("witness of " + std::to_string(witness.size()) + " wires for a circuit of " +
                         std::to_string(cs.num_wires()));
  }
}

}  // namespace

void ConstraintSystem::evaluate(Side side, std::span<Fr> out, std::span<const Fr> witness) const {
  require_size(*this, witness);
  const size_t rows = num_constraints();
  if (out.size() < rows) throw ParameterError("evaluate: the output is shorter than the constraint system");
  const SparseMatrix& m = matrix(side);
  parallel_for(rows, min_rows_per_thread, [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) out[k] = row_value(m, coefficients_, k, witness);
  });
  std::fill(out.begin() + static_cast<ptrdiff_t>(rows), out.end(), Fr::zero());
}

std::optional<size_t> ConstraintSystem::check(std::span<const Fr> witness) const {
  require_size(*this, witness);
  if (!witness[0].is_one()) throw ParameterError("wire 0 of a witness must be one");
  const size_t rows = num_constraints();
  std::atomic<size_t> first = rows;
  parallel_for(rows, min_rows_per_thread, [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end && k < first.load(std::memory_order_relaxed); ++k) {
      const Fr a = row_value(matrices_[0], coefficients_, k, witness);
      const Fr b = row_value(matrices_[1], coefficients_, k, witness);
      const Fr c = row_value(matrices_[2], coefficients_, k, witness);
      if (a * b == c) continue;
      size_t known = first.load();
      while (k < known && !first.compare_exchange_weak(known, k)) {
      }
      return;
    }
  });
  if (first == rows) return std::nullopt;
  return first.load();
}

std::string ConstraintSystem::label(size_t k) const {
  if (k >= row_label_.size()) {
    throw ParameterError("constraint " + std::to_string(k) + " of a circuit of " +
                         std::to_string(row_label_.size()));
  }
  return labels_[row_label_[k]];
}

// magic | num_public u32 | groups u32, size of each u32 | num_private u32 | coefficients u32, each 32 bytes
// little-endian in order of first use | for A, B, C: rows u64, then for each row its entries u32, then
// (wire u32, coefficient u32) each.
std::array<uint8_t, 32> ConstraintSystem::compute_digest() const {
  Sha256 hash;
  Writer header;
  header.bytes(as_bytes("pyzkfl/r1cs/1"));
  header.u32(layout_.num_public).u32(layout_.num_groups());
  for (const uint32_t size : layout_.group_sizes) header.u32(size);
  header.u32(layout_.num_private).u32(static_cast<uint32_t>(coefficients_.size()));
  for (const Fr& coefficient : coefficients_) header.bytes(coefficient.to_bytes_le());
  hash.update(header.view());
  for (const SparseMatrix& m : matrices_) {
    Writer body;
    body.u64(m.num_rows());
    for (size_t k = 0; k < m.num_rows(); ++k) {
      body.u32(static_cast<uint32_t>(m.row_start[k + 1] - m.row_start[k]));
      for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e) {
        body.u32(m.wire[e]).u32(m.coefficient[e]);
      }
      if (body.view().size() > (1 << 16)) hash.update(body.take()), body = Writer();
    }
    hash.update(body.view());
  }
  return hash.finish();
}

void check_commitment_independence(const ConstraintSystem& cs) {
  const WireLayout& layout = cs.layout();
  const uint32_t first = layout.first_committed(0);
  const uint32_t last = layout.first_private();
  std::vector<bool> alone(last - first, false);
  for (const Side side : {Side::a, Side::b, Side::c}) {
    const SparseMatrix& m = cs.matrix(side);
    for (size_t k = 0; k < m.num_rows(); ++k) {
      // Wires increase within a row, and the committed ones are contiguous.
      const auto begin = m.wire.begin() + static_cast<ptrdiff_t>(m.row_start[k]);
      const auto end = m.wire.begin() + static_cast<ptrdiff_t>(m.row_start[k + 1]);
      const auto low = std::lower_bound(begin, end, first);
      if (low == end || *low >= last) continue;
      if (low + 1 == end || *(low + 1) >= last) alone[*low - first] = true;
    }
  }
  for (uint32_t g = 0; g < layout.num_groups(); ++g) {
    for (uint32_t i = 0; i < layout.group_sizes[g]; ++i) {
      if (alone[layout.first_committed(g) + i - first]) continue;
      throw ParameterError("committed wire " + std::to_string(i) + " of group " + std::to_string(g) +
                           " stands alone in no row: its commitment would not bind");
    }
  }
}

}  // namespace pyzkfl

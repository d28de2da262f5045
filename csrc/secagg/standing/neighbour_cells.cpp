// The matrix of what neighbours have for each other (see neighbour_cells.h).
#include "secagg/standing/neighbour_cells.h"

#include <algorithm>
#include <utility>

namespace pyzkfl::secagg::standing {
namespace {

constexpr size_t kBlockBytes = size_t{4} << 20;

size_t slot_of(const Neighbours& graph, size_t a_place, size_t b_place) {
  if (graph.k() + 1 == graph.n()) return b_place;
  return (b_place + graph.n() - a_place + graph.k() / 2) % graph.n();
}

}  // namespace

NeighbourCells::NeighbourCells(const Neighbours& graph, size_t cell_bytes, const std::string& path, SecretBytes key)
    : graph_(&graph),
      cell_bytes_(cell_bytes),
      rows_(graph.n(), (graph.k() + 1) * cell_bytes, path, std::move(key)),
      columns_(path.empty() ? 0 : graph.n(), rows_.row_bytes(), path.empty() ? path : path + ".columns") {}

size_t NeighbourCells::slot(Index a, Index b) const { return slot_of(*graph_, graph_->place(a), graph_->place(b)); }

void NeighbourCells::put(Index from, const Digest& label, std::span<const Index> to, ByteSpan cells) {
  Bytes row(rows_.row_bytes());
  for (size_t i = 0; i < to.size(); ++i) {
    const size_t at = slot(from, to[i]);
    if (at > graph_->k()) throw ParameterError("masking: a cell for a member that is no neighbour");
    std::ranges::copy(cells.subspan(i * cell_bytes_, cell_bytes_),
                      row.begin() + static_cast<std::ptrdiff_t>(at * cell_bytes_));
  }
  rows_.put(from, label, row);
}

size_t NeighbourCells::block_width() const {
  const size_t rows = std::max<size_t>(1, kBlockBytes / cell_bytes_);
  // count * (count + k) cells, or count * n where everybody is next to everybody.
  size_t count = std::max<size_t>(1, rows / (graph_->k() + 1));
  while (count > 1 && count * std::min(graph_->n(), count + graph_->k()) > rows) --count;
  return std::min(count, graph_->n());
}

NeighbourCells::Block NeighbourCells::block(size_t first, size_t count) const {
  const size_t n = graph_->n(), k = graph_->k();
  Block out;
  out.graph_ = graph_;
  out.cell_bytes_ = cell_bytes_;
  out.first_ = first;
  out.count_ = count;
  const bool all = k + 1 == n || count + k >= n;
  out.first_row_ = all ? 0 : (first + n - k / 2) % n;
  out.rows_ = all ? n : count + k;
  out.bytes_ = SecretBytes(out.rows_ * count * cell_bytes_);
  const std::span<uint8_t> bytes = out.bytes_.span();
  for (size_t i = 0; i < out.rows_; ++i) {
    const size_t place = (out.first_row_ + i) % n;
    const Index from = graph_->at_place(place);
    if (!rows_.has(from)) continue;
    // Runs of columns whose cells lie side by side in this row.
    for (size_t column = 0; column < count;) {
      const size_t slot = slot_of(*graph_, place, (first + column) % n);
      if (slot > k) {  // up to the row's first cell
        column += n - slot;
        continue;
      }
      const size_t run = std::min(count - column, k + 1 - slot);
      rows_.get(from, slot * cell_bytes_, bytes.subspan((i * count + column) * cell_bytes_, run * cell_bytes_));
      column += run;
    }
  }
  return out;
}

ByteSpan NeighbourCells::Block::cell(Index from, Index to) const {
  const size_t n = graph_->n();
  const size_t row = (graph_->place(from) + n - first_row_) % n;
  const size_t column = (graph_->place(to) + n - first_) % n;
  if (row >= rows_ || column >= count_ || slot_of(*graph_, graph_->place(from), graph_->place(to)) > graph_->k()) {
    return {};
  }
  return bytes_.span().subspan((row * count_ + column) * cell_bytes_, cell_bytes_);
}

Digest NeighbourCells::columns_label() const {
  Sha256 hash;
  for (size_t member = 0; member < rows_.members(); ++member) {
    if (rows_.has(member)) hash.update(rows_.label(member));
  }
  return hash.finish();
}

void NeighbourCells::turn() {
  if (!rows_.in_file()) return;
  const Digest label = columns_label();
  const size_t n = graph_->n(), width = block_width();
  for (size_t first = 0; first < n; first += width) {
    const size_t count = std::min(width, n - first);
    const Block part = block(first, count);
    Bytes column(rows_.row_bytes());
    for (size_t c = 0; c < count; ++c) {
      const size_t place = first + c;
      for (size_t at = 0; at <= graph_->k(); ++at) {  // the row of `from` is slot `at` of this column
        const size_t from = graph_->k() + 1 == n ? at : (place + n + at - graph_->k() / 2) % n;
        const size_t row = (from + n - part.first_row_) % n;
        std::ranges::copy(part.bytes_.span().subspan((row * count + c) * cell_bytes_, cell_bytes_),
                          column.begin() + static_cast<std::ptrdiff_t>(at * cell_bytes_));
      }
      columns_.put(graph_->at_place(place), label, column);
    }
  }
}

Bytes NeighbourCells::column(Index to) const {
  Bytes out(rows_.row_bytes());
  if (rows_.in_file()) {
    columns_.get(to, 0, out);
    return out;
  }
  const size_t n = graph_->n(), place = graph_->place(to);
  for (size_t at = 0; at <= graph_->k(); ++at) {
    const size_t other = graph_->k() + 1 == n ? at : (place + n + at - graph_->k() / 2) % n;
    const Index from = graph_->at_place(other);
    if (!rows_.has(from)) continue;
    rows_.get(from, slot_of(*graph_, other, place) * cell_bytes_,
              std::span(out).subspan(at * cell_bytes_, cell_bytes_));
  }
  return out;
}

}  // namespace pyzkfl::secagg::standing

// What each member has for each of its neighbours and itself: a matrix, of which the band around the diagonal of the ring is
// there. A member writes a row, and what is read are columns: shares come from their dealers, and go to their holders.
//
// In a file, columns are read by blocks: as many members that stand together on the ring as some megabytes hold. A row
// keeps its cells in the order of the ring, so a block is a contiguous piece of each row.
#pragma once

#include <string>

#include "secagg/standing/member_rows.h"
#include "secagg/standing/neighbours.h"

namespace pyzkfl::secagg::standing {

class NeighbourCells {
 public:
  // `graph` outlives this. `cell_bytes`: a multiple of 16. `path`, `key`: as of MemberRows; with a path, `path`.columns is
  // a second file, once turn() was called.
  NeighbourCells(const Neighbours& graph, size_t cell_bytes, const std::string& path, SecretBytes key = {});

  // The member's cells for those in `to`, one after the other; all others are zeros.
  void put(Index from, const Digest& label, std::span<const Index> to, ByteSpan cells);
  bool has(Index from) const { return rows_.has(from); }

  // The columns of `count` places of the ring, from `first`.
  class Block {
   public:
    // Zeros where `from` wrote nothing; empty where they are no neighbours or `to` is not in the block.
    ByteSpan cell(Index from, Index to) const;

   private:
    friend class NeighbourCells;
    const Neighbours* graph_ = nullptr;
    size_t cell_bytes_ = 0, first_ = 0, count_ = 0, first_row_ = 0, rows_ = 0;
    SecretBytes bytes_;
  };
  Block block(size_t first, size_t count) const;
  // How many columns a block should have.
  size_t block_width() const;

  // In a file: makes the columns of all members readable one by one. To be called again after another put().
  void turn();
  // What the others wrote for `to`: of `from` the cell at slot(to, from). In a file, after turn().
  Bytes column(Index to) const;
  // The place of b's cell in a row of a; past the row where they are no neighbours.
  size_t slot(Index a, Index b) const;
  size_t cell_bytes() const { return cell_bytes_; }

  MemberRows& rows() { return rows_; }
  const MemberRows& rows() const { return rows_; }
  MemberRows& columns() { return columns_; }
  // The label of the columns that belong to the rows there are.
  Digest columns_label() const;
  void sync() const {
    rows_.sync();
    columns_.sync();
  }

 private:
  const Neighbours* graph_;
  size_t cell_bytes_;
  MemberRows rows_;
  MemberRows columns_;
};

}  // namespace pyzkfl::secagg::standing

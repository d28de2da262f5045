// A range lookup, a sum of squares, a bound.
#include "training/norm_program.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "sumcheck/direct_check.h"
#include "training/network_spec.h"

namespace pyzkfl {

using namespace sumcheck;

namespace {

constexpr unsigned coordinate_bits = 16;
constexpr int64_t coordinate_limit = int64_t{1} << (coordinate_bits - 1);

enum : uint32_t { coordinates, zeros };  // tables

}  // namespace

NormProgram::NormProgram(size_t dimension_in, uint64_t bound_in) : dimension(dimension_in), bound(bound_in) {
  if (dimension == 0 || dimension > size_t{1} << 27)
    throw ParameterError("norm bound: the dimension lies between 1 and 2^27, got " + std::to_string(dimension));
  if (bound == 0 || bound > uint64_t{1} << 40)
    throw ParameterError("norm bound: the bound lies between 1 and 2^40 units");
  Program& p = program;
  const unsigned log_update = log2_ceil(dimension);
  p.log_height = std::max(log_update, coordinate_bits + 1);
  p.columns = {{ColumnKind::update, log_update, "update"},
               {ColumnKind::digits, coordinate_bits + 1, "counts"},
               {ColumnKind::mask, p.log_height, "mask"}};
  p.blocks = {{1, 0, coordinate_bits, "counts 16"}, {1, uint64_t{1} << coordinate_bits, 0, "counts 0"}};
  p.tables = {{Table::Kind::range, coordinate_bits, 0, 0}, {Table::Kind::range, 0, 1, 0}};

  SquareSum squares;
  squares.name = "norm";
  // Aligned parts of the update, largest first; behind it, zeros.
  uint64_t at = 0;
  for (unsigned size = log_update + 1; size-- > 0;) {
    if ((dimension >> size & 1) == 0) continue;
    p.blocks.push_back({0, at, size, "update" + std::to_string(size)});
    const auto block = static_cast<uint32_t>(p.blocks.size() - 1);
    p.ranges.push_back({block, coordinates, coordinate_limit});
    SquareSum::Part part;
    part.inner = size;
    View view{false, block, {}};
    for (unsigned j = 0; j < size; ++j) view.variables.push_back({Source::Kind::inner, static_cast<uint8_t>(j)});
    part.expression.terms.push_back({Fr::one(), std::move(view)});
    squares.parts.push_back(std::move(part));
    at += uint64_t{1} << size;
  }
  for (unsigned size = 0; at < uint64_t{1} << log_update; ++size) {
    if ((at >> size & 1) == 0) continue;
    p.blocks.push_back({0, at, size, "unused" + std::to_string(size)});
    p.ranges.push_back({static_cast<uint32_t>(p.blocks.size() - 1), zeros, 0});
    at += uint64_t{1} << size;
  }
  p.squares.push_back(std::move(squares));
  const auto square = static_cast<unsigned __int128>(bound) * bound;
  p.bounds.push_back({0, {static_cast<uint64_t>(square), static_cast<uint64_t>(square >> 64), 0, 0}});
  p.check();
}

ProgramValues norm_values(const NormProgram& program, std::span<const int64_t> update, const Fr& blinder) {
  if (update.size() != program.dimension)
    throw ParameterError("update: " + std::to_string(update.size()) + " coordinates, the statement has " +
                         std::to_string(program.dimension));
  ProgramValues out;
  out.columns.resize(program.program.columns.size());
  Cells& cells = out.columns[NormProgram::update_column].cells;
  cells.resize(update.size());
  unsigned __int128 squares = 0;
  for (size_t i = 0; i < update.size(); ++i) {
    if (update[i] < -coordinate_limit || update[i] >= coordinate_limit)
      throw ParameterError("update: coordinate " + std::to_string(i) + " is no signed integer of " +
                           std::to_string(coordinate_bits) + " bits");
    cells[i] = static_cast<int32_t>(update[i]);
    squares += static_cast<uint64_t>(update[i] * update[i]);
  }
  if (squares > static_cast<unsigned __int128>(program.bound) * program.bound)
    throw WitnessInvalid("update: its norm is above the bound of " + std::to_string(program.bound) + " units");
  out.columns[NormProgram::update_column].blinder = blinder;
  out.rows.assign(program.program.steps, 1);
  fill_multiplicities(program.program, out);
  return out;
}

}  // namespace pyzkfl

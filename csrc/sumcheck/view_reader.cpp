// Turns the sources of a view into bit positions (see view_reader.h).
#include "sumcheck/view_reader.h"

namespace pyzkfl::sumcheck {

ViewReader::ViewReader(const Program& program, const ProgramValues& values, const View& view)
    : is_selector_(view.is_selector) {
  if (is_selector_) {
    selected_ = selected_indices(program.selectors[view.id], values);
  } else {
    const Block& block = program.blocks[view.id];
    cells_ = values.columns[block.column].cells;
    fixed_ = block.offset;
  }
  for (unsigned j = 0; j < view.variables.size(); ++j) {
    const Source& source = view.variables[j];
    switch (source.kind) {
      case Source::Kind::outer: variables_.push_back({false, source.index, j}); break;
      case Source::Kind::inner: variables_.push_back({true, source.index, j}); break;
      case Source::Kind::sum: summed_.push_back(j); break;
      case Source::Kind::bit: fixed_ += uint64_t{source.index} << j; break;
    }
  }
}

}  // namespace pyzkfl::sumcheck

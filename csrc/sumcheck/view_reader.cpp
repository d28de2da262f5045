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
  for (const Window& window : view.windows) windows_.push_back({window, 0, {}, {}});
  for (unsigned j = 0; j < view.variables.size(); ++j) {
    const Source& source = view.variables[j];
    switch (source.kind) {
      case Source::Kind::window:
        if (j == 0 || view.variables[j - 1].kind != source.kind || view.variables[j - 1].index != source.index)
          windows_[source.index].shift = j;
        break;
      case Source::Kind::outer: variables_.push_back({false, source.index, j}); break;
      case Source::Kind::inner: variables_.push_back({true, source.index, j}); break;
      case Source::Kind::sum: summed_.push_back({j, 0}); break;
      case Source::Kind::weight: summed_.push_back({j, 1U << source.index}); break;
      case Source::Kind::bit: fixed_ += uint64_t{source.index} << j; break;
    }
  }
  sums_ = static_cast<unsigned>(summed_.size());
  const auto side = [&](const std::vector<Source>& sources) {
    Side out;
    for (unsigned j = 0; j < sources.size(); ++j) {
      switch (sources[j].kind) {
        case Source::Kind::outer: out.variables.push_back({false, sources[j].index, j}); break;
        case Source::Kind::inner: out.variables.push_back({true, sources[j].index, j}); break;
        case Source::Kind::sum: out.summed.push_back({false, sums_++, j}); break;
        default: out.fixed += uint64_t{sources[j].index} << j; break;
      }
    }
    return out;
  };
  for (WindowReader& w : windows_) {
    w.first = side(w.window.first);
    w.second = side(w.window.second);
  }
}

uint64_t ViewReader::Side::index(uint64_t outer, uint64_t inner, uint64_t sums) const {
  uint64_t out = fixed;
  for (const Variable& v : variables) out += ((v.is_inner ? inner : outer) >> v.from & 1) << v.to;
  for (const Variable& v : summed) out += (sums >> v.from & 1) << v.to;
  return out;
}

int64_t ViewReader::through_windows(uint64_t index, uint64_t outer, uint64_t inner) const {
  int64_t total = 0;
  for (uint64_t sums = 0; sums < uint64_t{1} << sums_; ++sums) {
    const Part own = summed_part(sums);
    uint64_t at = index + own.offset;
    bool is_there = true;
    for (const WindowReader& w : windows_) {
      const uint64_t b = block_index(w.window, w.first.index(outer, inner, sums), w.second.index(outer, inner, sums));
      is_there = is_there && b != no_index;
      at += is_there ? b << w.shift : 0;
    }
    if (is_there) total += cell(at) * own.weight;
  }
  return total;
}

}  // namespace pyzkfl::sumcheck

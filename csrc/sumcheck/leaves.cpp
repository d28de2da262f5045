// Runs of leaves with one constant each (see leaves.h).
#include "sumcheck/leaves.h"

#include <algorithm>

#include "sumcheck/vector_steps.h"

namespace pyzkfl::sumcheck {

Leaves::Leaves(const RunState& run, const Fr& g, const Fr& b) : value_scale_(-b.square()) {
  const Program& program = run.program;
  const auto table_constant = [&](uint32_t table) { return g - b * Fr::from_u64(uint64_t{table} + 1); };
  const auto block_cells = [&](uint32_t block) {
    const Block& at = program.blocks[block];
    return present_cells(run.values, at.column, at.offset, uint64_t{1} << at.log_size);
  };
  std::vector<const RangeLookup*> ranges;
  for (const RangeLookup& r : program.ranges) ranges.push_back(&r);
  std::sort(ranges.begin(), ranges.end(), [&](const RangeLookup* x, const RangeLookup* y) {
    const Block &a = program.blocks[x->block], &c = program.blocks[y->block];
    return std::pair(a.column, a.offset) < std::pair(c.column, c.offset);
  });

  for (const Segment& segment : run.claims.segments) {
    const uint64_t size = uint64_t{1} << segment.log_size;
    switch (segment.kind) {
      case Segment::Kind::column: {
        const auto add = [&](uint64_t from, uint64_t to, Numerator numerator, const Fr& constant) {
          if (from == to) return;
          Run r{.begin = segment.offset + from, .numerator = numerator, .constant = constant};
          r.keys = present_cells(run.values, segment.index, from, to - from);
          runs_.push_back(r);
        };
        uint64_t next = 0;
        for (const RangeLookup* range : ranges) {
          const Block& block = program.blocks[range->block];
          if (block.column != segment.index) continue;
          add(next, block.offset, Numerator::zero, g);
          next = block.offset + (uint64_t{1} << block.log_size);
          add(block.offset, next, Numerator::one, table_constant(range->table) - Fr::from_i64(range->offset));
        }
        add(next, size, Numerator::zero, g);
        break;
      }
      case Segment::Kind::table: {
        const Table& table = program.tables[segment.index];
        Run r{.begin = segment.offset,
              .numerator = Numerator::minus_multiplicity,
              .keys_are_indices = true,
              .constant = table_constant(segment.index)};
        r.multiplicities = block_cells(table.multiplicities);
        r.has_values = table.kind == Table::Kind::pairs;
        if (r.has_values) r.values = block_cells(table.values);
        runs_.push_back(r);
        break;
      }
      case Segment::Kind::pair_lookup: {
        const PairLookup& pair = program.pairs[segment.index];
        Run r{.begin = segment.offset, .numerator = Numerator::one, .constant = table_constant(pair.table)};
        r.keys = block_cells(pair.keys);
        r.values = block_cells(pair.values);
        r.has_values = true;
        runs_.push_back(r);
        break;
      }
    }
  }
  const Segment& last = run.claims.segments.back();
  Run padding{.begin = last.offset + (uint64_t{1} << last.log_size), .constant = Fr::one()};
  runs_.push_back(padding);
}

void Leaves::read(uint64_t begin, std::span<Fr> p, std::span<Fr> q) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), begin,
                              [](uint64_t at, const Run& r) { return at < r.begin; });
  --run;
  for (uint64_t at = begin; at < begin + p.size();) {
    uint64_t end = begin + p.size();
    if (std::next(run) != runs_.end()) end = std::min(end, std::next(run)->begin);
    read_part(*run, at - run->begin, p.subspan(at - begin, end - at), q.subspan(at - begin, end - at));
    at = end;
    ++run;
  }
}

// at: within the run.
void Leaves::read_part(const Run& run, uint64_t at, std::span<Fr> p, std::span<Fr> q) const {
  const size_t n = p.size();
  const auto there = [&](std::span<const int32_t> cells) {
    return at < cells.size() ? cells.subspan(at, std::min<size_t>(n, cells.size() - at)) : std::span<const int32_t>();
  };
  static const Fr minus_one = -Fr::one();
  switch (run.numerator) {
    case Numerator::zero: std::fill(p.begin(), p.end(), Fr::zero()); break;
    case Numerator::one: std::fill(p.begin(), p.end(), Fr::one()); break;
    case Numerator::minus_multiplicity: {
      const auto counts = there(run.multiplicities);
      from_cells(p.first(counts.size()), counts, minus_one, Fr::zero());
      std::fill(p.begin() + static_cast<ptrdiff_t>(counts.size()), p.end(), Fr::zero());
      break;
    }
  }
  if (run.keys_are_indices) {
    Fr v = run.constant - Fr::from_u64(at);
    for (Fr& out : q) {
      out = v;
      v -= Fr::one();
    }
  } else {
    const auto keys = there(run.keys);
    from_cells(q.first(keys.size()), keys, minus_one, run.constant);
    std::fill(q.begin() + static_cast<ptrdiff_t>(keys.size()), q.end(), run.constant);
  }
  if (run.has_values) {
    const auto values = there(run.values);
    Scratch<1> scratch;
    for (size_t i = 0; i < values.size(); i += block_elements) {
      const size_t m = std::min(block_elements, values.size() - i);
      const std::span<Fr> scaled = scratch[0].first(m), out = q.subspan(i, m);
      from_cells(scaled, values.subspan(i, m), value_scale_, Fr::zero());
      kernel_table<Fr>().add(out, out, scaled);
    }
  }
}

}  // namespace pyzkfl::sumcheck

// Relations at every index (see direct_check.h).
#include "sumcheck/direct_check.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "sumcheck/view_reader.h"

namespace pyzkfl::sumcheck {
namespace {

using limbs::Wide;

std::string numbered(const char* what, size_t i, const std::string& name) {
  std::string out = std::string(what) + " " + std::to_string(i);
  if (!name.empty()) out += " (" + name + ")";
  return out;
}

// An expression as a function of the relation's indices.
class ExpressionReader {
 public:
  ExpressionReader(const Program& program, const ProgramValues& values, const Expression& e) : constant_(e.constant) {
    for (const Term& term : e.terms) terms_.push_back({term.coefficient, ViewReader(program, values, term.view)});
  }

  Fr at(uint64_t outer, uint64_t inner) const {
    Fr sum = constant_;
    for (const auto& [coefficient, view] : terms_) sum += coefficient * Fr::from_i64(view.at(outer, inner));
    return sum;
  }

 private:
  struct Part {
    Fr coefficient;
    ViewReader view;
  };
  Fr constant_;
  std::vector<Part> terms_;
};

// Calls holds(x) for every x below n and throws for the least x where it does not.
void check_everywhere(uint64_t n, const std::string& who, const std::function<bool(uint64_t)>& holds) {
  constexpr uint64_t none = std::numeric_limits<uint64_t>::max();
  std::atomic<uint64_t> first{none};
  parallel_for(n, 64, [&](size_t begin, size_t end) {
    for (size_t x = begin; x < end; ++x) {
      if (holds(x)) continue;
      uint64_t known = first.load();
      while (x < known && !first.compare_exchange_weak(known, x)) {
      }
      return;
    }
  });
  if (first.load() != none) throw WitnessInvalid(who + " fails at index " + std::to_string(first.load()));
}

// floor(sqrt(v)) for v below 2^120.
uint64_t floor_square_root(Wide v) {
  uint64_t root = 0;
  for (int bit = 60; bit-- > 0;) {
    const uint64_t larger = root | uint64_t{1} << bit;
    if (static_cast<Wide>(larger) * larger <= v) root = larger;
  }
  return root;
}

class Checker {
 public:
  Checker(const Program& program, const ProgramValues& values) : p_(program), values_(values) {}

  void run() const {
    for (size_t i = 0; i < p_.linear.size(); ++i) {
      const LinearCheck& check = p_.linear[i];
      const ExpressionReader e = reader(check.expression);
      check_everywhere(uint64_t{1} << check.outer, numbered("linear check", i, check.name),
                       [&](uint64_t x) { return e.at(x, 0).is_zero(); });
    }
    for (size_t i = 0; i < p_.products.size(); ++i) product(p_.products[i], i);
    for (size_t i = 0; i < p_.zeros.size(); ++i) zero(p_.zeros[i], i);
    scalars();
    lookups();
  }

 private:
  ExpressionReader reader(const Expression& e) const { return {p_, values_, e}; }

  void product(const ProductSum& sum, size_t i) const {
    struct Pair {
      uint64_t inner;
      ExpressionReader left, right;
    };
    std::vector<Pair> pairs;
    for (const ProductSum::Pair& pair : sum.pairs)
      pairs.push_back({uint64_t{1} << pair.inner, reader(pair.left), reader(pair.right)});
    const ExpressionReader result = reader(sum.result);
    const Fr scalar = sum.scalar == no_scalar ? Fr::one() : Fr::from_u64(values_.rates[sum.scalar]);
    check_everywhere(uint64_t{1} << sum.outer, numbered("product sum", i, sum.name), [&](uint64_t x) {
      Fr total;
      for (const Pair& pair : pairs) {
        for (uint64_t k = 0; k < pair.inner; ++k) total += pair.left.at(x, k) * pair.right.at(x, k);
      }
      return total * scalar == result.at(x, 0);
    });
  }

  void zero(const ZeroCheck& check, size_t i) const {
    struct Product {
      Fr coefficient;
      std::vector<ExpressionReader> factors;
    };
    std::vector<Product> products;
    for (const ZeroCheck::Product& product : check.products) {
      products.push_back({product.coefficient, {}});
      for (const Expression& factor : product.factors) products.back().factors.push_back(reader(factor));
    }
    check_everywhere(uint64_t{1} << check.outer, numbered("zero-check", i, check.name), [&](uint64_t x) {
      Fr total;
      for (const Product& product : products) {
        Fr value = product.coefficient;
        for (const ExpressionReader& factor : product.factors) value *= factor.at(x, 0);
        total += value;
      }
      return total.is_zero();
    });
  }

  void scalars() const {
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      if (values_.rates[i] == 0) throw WitnessInvalid(numbered("clip", i, "") + ": the rate is 0");
    }
    const std::vector<Fr> sums = square_sums(p_, values_);
    const std::vector<Fr> norms = norm_squares(p_, values_, sums);
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      const Clip& clip = p_.clips[i];
      const std::string who = numbered("clip", i, p_.squares[clip.square_sum].name);
      const Limbs norm = norms[i].to_canonical();
      const Wide n2 = static_cast<Wide>(norm[1]) << 64 | norm[0];
      if (norm[2] != 0 || norm[3] != 0 || n2 >> clip.norm_square_bits != 0)
        throw WitnessInvalid(who + ": the sum of squares is not a norm's square times the rate's square");
      const Wide target = static_cast<Wide>(clip.target_high) << 64 | clip.target_low;
      const Wide rate = std::min<Wide>(clip.eta, target / (static_cast<Wide>(floor_square_root(n2)) + 1));
      if (rate != values_.rates[i]) throw WitnessInvalid(who + ": the rate is not the one of its norm");
    }
    for (size_t i = 0; i < p_.bounds.size(); ++i) {
      const NormBound& bound = p_.bounds[i];
      if (limbs::less(bound.bound, sums[bound.square_sum].to_canonical()))
        throw WitnessInvalid(numbered("norm bound", i, p_.squares[bound.square_sum].name) + " is exceeded");
    }
  }

  void lookups() const;

  const Program& p_;
  const ProgramValues& values_;
};

int64_t cell(const ProgramValues& values, uint32_t column, uint64_t index) {
  const Cells& cells = values.columns[column].cells;
  return index < cells.size() ? cells[index] : 0;
}

// How often each row of each table is looked up.
std::vector<std::vector<uint32_t, WipingAllocator<uint32_t>>> count_lookups(const Program& p,
                                                                            const ProgramValues& values) {
  std::vector<std::vector<uint32_t, WipingAllocator<uint32_t>>> counts;
  for (const Table& table : p.tables) counts.emplace_back(size_t{1} << table.log_size);
  const auto refuse = [&](const char* what, size_t i, uint32_t block, uint64_t x, const char* problem) {
    throw WitnessInvalid(numbered(what, i, p.blocks[block].name) + ": the cell at index " + std::to_string(x) +
                         problem);
  };
  for (size_t i = 0; i < p.ranges.size(); ++i) {
    const RangeLookup& range = p.ranges[i];
    const Block& block = p.blocks[range.block];
    auto& count = counts[range.table];
    for (uint64_t x = 0; x < uint64_t{1} << block.log_size; ++x) {
      const int64_t key = cell(values, block.column, block.offset + x) + range.offset;
      if (key < 0 || static_cast<uint64_t>(key) >= count.size())
        refuse("range lookup", i, range.block, x, " is not in the table");
      ++count[static_cast<size_t>(key)];
    }
  }
  for (size_t i = 0; i < p.pairs.size(); ++i) {
    const PairLookup& pair = p.pairs[i];
    const Block &keys = p.blocks[pair.keys], &results = p.blocks[pair.values];
    const Block& table = p.blocks[p.tables[pair.table].values];
    auto& count = counts[pair.table];
    for (uint64_t x = 0; x < uint64_t{1} << keys.log_size; ++x) {
      const int64_t key = cell(values, keys.column, keys.offset + x);
      if (key < 0 || static_cast<uint64_t>(key) >= count.size())
        refuse("pair lookup", i, pair.keys, x, " is no key of the table");
      if (cell(values, results.column, results.offset + x) !=
          cell(values, table.column, table.offset + static_cast<uint64_t>(key)))
        refuse("pair lookup", i, pair.values, x, " is not the table's value of its key");
      ++count[static_cast<size_t>(key)];
    }
  }
  return counts;
}

void Checker::lookups() const {
  const auto counts = count_lookups(p_, values_);
  for (size_t t = 0; t < p_.tables.size(); ++t) {
    const Block& block = p_.blocks[p_.tables[t].multiplicities];
    for (size_t x = 0; x < counts[t].size(); ++x) {
      if (cell(values_, block.column, block.offset + x) != int64_t{counts[t][x]})
        throw WitnessInvalid(numbered("table", t, block.name) + ": the multiplicity at index " + std::to_string(x) +
                             " is not how often the row is looked up");
    }
  }
}

}  // namespace

void check_shape(const Program& program, const ProgramValues& values) {
  const auto require = [](bool condition, const std::string& problem) {
    if (!condition) throw ParameterError("witness of a program: " + problem);
  };
  require(values.columns.size() == program.columns.size(), "there must be one entry a column");
  for (size_t c = 0; c < program.columns.size(); ++c) {
    const Column& column = program.columns[c];
    const std::string who = numbered("column", c, column.name);
    const ColumnValues& v = values.columns[c];
    require(v.cells.size() <= uint64_t{1} << column.log_height, who + " has more cells than its height");
    require(column.kind != ColumnKind::mask || v.cells.empty(), who + " is the mask and has no cells");
    require((column.kind != ColumnKind::mask && column.kind != ColumnKind::weights &&
             column.kind != ColumnKind::tables) || v.blinder.is_zero(),
            who + " is of a kind without a blinder, and has one");
  }
  require(values.rows.size() == program.steps, "there must be a number of rows for each local step");
  require(values.rates.size() == program.clips.size(), "there must be a rate for each clip");

  std::vector<unsigned> variables(program.steps, 63);
  const auto note = [&](const Expression& e) {
    for (const Term& term : e.terms) {
      if (!term.view.is_selector) continue;
      const Selector& s = program.selectors[term.view.id];
      if (s.kind == Selector::Kind::first_rows)
        variables[s.count] = static_cast<unsigned>(term.view.variables.size());
    }
  };
  for (const LinearCheck& check : program.linear) note(check.expression);
  for (const ProductSum& sum : program.products) note(sum.result);
  for (const ZeroCheck& check : program.zeros) {
    for (const ZeroCheck::Product& product : check.products) {
      for (const Expression& factor : product.factors) note(factor);
    }
  }
  for (size_t s = 0; s < values.rows.size(); ++s) {
    require(values.rows[s] >= 1 && values.rows[s] <= uint64_t{1} << variables[s],
            "the rows of local step " + std::to_string(s) + " must be 1 .. the rows of its batch");
  }
}

std::vector<Fr> square_sums(const Program& program, const ProgramValues& values) {
  std::vector<Fr> sums;
  for (const SquareSum& square : program.squares) {
    sums.emplace_back();
    for (const SquareSum::Part& part : square.parts) {
      const ExpressionReader e(program, values, part.expression);
      for (uint64_t x = 0; x < uint64_t{1} << part.inner; ++x) sums.back() += e.at(0, x).square();
    }
  }
  return sums;
}

std::vector<Fr> norm_squares(const Program& program, const ProgramValues& values, const std::vector<Fr>& square_sums) {
  std::vector<Fr> norms;
  for (size_t i = 0; i < program.clips.size(); ++i) {
    norms.push_back(square_sums[program.clips[i].square_sum] * Fr::from_u64(values.rates[i]).square().inverse());
  }
  return norms;
}

void check_values(const Program& program, const ProgramValues& values) {
  program.check_form();
  check_shape(program, values);
  Checker(program, values).run();
}

void fill_multiplicities(const Program& program, ProgramValues& values) {
  if (values.columns.size() != program.columns.size())
    throw ParameterError("witness of a program: there must be one entry a column");
  const auto counts = count_lookups(program, values);
  for (size_t t = 0; t < program.tables.size(); ++t) {
    const Block& block = program.blocks[program.tables[t].multiplicities];
    Cells& cells = values.columns[block.column].cells;
    cells.resize(std::max<size_t>(cells.size(), block.offset + counts[t].size()));
    std::copy(counts[t].begin(), counts[t].end(), cells.begin() + static_cast<ptrdiff_t>(block.offset));
  }
}

}  // namespace pyzkfl::sumcheck

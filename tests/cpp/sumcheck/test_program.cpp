// Programs that are refused, and the digest.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/errors.h"
#include "sample_program.h"
#include "sumcheck/direct_check.h"

using namespace pyzkfl;
using namespace pyzkfl::sumcheck;
using namespace pyzkfl::sumcheck::testing;

namespace {

// The variables of the last term of the first linear check.
std::vector<Source>& last_variables(Program& p) { return p.linear[0].expression.terms.back().view.variables; }

// The product that is scaled with a rate, and the variables of its square's one term.
ProductSum& clipped(Program& p) {
  return *std::find_if(p.products.begin(), p.products.end(), [](const ProductSum& sum) { return sum.scalar == 0; });
}
std::vector<Source>& part_variables(Program& p) { return p.squares[0].parts[0].expression.terms[0].view.variables; }

}  // namespace

TEST_CASE("a malformed program is refused by name") {
  using K = Source::Kind;
  struct Case {
    const char* says;
    void (*spoil)(Program&);
  };
  const Case cases[] = {
      {"log_height", [](Program& p) { p.log_height = 2; }},
      {"log_height", [](Program& p) { p.log_height = 29; }},
      {"steps", [](Program& p) { p.steps = 0; }},
      {"column 4 (A1)", [](Program& p) { p.columns[4].log_height = 10; }},
      {"out of order", [](Program& p) { std::swap(p.columns[2], p.columns[3]); }},
      {"of tables: more than one", [](Program& p) { p.columns[0].kind = p.columns[1].kind = ColumnKind::tables; }},
      {"of updates: more than one", [](Program& p) { p.columns[4].kind = ColumnKind::update; }},
      {"one mask", [](Program& p) { p.columns[6].kind = ColumnKind::digits; }},
      {"of data", [](Program& p) { p.columns[3].kind = p.columns[4].kind = p.columns[5].kind = ColumnKind::data; }},
      {"too low", [](Program& p) { p.columns[6].log_height = 2; }},
      {"block 0 (source in W)", [](Program& p) { p.blocks[0].column = 7; }},
      {"mask", [](Program& p) { p.blocks[0].column = 6; }},
      {"not aligned", [](Program& p) { p.blocks[0].offset = 1; }},
      {"beyond the end", [](Program& p) { p.blocks[0].offset = 32; }},
      {"larger than its column", [](Program& p) { p.blocks[0].log_size = 6; }},
      {"selector 1", [](Program& p) { p.selectors[1].count = 1; }},
      {"linear check 0 (sum)", [](Program& p) { p.linear[0].expression.terms[0].view.id = 1000; }},
      {"another number of variables", [](Program& p) { last_variables(p).push_back({K::sum, 0}); }},
      {"outer variable that it does not", [](Program& p) { last_variables(p).at(0).index = 60; }},
      {"inner variable that it does not", [](Program& p) { last_variables(p).at(0).kind = K::inner; }},
      {"name the same one", [](Program& p) { last_variables(p).at(1) = last_variables(p).at(0); }},
      {"but a bit", [](Program& p) { last_variables(p).at(0) = {K::bit, 2}; }},
      {"an index", [](Program& p) { last_variables(p).at(0) = {K::sum, 1}; }},
      {"more variables than", [](Program& p) { p.linear[0].outer = 10; }},
      {"product sum 0 (matrix product)", [](Program& p) { p.products[0].pairs.clear(); }},
      {"scalar", [](Program& p) { p.products[0].scalar = 1; }},
      {"selector where none",
       [](Program& p) {
         p.products[0].pairs[0].left.terms.push_back({Fr::one(), {true, 0, {{K::sum, 0}, {K::sum, 0}}}});
       }},
      {"both sides name an outer variable",
       [](Program& p) {
         p.products[0].outer = 9;
         for (Expression* e : {&p.products[0].pairs[0].left, &p.products[0].pairs[0].right})
           e->terms.push_back({Fr::one(), {false, 0, {{K::outer, 8}, {K::sum, 0}, {K::sum, 0}, {K::sum, 0}}}});
       }},
      {"one or two factors", [](Program& p) { p.zeros[0].products[0].factors.resize(3); }},
      {"one or two factors", [](Program& p) { p.zeros[0].products[0].factors.clear(); }},
      {"zero-check 1 (mask)", [](Program& p) { p.zeros[1].products.clear(); }},
      {"sum of squares 1 (norm)", [](Program& p) { p.squares[1].parts.clear(); }},
      {"rows of a local step", [](Program& p) {
         for (const unsigned n : {2u, 3u})
           p.linear[0].expression.terms.push_back({Fr::one(), {true, 1, std::vector<Source>(n, {K::sum, 0})}});
       }},
      {"clip 0", [](Program& p) { p.clips[0].square_sum = 9; }},
      {"eta", [](Program& p) { p.clips[0].eta = 0; }},
      {"eta", [](Program& p) { p.clips[0].eta = uint64_t{1} << 62; }},
      {"target below", [](Program& p) { p.clips[0].target_high = uint64_t{1} << 56; }},
      {"norm_square_bits", [](Program& p) { p.clips[0].norm_square_bits = 121; }},
      {"clip 0 (clipped norm) must have a target of", [](Program& p) { p.clips[0].target_low = (1 << 12) - 1; }},
      {"a target of", [](Program& p) { p.clips[0].norm_square_bits = 25; }},
      {"no product is scaled", [](Program& p) { clipped(p).scalar = no_scalar; }},
      {"more or fewer parts", [](Program& p) { p.squares[0].parts.push_back(p.squares[0].parts[0]); }},
      {"more or fewer parts", [](Program& p) { p.products.push_back(clipped(p)); }},
      {"not the result", [](Program& p) { p.squares[0].parts[0].expression.constant = Fr::one(); }},
      {"not the result", [](Program& p) { p.squares[0].parts[0].expression.terms[0].coefficient += Fr::one(); }},
      {"not the result", [](Program& p) { std::swap(part_variables(p).at(0), part_variables(p).at(1)); }},
      {"not the result", [](Program& p) { part_variables(p).at(0) = {K::bit, 1}; }},
      {"not the result", [](Program& p) { p.squares[0].parts[0].expression.terms.clear(); }},
      {"not the result", [](Program& p) { p.squares[0].parts[0].inner += 1; }},
      {"not the result", [](Program& p) {
         Block another = p.blocks[p.squares[0].parts[0].expression.terms[0].view.id];
         p.blocks.push_back(another);
         p.squares[0].parts[0].expression.terms[0].view.id = static_cast<uint32_t>(p.blocks.size() - 1);
       }},
      {"norm bound 0", [](Program& p) { p.bounds[0].square_sum = 9; }},
      {"2^250", [](Program& p) { p.bounds[0].bound[3] = uint64_t{1} << 58; }},
      {"multiplicities of another size", [](Program& p) { p.tables[0].log_size = 3; }},
      {"multiplicities outside", [](Program& p) { p.tables[2].multiplicities = p.tables[2].values; }},
      {"shares multiplicities", [](Program& p) { p.tables.push_back(p.tables[0]); }},
      {"values outside", [](Program& p) { p.tables[2].values = p.tables[2].multiplicities; }},
      {"names values", [](Program& p) { p.tables[0].values = 1; }},
      {"another range lookup covers", [](Program& p) { p.ranges.push_back(p.ranges[0]); }},
      {"covers multiplicities", [](Program& p) { p.ranges.push_back({p.tables[3].multiplicities, 0, 0}); }},
      {"table of pairs", [](Program& p) { p.ranges[0].table = 2; }},
      {"table that does not", [](Program& p) { p.ranges[0].table = 4; }},
      {"absurd offset", [](Program& p) { p.ranges[0].offset = int64_t{1} << 40; }},
      {"without values", [](Program& p) { p.pairs[0].table = 0; }},
      {"different sizes", [](Program& p) { p.pairs[0].values = p.pairs[1].values; }},
  };
  // One with a linear check whose result has two variables or more, and no selector in its way.
  uint64_t seed = 0;
  while (true) {
    const Program p = make_sample(seed).program;
    bool reads_rows = false;
    for (const auto& t : p.linear[0].expression.terms) reads_rows = reads_rows || t.view.is_selector;
    if (p.linear[0].outer >= 2 && p.linear[0].outer < 5 && !reads_rows) break;
    ++seed;
  }
  for (const Case& c : cases) {
    CAPTURE(c.says);
    Program program = make_sample(seed).program;
    REQUIRE_NOTHROW(program.check());
    c.spoil(program);
    std::string message;
    try {
      program.check();
    } catch (const ParameterError& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.find(c.says) != std::string::npos);
  }
}

TEST_CASE("a target may be as small as the largest norm") {
  for (const unsigned bits : {1U, 2U, 23U, 24U, 119U, 120U}) {
    Program program = make_sample(5).program;
    Clip& clip = program.clips[0];
    clip.norm_square_bits = bits;
    const auto target = static_cast<unsigned __int128>(1) << ((bits + 1) / 2);
    const auto set = [&](unsigned __int128 v) {
      clip.target_high = static_cast<uint64_t>(v >> 64);
      clip.target_low = static_cast<uint64_t>(v);
    };
    set(target);
    CHECK_NOTHROW(program.check());
    set(target - 1);
    CHECK_THROWS_AS(program.check(), ParameterError);
    CHECK_NOTHROW(program.check_form());
  }
}

TEST_CASE("a program's digest depends on everything but names") {
  const Program program = make_sample(5).program;
  const Digest digest = program.digest();
  Program renamed = program;
  renamed.columns[0].name = renamed.blocks[0].name = renamed.linear[0].name = renamed.products[0].name = "x";
  CHECK(renamed.digest() == digest);

  void (*const changes[])(Program&) = {
      [](Program& p) { ++p.log_height; },
      [](Program& p) { ++p.steps; },
      [](Program& p) { p.columns[0].kind = ColumnKind::data; },
      [](Program& p) { ++p.columns[0].log_height; },
      [](Program& p) { ++p.blocks[0].column; },
      [](Program& p) { ++p.blocks[0].offset; },
      [](Program& p) { ++p.blocks[0].log_size; },
      [](Program& p) { p.selectors[0].kind = Selector::Kind::first_rows; },
      [](Program& p) { ++p.selectors[0].count; },
      [](Program& p) { ++p.linear[0].outer; },
      [](Program& p) { p.linear[0].expression.constant += Fr::one(); },
      [](Program& p) { p.linear[0].expression.terms[0].coefficient += Fr::one(); },
      [](Program& p) { p.linear[0].expression.terms[0].view.is_selector = true; },
      [](Program& p) { ++p.linear[0].expression.terms[0].view.id; },
      [](Program& p) { p.linear[0].expression.terms[0].view.variables.push_back({Source::Kind::weight, 0}); },
      [](Program& p) { p.linear[0].expression.terms[0].view.variables.push_back({Source::Kind::weight, 1}); },
      [](Program& p) { p.linear[0].expression.terms[0].view.variables.push_back({Source::Kind::sum, 0}); },
      [](Program& p) { p.linear[0].expression.terms[0].view.variables.push_back({}); },
      [](Program& p) { p.linear[0].expression.terms.push_back(p.linear[0].expression.terms[0]); },
      [](Program& p) { ++p.products[0].outer; },
      [](Program& p) { ++p.products[0].pairs[0].inner; },
      [](Program& p) { std::swap(p.products[0].pairs[0].left, p.products[0].result); },
      [](Program& p) { p.products[0].scalar = 0; },
      [](Program& p) { ++p.zeros[0].outer; },
      [](Program& p) { p.zeros[0].products[0].coefficient += Fr::one(); },
      [](Program& p) { p.zeros[0].products[0].factors.push_back({}); },
      [](Program& p) { ++p.squares[0].parts[0].inner; },
      [](Program& p) { ++p.clips[0].square_sum; },
      [](Program& p) { ++p.clips[0].eta; },
      [](Program& p) { ++p.clips[0].target_high; },
      [](Program& p) { ++p.clips[0].target_low; },
      [](Program& p) { ++p.clips[0].norm_square_bits; },
      [](Program& p) { ++p.bounds[0].square_sum; },
      [](Program& p) { ++p.bounds[0].bound[2]; },
      [](Program& p) { p.tables[0].kind = Table::Kind::pairs; },
      [](Program& p) { ++p.tables[0].log_size; },
      [](Program& p) { ++p.tables[0].multiplicities; },
      [](Program& p) { ++p.tables[0].values; },
      [](Program& p) { ++p.ranges[0].block; },
      [](Program& p) { ++p.ranges[0].table; },
      [](Program& p) { --p.ranges[0].offset; },
      [](Program& p) { ++p.pairs[0].keys; },
      [](Program& p) { ++p.pairs[0].values; },
      [](Program& p) { ++p.pairs[0].table; },
      [](Program& p) { p.linear.pop_back(); },
      [](Program& p) { std::swap(p.linear[0], p.linear[1]); },
  };
  std::set<Digest> seen{digest};
  for (const auto& change : changes) {
    Program changed = program;
    change(changed);
    CHECK(seen.insert(changed.digest()).second);
  }
}

TEST_CASE("values of another shape than the program are refused") {
  struct Case {
    const char* says;
    void (*spoil)(Sample&);
  };
  const Case cases[] = {
      {"one entry a column", [](Sample& s) { s.values.columns.pop_back(); }},
      {"more cells than its height", [](Sample& s) { s.values.columns[0].cells.resize(33); }},
      {"is the mask", [](Sample& s) { s.values.columns[6].cells.resize(1); }},
      {"without a blinder", [](Sample& s) { s.values.columns[0].blinder = Fr::one(); }},
      {"without a blinder", [](Sample& s) { s.values.columns[1].blinder = Fr::one(); }},
      {"rows for each", [](Sample& s) { s.values.rows.push_back(1); }},
      {"rows of local step 0", [](Sample& s) { s.values.rows[0] = 0; }},
      {"a rate for each", [](Sample& s) { s.values.rates.clear(); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    Sample sample = make_sample(5);
    c.spoil(sample);
    std::string message;
    try {
      check_values(sample.program, sample.values);
    } catch (const ParameterError& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.find(c.says) != std::string::npos);
  }
}

TEST_CASE("multiplicities are counted as they must be, whatever they were before") {
  Sample sample = make_sample(9);
  const Block block = sample.program.blocks[sample.program.tables[0].multiplicities];
  Cells& cells = sample.values.columns[block.column].cells;
  const Cells before = cells;
  for (uint64_t i = 0; i < 16; ++i) cells[block.offset + i] = -1;
  fill_multiplicities(sample.program, sample.values);
  CHECK(cells == before);
}

// What makes a program well formed and sound, and the encoding under which it is hashed.
#include "sumcheck/program.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/errors.h"

namespace pyzkfl::sumcheck {
namespace {

constexpr unsigned most_log_height = 28;
constexpr size_t most_items = size_t{1} << 20;  // of any list; keeps every sum of sizes far below 2^64
constexpr unsigned most_tree_depth = 31;  // so that multiplicities fit in cells
constexpr uint32_t most_window = 1 << 14;       // of any count, stride or padding
constexpr size_t most_window_variables = 14;    // of a side: the circuit has a table over each
constexpr uint64_t most_pairs = uint64_t{1} << 18;  // of a window's two indices: the circuit has a product for each
constexpr uint64_t most_window_products = uint64_t{1} << 22;  // for the windows of all views together

class ProgramChecker {
 public:
  explicit ProgramChecker(const Program& program) : p_(program) {}

  void run() {
    shape();
    columns();
    blocks();
    for (size_t i = 0; i < p_.selectors.size(); ++i) {
      require(p_.selectors[i].kind != Selector::Kind::first_rows || p_.selectors[i].count < p_.steps,
              numbered("selector", i, ""), "names a local step that the program does not have");
    }
    for (size_t i = 0; i < p_.linear.size(); ++i) linear(p_.linear[i], numbered("linear check", i, p_.linear[i].name));
    for (size_t i = 0; i < p_.products.size(); ++i)
      product(p_.products[i], numbered("product sum", i, p_.products[i].name));
    for (size_t i = 0; i < p_.zeros.size(); ++i) zero(p_.zeros[i], numbered("zero-check", i, p_.zeros[i].name));
    for (size_t i = 0; i < p_.squares.size(); ++i)
      square(p_.squares[i], numbered("sum of squares", i, p_.squares[i].name));
    scalars();
    lookups();
  }

  // Of a program that passes run().
  void clips() const {
    std::vector<std::vector<const ProductSum*>> scaled(p_.clips.size());
    for (const ProductSum& sum : p_.products) {
      if (sum.scalar != no_scalar) scaled[sum.scalar].push_back(&sum);
    }
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      const Clip& clip = p_.clips[i];
      const std::vector<SquareSum::Part>& parts = p_.squares[clip.square_sum].parts;
      const std::string who = numbered("clip", i, p_.squares[clip.square_sum].name);
      const unsigned least = (clip.norm_square_bits + 1) / 2;
      // 2^least is above every n of N2 in range; at most 2^60.
      require(clip.target_high != 0 || clip.target_low >> least != 0, who,
              "must have a target of 2^(norm_square_bits / 2) at least, or a norm in range would have rate 0");
      require(!scaled[i].empty(), who, "has a rate that no product is scaled with");
      require(parts.size() == scaled[i].size(), who,
              "has a sum of squares of more or fewer parts than products with its rate");
      for (size_t k = 0; k < parts.size(); ++k) {
        const ProductSum& product = *scaled[i][k];
        require(parts[k].inner == product.outer && is_inner_form(parts[k].expression, product.result), who,
                "has a part that is not the result of its product");
      }
    }
  }

 private:
  // Whether `inner` is `outer` with its outer variables as inner ones.
  static bool is_inner_form(const Expression& inner, const Expression& outer) {
    const auto source = [](const Source& a, const Source& b) {
      const Source::Kind kind = b.kind == Source::Kind::outer ? Source::Kind::inner : b.kind;
      return a.kind == kind && a.index == b.index;
    };
    const auto sources = [&](const std::vector<Source>& a, const std::vector<Source>& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(), source);
    };
    const auto window = [&](const Window& a, const Window& b) {
      return a.role == b.role && a.inputs == b.inputs && a.outputs == b.outputs && a.kernels == b.kernels &&
             a.stride == b.stride && a.padding == b.padding && sources(a.first, b.first) && sources(a.second, b.second);
    };
    const auto term = [&](const Term& a, const Term& b) {
      return a.coefficient == b.coefficient && a.view.is_selector == b.view.is_selector && a.view.id == b.view.id &&
             sources(a.view.variables, b.view.variables) &&
             std::equal(a.view.windows.begin(), a.view.windows.end(), b.view.windows.begin(), b.view.windows.end(), window);
    };
    return inner.constant == outer.constant &&
           std::equal(inner.terms.begin(), inner.terms.end(), outer.terms.begin(), outer.terms.end(), term);
  }

  // The part of a column that a list of blocks takes: first cell, with the first cell behind.
  using Taken = std::map<std::pair<uint32_t, uint64_t>, uint64_t>;

  static std::string numbered(const char* what, size_t i, const std::string& name) {
    std::string out = std::string(what) + " " + std::to_string(i);
    if (!name.empty()) out += " (" + name + ")";
    return out;
  }
  [[noreturn]] static void fail(const std::string& who, const std::string& problem) {
    throw ParameterError("program: " + who + " " + problem);
  }
  static void require(bool condition, const std::string& who, const char* problem) {
    if (!condition) fail(who, problem);
  }
  std::string block_name(uint32_t b) const { return numbered("block", b, p_.blocks[b].name); }

  void shape() const {
    require(p_.log_height >= 3 && p_.log_height <= most_log_height, "log_height",
            "must be 3 .. 28: the mask takes five cells");
    require(p_.steps >= 1 && p_.steps <= most_items, "steps", "must be at least 1, and not absurd");
    const size_t longest = std::max({p_.columns.size(), p_.blocks.size(), p_.selectors.size(), p_.linear.size(),
                                     p_.products.size(), p_.zeros.size(), p_.squares.size(), p_.clips.size(),
                                     p_.bounds.size(), p_.tables.size(), p_.ranges.size(), p_.pairs.size()});
    require(longest <= most_items, "a list", "is longer than 2^20");
  }

  void columns() const {
    size_t tables = 0, updates = 0, masks = 0, data = 0;
    for (size_t c = 0; c < p_.columns.size(); ++c) {
      const Column& column = p_.columns[c];
      const std::string who = numbered("column", c, column.name);
      require(column.kind <= ColumnKind::mask, who, "is of no kind");
      require(column.log_height <= p_.log_height, who, "is higher than the program");
      require(c == 0 || p_.columns[c - 1].kind <= column.kind, who,
              "is out of order: weights, tables, data, update, digits, mask");
      tables += column.kind == ColumnKind::tables ? 1 : 0;
      updates += column.kind == ColumnKind::update ? 1 : 0;
      data += column.kind == ColumnKind::data ? 1 : 0;
      masks += column.kind == ColumnKind::mask ? 1 : 0;
      require(column.kind != ColumnKind::mask || column.log_height >= 3, who, "is too low for five coefficients");
    }
    require(tables <= 1, "columns", "of tables: more than one");
    require(updates <= 1, "columns", "of updates: more than one");
    require(masks == 1, "columns", "must end with the one mask");
    require(data <= p_.steps + 2, "columns", "of data: at most one a local step, and a velocity before and after");
  }

  void blocks() const {
    for (size_t b = 0; b < p_.blocks.size(); ++b) {
      const Block& block = p_.blocks[b];
      const std::string who = block_name(static_cast<uint32_t>(b));
      require(block.column < p_.columns.size(), who, "is of a column that does not exist");
      const Column& column = p_.columns[block.column];
      require(column.kind != ColumnKind::mask, who, "lies in the mask");
      require(block.log_size <= column.log_height, who, "is larger than its column");
      require(block.offset % (uint64_t{1} << block.log_size) == 0, who, "is not aligned to its size");
      require(block.offset < uint64_t{1} << column.log_height, who, "lies beyond the end of its column");
    }
  }

  // ---- Relations ----

  // How many variables of each kind a relation has, and what it may name.
  struct Scope {
    unsigned outer = 0, inner = 0;
    bool selectors = true;
  };

  void view(const View& v, const Scope& scope, const std::string& who) {
    if (v.is_selector) {
      require(scope.selectors, who, "holds a selector where none may stand");
      require(v.id < p_.selectors.size(), who, "names a selector that does not exist");
      require(v.variables.size() <= p_.log_height, who, "has a selector of too many variables");
      const Selector& s = p_.selectors[v.id];
      if (s.kind == Selector::Kind::first_rows) {
        // The number of rows is bounded by what the selectors can tell apart; that must be one number.
        const auto [at, fresh] = row_variables_.try_emplace(s.count, v.variables.size());
        require(fresh || at->second == v.variables.size(), who,
                "reads the rows of a local step with another number of variables than elsewhere");
      }
    } else {
      require(v.id < p_.blocks.size(), who, "names a block that does not exist");
      require(v.variables.size() == p_.blocks[v.id].log_size, who,
              "has a view of another number of variables than its block");
    }
    uint64_t outer_seen = 0, inner_seen = 0, weights_seen = 0;
    unsigned summed = 0;
    const auto once = [&](uint64_t& seen, unsigned index) {
      require((seen >> index & 1) == 0, who, "has a view in which two variables name the same one");
      seen |= uint64_t{1} << index;
    };
    const auto plain = [&](const Source& source) {
      switch (source.kind) {
        case Source::Kind::outer:
          require(source.index < scope.outer, who, "names an outer variable that it does not have");
          once(outer_seen, source.index);
          break;
        case Source::Kind::inner:
          require(source.index < scope.inner, who, "names an inner variable that it does not have");
          once(inner_seen, source.index);
          break;
        case Source::Kind::sum:
          require(source.index == 0, who, "gives a summed variable an index");
          require(++summed <= most_log_height, who, "has a view that sums over more than 28 variables");
          break;
        case Source::Kind::bit: require(source.index <= 1, who, "fixes a variable to something but a bit"); break;
        case Source::Kind::weight:
          require(!v.is_selector, who, "weighs bits of a selector");
          require(source.index <= 3, who, "weighs a bit by more than 2^8");
          once(weights_seen, source.index);
          break;
        default: fail(who, "has a source of no kind");
      }
    };
    require(v.windows.size() <= v.variables.size() && (!v.is_selector || v.windows.empty()), who,
            "has a window without variables, or of a selector");
    std::vector<size_t> in_window(v.windows.size());
    size_t next = 0;  // the window that the variables have come to
    bool inside = false;
    for (const Source& source : v.variables) {
      if (source.kind != Source::Kind::window) {
        plain(source);
        next += inside ? 1 : 0;
        inside = false;
        continue;
      }
      if (inside && source.index == next + 1) ++next;
      require(source.index == next && next < v.windows.size(), who, "has windows out of order, or in pieces");
      inside = true;
      ++in_window[next];
    }
    for (size_t i = 0; i < v.windows.size(); ++i) {
      const Window& w = v.windows[i];
      require(w.role <= Window::Role::kernel, who, "has a window of no role");
      require(in_window[i] != 0, who, "has a window that no variable belongs to");
      const auto fits = [](uint32_t count, size_t variables) {
        return count >= 1 && count <= most_window && variables <= most_window_variables &&
               (uint64_t{count} - 1) >> variables == 0;
      };
      require(fits(w.block_count(), in_window[i]) && fits(w.first_count(), w.first.size()) &&
                  fits(w.second_count(), w.second.size()),
              who, "has a window whose counts do not fit its variables");
      const uint64_t pairs = uint64_t{w.first_count()} * w.second_count();
      require(pairs <= most_pairs, who, "has a window of too many pairs of indices");
      window_products_ += pairs;
      for (const size_t variables : {in_window[i], w.first.size(), w.second.size()})
        window_products_ += uint64_t{1} << variables;
      require(window_products_ <= most_window_products, who,
              "has one window too many: all windows together have more than 2^22 pairs of indices");
      require(w.stride >= 1 && w.stride <= most_window && w.padding < w.kernels, who,
              "has a window without stride, or with more padding than a kernel reaches");
      for (const auto* list : {&w.first, &w.second}) {
        for (const Source& source : *list) {
          require(source.kind != Source::Kind::weight, who, "weighs bits in a window");
          plain(source);
        }
      }
    }
  }

  void expression(const Expression& e, const Scope& scope, const std::string& who) {
    require(e.terms.size() <= most_items, who, "has too many terms");
    for (const Term& term : e.terms) view(term.view, scope, who);
  }

  void variables(unsigned count, const std::string& who) const {
    require(count <= p_.log_height, who, "has more variables than the program's height");
  }

  void linear(const LinearCheck& check, const std::string& who) {
    variables(check.outer, who);
    expression(check.expression, {check.outer, 0, true}, who);
  }

  void product(const ProductSum& sum, const std::string& who) {
    variables(sum.outer, who);
    require(!sum.pairs.empty() && sum.pairs.size() <= most_items, who, "must have pairs");
    require(sum.scalar == no_scalar || sum.scalar < p_.clips.size(), who, "names a scalar that does not exist");
    expression(sum.result, {sum.outer, 0, true}, who);
    for (const ProductSum::Pair& pair : sum.pairs) {
      variables(pair.inner, who);
      expression(pair.left, {sum.outer, pair.inner, false}, who);
      expression(pair.right, {sum.outer, pair.inner, false}, who);
      // Else the product of the two extensions at tau is not the extension of the product.
      require((outer_variables(pair.left) & outer_variables(pair.right)) == 0, who,
              "has a pair of which both sides name an outer variable");
    }
  }

  static uint64_t outer_variables(const Expression& e) {
    uint64_t seen = 0;
    const auto note = [&](const std::vector<Source>& sources) {
      for (const Source& source : sources) {
        if (source.kind == Source::Kind::outer) seen |= uint64_t{1} << source.index;
      }
    };
    for (const Term& term : e.terms) {
      note(term.view.variables);
      for (const Window& w : term.view.windows) {
        note(w.first);
        note(w.second);
      }
    }
    return seen;
  }

  void zero(const ZeroCheck& check, const std::string& who) {
    variables(check.outer, who);
    require(!check.products.empty() && check.products.size() <= most_items, who, "must have products");
    for (const ZeroCheck::Product& product : check.products) {
      require(product.factors.size() == 1 || product.factors.size() == 2, who,
              "must have one or two factors a product");
      for (const Expression& factor : product.factors) expression(factor, {check.outer, 0, true}, who);
    }
  }

  void square(const SquareSum& sum, const std::string& who) {
    require(!sum.parts.empty() && sum.parts.size() <= most_items, who, "must have parts");
    for (const SquareSum::Part& part : sum.parts) {
      variables(part.inner, who);
      expression(part.expression, {0, part.inner, false}, who);
    }
  }

  void scalars() const {
    for (size_t i = 0; i < p_.clips.size(); ++i) {
      const Clip& clip = p_.clips[i];
      const std::string who = numbered("clip", i, "");
      require(clip.square_sum < p_.squares.size(), who, "names a sum of squares that does not exist");
      require(clip.eta >= 1 && clip.eta < uint64_t{1} << 62, who, "must have 1 <= eta < 2^62");
      require(clip.target_high < uint64_t{1} << 56, who, "must have a target below 2^120");
      require(clip.target_high != 0 || clip.target_low != 0, who, "must have a target above 0");
      require(clip.norm_square_bits >= 1 && clip.norm_square_bits <= 120, who, "must have 1 .. 120 norm_square_bits");
    }
    for (size_t i = 0; i < p_.bounds.size(); ++i) {
      const std::string who = numbered("norm bound", i, "");
      require(p_.bounds[i].square_sum < p_.squares.size(), who, "names a sum of squares that does not exist");
      require(p_.bounds[i].bound[3] >> (250 - 192) == 0, who, "must be below 2^250");
    }
  }

  // ---- Lookups ----

  bool overlaps(const Taken& taken, const Block& b) const {
    const uint64_t end = b.offset + (uint64_t{1} << b.log_size);
    const auto next = taken.lower_bound({b.column, b.offset});
    if (next != taken.end() && next->first.first == b.column && next->first.second < end) return true;
    if (next == taken.begin()) return false;
    const auto before = std::prev(next);
    return before->first.first == b.column && before->second > b.offset;
  }
  void take(Taken& taken, const Block& b) const {
    taken[{b.column, b.offset}] = b.offset + (uint64_t{1} << b.log_size);
  }

  void lookups() const {
    Taken multiplicities, ranged;
    uint64_t leaves = 0;
    for (size_t t = 0; t < p_.tables.size(); ++t) {
      const Table& table = p_.tables[t];
      const std::string who = numbered("table", t, "");
      require(table.kind <= Table::Kind::pairs, who, "is of no kind");
      require(table.log_size <= p_.log_height, who, "is larger than a column");
      require(table.multiplicities < p_.blocks.size(), who, "has multiplicities in a block that does not exist");
      const Block& counts = p_.blocks[table.multiplicities];
      require(counts.log_size == table.log_size, who, "has multiplicities of another size than its own");
      require(p_.columns[counts.column].kind == ColumnKind::digits, who,
              "has multiplicities outside the digits columns");
      require(!overlaps(multiplicities, counts), who, "shares multiplicities with another table");
      take(multiplicities, counts);
      if (table.kind == Table::Kind::pairs) {
        require(table.values < p_.blocks.size(), who, "has values in a block that does not exist");
        const Block& values = p_.blocks[table.values];
        require(values.log_size == table.log_size, who, "has values of another size than its own");
        require(p_.columns[values.column].kind == ColumnKind::tables, who, "has values outside the tables' column");
      } else {
        require(table.values == 0, who, "is a range and names values");
      }
      leaves += uint64_t{1} << table.log_size;
    }

    std::vector<bool> counted(p_.columns.size());
    for (size_t i = 0; i < p_.ranges.size(); ++i) {
      const RangeLookup& range = p_.ranges[i];
      std::string who = numbered("range lookup", i, "");
      require(range.block < p_.blocks.size(), who, "names a block that does not exist");
      who += " of " + block_name(range.block);
      require(range.table < p_.tables.size(), who, "names a table that does not exist");
      require(p_.tables[range.table].kind == Table::Kind::range, who, "names a table of pairs");
      require(range.offset > -(int64_t{1} << 40) && range.offset < int64_t{1} << 40, who, "has an absurd offset");
      const Block& block = p_.blocks[range.block];
      require(!overlaps(ranged, block), who, "covers a cell that another range lookup covers");
      take(ranged, block);
      require(!overlaps(multiplicities, block), who, "covers multiplicities, which depend on it");
      if (!counted[block.column]) leaves += uint64_t{1} << p_.columns[block.column].log_height;
      counted[block.column] = true;
    }
    for (size_t i = 0; i < p_.pairs.size(); ++i) {
      const PairLookup& pair = p_.pairs[i];
      std::string who = numbered("pair lookup", i, "");
      require(pair.keys < p_.blocks.size() && pair.values < p_.blocks.size(), who, "names a block that does not exist");
      who += " of " + block_name(pair.keys);
      require(pair.table < p_.tables.size(), who, "names a table that does not exist");
      require(p_.tables[pair.table].kind == Table::Kind::pairs, who, "names a table without values");
      require(p_.blocks[pair.keys].log_size == p_.blocks[pair.values].log_size, who,
              "has keys and values of different sizes");
      require(!overlaps(multiplicities, p_.blocks[pair.keys]) && !overlaps(multiplicities, p_.blocks[pair.values]), who,
              "covers multiplicities, which depend on it");
      leaves += uint64_t{1} << p_.blocks[pair.keys].log_size;
    }
    require(leaves < uint64_t{1} << most_tree_depth, "lookups", "have too many leaves");
  }

  const Program& p_;
  std::map<uint64_t, size_t> row_variables_;
  uint64_t window_products_ = 0;  // that the circuit has for them at most
};

// ---- Digest ------------------------------------------------------------------------------------------------

// Fixed widths, and a count before every list: no two programs have one encoding.
class Encoder {
 public:
  Bytes encode(const Program& p) {
    constexpr std::string_view tag = "pyzkfl/engine/1/program";
    w_.bytes(as_bytes(tag)).u32(p.log_height).u32(p.steps);
    list(p.columns, [&](const Column& c) { w_.u8(static_cast<uint8_t>(c.kind)).u32(c.log_height); });
    list(p.blocks, [&](const Block& b) { w_.u32(b.column).u64(b.offset).u32(b.log_size); });
    list(p.selectors, [&](const Selector& s) { w_.u8(static_cast<uint8_t>(s.kind)).u64(s.count); });
    list(p.linear, [&](const LinearCheck& c) {
      w_.u32(c.outer);
      expression(c.expression);
    });
    list(p.products, [&](const ProductSum& s) {
      w_.u32(s.outer);
      list(s.pairs, [&](const ProductSum::Pair& pair) {
        w_.u32(pair.inner);
        expression(pair.left);
        expression(pair.right);
      });
      expression(s.result);
      w_.u32(s.scalar);
    });
    list(p.zeros, [&](const ZeroCheck& c) {
      w_.u32(c.outer);
      list(c.products, [&](const ZeroCheck::Product& product) {
        element(product.coefficient);
        list(product.factors, [&](const Expression& e) { expression(e); });
      });
    });
    list(p.squares, [&](const SquareSum& s) {
      list(s.parts, [&](const SquareSum::Part& part) {
        w_.u32(part.inner);
        expression(part.expression);
      });
    });
    list(p.clips, [&](const Clip& c) {
      w_.u32(c.square_sum).u64(c.eta).u64(c.target_high).u64(c.target_low).u32(c.norm_square_bits);
    });
    list(p.bounds, [&](const NormBound& b) {
      w_.u32(b.square_sum);
      for (const uint64_t limb : b.bound) w_.u64(limb);
    });
    list(p.tables, [&](const Table& t) {
      w_.u8(static_cast<uint8_t>(t.kind)).u32(t.log_size).u32(t.multiplicities).u32(t.values);
    });
    list(p.ranges, [&](const RangeLookup& r) { w_.u32(r.block).u32(r.table).u64(static_cast<uint64_t>(r.offset)); });
    list(p.pairs, [&](const PairLookup& l) { w_.u32(l.keys).u32(l.values).u32(l.table); });
    return w_.take();
  }

 private:
  template <class Item, class Each>
  void list(const std::vector<Item>& items, const Each& each) {
    w_.u64(items.size());
    for (const Item& item : items) each(item);
  }
  void element(const Fr& v) { w_.bytes(v.to_bytes_le()); }
  void expression(const Expression& e) {
    list(e.terms, [&](const Term& term) {
      element(term.coefficient);
      w_.u8(term.view.is_selector ? 1 : 0).u32(term.view.id);
      sources(term.view.variables);
      list(term.view.windows, [&](const Window& w) {
        w_.u8(static_cast<uint8_t>(w.role)).u32(w.inputs).u32(w.outputs).u32(w.kernels).u32(w.stride).u32(w.padding);
        sources(w.first);
        sources(w.second);
      });
    });
    element(e.constant);
  }
  void sources(const std::vector<Source>& items) {
    list(items, [&](const Source& s) { w_.u8(static_cast<uint8_t>(s.kind)).u8(s.index); });
  }

  Writer w_;
};

}  // namespace

uint64_t block_index(const Window& w, uint64_t first, uint64_t second) {
  if (first >= w.first_count() || second >= w.second_count()) return no_index;
  uint64_t index = no_index;
  switch (w.role) {
    case Window::Role::input:  // stride output + kernel - padding
      index = w.stride * first + second;
      if (index < w.padding) return no_index;
      index -= w.padding;
      break;
    case Window::Role::output:  // (input + padding - kernel) / stride
      index = first + w.padding;
      if (index < second || (index - second) % w.stride != 0) return no_index;
      index = (index - second) / w.stride;
      break;
    case Window::Role::kernel:  // input + padding - stride output
      index = first + w.padding;
      if (index < w.stride * second) return no_index;
      index -= w.stride * second;
      break;
  }
  return index < w.block_count() ? index : no_index;
}

void Program::check_form() const { ProgramChecker(*this).run(); }

void Program::check() const {
  check_form();
  ProgramChecker(*this).clips();
}

Digest Program::digest() const { return sha256(Encoder().encode(*this)); }

}  // namespace pyzkfl::sumcheck

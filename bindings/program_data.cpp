// See program_data.h.
#include "program_data.h"

#include "field_elements.h"

namespace pyzkfl::bindings {
namespace {

using namespace sumcheck;

template <class List, class Each>
py::list list_of(const List& items, const Each& each) {
  py::list out;
  for (const auto& item : items) out.append(each(item));
  return out;
}

template <size_t N, class Kind>
const char* name_of(const char* const (&names)[N], Kind kind) {
  return names[static_cast<size_t>(kind)];
}

py::list data(const std::vector<Source>& sources) {
  static constexpr const char* kinds[] = {"outer", "inner", "sum", "bit", "window", "weight"};
  return list_of(sources, [](const Source& source) {
    py::dict variable;
    variable["kind"] = name_of(kinds, source.kind);
    variable["index"] = int{source.index};
    return variable;
  });
}

py::dict data(const Window& window) {
  static constexpr const char* roles[] = {"input", "output", "kernel"};
  py::dict out;
  out["role"] = name_of(roles, window.role);
  out["inputs"] = window.inputs;
  out["outputs"] = window.outputs;
  out["kernels"] = window.kernels;
  out["stride"] = window.stride;
  out["padding"] = window.padding;
  out["first"] = data(window.first);
  out["second"] = data(window.second);
  return out;
}

py::dict data(const View& view) {
  py::dict out;
  out["is_selector"] = view.is_selector;
  out["id"] = view.id;
  out["variables"] = data(view.variables);
  out["windows"] = list_of(view.windows, [](const Window& window) { return data(window); });
  return out;
}

py::dict data(const Expression& e) {
  py::dict out;
  out["terms"] = list_of(e.terms, [](const Term& term) {
    py::dict one;
    one["coefficient"] = fr_to_int(term.coefficient);
    one["view"] = data(term.view);
    return one;
  });
  out["constant"] = fr_to_int(e.constant);
  return out;
}

py::dict data(const Column& column) {
  static constexpr const char* kinds[] = {"weights", "tables", "data", "update", "digits", "mask"};
  py::dict out;
  out["kind"] = name_of(kinds, column.kind);
  out["log_height"] = column.log_height;
  return out;
}

py::dict data(const Block& block) {
  py::dict out;
  out["column"] = block.column;
  out["offset"] = block.offset;
  out["log_size"] = block.log_size;
  return out;
}

py::dict data(const Selector& selector) {
  static constexpr const char* kinds[] = {"first_constant", "first_rows"};
  py::dict out;
  out["kind"] = name_of(kinds, selector.kind);
  out["count"] = selector.count;
  return out;
}

py::dict data(const LinearCheck& check) {
  py::dict out;
  out["outer"] = check.outer;
  out["expression"] = data(check.expression);
  return out;
}

py::dict data(const ProductSum& sum) {
  py::dict out;
  out["outer"] = sum.outer;
  out["pairs"] = list_of(sum.pairs, [](const ProductSum::Pair& pair) {
    py::dict one;
    one["inner"] = pair.inner;
    one["left"] = data(pair.left);
    one["right"] = data(pair.right);
    return one;
  });
  out["result"] = data(sum.result);
  if (sum.scalar == no_scalar)
    out["scalar"] = py::none();
  else
    out["scalar"] = sum.scalar;
  return out;
}

py::dict data(const ZeroCheck& check) {
  py::dict out;
  out["outer"] = check.outer;
  out["products"] = list_of(check.products, [](const ZeroCheck::Product& product) {
    py::dict one;
    one["coefficient"] = fr_to_int(product.coefficient);
    one["factors"] = list_of(product.factors, [](const Expression& e) { return data(e); });
    return one;
  });
  return out;
}

py::dict data(const SquareSum& sum) {
  py::dict out;
  out["parts"] = list_of(sum.parts, [](const SquareSum::Part& part) {
    py::dict one;
    one["inner"] = part.inner;
    one["expression"] = data(part.expression);
    return one;
  });
  return out;
}

py::dict data(const Clip& clip) {
  py::dict out;
  out["square_sum"] = clip.square_sum;
  out["eta"] = clip.eta;
  out["target_high"] = clip.target_high;
  out["target_low"] = clip.target_low;
  out["norm_square_bits"] = clip.norm_square_bits;
  return out;
}

py::dict data(const NormBound& bound) {
  py::dict out;
  out["square_sum"] = bound.square_sum;
  out["bound"] = fr_to_int(Fr::from_canonical(bound.bound));
  return out;
}

py::dict data(const Table& table) {
  static constexpr const char* kinds[] = {"range", "pairs"};
  py::dict out;
  out["kind"] = name_of(kinds, table.kind);
  out["log_size"] = table.log_size;
  out["multiplicities"] = table.multiplicities;
  out["values"] = table.values;
  return out;
}

py::dict data(const RangeLookup& lookup) {
  py::dict out;
  out["block"] = lookup.block;
  out["table"] = lookup.table;
  out["offset"] = lookup.offset;
  return out;
}

py::dict data(const PairLookup& lookup) {
  py::dict out;
  out["keys"] = lookup.keys;
  out["values"] = lookup.values;
  out["table"] = lookup.table;
  return out;
}

template <class List>
py::list all(const List& items) {
  return list_of(items, [](const auto& item) { return data(item); });
}

}  // namespace

py::dict program_data(const Program& program) {
  py::dict out;
  out["log_height"] = program.log_height;
  out["steps"] = program.steps;
  out["columns"] = all(program.columns);
  out["blocks"] = all(program.blocks);
  out["selectors"] = all(program.selectors);
  out["linear"] = all(program.linear);
  out["products"] = all(program.products);
  out["zeros"] = all(program.zeros);
  out["squares"] = all(program.squares);
  out["clips"] = all(program.clips);
  out["bounds"] = all(program.bounds);
  out["tables"] = all(program.tables);
  out["ranges"] = all(program.ranges);
  out["pairs"] = all(program.pairs);
  return out;
}

}  // namespace pyzkfl::bindings

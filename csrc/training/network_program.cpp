// The relations of a network's step.
#include "training/network_program.h"

#include <algorithm>
#include <string>

namespace pyzkfl {
namespace {

using namespace sumcheck;
using Kind = Source::Kind;

Fr power(unsigned k) {
  Fr out = Fr::one();
  for (unsigned i = 0; i < k; ++i) out = out.dbl();
  return out;
}

// Consecutive variables of one kind.
std::vector<Source> sources(Kind kind, unsigned first, unsigned count) {
  std::vector<Source> out;
  for (unsigned i = 0; i < count; ++i)
    out.push_back({kind, static_cast<uint8_t>(kind == Kind::sum ? 0 : first + i)});
  return out;
}
std::vector<Source> operator+(std::vector<Source> a, const std::vector<Source>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

View block_view(uint32_t block, std::vector<Source> variables) { return {false, block, std::move(variables)}; }

void add(Expression& e, const Fr& coefficient, View view) { e.terms.push_back({coefficient, std::move(view)}); }

Expression single(View view, const Fr& coefficient = Fr::one()) {
  Expression e;
  add(e, coefficient, std::move(view));
  return e;
}

// scale * the value of the digits.
void add_digits(Expression& e, const Fr& scale, const Digits& digits, const DigitWidths& widths,
                const std::vector<Source>& variables) {
  Fr weight = scale;
  for (size_t d = 0; d < digits.size(); ++d) {
    add(e, weight, block_view(digits[d], variables));
    weight *= power(widths.widths[d]);
  }
}

class Compiler {
 public:
  Compiler(const NetworkSpec& spec, NetworkProgram& out)
      : spec_(spec), layout_(out.layout), p_(out.program), rows_(spec.log_batch()) {}

  void compile() {
    tables();
    class_selector_ = add_selector(Selector::Kind::first_constant, spec_.classes());
    for (uint32_t s = 0; s < spec_.steps(); ++s) step(s);
    if (spec_.steps() > 1) sum_of_updates();
    for (const uint32_t block : layout_.unused_update) p_.ranges.push_back({block, table_0, 0});
  }

 private:
  uint32_t add_selector(Selector::Kind kind, uint64_t count) {
    p_.selectors.push_back({kind, count});
    return static_cast<uint32_t>(p_.selectors.size() - 1);
  }

  void tables() {
    p_.tables = {{Table::Kind::range, 16, layout_.counts_16, 0},
                 {Table::Kind::range, 8, layout_.counts_8, 0},
                 {Table::Kind::range, 1, layout_.counts_1, 0},
                 {Table::Kind::range, 0, layout_.counts_0, 0},
                 {Table::Kind::pairs, spec_.exp_log_size(), layout_.counts_exp, layout_.exp_values}};
    if (spec_.saturates())
      p_.tables.push_back({Table::Kind::range, NetworkSpec::saturation_bits, layout_.counts_saturation, 0});
  }

  void range(const Digits& digits, const DigitWidths& widths) {
    for (size_t d = 0; d < digits.size(); ++d)
      p_.ranges.push_back({digits[d], widths.widths[d] == 16 ? table_16 : table_8, 0});
  }
  void signed_16(uint32_t block) { p_.ranges.push_back({block, table_16, int64_t{1} << 15}); }
  void boolean(uint32_t block) { p_.ranges.push_back({block, table_1, 0}); }

  // The operand W + D_1 + .. + D_(s-1) of step s.
  Expression weights_of(uint32_t s, size_t layer, size_t part, const std::vector<Source>& variables) const {
    Expression e = single(block_view(layout_.weights[layer].parts[part], variables));
    for (uint32_t t = 0; t < s; ++t)
      add(e, Fr::one(), block_view(layout_.steps[t].layers[layer].update.parts[part], variables));
    return e;
  }

  void step(uint32_t s) {
    name_ = "step " + std::to_string(s + 1) + ": ";
    row_selector_ = add_selector(Selector::Kind::first_rows, s);
    data(s);
    for (size_t l = 0; l < spec_.layers().size(); ++l) forward(s, l);
    softmax(s);
    for (size_t l = spec_.layers().size(); l-- > 1;) backward(s, l);
    update(s);
  }

  void data(uint32_t s) {
    const NetworkLayout::Step& step = layout_.steps[s];
    const bool wide = spec_.parameters().x_bits == 16;
    const LayerSpec& first = spec_.layers().front();
    for (const uint32_t block : step.inputs)
      p_.ranges.push_back({block, wide ? table_16 : table_8, spec_.feature_limit()});
    boolean(step.labels);
    // Features that the last part is padded with.
    const size_t padded = first.padded_in() - first.in;
    if (padded != 0) {
      const unsigned part = first.log_in_parts.back();
      Expression outside = single({true, add_selector(Selector::Kind::first_constant, (size_t{1} << part) - padded),
                                   sources(Kind::outer, 0, part)},
                                  -Fr::one());
      outside.constant = Fr::one();
      p_.zeros.push_back({part + rows_,
                          {{Fr::one(), {outside, single(block_view(step.inputs.back(), sources(Kind::outer, 0, part + rows_)))}}},
                          name_ + "padded features are zero"});
    }
    const unsigned classes = spec_.layers().back().log_out;
    Expression total = single(block_view(step.labels, sources(Kind::sum, 0, classes) + sources(Kind::outer, 0, rows_)));
    add(total, -Fr::one(), {true, row_selector_, sources(Kind::outer, 0, rows_)});
    p_.linear.push_back({rows_, total, name_ + "one label a real row"});
    p_.zeros.push_back({classes + rows_,
                        {{Fr::one(), {beyond_classes(), single(block_view(step.labels, all(classes)))}}},
                        name_ + "padded classes have no labels"});
  }

  // Variables of B x 2^log tensors in a relation over their indices.
  std::vector<Source> all(unsigned log) const { return sources(Kind::outer, 0, log + rows_); }

  Expression class_is_real() const {
    return single({true, class_selector_, sources(Kind::outer, 0, spec_.layers().back().log_out)});
  }
  Expression beyond_classes() const {
    Expression e = class_is_real();
    e.terms[0].coefficient = -Fr::one();
    e.constant = Fr::one();
    return e;
  }

  // q of a layer as a function of its index.
  Expression quotient(uint32_t s, size_t l, const std::vector<Source>& variables) const {
    const LayerSpec& layer = spec_.layers()[l];
    const NetworkLayout::StepLayer& own = layout_.steps[s].layers[l];
    const unsigned bits = layer.quotient.bits();
    Expression q;
    add_digits(q, Fr::one(), own.quotient, layer.quotient, variables);
    if (layer.relu) {  // u + 1 - (1 - g) 2^m
      add(q, power(bits), block_view(own.sign, variables));
      q.constant = Fr::one() - power(bits);
    } else {
      q.constant = -power(bits - 1);
    }
    return q;
  }

  void forward(uint32_t s, size_t l) {
    const LayerSpec& layer = spec_.layers()[l];
    const NetworkLayout::Step& step = layout_.steps[s];
    const NetworkLayout::StepLayer& own = step.layers[l];
    const unsigned shift = static_cast<unsigned>(spec_.parameters().w_frac);
    const std::string name = name_ + "layer " + std::to_string(l + 1);
    range(own.quotient, layer.quotient);
    range(own.remainder, spec_.remainder());

    ProductSum sum;
    sum.outer = layer.log_out + rows_;
    sum.name = name + " forward";
    sum.result = quotient(s, l, all(layer.log_out));
    for (Term& term : sum.result.terms) term.coefficient *= power(shift);
    sum.result.constant = sum.result.constant * power(shift) - power(shift - 1);
    add_digits(sum.result, Fr::one(), own.remainder, spec_.remainder(), all(layer.log_out));
    const Fr bias_unit = -power(static_cast<unsigned>(spec_.parameters().a_frac));
    const std::vector<Source> units = sources(Kind::outer, 0, layer.log_out);
    add(sum.result, bias_unit, block_view(layout_.weights[l].bias, units));
    for (uint32_t t = 0; t < s; ++t) add(sum.result, bias_unit, block_view(layout_.steps[t].layers[l].update.bias, units));
    for (size_t part = 0; part < layer.log_in_parts.size(); ++part) {
      const unsigned inner = layer.log_in_parts[part];
      const std::vector<Source> k = sources(Kind::inner, 0, inner);
      sum.pairs.push_back({inner, single(block_view(input(s, l, part), k + sources(Kind::outer, layer.log_out, rows_))),
                           weights_of(s, l, part, k + units)});
    }
    p_.products.push_back(std::move(sum));

    if (!layer.relu) return;
    boolean(own.sign);
    Expression whole = single(block_view(own.activation, all(layer.log_out)));  // g q
    if (!layer.excess.widths.empty()) {
      p_.ranges.push_back({own.activation, table_saturation, 0});
      range(own.excess, layer.excess);
      Expression excess;
      add_digits(excess, Fr::one(), own.excess, layer.excess, all(layer.log_out));
      for (const Term& term : excess.terms) whole.terms.push_back(term);
      Expression room = single(block_view(own.activation, all(layer.log_out)), -Fr::one());
      room.constant = Fr::from_i64(NetworkSpec::most_activation);
      p_.zeros.push_back({layer.log_out + rows_, {{Fr::one(), {excess, room}}}, name + " saturation"});
    }
    p_.zeros.push_back({layer.log_out + rows_,
                        {{Fr::one(), {whole}},
                         {-Fr::one(), {single(block_view(own.sign, all(layer.log_out))), quotient(s, l, all(layer.log_out))}}},
                        name + " ReLU"});
  }

  uint32_t input(uint32_t s, size_t l, size_t part) const {
    return l == 0 ? layout_.steps[s].inputs[part] : layout_.steps[s].layers[l - 1].activation;
  }

  void softmax(uint32_t s) {
    const NetworkLayout::Step& step = layout_.steps[s];
    const size_t last = spec_.layers().size() - 1;
    const unsigned classes = spec_.layers()[last].log_out, over = classes + rows_;
    const std::vector<Source> at = all(classes), row = sources(Kind::outer, classes, rows_);
    const Fr end = Fr::from_u64((uint64_t{1} << spec_.exp_log_size()) - 1);
    const Fr one = power(static_cast<unsigned>(spec_.parameters().g_frac));

    range(step.excess, spec_.excess());
    range(step.probability, {{16}});
    range(step.remainder, spec_.softmax_remainder());
    range(step.rest, spec_.softmax_remainder());
    boolean(step.hint);
    p_.pairs.push_back({step.key, step.exponential, table_exp});

    Expression distance = quotient(s, last, at);  // c - z
    for (Term& term : distance.terms) term.coefficient = -term.coefficient;
    distance.constant = -distance.constant;
    add(distance, Fr::one(), block_view(step.most, row));
    Expression excess;
    add_digits(excess, Fr::one(), step.excess, spec_.excess(), at);
    Expression rest = beyond_classes();  // [j >= classes] T - t - over
    for (Term& term : rest.terms) term.coefficient *= end;
    rest.constant *= end;
    add(rest, -Fr::one(), block_view(step.key, at));
    for (const Term& term : excess.terms) add(rest, -term.coefficient, term.view);
    p_.zeros.push_back({over, {{Fr::one(), {class_is_real(), distance}}, {Fr::one(), {rest}}}, name_ + "distance to the maximum"});

    Expression room = single(block_view(step.key, at), -Fr::one());  // T - t
    room.constant = end;
    p_.zeros.push_back({over, {{Fr::one(), {excess, room}}}, name_ + "end of the table"});

    Expression total = excess;
    add(total, Fr::one(), block_view(step.key, at));
    p_.zeros.push_back({over, {{Fr::one(), {single(block_view(step.hint, at)), total}}}, name_ + "the maximum is one of them"});
    Expression hints = single(block_view(step.hint, sources(Kind::sum, 0, classes) + sources(Kind::outer, 0, rows_)));
    hints.constant = -Fr::one();
    p_.linear.push_back({rows_, hints, name_ + "one hint a row"});

    const View sum_of_row = block_view(step.exponential, sources(Kind::sum, 0, classes) + row);
    Expression scaled = single(block_view(step.exponential, at), one);
    add_digits(scaled, -Fr::one(), step.remainder, spec_.softmax_remainder(), at);
    const Expression probability = single(block_view(step.probability[0], at));
    p_.zeros.push_back({over, {{Fr::one(), {scaled}}, {-Fr::one(), {probability, single(sum_of_row)}}}, name_ + "softmax"});
    Expression below = single(sum_of_row);  // E - 1 - rem - w
    add_digits(below, -Fr::one(), step.remainder, spec_.softmax_remainder(), at);
    add_digits(below, -Fr::one(), step.rest, spec_.softmax_remainder(), at);
    below.constant = -Fr::one();
    p_.linear.push_back({over, below, name_ + "remainder of the softmax"});

    Expression loss = probability;
    add(loss, -one, block_view(step.labels, at));
    p_.zeros.push_back({over,
                        {{Fr::one(), {single({true, row_selector_, row}), loss}},
                         {-Fr::one(), {single(block_view(step.layers[last].gradient, at))}}},
                        name_ + "gradient of the loss"});
  }

  void backward(uint32_t s, size_t l) {
    const LayerSpec& layer = spec_.layers()[l];
    const NetworkLayout::StepLayer& own = layout_.steps[s].layers[l];
    const NetworkLayout::StepLayer& below = layout_.steps[s].layers[l - 1];
    const unsigned inputs = layer.log_in_parts[0], shift = static_cast<unsigned>(spec_.parameters().w_frac);
    const std::string name = name_ + "layer " + std::to_string(l + 1);
    range(own.back_quotient, layer.backward_quotient);
    range(own.back_remainder, spec_.remainder());

    Expression quotient;
    add_digits(quotient, Fr::one(), own.back_quotient, layer.backward_quotient, all(inputs));
    quotient.constant = -power(layer.backward_quotient.bits() - 1);

    ProductSum sum;
    sum.outer = inputs + rows_;
    sum.name = name + " backward";
    sum.result = quotient;
    for (Term& term : sum.result.terms) term.coefficient *= power(shift);
    sum.result.constant = sum.result.constant * power(shift) - power(shift - 1);
    add_digits(sum.result, Fr::one(), own.back_remainder, spec_.remainder(), all(inputs));
    const std::vector<Source> j = sources(Kind::inner, 0, layer.log_out);
    sum.pairs.push_back({layer.log_out, single(block_view(own.gradient, j + sources(Kind::outer, inputs, rows_))),
                         weights_of(s, l, 0, sources(Kind::outer, 0, inputs) + j)});
    p_.products.push_back(std::move(sum));

    if (!layer.backward_excess.widths.empty()) quotient = saturated(s, l, quotient, name);
    p_.zeros.push_back({inputs + rows_,
                        {{Fr::one(), {single(block_view(below.gradient, all(inputs)))}},
                         {-Fr::one(), {single(block_view(below.sign, all(inputs))), quotient}}},
                        name + " gradient through the ReLU"});
  }

  // q' = dA + over - under with dA of saturation_bits signed bits, over only at its upper end, under only at its lower one. Gives dA.
  Expression saturated(uint32_t s, size_t l, Expression quotient, const std::string& name) {
    const LayerSpec& layer = spec_.layers()[l];
    const NetworkLayout::StepLayer& own = layout_.steps[s].layers[l];
    const unsigned inputs = layer.log_in_parts[0];
    p_.ranges.push_back({own.back, table_saturation, NetworkSpec::gradient_limit});
    const Expression back = single(block_view(own.back, all(inputs)));
    add(quotient, -Fr::one(), back.terms[0].view);
    const auto end = [&](const Digits& digits, const Fr& sign, int64_t limit, const char* which) {
      range(digits, layer.backward_excess);
      add_digits(quotient, -sign, digits, layer.backward_excess, all(inputs));
      Expression excess, room = back;
      add_digits(excess, Fr::one(), digits, layer.backward_excess, all(inputs));
      room.constant = Fr::from_i64(-limit);
      p_.zeros.push_back({inputs + rows_, {{Fr::one(), {excess, room}}}, name + " saturation of the gradient " + which});
    };
    end(own.back_over, Fr::one(), NetworkSpec::gradient_limit - 1, "above");
    end(own.back_under, -Fr::one(), -NetworkSpec::gradient_limit, "below");
    p_.linear.push_back({inputs + rows_, std::move(quotient), name + " saturated gradient"});
    return back;
  }

  // - 2^k D + rem - 2^(k-1), over `variables`.
  Expression scaled_gradient(uint32_t update, const Digits& remainder, const std::vector<Source>& variables) const {
    const auto shift = static_cast<unsigned>(spec_.parameters().eta_shift);
    Expression e = single(block_view(update, variables), -power(shift));
    add_digits(e, Fr::one(), remainder, spec_.update_remainder(), variables);
    e.constant = -power(shift - 1);
    return e;
  }

  void update(uint32_t s) {
    const NetworkLayout::Step& step = layout_.steps[s];
    SquareSum norm;
    norm.name = name_ + "norm";
    const auto relation = [&](unsigned log_size, uint32_t block, const Digits& remainder, ProductSum::Pair pair, std::string name) {
      range(remainder, spec_.update_remainder());
      signed_16(block);
      norm.parts.push_back({log_size, scaled_gradient(block, remainder, sources(Kind::inner, 0, log_size))});
      p_.products.push_back({log_size,
                             {std::move(pair)},
                             scaled_gradient(block, remainder, sources(Kind::outer, 0, log_size)),
                             s,
                             std::move(name)});
    };
    for (size_t l = 0; l < spec_.layers().size(); ++l) {
      const LayerSpec& layer = spec_.layers()[l];
      const MatrixBlocks& own = spec_.steps() > 1 ? step.layers[l].update : layout_.update[l];
      const MatrixDigits& remainder = step.layers[l].update_remainder;
      const std::string name = name_ + "layer " + std::to_string(l + 1);
      const uint32_t gradient = step.layers[l].gradient;
      for (size_t part = 0; part < layer.log_in_parts.size(); ++part) {
        const unsigned k = layer.log_in_parts[part];
        const std::vector<Source> i = sources(Kind::inner, 0, rows_);
        relation(k + layer.log_out, own.parts[part], remainder.parts[part],
                 {rows_, single(block_view(gradient, sources(Kind::outer, k, layer.log_out) + i)),
                  single(block_view(input(s, l, part), sources(Kind::outer, 0, k) + i))},
                 name + " update");
      }
      Expression unit;
      unit.constant = power(static_cast<unsigned>(spec_.parameters().a_frac));
      relation(layer.log_out, own.bias, remainder.bias,
               {rows_, single(block_view(gradient, sources(Kind::outer, 0, layer.log_out) + sources(Kind::inner, 0, rows_))), unit},
               name + " update of biases");
    }
    p_.squares.push_back(std::move(norm));
    p_.clips.push_back({s, static_cast<uint64_t>(spec_.parameters().eta), static_cast<uint64_t>(spec_.target() >> 64),
                        static_cast<uint64_t>(spec_.target()), spec_.norm_square_bits()});
  }

  void sum_of_updates() {
    const auto check = [&](uint32_t total, unsigned log_size, const auto& part_of, std::string name) {
      Expression e = single(block_view(total, sources(Kind::outer, 0, log_size)));
      for (const NetworkLayout::Step& step : layout_.steps)
        add(e, -Fr::one(), block_view(part_of(step), sources(Kind::outer, 0, log_size)));
      p_.linear.push_back({log_size, e, std::move(name)});
    };
    for (size_t l = 0; l < spec_.layers().size(); ++l) {
      const LayerSpec& layer = spec_.layers()[l];
      const std::string name = "layer " + std::to_string(l + 1) + " sum of the steps' updates";
      for (size_t part = 0; part < layer.log_in_parts.size(); ++part)
        check(layout_.update[l].parts[part], layer.log_in_parts[part] + layer.log_out,
              [&](const NetworkLayout::Step& step) { return step.layers[l].update.parts[part]; }, name);
      check(layout_.update[l].bias, layer.log_out,
            [&](const NetworkLayout::Step& step) { return step.layers[l].update.bias; }, name + ", biases");
    }
  }

  const NetworkSpec& spec_;
  const NetworkLayout& layout_;
  Program& p_;
  const unsigned rows_;
  std::string name_;
  uint32_t class_selector_ = 0, row_selector_ = 0;
};

}  // namespace

NetworkProgram::NetworkProgram(const NetworkSpec& spec) : layout(place_network(spec, program)) {
  Compiler(spec, *this).compile();
  program.check();
}

}  // namespace pyzkfl

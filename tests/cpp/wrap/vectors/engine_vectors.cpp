// Writes proofs of the core as JSON, for the plain verifier of tests/python/engine:
//
//   cmake --build build/native-cpython-311 --target engine_vectors
//   build/native-cpython-311/tests/cpp/engine_vectors 2 > tests/vectors/engine_proofs.json
//
// The argument is how many random programs; masks and blinders are fresh in every run. With a large number it
// is a comparison of two implementations (PYZKFL_ENGINE_PROOFS names a file for test_core_proofs.py). A
// program has the form that tests/python/engine/program_shape.py reads; points are in the EVM's form.
#include <cstdlib>
#include <iostream>
#include <string>

#include "../../sumcheck/sample_program.h"
#include "base/bytes.h"
#include "curves/encoding.h"
#include "sumcheck/prover.h"
#include "wrap/wrap_circuit.h"

using namespace pyzkfl;
using namespace pyzkfl::sumcheck;

namespace {

std::string hex(std::span<const uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const uint8_t b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out + "\"";
}

std::string json(const Expression& e);
std::string json(uint64_t v) { return std::to_string(v); }
std::string json(const G1Affine& p) { return hex(to_evm(p)); }

// Elements are hexadecimal, small ones of either sign are numbers.
std::string json(const Fr& v) {
  for (const bool negative : {false, true}) {
    const Limbs limbs = (negative ? Fr::zero() - v : v).to_canonical();
    if (limbs[1] == 0 && limbs[2] == 0 && limbs[3] == 0 && limbs[0] < uint64_t{1} << 53)
      return (negative ? "-" : "") + std::to_string(limbs[0]);
  }
  return hex(v.to_bytes_be());
}

template <class List, class Each>
std::string list(const List& items, const Each& each) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() > 1 ? "," : "") + each(item);
  return out + "]";
}
template <class List>
std::string list(const List& items) {
  return list(items, [](const auto& item) { return json(item); });
}

std::string object(std::initializer_list<std::pair<const char*, std::string>> fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields)
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + value;
  return out + "}";
}

template <size_t N, class Kind>
std::string name(const char* const (&names)[N], Kind kind) {
  return "\"" + std::string(names[static_cast<size_t>(kind)]) + "\"";
}

std::string json(const Expression& e) {
  static constexpr const char* sources[] = {"outer", "inner", "sum", "bit", "window"};
  static constexpr const char* roles[] = {"input", "output", "kernel"};
  const auto variables = [](const std::vector<Source>& of) {
    return list(of, [](const Source& s) {
      return object({{"kind", name(sources, s.kind)}, {"index", json(uint64_t{s.index})}});
    });
  };
  const auto windows = [&](const View& view) {
    return list(view.windows, [&](const Window& w) {
      return object({{"role", name(roles, w.role)},
                     {"inputs", json(uint64_t{w.inputs})},
                     {"outputs", json(uint64_t{w.outputs})},
                     {"kernels", json(uint64_t{w.kernels})},
                     {"stride", json(uint64_t{w.stride})},
                     {"padding", json(uint64_t{w.padding})},
                     {"first", variables(w.first)},
                     {"second", variables(w.second)}});
    });
  };
  const std::string terms = list(e.terms, [&](const Term& t) {
    const std::string view = object({{"is_selector", t.view.is_selector ? "true" : "false"},
                                     {"id", json(uint64_t{t.view.id})},
                                     {"variables", variables(t.view.variables)},
                                     {"windows", windows(t.view)}});
    return object({{"coefficient", json(t.coefficient)}, {"view", view}});
  });
  return object({{"terms", terms}, {"constant", json(e.constant)}});
}

std::string json(const Program& p) {
  static constexpr const char* columns[] = {"weights", "tables", "data", "update", "digits", "mask"};
  static constexpr const char* selectors[] = {"first_constant", "first_rows"};
  static constexpr const char* tables[] = {"range", "pairs"};
  const auto number = [](uint64_t v) { return json(v); };
  return object({
      {"log_height", number(p.log_height)},
      {"steps", number(p.steps)},
      {"columns", list(p.columns, [&](const Column& c) {
         return object({{"kind", name(columns, c.kind)}, {"log_height", number(c.log_height)}});
       })},
      {"blocks", list(p.blocks, [&](const Block& b) {
         return object(
             {{"column", number(b.column)}, {"offset", number(b.offset)}, {"log_size", number(b.log_size)}});
       })},
      {"selectors", list(p.selectors, [&](const Selector& s) {
         return object({{"kind", name(selectors, s.kind)}, {"count", number(s.count)}});
       })},
      {"linear", list(p.linear, [&](const LinearCheck& c) {
         return object({{"outer", number(c.outer)}, {"expression", json(c.expression)}});
       })},
      {"products", list(p.products, [&](const ProductSum& s) {
         const auto pairs = list(s.pairs, [&](const ProductSum::Pair& pair) {
           return object(
               {{"inner", number(pair.inner)}, {"left", json(pair.left)}, {"right", json(pair.right)}});
         });
         return object({{"outer", number(s.outer)},
                        {"pairs", pairs},
                        {"result", json(s.result)},
                        {"scalar", s.scalar == no_scalar ? "null" : number(s.scalar)}});
       })},
      {"zeros", list(p.zeros, [&](const ZeroCheck& c) {
         const auto products = list(c.products, [&](const ZeroCheck::Product& product) {
           return object(
               {{"coefficient", json(product.coefficient)}, {"factors", list(product.factors)}});
         });
         return object({{"outer", number(c.outer)}, {"products", products}});
       })},
      {"squares", list(p.squares, [&](const SquareSum& s) {
         const auto parts = list(s.parts, [&](const SquareSum::Part& part) {
           return object({{"inner", number(part.inner)}, {"expression", json(part.expression)}});
         });
         return object({{"parts", parts}});
       })},
      {"clips", list(p.clips, [&](const Clip& c) {
         return object({{"square_sum", number(c.square_sum)},
                        {"eta", number(c.eta)},
                        {"target_high", number(c.target_high)},
                        {"target_low", number(c.target_low)},
                        {"norm_square_bits", number(c.norm_square_bits)}});
       })},
      {"bounds", list(p.bounds, [&](const NormBound& bound) {
         return object({{"square_sum", number(bound.square_sum)},
                        {"bound", json(Fr::from_canonical(bound.bound))}});
       })},
      {"tables", list(p.tables, [&](const Table& t) {
         return object({{"kind", name(tables, t.kind)},
                        {"log_size", number(t.log_size)},
                        {"multiplicities", number(t.multiplicities)},
                        {"values", number(t.values)}});
       })},
      {"ranges", list(p.ranges, [&](const RangeLookup& r) {
         return object(
             {{"block", number(r.block)}, {"table", number(r.table)}, {"offset", std::to_string(r.offset)}});
       })},
      {"pairs", list(p.pairs, [&](const PairLookup& l) {
         return object(
             {{"keys", number(l.keys)}, {"values", number(l.values)}, {"table", number(l.table)}});
       })},
  });
}

std::string proof_of(uint64_t seed) {
  testing::Sample sample = testing::make_sample(seed);
  const Program& program = sample.program;
  const ColumnKey key = ColumnKey::insecure(program.log_height);
  const std::array<Fr, 2> context = {Fr::from_u64(17), Fr::from_u64(seed)};
  const InnerProof proof = prove(key, program, ClaimTable(program), sample.values, context);

  std::vector<Fr> messages(context.begin(), context.end());
  for (const uint64_t rows : proof.rows) messages.push_back(Fr::from_u64(rows));
  messages.insert(messages.end(), proof.square_sums.begin(), proof.square_sums.end());
  for (size_t c = 0; c < proof.rates.size(); ++c) {
    messages.push_back(proof.norm_squares[c]);
    messages.push_back(Fr::from_u64(proof.rates[c]));
  }
  messages.insert(messages.end(), proof.messages.begin(), proof.messages.end());
  messages.insert(messages.end(), proof.evaluations.begin(), proof.evaluations.end());

  std::vector<G1Affine> commitments;
  auto absorbed = proof.points.begin();
  for (size_t c = 0; c < program.columns.size(); ++c) {
    const ColumnKind kind = program.columns[c].kind;
    const ColumnValues& values = sample.values.columns[c];
    if (kind == ColumnKind::data)
      commitments.push_back(
          commit_column(key, values.cells, values.blinder, size_t{1} << program.columns[c].log_height));
    else if (kind == ColumnKind::weights || kind == ColumnKind::tables)
      commitments.push_back(commit_column(key, values.cells));
    else
      commitments.push_back(*absorbed++);
  }
  const ColumnKeyVerifier srs = key.verifier();
  return object({{"program", json(program)},
                 {"digest", hex(program.digest())},
                 {"context", list(context)},
                 {"rows", list(proof.rows)},
                 {"commitments", list(commitments)},
                 {"symmetric", json(proof.symmetric_point)},
                 {"quotient", json(proof.quotient_point)},
                 {"messages", list(messages)},
                 {"opening", list(std::array{proof.rho, proof.z, proof.gamma, proof.i0, proof.i1})},
                 {"public_input", json(wrap::public_input(proof))},
                 {"tau_1", json(srs.tau_1())},
                 {"tau_2", hex(to_evm(srs.tau_2()))},
                 {"tau_squared_2", hex(to_evm(srs.tau_squared_2()))}});
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc == 2 ? std::atoi(argv[1]) : 2;
  for (int seed = 0; seed < count; ++seed)
    std::cout << (seed == 0 ? "[" : ",\n") << proof_of(static_cast<uint64_t>(seed));
  std::cout << "]\n";
}

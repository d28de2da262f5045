// What a proof of training speaks about, as data: columns, blocks, and the relations between them (docs/engine.md).
//
// A Program is public and fixed by the job. The trainer compiles it, the prover (prover.h) runs down its lists,
// the wrap circuit (wrap/) runs down the same lists and checks; nobody else knows what a layer is. So one page
// (docs/engine.md) and this file say the whole statement.
//
// Indices. A vector of 2^l values is a function on {0,1}^l; variable j is bit j of the index, so variable 0 is
// the fastest. "Point" means one coordinate a variable, in that order. MLE: the multilinear extension.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "fields/fr.h"

namespace pyzkfl::sumcheck {

// ---- Columns ---------------------------------------------------------------------------------------------

// Who commits to a column, and when. The order is the order of the columns in a program, and of v_c in the opening.
enum class ColumnKind : uint8_t {
  weights,  // W_t: the verifier's own commitment, without blinder
  tables,   // T: values of tables without closed form; the verifier's own, without blinder; at most one
  data,     // X: a batch as registered, at most one column a local step
  update,   // D; at most one
  digits,   // A_1, A_2, ..: everything else that the prover commits to
  mask,     // M: five random coefficients, positions 0 .. 4; exactly one, the last column
};

struct Column {
  ColumnKind kind = ColumnKind::digits;
  unsigned log_height = 0;  // cells beyond 2^log_height are zero, but for the blinder
  std::string name;         // for error messages
};

// An aligned part of a column: cells offset .. offset + 2^log_size, offset a multiple of 2^log_size.
struct Block {
  uint32_t column = 0;
  uint64_t offset = 0;
  unsigned log_size = 0;
  std::string name;
};

// A public function of an index.
struct Selector {
  enum class Kind : uint8_t {
    first_constant,  // 1 for an index below `count`, else 0
    first_rows,      // 1 for an index below rows[count], the public number of real rows of local step `count`
  };
  Kind kind = Kind::first_constant;
  uint64_t count = 0;
};

// ---- Expressions -----------------------------------------------------------------------------------------

// Where a variable of a block (or selector) gets its coordinate from.
struct Source {
  enum class Kind : uint8_t {
    outer,  // variable `index` of the relation's outer variables (zero-checks and linear checks have only those)
    inner,  // variable `index` of the relation's inner variables, over which it sums
    sum,    // summed over {0, 1} by itself: coordinate 1/2, and a factor 2
    bit,    // fixed to the bit `index`
    window, // one of the variables of the view's window number `index`
    weight, // summed over {0, 1}, where 1 counts 2^(2^index) times: variable `index` of the bits of a number. Not in
            // windows' lists nor in selectors; index <= 3, each once a view
  };
  Kind kind = Kind::outer;
  uint8_t index = 0;
};

// What a weight's 1 counts.
inline Fr bit_weight(unsigned index) { return Fr::from_u64(uint64_t{1} << (1U << index)); }

// One dimension of a convolution or pooling: three indices with
//     input = stride * output + kernel - padding,   input < inputs, output < outputs, kernel < kernels.
// `role` says which of the three the block's own variables are; the two others, in the order input, output, kernel, get
// their variables from `first` and `second`. Where no index of the block belongs to the two, or one of them is not below
// its count, the view is 0: so a window also masks what a tensor is padded with (kernels = stride = 1 and no variables
// for the kernel: the identity below `inputs` = `outputs`). Of three indices two determine the third.
struct Window {
  enum class Role : uint8_t { input, output, kernel };
  Role role = Role::input;
  uint32_t inputs = 1, outputs = 1, kernels = 1;  // each at least 1, at most 2^(the number of its variables, 14 at most)
  uint32_t stride = 1, padding = 0;               // stride >= 1; padding < kernels
  std::vector<Source> first, second;              // outer, inner, sum or bit

  // How many of the block's indices, of `first`'s and of `second`'s there are.
  uint32_t block_count() const { return role == Role::input ? inputs : role == Role::output ? outputs : kernels; }
  uint32_t first_count() const { return role == Role::input ? outputs : inputs; }
  uint32_t second_count() const { return role == Role::kernel ? outputs : kernels; }
};
inline constexpr uint64_t no_index = ~uint64_t{0};
// The block's index that belongs to two others, or no_index. Any numbers.
uint64_t block_index(const Window& window, uint64_t first, uint64_t second);

// A block or selector as a function of a relation's variables. Variables of the relation that no source names are
// those along which the view is constant (a broadcast).
struct View {
  bool is_selector = false;
  uint32_t id = 0;                // of Program::blocks or Program::selectors
  std::vector<Source> variables;  // one for each variable of the block or selector; no two name the same one
  std::vector<Window> windows;    // their variables are consecutive in the block, windows in order; none in a selector
};

struct Term {
  Fr coefficient;
  View view;
};

// sum of coefficient * view, plus constant.
struct Expression {
  std::vector<Term> terms;
  Fr constant;
};

// ---- Relations -------------------------------------------------------------------------------------------

// A scalar that the proof speaks of but nobody is shown; see Clip. `none` stands for 1.
inline constexpr uint32_t no_scalar = ~uint32_t{0};

// expression(x) = 0 for every x in {0,1}^outer.
struct LinearCheck {
  unsigned outer = 0;
  Expression expression;
  std::string name;
};

// sum_p sum_{k in {0,1}^inner_p} left_p(x, k) right_p(x, k), times the scalar, = result(x), for every x in
// {0,1}^outer. Neither side of a pair is a product; `left` and `right` hold no selector, and no outer variable is named
// by both (an element product is a zero-check).
struct ProductSum {
  struct Pair {
    unsigned inner = 0;
    Expression left, right;
  };
  unsigned outer = 0;
  std::vector<Pair> pairs;
  Expression result;
  uint32_t scalar = no_scalar;
  std::string name;
};

// sum_t coefficient_t * product of the factors of t (one or two) = 0 for every x in {0,1}^outer.
struct ZeroCheck {
  struct Product {
    Fr coefficient;
    std::vector<Expression> factors;
  };
  unsigned outer = 0;
  std::vector<Product> products;
  std::string name;
};

// The sum of squares of expressions, each over its own 2^inner indices (sources are inner), as a scalar:
// Q = sum over them all.
struct SquareSum {
  struct Part {
    unsigned inner = 0;
    Expression expression;  // holds no selector
  };
  std::vector<Part> parts;
  std::string name;
};

// The rate of a step that clips. With Q the SquareSum of rate * gradient (the scaled gradient that the update
// rounds), the circuit proves Q = N2 rate^2, n = floor(sqrt N2), and
//     rate = min(eta, floor(target / (n + 1))),    rate >= 1.
// Scalar number i of the program is the rate of clips[i]. The parts of its SquareSum are, one by one and in order, the
// results of the products with that scalar, their outer variables as inner ones: else the norm were another's.
// target >= 2^ceil(norm_square_bits / 2), which n + 1 does not exceed: no honest prover has rate 0.
struct Clip {
  uint32_t square_sum = 0;
  uint64_t eta = 0;           // 1 <= eta < 2^62
  uint64_t target_high = 0;   // target = target_high * 2^64 + target_low, below 2^120
  uint64_t target_low = 0;
  unsigned norm_square_bits = 0;  // N2 < 2^norm_square_bits for all inputs in range; at most 120
};

// A public bound on a SquareSum: Q <= bound, proven by bits. bound < 2^250.
struct NormBound {
  uint32_t square_sum = 0;
  Limbs bound{};
};

// ---- Lookups ---------------------------------------------------------------------------------------------

struct Table {
  enum class Kind : uint8_t {
    range,  // keys 0 .. 2^log_size - 1, no value
    pairs,  // keys 0 .. 2^log_size - 1, value(key) in block `values` of the tables' column
  };
  Kind kind = Kind::range;
  unsigned log_size = 0;
  uint32_t multiplicities = 0;  // block of 2^log_size cells of a digits column
  uint32_t values = 0;
};

// Every cell of the block, plus offset, is a key of the (range) table. A range table of log_size 0 is {0}.
struct RangeLookup {
  uint32_t block = 0;
  uint32_t table = 0;
  int64_t offset = 0;
};

// (keys[x], values[x]) is a row of the (pairs) table, for every x. Blocks of one size.
struct PairLookup {
  uint32_t keys = 0, values = 0;
  uint32_t table = 0;
};

// ---- The program -----------------------------------------------------------------------------------------

struct Program {
  unsigned log_height = 0;  // n = 2^log_height: no column is higher
  unsigned steps = 1;       // local steps: how many public numbers `rows` the statement has
  std::vector<Column> columns;
  std::vector<Block> blocks;
  std::vector<Selector> selectors;
  std::vector<LinearCheck> linear;
  std::vector<ProductSum> products;
  std::vector<ZeroCheck> zeros;
  std::vector<SquareSum> squares;
  std::vector<Clip> clips;
  std::vector<NormBound> bounds;
  std::vector<Table> tables;
  std::vector<RangeLookup> ranges;
  std::vector<PairLookup> pairs;

  // Throws ParameterError naming what is wrong: a block outside its column or unaligned, a view of another number
  // of variables, a source out of range, two range lookups of one cell, tables and lookups that do not fit together,
  // columns out of order, ...
  void check() const;
  // The same but for what ties a clip to its products: enough to read a program, not to believe a proof of it.
  void check_form() const;
  // SHA-256 of a canonical encoding of everything above (names excepted): what binds keys and statements to it.
  Digest digest() const;
};

}  // namespace pyzkfl::sumcheck

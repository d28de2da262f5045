// T3: product sums and sums of squares in one sumcheck of degree 2.
//
// The outer variables are set to tau, which leaves two vectors over the inner variables for each pair: for a matrix
// product that is what makes the prover linear in the sizes of the factors (Thaler, "Time-optimal interactive proofs
// for circuit evaluation", CRYPTO 2013).
#include <algorithm>

#include "sumcheck/run_state.h"
#include "sumcheck/vector_steps.h"
#include "sumcheck/view_arrays.h"

namespace pyzkfl::sumcheck {
namespace {

// sum_x left(x) right(x) over 2^variables indices; a constant in the variables from there up.
struct Pair {
  unsigned variables;
  SecretElements left, right;
  Fr sum;  // as long as none of its variables is bound
};

Pair make_pair(const RunState& run, unsigned variables, const Expression& left, const Expression& right,
               const Fr& weight) {
  Pair out{variables, SecretElements(size_t{1} << variables), SecretElements(size_t{1} << variables), {}};
  add_expression(run, out.left, left, Source::Kind::inner, run.tau, weight);
  add_expression(run, out.right, right, Source::Kind::inner, run.tau, Fr::one());
  out.sum = kernel_table<Fr>().inner_product(out.left, out.right);
  return out;
}

// The coefficients c_0 and c_2 of one pair's round.
RoundSums round_of(const Pair& pair) {
  const size_t half = pair.left.size() / 2;
  return sum_rounds((half + block_elements - 1) / block_elements, 8, [&](size_t b, RoundSums& sums, Nothing&) {
    const size_t at = b * block_elements, n = std::min(block_elements, half - at);
    const auto part = [&](const SecretElements& v, size_t offset) { return std::span(v).subspan(offset + at, n); };
    add_pair_round(sums, part(pair.left, 0), part(pair.right, 0), part(pair.left, half), part(pair.right, half));
  });
}

void fold_half(SecretElements& v, const Fr& r) {
  const size_t half = v.size() / 2;
  parallel_for((half + block_elements - 1) / block_elements, 8, [&](size_t begin, size_t end) {
    const size_t at = begin * block_elements, n = std::min(end * block_elements, half) - at;
    fold(std::span(v).subspan(at, n), std::span(v).subspan(at, n), std::span(v).subspan(half + at, n), r);
  });
  v.resize(half);
}

}  // namespace

void prove_products(RunState& run) {
  const Program& program = run.program;
  if (!program.products.empty() || !program.squares.empty()) {
    const Fr w = run.transcript.challenge();
    const unsigned all = run.claims.kappa_count;
    std::vector<Fr> halves(all + 1, Fr::one());  // 2^-i
    for (unsigned i = 1; i <= all; ++i) halves[i] = halves[i - 1] * Fr::from_u64(2).inverse();
    std::vector<Fr> doubles(all + 1, Fr::one());
    for (unsigned i = 1; i <= all; ++i) doubles[i] = doubles[i - 1].dbl();

    std::vector<Pair> pairs;
    Fr weight = Fr::one();
    for (const ProductSum& sum : program.products) {
      for (const ProductSum::Pair& pair : sum.pairs)
        pairs.push_back(make_pair(run, pair.inner, pair.left, pair.right, weight * halves[all - pair.inner]));
      weight *= w;
    }
    for (const SquareSum& square : program.squares) {
      for (const SquareSum::Part& part : square.parts) {
        const Fr scale = weight * halves[all - part.inner];
        pairs.push_back(make_pair(run, part.inner, part.expression, part.expression, scale));
      }
      weight *= w;
    }

    Fr value;
    for (const Pair& pair : pairs) value += doubles[all - pair.variables] * pair.sum;
    run.kappa.resize(all);
    for (unsigned j = all; j-- > 0;) {
      std::array<Fr, 3> c{};
      for (const Pair& pair : pairs) {
        if (pair.variables <= j) {
          c[0] += doubles[j - pair.variables] * pair.sum;
        } else {
          const auto [c0, c2] = round_of(pair);
          c[0] += c0;
          c[2] += c2;
        }
      }
      c[1] = value - c[0].dbl() - c[2];
      run.kappa[j] = send_round(run, c, value);
      for (Pair& pair : pairs) {
        if (pair.variables <= j) continue;
        fold_half(pair.left, run.kappa[j]);
        fold_half(pair.right, run.kappa[j]);
      }
    }
    run.send_claims(ClaimTable::inner);
  }
}

}  // namespace pyzkfl::sumcheck

// T4: all zero-checks in one sumcheck of degree 3.
//
// The factor eq(tau, x) of the variable that a round binds is taken out of the sum, so that what is summed has degree
// 2 (Gruen, eprint 2024/108, section 3).
#include <algorithm>

#include "sumcheck/run_state.h"
#include "sumcheck/vector_steps.h"
#include "sumcheck/view_arrays.h"

namespace pyzkfl::sumcheck {
namespace {

// One zero-check times its weight: single(x) + sum of left(x) right(x), a constant in the variables from `variables`
// up.
struct Check {
  struct Pair {
    SecretElements left, right;
  };
  unsigned variables;
  SecretElements single;
  std::vector<Pair> pairs;
  Fr bound = Fr::one();  // eq of the variables bound so far
  Fr sum;                // of eq times the check, as long as nothing is bound
};

Check make_check(const RunState& run, const ZeroCheck& check, const Fr& weight) {
  const size_t n = size_t{1} << check.outer;
  Check out{check.outer, SecretElements(n), {}, Fr::one(), {}};
  for (const ZeroCheck::Product& product : check.products) {
    const Fr scale = weight * product.coefficient;
    if (product.factors.size() == 1) {
      add_expression(run, out.single, product.factors[0], Source::Kind::outer, {}, scale);
      continue;
    }
    out.pairs.push_back({SecretElements(n), SecretElements(n)});
    add_expression(run, out.pairs.back().left, product.factors[0], Source::Kind::outer, {}, scale);
    add_expression(run, out.pairs.back().right, product.factors[1], Source::Kind::outer, {}, Fr::one());
  }
  return out;
}

// The values at 0 and 1 and the coefficient of X^2 of the sum of eq(x) check(x), eq of the variables below the round's.
std::array<Fr, 3> round_of(const Check& check, std::span<const Fr> eq) {
  const size_t half = check.single.size() / 2;
  std::array<Fr, 3> sums{};
  for (size_t b = 0; b < (half + block_elements - 1) / block_elements; ++b) {
    const size_t at = b * block_elements, n = std::min(block_elements, half - at);
    const auto low = [&](const SecretElements& v) { return std::span(v).subspan(at, n); };
    const auto high = [&](const SecretElements& v) { return std::span(v).subspan(half + at, n); };
    const std::span<const Fr> weight = eq.subspan(at, n);
    Scratch<2> scratch;
    const std::span<Fr> left = scratch[0].first(n), right = scratch[1].first(n);
    sums[0] += kernel_table<Fr>().inner_product(weight, low(check.single));
    sums[1] += kernel_table<Fr>().inner_product(weight, high(check.single));
    for (const Check::Pair& pair : check.pairs) {
      sums[0] += weighted_products(weight, low(pair.left), low(pair.right));
      sums[1] += weighted_products(weight, high(pair.left), high(pair.right));
      kernel_table<Fr>().sub(left, high(pair.left), low(pair.left));
      kernel_table<Fr>().sub(right, high(pair.right), low(pair.right));
      sums[2] += weighted_products(weight, left, right);
    }
  }
  return sums;
}

void fold_zero_half(SecretElements& v, const Fr& r) {
  const size_t half = v.size() / 2;
  fold(std::span(v).first(half), std::span(v).first(half), std::span(v).subspan(half, half), r);
  v.resize(half);
}

}  // namespace

void prove_zeros(RunState& run) {
  const Program& program = run.program;
  if (program.zeros.empty()) return;
  const Fr y = run.transcript.challenge();
  const unsigned all = run.claims.zeta_count;
  const Fr half = Fr::from_u64(2).inverse();
  const auto power = [](const Fr& base, unsigned k) {
    Fr out = Fr::one();
    for (unsigned i = 0; i < k; ++i) out *= base;
    return out;
  };

  std::vector<Check> checks;
  Fr weight = Fr::one();
  for (const ZeroCheck& check : program.zeros) {
    checks.push_back(make_check(run, check, weight * power(half, all - check.outer)));
    weight *= y;
  }

  // eq of tau_0 .. tau_(j-1), for the round that binds variable j; halved from round to round by summing over a
  // variable.
  SecretElements eq(size_t{1} << all);
  large_eq_table(eq, std::span<const Fr>(run.tau).first(all), Fr::one());
  const auto drop_variable = [&] {
    const size_t n = eq.size() / 2;
    kernel_table<Fr>().add(std::span(eq).first(n), std::span(eq).first(n), std::span(eq).subspan(n, n));
    eq.resize(n);
  };
  const auto note_sums = [&] {  // of checks in as many variables as eq now has
    for (Check& check : checks) {
      if (check.single.size() != eq.size()) continue;
      check.sum = kernel_table<Fr>().inner_product(eq, check.single);
      for (const Check::Pair& pair : check.pairs) check.sum += weighted_products(eq, pair.left, pair.right);
    }
  };
  SecretElements whole(eq);
  note_sums();
  for (unsigned j = all; j-- > 0;) {
    drop_variable();
    note_sums();
  }
  eq = std::move(whole);

  Fr value;
  run.zeta.resize(all);
  for (const Check& check : checks) value += power(Fr::from_u64(2), all - check.variables) * check.sum;
  for (unsigned j = all; j-- > 0;) {
    drop_variable();
    std::array<Fr, 4> c{};
    std::vector<std::array<Fr, 3>> rounds(checks.size());
    parallel_for(checks.size(), 1 + 256 / eq.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        if (checks[i].variables > j) rounds[i] = round_of(checks[i], eq);
      }
    });
    for (size_t i = 0; i < checks.size(); ++i) {
      const Check& check = checks[i];
      if (check.variables <= j) {
        c[0] += power(Fr::from_u64(2), j - check.variables) * check.sum;
        continue;
      }
      const auto [at0, at1, c2] = rounds[i];
      // (1 - tau + (2 tau - 1) X) (at0 + c1 X + c2 X^2), times what is bound.
      const Fr c1 = at1 - at0 - c2, e0 = (Fr::one() - run.tau[j]) * check.bound,
               e1 = (run.tau[j].dbl() - Fr::one()) * check.bound;
      c[0] += e0 * at0;
      c[1] += e0 * c1 + e1 * at0;
      c[2] += e0 * c2 + e1 * c1;
      c[3] += e1 * c2;
    }
    c[1] = value - c[0].dbl() - c[2] - c[3];
    const Fr r = run.zeta[j] = send_round(run, c, value);
    for (Check& check : checks) {
      if (check.variables <= j) continue;
      check.bound *= Fr::one() - run.tau[j] - r + (run.tau[j] * r).dbl();
      fold_zero_half(check.single, r);
      for (Check::Pair& pair : check.pairs) {
        fold_zero_half(pair.left, r);
        fold_zero_half(pair.right, r);
      }
    }
  }
  run.send_claims(ClaimTable::zero);
}

}  // namespace pyzkfl::sumcheck

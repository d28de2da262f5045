// See proof_core.h.
#include "groth16/proof_core.h"

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "fields/kernels/kernel_table.h"
#include "poly/domain.h"
#include "poly/twiddles.h"

namespace pyzkfl::groth16 {
namespace {

using Values = Witness::Values;  // wiped when they go

constexpr size_t elements_a_thread = 1024;  // elements that are worth a thread

// out = a b, a - b: in parallel, by the vector kernel. `out` may be an operand.
void multiply(Values& out, const Values& a, const Values& b) {
  parallel_for(out.size(), elements_a_thread, [&](size_t begin, size_t end) {
    const auto part = [&](auto& v) { return std::span(v).subspan(begin, end - begin); };
    kernel_table<Fr>().mul(part(out), part(a), part(b));
  });
}
void subtract(Values& out, const Values& a, const Values& b) {
  parallel_for(out.size(), elements_a_thread, [&](size_t begin, size_t end) {
    const auto part = [&](auto& v) { return std::span(v).subspan(begin, end - begin); };
    kernel_table<Fr>().sub(part(out), part(a), part(b));
  });
}

// a b - c on the odd 2n-th roots of unity, c being a b on the even ones.
void odd_values(unsigned log_n, RowValues& rows) {
  const Domain domain(log_n);
  const Fr shift = root_of_unity(log_n + 1);
  Values c(domain.size());
  multiply(c, rows.a, rows.b);
  for (Values* v : {&rows.a, &rows.b, &c}) domain.coset_extend(*v, shift);
  multiply(rows.a, rows.a, rows.b);
  subtract(rows.a, rows.a, c);
}

// Coefficients of h = (a b - c) / (X^n - 1), from evaluations on the domain. On the coset g D a polynomial of
// degree below 2n is known modulo X^n - g^n: a b = h X^n + (c - h) becomes c + (g^n - 1) h. So c never goes
// to the coset: two extensions (two transforms each), one inverse transform of c, one back from the coset.
// The last coefficient is zero.
void quotient_coefficients(unsigned log_n, RowValues& rows) {
  const Domain domain(log_n);
  Values c(domain.size());
  multiply(c, rows.a, rows.b);
  domain.intt(c);
  for (Values* v : {&rows.a, &rows.b}) domain.coset_extend(*v, Domain::coset_shift());
  multiply(rows.a, rows.a, rows.b);
  domain.coset_intt(rows.a);
  subtract(rows.a, rows.a, c);
  const Fr scale = domain.vanishing_on_coset().inverse();
  parallel_for(domain.size(), elements_a_thread, [&](size_t begin, size_t end) {
    const std::span<Fr> part = std::span(rows.a).subspan(begin, end - begin);
    kernel_table<Fr>().scale(part, part, scale);
  });
}

// k, its inverse and t; wiped.
struct Randomisers {
  Fr k, k_inverse, t = Fr::random();

  Randomisers() {
    do k = Fr::random();
    while (k.is_zero());
    k_inverse = k.inverse();
  }
  ~Randomisers() {
    wipe_object(k);
    wipe_object(k_inverse);
    wipe_object(t);
  }
};

}  // namespace

void quotient(const KeyView& key, RowValues& rows) {
  if (key.basis == QuotientBasis::powers) {
    quotient_coefficients(key.log_n, rows);
  } else {
    odd_values(key.log_n, rows);
  }
  rows.b = Values();
}

Proof make_proof(const KeyView& key, RowValues rows, std::span<const Fr> witness, const Progress& progress) {
  const size_t n = key.domain_size();
  if (rows.a.size() != n || rows.b.size() != n)
    throw ParameterError("the rows' values are not as many as the domain's points");
  if (witness.size() != key.num_wires)
    throw ParameterError("the witness has " + std::to_string(witness.size()) + " values, the key " +
                         std::to_string(key.num_wires) + " wires");
  if (key.l.count > witness.size()) throw ParameterError("the key has more points in L than wires");
  report(progress, 0.05);
  quotient(key, rows);
  report(progress, 0.15);
  const G1 h = msm(key.h, std::span<const Fr>(rows.a).first(key.h.count));
  rows.a = Values();
  report(progress, 0.35);

  // The last wires have points in all three arrays: recoded once. Before them come the few without a point in
  // L.
  const size_t few = witness.size() - key.l.count;
  const std::span<const Fr> first = witness.first(few);
  const MsmScalars rest(witness.subspan(few));
  const auto over_all_wires = [&]<class F>(PointBytes<F> points) {
    return msm(points.first(few), first) + msm(points.subspan(few, rest.size()), rest);
  };
  const G1 l = msm(key.l, rest);
  report(progress, 0.5);
  const G1 a = over_all_wires(key.a) + key.alpha_1;
  report(progress, 0.65);
  const G2 b = over_all_wires(key.b_2) + key.beta_2;
  report(progress, 0.95);

  const Randomisers random;
  const G2 b_hidden = mul(b + mul(G2(key.delta_2), random.t), random.k_inverse);
  return {mul(a, random.k).to_affine(), b_hidden.to_affine(), (h + l + mul(a, random.t)).to_affine()};
}

}  // namespace pyzkfl::groth16

// Verification of a second phase: see phase2.h.
//
// With a random rho_i for each wire, A = sum rho_i A_i(X) and likewise B, C are polynomials that one
// evaluation of the matrices gives; every array of the key is compared with them through the powers of tau:
//   a:   sum rho_i a_i                = [A(tau)]
//   b:   sum rho_i b_i                = [B(tau)], in G1 and in G2
//   k:   sum_(public, committed) rho_i K_i + delta sum_(private) rho_i L_i = [beta A(tau) + alpha B(tau) +
//   C(tau)] h:   delta sum eta_i H_i          = sum eta_i [tau^(n+i) - tau^i] sigma: sum kappa_i (sigma K_i)
//   = sigma sum kappa_i K_i        for each group
#include <array>

#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "groth16/pairing_relations.h"
#include "groth16/phase2.h"
#include "kzg/random_weights.h"
#include "poly/domain.h"

namespace pyzkfl::groth16 {
namespace {

std::optional<std::string> problem_with_shapes(const KeyElements& key, const Phase1& phase1,
                                               const ConstraintSystem& cs) {
  const WireLayout& layout = cs.layout();
  if (key.circuit != cs.digest() || key.layout != layout || key.log_n != domain_log_n(cs))
    return "the key is for another circuit";
  if (key.log_n > phase1.log_n) return "the first phase is too small for this circuit";
  bool fits = key.ic.size() == layout.first_committed(0) && key.groups.size() == layout.num_groups() &&
              key.l.size() == layout.num_private && key.h.size() == key.domain_size() - 1 &&
              key.a.size() == layout.num_wires() && key.b_1.size() == layout.num_wires() &&
              key.b_2.size() == layout.num_wires();
  for (size_t g = 0; fits && g < key.groups.size(); ++g)
    fits = key.groups[g].basis.size() == layout.group_sizes[g] &&
           key.groups[g].knowledge.size() == layout.group_sizes[g];
  if (!fits) return "the arrays do not have the lengths of a key for this circuit";
  if (key.alpha_1 != phase1.alpha_1[0] || key.beta_1 != phase1.beta_1[0] || key.beta_2 != phase1.beta_2)
    return "alpha and beta are not those of the first phase";
  return std::nullopt;
}

// The two sides of the arrays' equations as sums of points, and what they are compared with.
class ArrayCheck {
 public:
  ArrayCheck(const KeyElements& key, const Phase1& phase1, const ConstraintSystem& cs,
             const Progress& progress)
      : key_(key),
        phase1_(phase1),
        n_(key.domain_size()),
        rho_(random_weights(cs.num_wires())),
        eta_(random_weights(n_ - 1)) {
    const Domain domain(key.log_n);
    for (const Side side : {Side::a, Side::b, Side::c}) {
      std::vector<Fr>& polynomial = polynomials_[static_cast<size_t>(side)];
      polynomial.resize(n_);
      cs.evaluate(side, polynomial, rho_);
      domain.intt(polynomial);
    }
    const std::span<const Fr> rho(rho_);
    const WireLayout& layout = key.layout;
    a_ = msm(key.a, rho);
    b_ = msm(key.b_1, rho);
    report(progress, 0.4);
    k_ = msm(key.ic, rho.first(key.ic.size()));
    for (uint32_t g = 0; g < layout.num_groups(); ++g)
      k_ += msm(key.groups[g].basis, rho.subspan(layout.first_committed(g), layout.group_sizes[g]));
    l_ = msm(key.l, rho.subspan(layout.first_private()));
    h_ = msm(key.h, eta_);
    report(progress, 0.5);
    const std::span<const Fr> a = polynomials_[0], b = polynomials_[1];
    beta_a_ = msm(std::span<const G1Affine>(phase1.beta_1).first(n_), a);
    alpha_b_ = msm(std::span<const G1Affine>(phase1.alpha_1).first(n_), b);
    report(progress, 0.6);
  }

  // The equations of a, b, k and h, each times its weight, as e(., H2) e(., delta) = 1.
  PairingRelation relation(const Fr& on_a, const Fr& on_b, const Fr& on_k, const Fr& on_h,
                           std::string otherwise) const {
    std::vector<Fr> tau(2 * n_ - 1);  // scalars of the powers of tau
    for (size_t i = 0; i < n_; ++i)
      tau[i] = on_a * polynomials_[0][i] + on_b * polynomials_[1][i] + on_k * polynomials_[2][i];
    for (size_t i = 0; i + 1 < n_; ++i) {
      const Fr weighted = on_h * eta_[i];
      tau[n_ + i] = weighted;
      tau[i] -= weighted;
    }
    const G1 expected = msm(std::span<const G1Affine>(phase1_.tau_1).first(tau.size()), tau) +
                        mul_vartime(beta_a_ + alpha_b_, on_k);
    const G1 found = mul_vartime(a_, on_a) + mul_vartime(b_, on_b) + mul_vartime(k_, on_k);
    const G1 over_delta = mul_vartime(l_, on_k) + mul_vartime(h_, on_h);
    return {std::move(otherwise),
            {{(found - expected).to_affine(), g2_generator()}, {over_delta.to_affine(), key_.delta_2}}};
  }

  [[nodiscard]] bool b_2_holds() const {
    return msm(key_.b_2, rho_) ==
           msm(std::span<const G2Affine>(phase1_.tau_2).first(n_), std::span<const Fr>(polynomials_[1]));
  }

 private:
  const KeyElements& key_;
  const Phase1& phase1_;
  size_t n_;
  std::vector<Fr> rho_, eta_;
  std::array<std::vector<Fr>, 3> polynomials_;
  G1 a_, b_, k_, l_, h_, beta_a_, alpha_b_;
};

}  // namespace

std::optional<std::string> problem_with(const Phase2& state, const Phase1& phase1, const ConstraintSystem& cs,
                                        ByteSpan context, std::span<const Contribution> records,
                                        const Progress& progress, Start start) {
  const KeyElements& key = state.key;
  if (const auto problem = problem_with_shapes(key, phase1, cs)) return problem;
  if (state.ceremony != Phase2::ceremony_of(phase1, cs, context)) return "the state is of another ceremony";
  std::vector<G1Affine> first = {g1_generator()};
  for (const GroupElements& group : key.groups) {
    if (group.basis.back().is_infinity()) return "the blinder of a group has no point";
    first.push_back(group.basis.back());
  }
  ChainEnd end;
  if (const auto problem = problem_with_chain(end, state.ceremony, first, records, start)) return problem;
  if (end.chain != state.chain || records.size() != state.contributions)
    return "the records are not those that led to this state";
  if (end.leading != state.leading_points()) return "the state does not have the secrets of its records";
  if (!records.empty() && end.state != state.state_digest())
    return "the state was changed after the last contribution";
  report(progress, 0.2);

  const ArrayCheck arrays(key, phase1, cs, progress);
  std::vector<PairingRelation> relations = {
      {"delta in G2 is not delta in G1", {{key.delta_1, g2_generator()}, {-g1_generator(), key.delta_2}}}};
  for (const GroupElements& group : key.groups) {
    const std::vector<Fr> kappa = random_weights(group.basis.size());
    relations.push_back({"a group's basis of knowledge is not sigma times its basis",
                         {{msm(group.knowledge, kappa).to_affine(), g2_generator()},
                          {(-msm(group.basis, kappa)).to_affine(), group.sigma_2}}});
  }
  if (const auto problem = first_false(relations)) return problem;
  report(progress, 0.7);
  if (!arrays.b_2_holds()) return "B in G2 is not that of the circuit";
  report(progress, 0.9);
  const std::array all = {
      arrays.relation(random_weight(), random_weight(), random_weight(), random_weight(), "")};
  const bool right = !first_false(all);
  report(progress, 1.0);
  if (right) return std::nullopt;
  const Fr one = Fr::one(), zero = Fr::zero();  // which one: again with one weight at a time
  return first_false(std::array{
      arrays.relation(one, zero, zero, zero, "A is not that of the circuit"),
      arrays.relation(zero, one, zero, zero, "B in G1 is not that of the circuit"),
      arrays.relation(zero, zero, one, zero, "IC, L or a commitment's basis is not that of the circuit"),
      arrays.relation(zero, zero, zero, one, "H is not made of the powers of tau"),
  });
}

}  // namespace pyzkfl::groth16

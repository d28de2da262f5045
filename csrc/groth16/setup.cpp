// See setup.h.
#include "groth16/setup.h"

#include <array>
#include <string>

#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/fixed_base.h"
#include "curves/scalar_mul.h"
#include "poly/domain.h"

namespace pyzkfl::groth16 {
namespace {

// sum_k M[k][i] lagrange[k] for every wire i: the wire's polynomial at tau.
std::vector<Fr> columns_at(const ConstraintSystem& cs, Side side, std::span<const Fr> lagrange) {
  const SparseMatrix& m = cs.matrix(side);
  std::vector<Fr> out(cs.num_wires());
  for (size_t k = 0; k < m.num_rows(); ++k)
    for (uint64_t e = m.row_start[k]; e < m.row_start[k + 1]; ++e)
      out[m.wire[e]] += cs.coefficient(m.coefficient[e]) * lagrange[k];
  return out;
}

std::vector<Fr> scaled(std::span<const Fr> values, const Fr& factor) {
  std::vector<Fr> out(values.begin(), values.end());
  for (Fr& v : out) v *= factor;
  return out;
}

void wipe_values(std::vector<Fr>& values) {
  wipe({reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(Fr)});
}

}  // namespace

Trapdoor Trapdoor::random(size_t num_groups) {
  const auto nonzero = [] {
    Fr value;
    do value = Fr::random();
    while (value.is_zero());
    return value;
  };
  Trapdoor trapdoor{nonzero(), nonzero(), nonzero(), nonzero(), {}};
  for (size_t g = 0; g < num_groups; ++g) trapdoor.sigma.push_back(nonzero());
  return trapdoor;
}

void check_groups(const ConstraintSystem& cs) {
  for (const uint32_t size : cs.layout().group_sizes)
    if (size == 0) throw ParameterError("a group of committed wires is empty");
  check_commitment_independence(cs);
}

KeyElements insecure_elements(const ConstraintSystem& cs, const Trapdoor& trapdoor,
                              const Progress& progress) {
  const WireLayout& layout = cs.layout();
  if (trapdoor.sigma.size() != layout.num_groups())
    throw ParameterError("a setup has one sigma for each group");
  KeyElements key;
  key.circuit = cs.digest();
  key.layout = layout;
  key.log_n = domain_log_n(cs);
  const size_t n = key.domain_size();
  const FixedBase<G1Affine> g1(g1_generator(), 4 * cs.num_wires() + n);
  const FixedBase<G2Affine> g2(g2_generator(), cs.num_wires());
  key.alpha_1 = g1.mul(trapdoor.alpha).to_affine();
  key.beta_1 = g1.mul(trapdoor.beta).to_affine();
  key.delta_1 = g1.mul(trapdoor.delta).to_affine();
  key.beta_2 = g2.mul(trapdoor.beta).to_affine();
  key.delta_2 = g2.mul(trapdoor.delta).to_affine();

  std::vector<Fr> lagrange = Domain(key.log_n).lagrange_at(trapdoor.tau);
  std::vector<Fr> a = columns_at(cs, Side::a, lagrange);
  std::vector<Fr> b = columns_at(cs, Side::b, lagrange);
  std::vector<Fr> k = columns_at(cs, Side::c, lagrange);
  for (size_t i = 0; i < k.size(); ++i) k[i] += trapdoor.beta * a[i] + trapdoor.alpha * b[i];
  report(progress, 0.05);
  key.a = g1.batch(a);
  report(progress, 0.2);
  key.b_1 = g1.batch(b);
  report(progress, 0.35);
  key.b_2 = g2.batch(b);
  report(progress, 0.7);

  const std::span<const Fr> all(k);
  key.ic = g1.batch(all.first(layout.first_committed(0)));
  for (uint32_t g = 0; g < layout.num_groups(); ++g) {
    const auto wires = all.subspan(layout.first_committed(g), layout.group_sizes[g]);
    key.groups.push_back(
        {g1.batch(wires), g1.batch(scaled(wires, trapdoor.sigma[g])), g2.mul(trapdoor.sigma[g]).to_affine()});
  }
  const Fr delta_inverse = trapdoor.delta.inverse();
  std::vector<Fr> l = scaled(all.subspan(layout.first_private()), delta_inverse);
  key.l = g1.batch(l);
  report(progress, 0.85);
  std::vector<Fr> h(n - 1);
  Fr power = delta_inverse * (trapdoor.tau.pow_vartime(std::array<uint64_t, 1>{n}) - Fr::one());
  for (Fr& value : h) {
    value = power;
    power *= trapdoor.tau;
  }
  key.h = g1.batch(h);
  for (std::vector<Fr>* secret : {&lagrange, &a, &b, &k, &l, &h}) wipe_values(*secret);
  report(progress, 1.0);
  return key;
}

ProvingKey insecure_setup(const ConstraintSystem& cs, const Progress& progress) {
  check_groups(cs);
  Trapdoor trapdoor = Trapdoor::random(cs.layout().num_groups());
  KeyElements key = insecure_elements(cs, trapdoor, progress);
  for (Fr* secret : {&trapdoor.tau, &trapdoor.alpha, &trapdoor.beta, &trapdoor.delta}) wipe_object(*secret);
  wipe_values(trapdoor.sigma);
  return ProvingKey(std::move(key));
}

}  // namespace pyzkfl::groth16

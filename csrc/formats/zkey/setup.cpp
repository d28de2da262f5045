// See setup.h.
#include "formats/zkey/setup.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/errors.h"
#include "base/secret.h"
#include "curves/batch_mul.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/ptau/ptau_file.h"
#include "formats/zkey/circuit_hash.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/wire_terms.h"
#include "formats/zkey/zkey_file.h"
#include "kzg/random_weights.h"
#include "poly/domain.h"

namespace pyzkfl::formats {
namespace {

template <class F>
PointBytes<F> points_in(ByteSpan bytes) {
  return {bytes.data(), bytes.size() / sizeof(Affine<F>)};
}

// A basis of 2^log_n points, checked: every point, and against the powers.
template <class F>
std::vector<Affine<F>> load_basis(const PtauFile& file, PtauSection section, PtauSection powers,
                                  unsigned log_n) {
  const ByteSpan bytes = file.lagrange(section, log_n);
  const std::string what = file.path() + ", section " + std::to_string(section);
  std::vector<Affine<F>> basis;
  if constexpr (std::is_same_v<F, Fp>) {
    basis = load_g1_points(bytes, what, Infinity::refused);
  } else {
    basis = load_g2_points(bytes, what, Infinity::refused);
  }
  // sum_i r_i tau^i = sum_k r(w^k) L_k for random r. The largest basis in G1 lacks the last power: it counts as zero,
  // and is checked like the others (see are_lagrange_bases in ptau/verify.cpp for what happens otherwise).
  const PointBytes<F> all = points_in<F>(file.container().section(powers));
  const size_t used = std::min(basis.size(), all.size());
  std::vector<Fr> r = random_weights(basis.size());
  if constexpr (std::is_same_v<F, Fp>) {
    check_g1_points({all.data, used * sizeof(G1Affine)}, what, Infinity::refused);
  } else {
    // Not the subgroup: nothing is made from these points, and a part outside it cannot make them equal.
    check_g2_points({all.data, used * sizeof(G2Affine)}, what, Infinity::refused, SubgroupCheck::skipped);
  }
  const Jacobian<F> on_powers = msm(all.first(used), std::span<const Fr>(r).first(used));
  Domain(log_n).ntt(r);
  if (!(on_powers == msm(std::span<const Affine<F>>(basis), std::span<const Fr>(r))))
    throw DecodeError(what + ": not the Lagrange basis of the powers of tau");
  return basis;
}

// Section 4: the terms of A and B, row by row, then the rows of constant and public inputs.
void write_coefficients(ContainerWriter& out, const R1csFile& circuit) {
  constexpr size_t batch_bytes = 1 << 20;
  out.begin(zkey_coefficients);
  uint64_t count = uint64_t{circuit.num_public()} + 1;
  circuit.for_each_term([&](uint32_t, unsigned matrix, uint32_t, const uint8_t*) { count += matrix < 2; });
  if (count > UINT32_MAX) throw ParameterError("the circuit has more terms than a .zkey can hold");
  Writer batch;
  batch.u32(static_cast<uint32_t>(count));
  const auto put = [&](uint32_t matrix, uint32_t row, uint32_t wire, const Fr& value) {
    batch.u32(matrix).u32(row).u32(wire);
    batch.bytes(raw_bytes(Fr::from_canonical(value.l)));  // v R becomes v R^2
    if (batch.view().size() >= batch_bytes) out.write(batch.take()), batch = Writer();
  };
  circuit.for_each_term([&](uint32_t row, unsigned matrix, uint32_t wire, const uint8_t* value) {
    if (matrix < 2) put(matrix, row, wire, Fr::from_canonical(load_limbs(value)));
  });
  for (uint32_t wire = 0; wire <= circuit.num_public(); ++wire)
    put(0, circuit.num_constraints() + wire, wire, Fr::one());
  out.write(batch.view());
  out.end();
}

}  // namespace

void setup_zkey(const std::string& r1cs, const std::string& ptau, const std::string& output,
                const std::string& name, const Progress& progress) {
  check_contribution_name(name);
  check_not_input(output, std::array{r1cs, ptau});
  check_output(output);
  const R1csFile circuit(r1cs);
  const PtauFile powers(ptau);
  const uint64_t last_row = uint64_t{circuit.num_constraints()} + circuit.num_public();
  const unsigned log_n = std::max(1u, static_cast<unsigned>(std::bit_width(last_row)));
  if (log_n > powers.log_n() || log_n > zkey_most_log_n)
    throw ParameterError("the circuit has " + std::to_string(last_row + 1) +
                         " rows: it needs powers of tau for 2^" + std::to_string(log_n) + ", and " + ptau +
                         " is for 2^" + std::to_string(powers.log_n()));
  if (!powers.is_prepared()) throw ParameterError(ptau + " is not prepared: run `pyzkfl ptau prepare` on it");
  if (powers.container().reader(ptau_contributions).u32() == 0)
    throw ParameterError(ptau +
                         " has no contribution: its tau is known, so anyone could forge proofs. Run `pyzkfl "
                         "ptau contribute` on it first");
  const size_t n = size_t{1} << log_n;
  const auto read_head = [&](PtauSection section, const char* what) {
    Reader in = powers.container().reader(section);
    return read_g1(in, what);
  };
  const G1Affine alpha_1 = read_head(ptau_alpha_1, "alpha"), beta_1 = read_head(ptau_beta_1, "beta");
  Reader beta_reader = powers.container().reader(ptau_beta_2);
  const G2Affine beta_2 = read_g2(beta_reader, "beta in G2");

  std::vector<G1Affine> a, b_1, k;
  {
    // The bases times beta and alpha, and as it is, one behind the other: K_i = beta A_i + alpha B_i + C_i.
    std::vector<G1Affine> bases;
    bases.reserve(3 * n);
    for (const auto& [basis, of] :
         {std::pair(ptau_lagrange_beta, ptau_beta_1), std::pair(ptau_lagrange_alpha, ptau_alpha_1),
          std::pair(ptau_lagrange_1, ptau_tau_1)}) {
      const std::vector<G1Affine> points = load_basis<Fp>(powers, basis, of, log_n);
      bases.insert(bases.end(), points.begin(), points.end());
    }
    report(progress, 0.2);
    const auto rows = static_cast<uint32_t>(n);
    const PointBytes<Fp> all = std::span<const G1Affine>(bases), lagrange = all.subspan(2 * n, n);
    k = sparse_combinations(all, WireTerms(circuit, {.a = 0, .b = rows, .c = 2 * rows}).view());
    a = sparse_combinations(lagrange, WireTerms(circuit, {.a = 0}).view());
    b_1 = sparse_combinations(lagrange, WireTerms(circuit, {.b = 0}).view());
    report(progress, 0.4);
  }
  const std::vector<G2Affine> b_2 = sparse_combinations(
      std::span<const G2Affine>(load_basis<Fp2>(powers, ptau_lagrange_2, ptau_tau_2, log_n)),
      WireTerms(circuit, {.b = 0}).view());
  report(progress, 0.6);
  std::vector<G1Affine> h(n);
  {
    const auto basis = load_basis<Fp>(powers, ptau_lagrange_1, ptau_tau_1, log_n + 1);
    for (size_t i = 0; i < n; ++i) h[i] = basis[2 * i + 1];
    report(progress, 0.7);
  }
  const std::span<const G1Affine> ic = std::span(k).first(size_t{circuit.num_public()} + 1);
  const std::span<G1Affine> l = std::span(k).subspan(ic.size());

  Phase2Records records{circuit_hash(powers, n, {alpha_1, beta_1, beta_2, ic, l, a, b_1, b_2}), {}};
  report(progress, 0.75);

  Fr delta, delta_inverse;
  struct Wipe {
    Fr& value;
    ~Wipe() { wipe_object(value); }
  } const wipe_delta{delta}, wipe_inverse{delta_inverse};
  do delta = Fr::random();
  while (delta.is_zero() || delta.is_one());
  delta_inverse = delta.inverse();
  records.append(delta, g1_generator(), name);
  const G2Affine delta_2 = mul(G2(g2_generator()), delta).to_affine();
  batch_mul_same_scalar(l, delta_inverse);
  report(progress, 0.85);
  batch_mul_same_scalar(h, delta_inverse);
  report(progress, 0.95);

  ContainerWriter out(output, "zkey", 1, 10);
  Writer section;
  section.u32(zkey_groth16);
  out.section(zkey_protocol, section.view());
  section = Writer();
  write_coordinate_prime(section);
  write_scalar_prime(section);
  section.u32(circuit.num_wires()).u32(circuit.num_public()).u32(static_cast<uint32_t>(n));
  section.bytes(raw_bytes(alpha_1)).bytes(raw_bytes(beta_1)).bytes(raw_bytes(beta_2));
  section.bytes(raw_bytes(g2_generator())).bytes(raw_bytes(records.records.back().delta_after));
  section.bytes(raw_bytes(delta_2));
  out.section(zkey_header, section.view());
  out.section(zkey_ic, raw_bytes(ic));
  write_coefficients(out, circuit);
  out.section(zkey_a, raw_bytes(std::span<const G1Affine>(a)));
  out.section(zkey_b_1, raw_bytes(std::span<const G1Affine>(b_1)));
  out.section(zkey_b_2, raw_bytes(std::span<const G2Affine>(b_2)));
  out.section(zkey_l, raw_bytes(std::span<const G1Affine>(l)));
  out.section(zkey_h, raw_bytes(std::span<const G1Affine>(h)));
  section = Writer();
  records.write(section);
  out.section(zkey_contributions, section.view());
  out.commit();
  report(progress, 1.0);
}

}  // namespace pyzkfl::formats

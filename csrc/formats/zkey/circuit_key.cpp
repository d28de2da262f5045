// See circuit_key.h.
#include "formats/zkey/circuit_key.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/errors.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "curves/sparse_combinations.h"
#include "formats/container/elements.h"
#include "formats/ptau/last_power.h"
#include "formats/zkey/circuit_hash.h"
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
  // sum_i r_i tau^i = sum_k r(w^k) L_k for random r. The largest basis in G1 has a power that the file lacks: it is
  // checked like the others (last_power.h says what it may be).
  const PointBytes<F> all = points_in<F>(file.container().section(powers));
  const size_t used = std::min(basis.size(), all.size());
  std::vector<Fr> r = random_weights(basis.size());
  const Fr weight_of_last = r.back();
  if constexpr (std::is_same_v<F, Fp>) {
    check_g1_points({all.data, used * sizeof(G1Affine)}, what, Infinity::refused);
  } else {
    // Not the subgroup: nothing is made from these points, and a part outside it cannot make them equal.
    check_g2_points({all.data, used * sizeof(G2Affine)}, what, Infinity::refused, SubgroupCheck::skipped);
  }
  const Jacobian<F> on_powers = msm(all.first(used), std::span<const Fr>(r).first(used));
  Domain(log_n).ntt(r);
  const Jacobian<F> on_basis = msm(std::span<const Affine<F>>(basis), std::span<const Fr>(r));
  if (on_powers == on_basis) return basis;
  if constexpr (std::is_same_v<F, Fp>) {
    if (used < basis.size()) {
      Reader tau = file.container().reader(ptau_tau_2);
      (void)tau.bytes(sizeof(G2Affine));
      const G1Affine last = last_power_of(PointBytes<Fp>(std::span<const G1Affine>(basis)), log_n);
      if (follows(last, all[used - 1], read_g2(tau, "tau in G2")) &&
          on_powers + mul_vartime(G1(last), weight_of_last) == on_basis)
        return basis;
    }
  }
  throw DecodeError(what + ": not the Lagrange basis of the powers of tau");
}

void expect_usable(const R1csFile& circuit, const PtauFile& powers) {
  const unsigned log_n = domain_log_n(circuit);
  if (log_n > powers.log_n() || log_n > zkey_most_log_n)
    throw ParameterError(
        "the circuit has " + std::to_string(uint64_t{circuit.num_constraints()} + circuit.num_public() + 1) +
        " rows: it needs powers of tau for 2^" + std::to_string(log_n) + ", and " + powers.path() +
        " is for 2^" + std::to_string(powers.log_n()));
  if (!powers.is_prepared())
    throw ParameterError(powers.path() + " is not prepared: run `pyzkfl ptau prepare` on it");
  if (powers.container().reader(ptau_contributions).u32() == 0)
    throw ParameterError(powers.path() +
                         " has no contribution: its tau is known, so anyone could forge proofs. Run `pyzkfl "
                         "ptau contribute` on it first");
}

}  // namespace

unsigned domain_log_n(const R1csFile& circuit) {
  const uint64_t last_row = uint64_t{circuit.num_constraints()} + circuit.num_public();
  return std::max(1u, static_cast<unsigned>(std::bit_width(last_row)));
}

CircuitKey make_circuit_key(const R1csFile& circuit, const PtauFile& powers, const Progress& progress) {
  expect_usable(circuit, powers);
  CircuitKey key;
  key.log_n = domain_log_n(circuit);
  key.ic_count = size_t{circuit.num_public()} + 1;
  const size_t n = size_t{1} << key.log_n;
  const auto read_head = [&](PtauSection section, const char* what) {
    Reader in = powers.container().reader(section);
    return read_g1(in, what);
  };
  key.alpha_1 = read_head(ptau_alpha_1, "alpha");
  key.beta_1 = read_head(ptau_beta_1, "beta");
  Reader beta_reader = powers.container().reader(ptau_beta_2);
  key.beta_2 = read_g2(beta_reader, "beta in G2");
  {
    // The bases times beta and alpha, and as it is, one behind the other: K_i = beta A_i + alpha B_i + C_i.
    std::vector<G1Affine> bases;
    bases.reserve(3 * n);
    for (const auto& [basis, of] :
         {std::pair(ptau_lagrange_beta, ptau_beta_1), std::pair(ptau_lagrange_alpha, ptau_alpha_1),
          std::pair(ptau_lagrange_1, ptau_tau_1)}) {
      const std::vector<G1Affine> points = load_basis<Fp>(powers, basis, of, key.log_n);
      bases.insert(bases.end(), points.begin(), points.end());
    }
    report(progress, 0.25);
    const auto rows = static_cast<uint32_t>(n);
    const PointBytes<Fp> all = std::span<const G1Affine>(bases), lagrange = all.subspan(2 * n, n);
    key.combined =
        sparse_combinations(all, WireTerms(circuit, {.a = 0, .b = rows, .c = 2 * rows}).view());
    key.a = sparse_combinations(lagrange, WireTerms(circuit, {.a = 0}).view());
    key.b_1 = sparse_combinations(lagrange, WireTerms(circuit, {.b = 0}).view());
    report(progress, 0.55);
  }
  key.b_2 = sparse_combinations(
      std::span<const G2Affine>(load_basis<Fp2>(powers, ptau_lagrange_2, ptau_tau_2, key.log_n)),
      WireTerms(circuit, {.b = 0}).view());
  report(progress, 0.8);
  {
    const auto basis = load_basis<Fp>(powers, ptau_lagrange_1, ptau_tau_1, key.log_n + 1);
    key.h.resize(n);
    for (size_t i = 0; i < n; ++i) key.h[i] = basis[2 * i + 1];
    report(progress, 0.95);
  }
  key.hash = circuit_hash(powers, n,
                          {key.alpha_1, key.beta_1, key.beta_2, std::as_const(key).ic(),
                           std::as_const(key).l(), key.a, key.b_1, key.b_2});
  report(progress, 1.0);
  return key;
}

void stream_coefficients(const R1csFile& circuit, const ByteSink& out) {
  constexpr size_t piece_bytes = 1 << 20;
  uint64_t count = uint64_t{circuit.num_public()} + 1;
  circuit.for_each_term([&](uint32_t, unsigned matrix, uint32_t, const uint8_t*) { count += matrix < 2; });
  if (count > UINT32_MAX) throw ParameterError("the circuit has more terms than a .zkey can hold");
  Writer piece;
  piece.u32(static_cast<uint32_t>(count));
  const auto put = [&](uint32_t matrix, uint32_t row, uint32_t wire, const Fr& value) {
    piece.u32(matrix).u32(row).u32(wire);
    piece.bytes(raw_bytes(Fr::from_canonical(value.l)));  // v R becomes v R^2
    if (piece.view().size() >= piece_bytes) out(piece.take()), piece = Writer();
  };
  circuit.for_each_term([&](uint32_t row, unsigned matrix, uint32_t wire, const uint8_t* value) {
    if (matrix < 2) put(matrix, row, wire, Fr::from_canonical(load_limbs(value)));
  });
  for (uint32_t wire = 0; wire <= circuit.num_public(); ++wire)
    put(0, circuit.num_constraints() + wire, wire, Fr::one());
  out(piece.view());
}

}  // namespace pyzkfl::formats

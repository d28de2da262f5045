// Verification of powers of tau: see ceremony.h.
#include "base/errors.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/last_power.h"
#include "formats/ptau/phase1_records.h"
#include "groth16/phase1.h"
#include "kzg/random_weights.h"
#include "poly/domain.h"

namespace pyzkfl::formats {
namespace {

// Part of a progress.
Progress between(const Progress& progress, double from, double to) {
  return [&progress, from, to](double fraction) { report(progress, from + (to - from) * fraction); };
}

// Random combinations of powers and of `bases` (all levels, up to 2^most points), equal if these are the Lagrange bases of
// those. With w the root of unity of a level, tau^i = sum_k w^(ik) L_k, so sum_i r_i tau^i = sum_k r(w^k) L_k for random r;
// all levels together, with independent r.
template <class F>
struct Combinations {
  Jacobian<F> of_powers, of_bases;
  // Of a power that the file lacks, the last of the largest level, which counts as zero here (last_power.h).
  Fr missing;

  Combinations(PointBytes<F> bases, std::span<const Affine<F>> powers, unsigned most) {
    std::vector<Fr> on_powers(powers.size()), on_bases;
    on_bases.reserve(bases.count);
    for (unsigned level = 0; level <= most; ++level) {
      const size_t n = size_t{1} << level;
      std::vector<Fr> r = random_weights(n);
      for (size_t i = 0; i < std::min(n, powers.size()); ++i) on_powers[i] += r[i];
      if (n > powers.size()) missing = r.back();
      Domain(level).ntt(r);
      on_bases.insert(on_bases.end(), r.begin(), r.end());
    }
    of_powers = msm(PointBytes<F>(powers), std::span<const Fr>(on_powers));
    of_bases = msm(bases, std::span<const Fr>(on_bases));
  }
};

template <class F>
bool are_lagrange_bases(PointBytes<F> bases, std::span<const Affine<F>> powers, unsigned most) {
  const Combinations<F> both(bases, powers, most);
  return both.of_powers == both.of_bases;
}

// The same for those of tau in G1, of which the largest has one point more than there are powers.
bool are_bases_of_tau(PointBytes<Fp> bases, const PowersOfTau& powers, unsigned most) {
  const Combinations<Fp> both(bases, powers.tau_1, most);
  if (both.of_powers == both.of_bases) return true;
  const size_t n = size_t{1} << most;
  const G1Affine last = last_power_of(bases.subspan(n - 1, n), most);
  return follows(last, powers.tau_1.back(), powers.tau_2[1]) &&
         both.of_powers + mul_vartime(G1(last), both.missing) == both.of_bases;
}

std::optional<std::string> problem_with_bases(const PtauFile& file, const PowersOfTau& powers,
                                              const Progress& progress) {
  const unsigned log_n = file.log_n();
  const auto g1 = [&](PtauSection section) {
    const ByteSpan bytes = file.container().section(section);
    check_g1_points(bytes, "section " + std::to_string(section), Infinity::allowed);
    return PointBytes<Fp>(bytes.data(), bytes.size() / sizeof(G1Affine));
  };
  if (!are_bases_of_tau(g1(ptau_lagrange_1), powers, log_n + 1))
    return "section 12 is not the Lagrange bases of tau in G1";
  report(progress, 0.4);
  if (!are_lagrange_bases(g1(ptau_lagrange_alpha), std::span<const G1Affine>(powers.alpha_1), log_n))
    return "section 14 is not the Lagrange bases times alpha";
  report(progress, 0.6);
  if (!are_lagrange_bases(g1(ptau_lagrange_beta), std::span<const G1Affine>(powers.beta_1), log_n))
    return "section 15 is not the Lagrange bases times beta";
  report(progress, 0.8);
  const ByteSpan bytes = file.container().section(ptau_lagrange_2);
  check_g2_points(bytes, "section 13", Infinity::allowed);
  if (!are_lagrange_bases(PointBytes<Fp2>(bytes.data(), bytes.size() / sizeof(G2Affine)),
                          std::span<const G2Affine>(powers.tau_2), log_n))
    return "section 13 is not the Lagrange bases of tau in G2";
  report(progress, 1.0);
  return std::nullopt;
}

// Whether the powers are those that the last contribution left.
std::optional<std::string> problem_with_end(const PtauFile& file, const PowersOfTau& powers,
                                            std::span<const Phase1Record> records) {
  if (records.empty()) {
    if (PowersHead::of(powers) != PowersHead()) return "the powers are of a tau that no contribution led to";
    return std::nullopt;
  }
  if (records.back().head != PowersHead::of(powers))
    return "the powers are not those of the last contribution";
  // A file that was cut down no longer has the powers that the last hash covers.
  if (file.log_n() == file.ceremony_log_n() &&
      next_challenge(records.back().response(), powers) != records.back().next_challenge)
    return "the powers were changed after the last contribution: its hash is another";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> problem_with_ptau(const PtauFile& file, Contributions contributions,
                                             const Progress& progress) {
  try {
    // First what is cheap, and bounds the rest.
    const std::vector<Phase1Record> records = read_phase1_records(file, between(progress, 0.0, 0.05));
    check_beacons(records);
    if (contributions == Contributions::needed && records.empty())
      return "it has no contribution: tau, alpha and beta are 1, so anyone could forge proofs";
    const PowersOfTau powers = file.powers();
    report(progress, 0.15);
    if (powers.tau_1[0] != g1_generator() || powers.tau_2[0] != g2_generator())
      return "the powers of tau do not begin with the generators";
    if (const auto problem = problem_with_end(file, powers, records)) return problem;
    report(progress, 0.25);
    if (const auto problem = groth16::problem_with_powers(
            {powers.tau_1, powers.alpha_1, powers.beta_1, powers.tau_2, powers.beta_2},
            between(progress, 0.25, 0.5)))
      return problem;
    if (file.is_prepared())
      if (const auto problem = problem_with_bases(file, powers, between(progress, 0.5, 0.9))) return problem;
    // Last, because the first challenge of a large ceremony takes minutes, however small the file is now.
    if (!records.empty())
      if (const auto problem = problem_with_chain(
              records, first_challenge(file.ceremony_log_n(), between(progress, 0.9, 0.95)),
              between(progress, 0.95, 1.0)))
        return problem;
  } catch (const DecodeError& error) {
    return error.what();
  }
  report(progress, 1.0);
  return std::nullopt;
}

}  // namespace pyzkfl::formats

// Powers of tau: a new file, and contributions to one. See ceremony.h.
#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "base/secret.h"
#include "curves/batch_mul.h"
#include "curves/fixed_base.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/hashing/hash_points.h"
#include "formats/ptau/ceremony.h"
#include "formats/ptau/phase1_records.h"
#include "r1cs/witness.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t powers_a_report = 1 << 13;  // points between two reports of progress
constexpr double g2_cost = 3;     // a multiplication in G2, counted in those of G1

void write_ptau(const std::string& output, unsigned log_n, const PowersOfTau& powers,
                std::span<const Phase1Record> records) {
  ContainerWriter out(output, "ptau", 1, 7);
  out.section(ptau_header, ptau_header_bytes(log_n, log_n));
  out.section(ptau_tau_1, raw_bytes(std::span<const G1Affine>(powers.tau_1)));
  out.section(ptau_tau_2, raw_bytes(std::span<const G2Affine>(powers.tau_2)));
  out.section(ptau_alpha_1, raw_bytes(std::span<const G1Affine>(powers.alpha_1)));
  out.section(ptau_beta_1, raw_bytes(std::span<const G1Affine>(powers.beta_1)));
  out.section(ptau_beta_2, raw_bytes(powers.beta_2));
  Writer contributions;
  write_phase1_records(contributions, records);
  out.section(ptau_contributions, contributions.view());
  out.commit();
}

// Multiplies the arrays with the powers of tau, times alpha and beta.
class Multiplier {
 public:
  // `fresh`: all points are the generators still, so that products can come from tables.
  Multiplier(const Phase1Secrets& secrets, size_t n, bool fresh, const Progress& progress)
      : powers_(2 * n - 1),
        fresh_(fresh),
        progress_(progress),
        total_(static_cast<double>(4 * n) + g2_cost * static_cast<double>(n)) {
    powers_[0] = Fr::one();
    for (size_t i = 1; i < powers_.size(); ++i) powers_[i] = powers_[i - 1] * secrets.tau();
  }

  // points[i] *= factor tau^i.
  template <class Point>
  void multiply(std::vector<Point>& points, const Fr& factor) {
    constexpr double cost = std::is_same_v<Point, G2Affine> ? g2_cost : 1;
    std::optional<FixedBase<Point>> table;
    if (fresh_) table.emplace(points[0], points.size());
    SecretVector<Fr> scalars;
    for (size_t begin = 0; begin < points.size(); begin += powers_a_report) {
      const std::span<Point> part = std::span(points).subspan(begin, std::min(powers_a_report, points.size() - begin));
      scalars.resize(part.size());
      for (size_t i = 0; i < part.size(); ++i) scalars[i] = factor * powers_[begin + i];
      if (table) {
        const std::vector<Point> products = table->batch(scalars);
        std::copy(products.begin(), products.end(), part.begin());
      } else {
        batch_mul(part, scalars);
      }
      done_ += cost * static_cast<double>(part.size());
      report(progress_, std::min(1.0, done_ / total_));
    }
  }

 private:
  SecretVector<Fr> powers_;
  bool fresh_;
  const Progress& progress_;
  double total_, done_ = 0;
};

}  // namespace

void new_ptau(const std::string& output, unsigned log_n) {
  if (log_n < 1 || log_n > ptau_most_log_n)
    throw ParameterError("powers of tau are for 2^1 to 2^28 rows, not 2^" + std::to_string(log_n));
  check_output(output);
  const size_t n = size_t{1} << log_n;
  PowersOfTau powers;
  powers.tau_1.assign(2 * n - 1, g1_generator());
  powers.alpha_1.assign(n, g1_generator());
  powers.beta_1.assign(n, g1_generator());
  powers.tau_2.assign(n, g2_generator());
  powers.beta_2 = g2_generator();
  write_ptau(output, log_n, powers, {});
}

Blake2bDigest contribute_ptau(const std::string& input, const std::string& output,
                              const ContributionParameters& parameters, const Progress& progress) {
  check_contribution_name(parameters.name);
  check_output(output);
  const PtauFile file(input);
  if (file.log_n() != file.ceremony_log_n())
    throw ParameterError(input + " was cut down to fewer powers: nobody can contribute to it");
  if (parameters.is_beacon()) {
    BeaconBudget budget;
    for (const Phase1Record& record : read_phase1_records(file)) budget.take(record.parameters, "a contribution");
    budget.take_new(parameters);
  }
  const Progress verifying = [&](double fraction) { report(progress, 0.3 * fraction); };
  if (const auto problem = problem_with_ptau(file, Contributions::none_allowed, verifying))
    throw ParameterError(input + ": " + *problem);
  PowersOfTau powers = file.powers();
  std::vector<Phase1Record> records = read_phase1_records(file);
  const Blake2bDigest challenge =
      records.empty() ? first_challenge(file.log_n()) : records.back().next_challenge;

  const Progress drawing = [&](double fraction) { report(progress, 0.3 + 0.05 * fraction); };
  const Progress multiplying = [&](double fraction) { report(progress, 0.35 + 0.55 * fraction); };
  std::optional<Phase1Secrets> drawn;
  if (parameters.is_beacon())
    drawn.emplace(parameters, drawing);
  else
    drawn.emplace();
  const Phase1Secrets& secrets = *drawn;
  Phase1Record record;
  record.proofs = prove_secrets(secrets, challenge);
  {
    Multiplier multiplier(secrets, file.size(), records.empty(), multiplying);
    multiplier.multiply(powers.tau_1, Fr::one());
    multiplier.multiply(powers.tau_2, Fr::one());
    multiplier.multiply(powers.alpha_1, secrets.alpha());
    multiplier.multiply(powers.beta_1, secrets.beta());
    powers.beta_2 = mul(G2(powers.beta_2), secrets.beta()).to_affine();
  }
  record.head = PowersHead::of(powers);
  record.parameters = parameters;
  Blake2b hash;
  hash.update(challenge);
  hash_compressed(hash, powers.tau_1);
  hash_compressed(hash, powers.tau_2);
  hash_compressed(hash, powers.alpha_1);
  hash_compressed(hash, powers.beta_1);
  hash_compressed(hash, std::span<const G2Affine>(&powers.beta_2, 1));
  record.response_state = hash.save();
  record.next_challenge = next_challenge(record.response(), powers);
  records.push_back(std::move(record));
  report(progress, 0.95);
  write_ptau(output, file.log_n(), powers, records);
  report(progress, 1.0);
  return records.back().response();
}

}  // namespace pyzkfl::formats

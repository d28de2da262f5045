// The Lagrange bases of a prepared .ptau: see ceremony.h.
#include <algorithm>

#include "base/errors.h"
#include "formats/container/elements.h"
#include "formats/ptau/ceremony.h"
#include "kzg/group_fft.h"

namespace pyzkfl::formats {
namespace {

// How long the sections take, in units of one in G1 up to the file's own power: one level more is twice the
// points, and G2's additions take three times as long.
constexpr double larger_cost = 2.1, g1_cost = 1, g2_step_cost = 3,
                 total_cost = larger_cost + 2 * g1_cost + g2_step_cost;

// Reports the progress of one section after another.
class SectionProgress {
 public:
  explicit SectionProgress(const Progress& progress) : progress_(progress) {}

  Progress next(double cost) {
    const double begin = done_;
    done_ += cost;
    return [this, begin, cost](double fraction) {
      report(progress_, std::min(1.0, (begin + cost * fraction) / total_cost));
    };
  }

 private:
  const Progress& progress_;
  double done_ = 0;
};

// A section with the bases of all domains of up to 2^log_n points.
template <class F>
void write_bases(ContainerWriter& out, uint32_t type, const std::vector<Affine<F>>& powers, unsigned log_n,
                 const Progress& progress) {
  std::vector<Affine<F>> bases((size_t{2} << log_n) - 1);
  lagrange_bases(std::span(bases), PointBytes<F>(std::span<const Affine<F>>(powers)), log_n, progress);
  out.section(type, raw_bytes(std::span<const Affine<F>>(bases)));
}

}  // namespace

void prepare_ptau(const std::string& input, const std::string& output, const Progress& progress) {
  check_output(output);
  const PtauFile file(input);
  const unsigned log_n = file.log_n();
  if (log_n > ptau_most_prepared_log_n)
    throw ParameterError("powers of tau can be prepared up to 2^27, and " + input + " has 2^" +
                         std::to_string(log_n));
  const PowersOfTau powers = file.powers();
  ContainerWriter out(output, "ptau", 1, 11);
  out.section(ptau_header, ptau_header_bytes(log_n, file.ceremony_log_n()));
  for (const uint32_t type :
       {ptau_tau_1, ptau_tau_2, ptau_alpha_1, ptau_beta_1, ptau_beta_2, ptau_contributions})
    out.section(type, file.container().section(type));
  SectionProgress sections(progress);
  write_bases(out, ptau_lagrange_1, powers.tau_1, log_n + 1, sections.next(larger_cost));
  write_bases(out, ptau_lagrange_2, powers.tau_2, log_n, sections.next(g2_step_cost));
  write_bases(out, ptau_lagrange_alpha, powers.alpha_1, log_n, sections.next(g1_cost));
  write_bases(out, ptau_lagrange_beta, powers.beta_1, log_n, sections.next(g1_cost));
  out.commit();
  report(progress, 1.0);
}

}  // namespace pyzkfl::formats

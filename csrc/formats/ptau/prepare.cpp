// The Lagrange bases of a prepared .ptau: see ceremony.h.
#include "base/errors.h"
#include "formats/container/elements.h"
#include "formats/ptau/ceremony.h"
#include "kzg/group_fft.h"

namespace pyzkfl::formats {
namespace {

constexpr double g2_cost = 3;

// Butterflies of all levels up to 2^most points.
double work(unsigned most) {
  double out = 0;
  for (unsigned level = 0; level <= most; ++level) out += static_cast<double>(level) * static_cast<double>(uint64_t{1} << level);
  return out;
}

class Bases {
 public:
  Bases(ContainerWriter& out, double total, const Progress& progress)
      : out_(out), total_(total), progress_(progress) {}

  // A section with the bases of all levels up to 2^most points.
  template <class Point>
  void section(uint32_t type, const std::vector<Point>& powers, unsigned most) {
    constexpr double cost = std::is_same_v<Point, G2Affine> ? g2_cost : 1;
    out_.begin(type);
    for (unsigned level = 0; level <= most; ++level) {
      const size_t n = size_t{1} << level;
      std::vector<Point> basis(powers.begin(), powers.begin() + static_cast<ptrdiff_t>(std::min(n, powers.size())));
      basis.resize(n);  // a power that is missing counts as zero
      const double part = cost * static_cast<double>(level) * static_cast<double>(n);
      group_intt(basis, [&](double fraction) { report(progress_, std::min(1.0, (done_ + fraction * part) / total_)); });
      done_ += part;
      out_.write(raw_bytes(std::span<const Point>(basis)));
    }
    out_.end();
  }

 private:
  ContainerWriter& out_;
  double total_, done_ = 0;
  const Progress& progress_;
};

}  // namespace

void prepare_ptau(const std::string& input, const std::string& output, const Progress& progress) {
  const PtauFile file(input);
  const unsigned log_n = file.log_n();
  if (log_n > ptau_most_prepared_log_n)
    throw ParameterError("powers of tau can be prepared up to 2^27, and " + input + " has 2^" +
                         std::to_string(log_n));
  const PowersOfTau powers = file.powers();
  ContainerWriter out(output, "ptau", 1, 11);
  out.section(ptau_header, ptau_header_bytes(log_n, file.ceremony_log_n()));
  for (const uint32_t type : {ptau_tau_1, ptau_tau_2, ptau_alpha_1, ptau_beta_1, ptau_beta_2, ptau_contributions})
    out.section(type, file.container().section(type));
  Bases bases(out, work(log_n + 1) + (2 + g2_cost) * work(log_n), progress);
  bases.section(ptau_lagrange_1, powers.tau_1, log_n + 1);
  bases.section(ptau_lagrange_2, powers.tau_2, log_n);
  bases.section(ptau_lagrange_alpha, powers.alpha_1, log_n);
  bases.section(ptau_lagrange_beta, powers.beta_1, log_n);
  out.commit();
  report(progress, 1.0);
}

}  // namespace pyzkfl::formats

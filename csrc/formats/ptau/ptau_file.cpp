// See ptau_file.h.
#include "formats/ptau/ptau_file.h"

#include "base/errors.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {

PtauFile::PtauFile(const std::string& path) : file_(path, "ptau", 1) {
  Reader in = file_.reader(ptau_header);
  read_coordinate_prime(in);
  log_n_ = in.u32();
  ceremony_log_n_ = in.u32();
  in.done();
  if (log_n_ < 1 || ceremony_log_n_ > ptau_most_log_n || log_n_ > ceremony_log_n_)
    file_.fail(ptau_header, "2^" + std::to_string(log_n_) + " powers of a ceremony of 2^" +
                                std::to_string(ceremony_log_n_) + ": not 1 <= power <= ceremony's <= 28");
  const uint64_t n = size();
  const auto g1 = [&](uint32_t type, uint64_t count) { (void)file_.array(type, count, sizeof(G1Affine)); };
  const auto g2 = [&](uint32_t type, uint64_t count) { (void)file_.array(type, count, sizeof(G2Affine)); };
  g1(ptau_tau_1, 2 * n - 1);
  g2(ptau_tau_2, n);
  g1(ptau_alpha_1, n);
  g1(ptau_beta_1, n);
  g2(ptau_beta_2, 1);
  (void)file_.section(ptau_contributions);
  prepared_ = file_.has(ptau_lagrange_1);
  for (const uint32_t type : {ptau_lagrange_2, ptau_lagrange_alpha, ptau_lagrange_beta})
    if (file_.has(type) != prepared_) file_.fail(type, "some, but not all, of sections 12 to 15 are there");
  if (!prepared_) return;
  g1(ptau_lagrange_1, 4 * n - 1);
  g2(ptau_lagrange_2, 2 * n - 1);
  g1(ptau_lagrange_alpha, 2 * n - 1);
  g1(ptau_lagrange_beta, 2 * n - 1);
}

PowersOfTau PtauFile::powers() const {
  const auto g1 = [&](uint32_t type, const char* name) {
    return load_g1_points(file_.section(type), path() + ", " + name, Infinity::refused);
  };
  PowersOfTau out;
  out.tau_1 = g1(ptau_tau_1, "powers of tau in G1");
  out.alpha_1 = g1(ptau_alpha_1, "multiples of alpha");
  out.beta_1 = g1(ptau_beta_1, "multiples of beta");
  out.tau_2 = load_g2_points(file_.section(ptau_tau_2), path() + ", powers of tau in G2", Infinity::refused);
  Reader beta = file_.reader(ptau_beta_2);
  out.beta_2 = read_g2(beta, "beta in G2");
  return out;
}

ByteSpan PtauFile::lagrange(PtauSection section, unsigned log_n) const {
  if (!prepared_) throw ParameterError(path() + " is not prepared: run `pyzkfl ptau prepare` on it");
  if (log_n > log_n_ + (section == ptau_lagrange_1 ? 1 : 0))
    throw ParameterError(path() + " has no basis of 2^" + std::to_string(log_n) + " points");
  const size_t point = section == ptau_lagrange_2 ? sizeof(G2Affine) : sizeof(G1Affine);
  const size_t count = size_t{1} << log_n;
  return file_.section(section).subspan((count - 1) * point, count * point);
}

Bytes ptau_header_bytes(unsigned log_n, unsigned ceremony_log_n) {
  Writer out;
  write_coordinate_prime(out);
  out.u32(log_n).u32(ceremony_log_n);
  return out.take();
}

}  // namespace pyzkfl::formats

// Powers of tau as snarkjs keeps them: .ptau, version 1, BN254 (bn128).
//
// Section 1: coordinate prime, power k and ceremony's power (u32). With n = 2^k, sections 2 to 6: tau^i in G1
// for i < 2n - 1; in G2 for i < n; alpha tau^i and beta tau^i in G1 for i < n; beta in G2. Section 7: the
// contributions (phase1_records.h). A prepared file has the Lagrange bases at tau of all domains of 2^p
// points, p = 0, 1, ..., one after the other, in sections 12 (G1, up to p = k + 1, where the missing
// tau^(2n-1) counts as zero), 13 (G2, up to k), 14 and 15 (times alpha, times beta, up to k).
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "curves/bn254.h"
#include "curves/encoding.h"
#include "formats/container/container.h"

namespace pyzkfl::formats {

enum PtauSection : uint32_t {
  ptau_header = 1,
  ptau_tau_1 = 2,
  ptau_tau_2 = 3,
  ptau_alpha_1 = 4,
  ptau_beta_1 = 5,
  ptau_beta_2 = 6,
  ptau_contributions = 7,
  ptau_lagrange_1 = 12,
  ptau_lagrange_2 = 13,
  ptau_lagrange_alpha = 14,
  ptau_lagrange_beta = 15,
};

inline constexpr unsigned ptau_most_log_n = 28;
// Larger ones cannot be prepared: their largest basis would need a domain above 2^28.
inline constexpr unsigned ptau_most_prepared_log_n = 27;

// Sections 2 to 6, checked.
struct PowersOfTau {
  std::vector<G1Affine> tau_1, alpha_1, beta_1;
  std::vector<G2Affine> tau_2;
  G2Affine beta_2;
};

class PtauFile {
 public:
  // Maps the file and checks header and lengths; no points. Throws DecodeError, UnsupportedVersion,
  // SystemError.
  explicit PtauFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const Container& container() const { return file_; }
  unsigned log_n() const { return log_n_; }
  size_t size() const { return size_t{1} << log_n_; }
  // That of the ceremony; larger than log_n() in a file that was cut down.
  unsigned ceremony_log_n() const { return ceremony_log_n_; }
  bool is_prepared() const { return prepared_; }

  // Copies of sections 2 to 6 with every point checked: canonical, on the curve, in the subgroup, not
  // infinity. Memory: as much as those sections, and as much again for G2 while it is tested.
  PowersOfTau powers() const;
  // The bytes of the basis of 2^log_n points in a prepared file's section (12 to 15). Throws ParameterError
  // if there is no such basis.
  ByteSpan lagrange(PtauSection section, unsigned log_n) const;

 private:
  Container file_;
  unsigned log_n_ = 0, ceremony_log_n_ = 0;
  bool prepared_ = false;
};

// Section 1 of such a file.
Bytes ptau_header_bytes(unsigned log_n, unsigned ceremony_log_n);

}  // namespace pyzkfl::formats

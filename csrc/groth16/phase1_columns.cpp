// See phase1_columns.h.
#include "groth16/phase1_columns.h"

#include <algorithm>
#include <string>

#include "base/errors.h"

namespace pyzkfl::groth16 {

ColumnKey column_key_of(const Phase1& verified, unsigned log_n) {
  const size_t count = (size_t{1} << std::min(log_n, 60U)) + 1;
  if (log_n > ColumnKey::most_log_n || count > verified.tau_1.size() || verified.tau_2.size() < 3)
    throw ParameterError("a first phase for 2^" + std::to_string(verified.log_n) +
                         " rows has too few powers of tau for columns of 2^" + std::to_string(log_n) + " cells");
  LargeArray<G1Affine> powers(count);
  std::copy_n(verified.tau_1.begin(), count, powers.data());
  return ColumnKey(std::move(powers), verified.tau_2[1], verified.tau_2[2], PowersCheck::skipped);
}

}  // namespace pyzkfl::groth16

// See column_key.h.
#include "formats/ptau/column_key.h"

#include <cstring>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {

ColumnKey column_key_from_ptau(const PtauFile& file, unsigned log_n) {
  // 2n - 1 powers in G1, n in G2.
  if (log_n > file.log_n() || file.log_n() < 2)
    throw ParameterError(file.path() + ", of 2^" + std::to_string(file.log_n()) +
                         " rows, has too few powers of tau for columns of 2^" + std::to_string(log_n) + " cells");
  const size_t count = (size_t{1} << log_n) + 1;
  const ByteSpan section = file.container().section(ptau_tau_1).first(count * sizeof(G1Affine));
  check_g1_points(section, file.path() + ", powers of tau in G1", Infinity::refused);
  LargeArray<G1Affine> powers(count);
  parallel_for(count, 4096, [&](size_t begin, size_t end) {
    std::memcpy(static_cast<void*>(powers.data() + begin), section.data() + begin * sizeof(G1Affine),
                (end - begin) * sizeof(G1Affine));
  });
  Reader in = file.container().reader(ptau_tau_2);
  if (read_g2(in, "the generator of G2") != g2_generator())
    throw ParameterError(file.path() + ": its powers in G2 do not begin with the generator");
  const G2Affine tau_2 = read_g2(in, "tau in G2");
  return ColumnKey(std::move(powers), tau_2, read_g2(in, "tau^2 in G2"));
}

}  // namespace pyzkfl::formats

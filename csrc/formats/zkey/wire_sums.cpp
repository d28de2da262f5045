// See wire_sums.h.
#include "formats/zkey/wire_sums.h"

#include <cstring>
#include <unordered_map>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {
namespace {

// Coefficients seen, each once. Canonical limbs of uniform elements are uniform themselves; those of small
// integers differ in the lowest limb.
struct LimbsHash {
  size_t operator()(const Limbs& v) const {
    uint64_t h = 0;
    for (const uint64_t limb : v) h = (h ^ limb) * 0x9e3779b97f4a7c15;
    return static_cast<size_t>(h ^ h >> 32);
  }
};

}  // namespace

CircuitColumns::CircuitColumns(const R1csFile& circuit) : coefficients{Fr::one(), -Fr::one()} {
  const uint32_t wires = circuit.num_wires(), constraints = circuit.num_constraints();
  WireColumns* const matrices[3] = {&a, &b, &c};
  for (WireColumns* m : matrices) m->start.assign(uint64_t{wires} + 1, 0);
  circuit.for_each_term(
      [&](uint32_t, unsigned matrix, uint32_t wire, const uint8_t*) { ++matrices[matrix]->start[wire + 1]; });
  for (uint32_t wire = 0; wire <= circuit.num_public(); ++wire) ++a.start[wire + 1];
  std::vector<uint64_t> next[3];
  for (size_t k = 0; k < 3; ++k) {
    WireColumns& m = *matrices[k];
    for (size_t i = 0; i < wires; ++i) m.start[i + 1] += m.start[i];
    m.row.resize(m.start.back());
    m.coefficient.resize(m.start.back());
    next[k].assign(m.start.begin(), m.start.end() - 1);
  }
  const auto put = [&](unsigned matrix, uint32_t wire, uint32_t row, uint32_t coefficient) {
    const uint64_t place = next[matrix][wire]++;
    matrices[matrix]->row[place] = row;
    matrices[matrix]->coefficient[place] = coefficient;
  };
  std::unordered_map<Limbs, uint32_t, LimbsHash> table = {{coefficients[0].to_canonical(), 0},
                                                          {coefficients[1].to_canonical(), 1}};
  circuit.for_each_term([&](uint32_t row, unsigned matrix, uint32_t wire, const uint8_t* bytes) {
    const Limbs value = load_limbs(bytes);
    const auto [entry, is_new] = table.try_emplace(value, static_cast<uint32_t>(coefficients.size()));
    if (is_new) coefficients.push_back(Fr::from_canonical(value));
    put(matrix, wire, row, entry->second);
  });
  for (uint32_t wire = 0; wire <= circuit.num_public(); ++wire) put(0, wire, constraints + wire, 0);
}

template <class F>
void WireColumns::add_to(std::vector<Jacobian<F>>& sums, const std::vector<Affine<F>>& basis,
                         const std::vector<Fr>& coefficients) const {
  parallel_for(sums.size(), 16, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      for (uint64_t e = start[i]; e < start[i + 1]; ++e) {
        const Affine<F>& point = basis[row[e]];
        if (coefficient[e] == 0)
          sums[i] += point;
        else if (coefficient[e] == 1)
          sums[i] -= point;
        else
          sums[i] += mul_vartime(Jacobian<F>(point), coefficients[coefficient[e]]);
      }
  });
}

template void WireColumns::add_to(std::vector<G1>&, const std::vector<G1Affine>&,
                                  const std::vector<Fr>&) const;
template void WireColumns::add_to(std::vector<G2>&, const std::vector<G2Affine>&,
                                  const std::vector<Fr>&) const;

}  // namespace pyzkfl::formats

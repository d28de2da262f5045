// See wire_terms.h.
#include "formats/zkey/wire_terms.h"

#include "base/errors.h"
#include "formats/container/elements.h"

namespace pyzkfl::formats {

WireTerms::WireTerms(const R1csFile& circuit, const FirstPoints& points)
    : starts_(size_t{circuit.num_wires()} + 1) {
  const std::optional<uint32_t> first[3] = {points.a, points.b, points.c};
  const uint32_t wires = circuit.num_wires(), inputs = circuit.num_public() + 1;
  if (circuit.num_terms() + inputs > UINT32_MAX) throw ParameterError("a circuit has at most 2^32 - 1 terms");
  circuit.for_each_term([&](uint32_t, unsigned matrix, uint32_t wire, const uint8_t*) {
    starts_[wire + 1] += first[matrix].has_value();
  });
  if (first[0])
    for (uint32_t wire = 0; wire < inputs; ++wire) ++starts_[wire + 1];
  for (size_t i = 0; i < wires; ++i) starts_[i + 1] += starts_[i];
  points_.resize(starts_.back());
  coefficients_.resize(starts_.back());
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  const auto put = [&](uint32_t wire, uint32_t point, const Fr& coefficient) {
    const uint32_t place = next[wire]++;
    points_[place] = point;
    coefficients_[place] = coefficient;
  };
  circuit.for_each_term([&](uint32_t row, unsigned matrix, uint32_t wire, const uint8_t* value) {
    if (first[matrix]) put(wire, *first[matrix] + row, Fr::from_canonical(load_limbs(value)));
  });
  if (first[0])
    for (uint32_t wire = 0; wire < inputs; ++wire)
      put(wire, *first[0] + circuit.num_constraints() + wire, Fr::one());
}

}  // namespace pyzkfl::formats

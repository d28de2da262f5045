// Verification of a whole second phase: see ceremony.h.
#include <cstring>

#include "base/errors.h"
#include "curves/msm.h"
#include "formats/container/elements.h"
#include "formats/zkey/ceremony.h"
#include "formats/zkey/circuit_key.h"
#include "formats/zkey/phase2_records.h"
#include "formats/zkey/zkey_check.h"
#include "groth16/pairing_relations.h"
#include "kzg/random_weights.h"

namespace pyzkfl::formats {
namespace {

using Problem = std::optional<std::string>;

bool equal(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

template <class Point>
bool equal(ByteSpan section, std::span<const Point> points) {
  return equal(section, raw_bytes(points));
}

Problem problem_with_shape(const ZkeyFile& key, const R1csFile& circuit) {
  const groth16::KeyView& view = key.view();
  if (view.num_wires == circuit.num_wires() && view.num_public == circuit.num_public() &&
      view.log_n == domain_log_n(circuit))
    return std::nullopt;
  const auto shape = [](uint32_t wires, uint32_t inputs, unsigned log_n) {
    return std::to_string(wires) + " wires, " + std::to_string(inputs) + " public, domain 2^" +
           std::to_string(log_n);
  };
  return "it is of another circuit: " + shape(view.num_wires, view.num_public, view.log_n) + ", and " +
         circuit.path() + " has " + shape(circuit.num_wires(), circuit.num_public(), domain_log_n(circuit));
}

// The same values in the same order: snarkjs and we write one order, that of the .r1cs.
bool has_coefficients_of(const ZkeyFile& key, const R1csFile& circuit) {
  ByteSpan left = key.container().section(zkey_coefficients);
  bool same = true;
  stream_coefficients(circuit, [&](ByteSpan piece) {
    same = same && piece.size() <= left.size() && equal(piece, left.first(piece.size()));
    if (same) left = left.subspan(piece.size());
  });
  return same && left.empty();
}

// e(sum_i r_i P_i, delta) = e(sum_i r_i Q_i, 1): that each P_i is Q_i divided by delta. The points P_i, which are of the
// file, were checked to be of the curve.
groth16::PairingRelation divided_by_delta(PointBytes<Fp> points, std::span<const G1Affine> of,
                                          const G2Affine& delta_2, const std::string& otherwise) {
  const std::vector<Fr> weights = random_weights(of.size());
  const MsmScalars scalars{std::span<const Fr>(weights)};
  return {otherwise,
          {{msm(points, scalars).to_affine(), delta_2},
           {-msm(PointBytes<Fp>(of), scalars).to_affine(), g2_generator()}}};
}

Problem problem_with_arrays(const ZkeyFile& key, const CircuitKey& expected) {
  const groth16::KeyView& view = key.view();
  const Container& file = key.container();
  if (!equal(file.section(zkey_ic), expected.ic())) return "IC is not that of the circuit";
  if (!equal(file.section(zkey_a), std::span<const G1Affine>(expected.a)))
    return "A is not that of the circuit";
  if (!equal(file.section(zkey_b_1), std::span<const G1Affine>(expected.b_1)))
    return "B in G1 is not that of the circuit";
  if (!equal(file.section(zkey_b_2), std::span<const G2Affine>(expected.b_2)))
    return "B in G2 is not that of the circuit";
  const groth16::PairingRelation relations[] = {
      divided_by_delta(view.l, expected.l(), view.delta_2, "L is not that of the circuit divided by delta"),
      divided_by_delta(view.h, expected.h, view.delta_2, "H is not that of the powers divided by delta")};
  return groth16::first_false(relations);
}

}  // namespace

std::optional<std::string> problem_with_ceremony(const std::string& r1cs, const std::string& ptau,
                                                 const ZkeyFile& key, const Progress& progress) {
  const R1csFile circuit(r1cs);
  const PtauFile powers(ptau);
  Phase2Records records;
  // First what is cheap.
  if (Problem problem = problem_with_shape(key, circuit)) return problem;
  try {
    if (Problem problem = problem_with_head(
            key, records, [&](double fraction) { report(progress, 0.05 * fraction); }))
      return problem;
    if (Problem problem = records.problem_with(
            key.view().delta_1, [&](double fraction) { report(progress, 0.05 + 0.05 * fraction); }))
      return problem;
    check_g1_points(key.container().section(zkey_l), "L", Infinity::allowed);
    check_g1_points(key.container().section(zkey_h), "H", Infinity::refused);
  } catch (const DecodeError& error) {
    return error.what();
  }
  if (!has_coefficients_of(key, circuit)) return "its coefficients are not those of the circuit";
  report(progress, 0.15);
  const CircuitKey expected =
      make_circuit_key(circuit, powers, [&](double fraction) { report(progress, 0.15 + 0.75 * fraction); });
  const groth16::KeyView& view = key.view();
  if (view.alpha_1 != expected.alpha_1 || view.beta_1 != expected.beta_1 || view.beta_2 != expected.beta_2)
    return "it was made from other powers of tau";
  if (Problem problem = problem_with_arrays(key, expected)) return problem;
  if (records.circuit != expected.hash) return "its contributions are to another circuit: the circuit's hash differs";
  report(progress, 1.0);
  return std::nullopt;
}

}  // namespace pyzkfl::formats

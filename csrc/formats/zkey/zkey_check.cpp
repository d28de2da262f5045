// See zkey_check.h.
#include "formats/zkey/zkey_check.h"

#include "base/errors.h"
#include "curves/msm.h"
#include "formats/container/elements.h"
#include "formats/zkey/phase2_records.h"
#include "groth16/pairing_relations.h"
#include "groth16/plain_verifier.h"
#include "kzg/random_weights.h"

namespace pyzkfl::formats {

std::optional<std::string> problem_with_head(const ZkeyFile& key, Phase2Records& contributions,
                                             const Progress& progress) {
  const groth16::KeyView& view = key.view();
  groth16::check_key(view, groth16::UnfinishedKey::refused);
  groth16::check_both_groups(view);
  (void)groth16::PlainVerifyingKey(view);
  if (!(view.gamma_2 == g2_generator())) return "gamma is not the generator, so its logarithm may be known";
  constexpr const char* none = "it lists no contribution to delta, so anyone may know delta";
  if (!key.container().has(zkey_contributions)) return none;
  Reader in = key.container().reader(zkey_contributions);
  contributions = Phase2Records::read(in, progress);
  if (contributions.records.empty()) return none;
  contributions.check_beacons();
  return std::nullopt;
}

std::optional<std::string> problem_with_zkey(const ZkeyFile& key, const Progress& progress) {
  const groth16::KeyView& view = key.view();
  const Container& file = key.container();
  try {
    Phase2Records contributions;
    if (auto problem = problem_with_head(
            key, contributions, [&](double fraction) { report(progress, 0.05 * fraction); }))
      return problem;
    key.check_coefficients();
    report(progress, 0.1);
    const auto g1 = [&](uint32_t type, const char* name, Infinity infinity) {
      check_g1_points(file.section(type), name, infinity);
    };
    g1(zkey_a, "A", Infinity::allowed);
    g1(zkey_b_1, "B in G1", Infinity::allowed);
    report(progress, 0.3);
    g1(zkey_l, "L", Infinity::allowed);
    g1(zkey_h, "H", Infinity::refused);
    report(progress, 0.5);
    check_g2_points(file.section(zkey_b_2), "B in G2", Infinity::allowed);
    report(progress, 0.8);
    const std::vector<Fr> weights = random_weights(view.num_wires);
    const MsmScalars scalars{std::span<const Fr>(weights)};
    const groth16::PairingRelation same = {"B in G1 is not B in G2",
                                           {{msm(view.b_1, scalars).to_affine(), g2_generator()},
                                            {-g1_generator(), msm(view.b_2, scalars).to_affine()}}};
    if (const auto problem = groth16::first_false({&same, 1})) return problem;
    report(progress, 0.95);
    return contributions.problem_with(view.delta_1,
                                      [&](double fraction) { report(progress, 0.95 + 0.05 * fraction); });
  } catch (const DecodeError& error) {
    return error.what();
  }
  return std::nullopt;
}

}  // namespace pyzkfl::formats

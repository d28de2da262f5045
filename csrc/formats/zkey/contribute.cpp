// Contributions to a .zkey: see ceremony.h.
#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "curves/batch_mul.h"
#include "curves/scalar_mul.h"
#include "formats/container/elements.h"
#include "formats/zkey/ceremony.h"
#include "formats/zkey/phase2_records.h"

namespace pyzkfl::formats {
namespace {

constexpr size_t points_a_slab = 1 << 14;            // points multiplied at a time
constexpr size_t copied_bytes = 1 << 22;    // bytes copied at a time
constexpr double checked = 0.1, drawn = 0.15;  // shares of the progress: the input's chain, a beacon's iterations

// The records of a key that one may contribute to in this way. Throws ParameterError saying why one may not.
Phase2Records records_to_extend(const ZkeyFile& key, const ContributionParameters& parameters,
                                const Progress& progress) {
  const groth16::KeyView& view = key.view();
  const auto refuse = [&](const std::string& problem) { throw ParameterError(key.path() + ": " + problem); };
  groth16::check_key(view, groth16::UnfinishedKey::allowed);
  groth16::check_both_groups(view);
  if (view.gamma_2 != g2_generator()) refuse("gamma is not the generator, so its logarithm may be known");
  if (!key.container().has(zkey_contributions))
    refuse("it has no section for contributions, so nobody could verify them: make the key again");
  Reader in = key.container().reader(zkey_contributions);
  Phase2Records records = Phase2Records::read(in);
  if (parameters.is_beacon()) {
    BeaconBudget budget;
    for (const Phase2Record& record : records.records) budget.take(record.parameters, "a contribution");
    budget.take_new(parameters);
  }
  if (const auto problem = records.problem_with(view.delta_1, progress)) refuse(*problem);
  return records;
}

// Sections that a contribution leaves as they are.
void copy_section(ContainerWriter& out, const Container& from, uint32_t type, const Progress& progress) {
  const ByteSpan bytes = from.section(type);
  out.begin(type);
  for (size_t begin = 0; begin < bytes.size(); begin += copied_bytes) {
    out.write(bytes.subspan(begin, std::min(copied_bytes, bytes.size() - begin)));
    report(progress, drawn);  // Ctrl-C
  }
  out.end();
}

// Writes a section of points, each times the scalar. They are checked and multiplied in a copy: the file may change.
class SectionMultiplier {
 public:
  SectionMultiplier(const ZkeyFile& key, const Fr& scalar, const Progress& progress)
      : key_(key),
        scalar_(scalar),
        progress_(progress),
        total_(static_cast<double>(key.view().l.count + key.view().h.count)) {}

  void write(ContainerWriter& out, uint32_t type, const char* name, Infinity infinity) {
    const ByteSpan bytes = key_.container().section(type);
    const size_t count = bytes.size() / sizeof(G1Affine);
    out.begin(type);
    for (size_t begin = 0; begin < count; begin += points_a_slab) {
      const size_t size = std::min(points_a_slab, count - begin);
      points_.resize(size);
      std::memcpy(static_cast<void*>(points_.data()), bytes.data() + begin * sizeof(G1Affine),
                  size * sizeof(G1Affine));
      check_g1_points(raw_bytes(std::span<const G1Affine>(points_)),
                      key_.path() + ", " + name + " from point " + std::to_string(begin) + " on", infinity);
      batch_mul_same_scalar(points_, scalar_);
      out.write(raw_bytes(std::span<const G1Affine>(points_)));
      done_ += static_cast<double>(size);
      report(progress_, drawn + (0.99 - drawn) * done_ / total_);
    }
    out.end();
  }

 private:
  const ZkeyFile& key_;
  const Fr& scalar_;
  const Progress& progress_;
  double total_, done_ = 0;
  std::vector<G1Affine> points_;
};

}  // namespace

Blake2bDigest contribute_zkey(const std::string& input, const std::string& output,
                              const ContributionParameters& parameters, const Progress& progress) {
  check_contribution_name(parameters.name);
  check_output(output);
  const ZkeyFile key(input);
  Phase2Records records =
      records_to_extend(key, parameters, [&](double fraction) { report(progress, checked * fraction); });

  std::optional<Phase2Secret> secret;
  if (parameters.is_beacon())
    secret.emplace(parameters,
                   [&](double fraction) { report(progress, checked + (drawn - checked) * fraction); });
  else
    secret.emplace();
  records.append(*secret, key.view().delta_1, parameters);
  groth16::KeyView header = key.view();
  header.delta_1 = records.records.back().delta_after;
  header.delta_2 = mul(G2(header.delta_2), secret->x).to_affine();

  ContainerWriter out(output, "zkey", 1, 10);
  write_zkey_head(out, header);
  for (const uint32_t type : {zkey_ic, zkey_coefficients, zkey_a, zkey_b_1, zkey_b_2})
    copy_section(out, key.container(), type, progress);
  SectionMultiplier multiplier(key, secret->x_inverse, progress);
  multiplier.write(out, zkey_l, "L", Infinity::allowed);
  multiplier.write(out, zkey_h, "H", Infinity::refused);
  Writer section;
  records.write(section);
  out.section(zkey_contributions, section.view());
  out.commit();
  report(progress, 1.0);
  return records.records.back().hash();
}

}  // namespace pyzkfl::formats

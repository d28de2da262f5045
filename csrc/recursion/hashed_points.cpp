// See hashed_points.h.
#include "recursion/hashed_points.h"

#include "base/errors.h"
#include "r1cs/gadgets_poseidon2.h"
#include "transcript/transcript.h"

namespace pyzkfl::recursion {
namespace {

constexpr unsigned low_bits = 3 * limb_bits, high_bits = value_digits * digit_bits - low_bits;
constexpr size_t most_coordinates = 8;

Fr residue(const Fp& v) {
  std::array<uint8_t, 64> wide{};
  v.to_bytes_be(std::span<uint8_t, 32>(wide.data() + 32, 32));
  return Fr::from_bytes_wide_be(wide);
}

void expect_few(size_t count) {
  if (count > most_coordinates) throw ParameterError("at most eight coordinates are packed together");
}

Fr name_element(const char* name) { return transcript::hash_to_field(name, {}); }

}  // namespace

std::array<Fr, 2> residues(const G1Affine& point) { return {residue(point.x), residue(point.y)}; }

std::array<LC, 2> canonical_residues(BaseField& fp, const G1Point& point) {
  std::array<LC, 2> out;
  for (size_t i = 0; i < 2; ++i) {
    const Value v = (i == 0 ? point.x() : point.y()).single();
    fp.assert_canonical(v);
    out[i] = fp.native(v);
  }
  return out;
}

std::vector<Fr> packed(std::span<const Fp> coordinates) {
  expect_few(coordinates.size());
  std::vector<Fr> out;
  Fr tops;
  for (size_t i = 0; i < coordinates.size(); ++i) {
    const Limbs v = coordinates[i].to_canonical();
    out.push_back(Fr::from_canonical({v[0], v[1], v[2], v[3] & ((uint64_t{1} << (low_bits - 192)) - 1)}));
    tops += power_of_two(high_bits * static_cast<unsigned>(i)) * Fr::from_u64(v[3] >> (low_bits - 192));
  }
  out.push_back(tops);
  return out;
}

std::vector<LC> packed(const BaseField& fp, std::span<const Value> coordinates) {
  expect_few(coordinates.size());
  std::vector<LC> out;
  LC tops;
  for (size_t i = 0; i < coordinates.size(); ++i) {
    LC low = fp.limb(coordinates[i], 0);
    for (unsigned j = 1; j < 3; ++j) low.add_shifted(fp.limb(coordinates[i], j), limb_bits * j);
    out.push_back(std::move(low));
    tops.add_shifted(fp.limb(coordinates[i], 3), high_bits * static_cast<unsigned>(i));
  }
  out.push_back(std::move(tops));
  return out;
}

Fr named_hash(const char* name, std::span<const Fr> elements) {
  std::vector<Fr> all = {name_element(name)};
  all.insert(all.end(), elements.begin(), elements.end());
  return poseidon2_hash(all);
}

LC named_hash(Builder& b, const char* name, std::span<const LC> elements) {
  std::vector<LC> all = {name_element(name)};
  all.insert(all.end(), elements.begin(), elements.end());
  return b.materialise(gadgets::poseidon2_hash(b, all, "hash"), "hash");
}

}  // namespace pyzkfl::recursion

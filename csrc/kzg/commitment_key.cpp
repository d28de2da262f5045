// See commitment_key.h.
#include "kzg/commitment_key.h"

#include <algorithm>
#include <array>
#include <string>

#include "curves/encoding.h"
#include "curves/msm.h"
#include "curves/scalar_mul.h"
#include "kzg/artefact.h"
#include "kzg/point_arrays.h"

namespace pyzkfl {
namespace {

void expect_values(size_t points, size_t values) {
  if (points == 0 || values != points - 1)
    throw ParameterError("a commitment to " + std::to_string(points == 0 ? 0 : points - 1) +
                         " values was asked to take " + std::to_string(values));
}

}  // namespace

G1Affine linear_commitment(std::span<const G1Affine> points, std::span<const int64_t> values,
                           const Fr& blinder) {
  expect_values(points.size(), values.size());
  return (msm_i64(points.first(values.size()), values) + mul(G1(points.back()), blinder)).to_affine();
}

G1Affine linear_commitment(std::span<const G1Affine> points, std::span<const Fr> values, const Fr& blinder) {
  expect_values(points.size(), values.size());
  return (msm(points.first(values.size()), values) + mul(G1(points.back()), blinder)).to_affine();
}

CommitmentKey::CommitmentKey(std::vector<G1Affine> points) : points_(std::move(points)) {
  if (points_.empty()) throw ParameterError("commitment key: no point for the blinder");
  std::vector<std::array<uint8_t, g1_evm_bytes>> encoded;
  encoded.reserve(points_.size());
  for (size_t i = 0; i < points_.size(); ++i) {
    if (points_[i].is_infinity())
      throw ParameterError("commitment key: point " + std::to_string(i) + " is infinity");
    encoded.push_back(to_evm(points_[i]));
  }
  std::sort(encoded.begin(), encoded.end());
  if (std::adjacent_find(encoded.begin(), encoded.end()) != encoded.end())
    throw ParameterError("commitment key: two points are equal, so values could be swapped");
  digest_ = sha256(to_bytes());
}

G1Affine CommitmentKey::commit(std::span<const int64_t> values, const Fr& blinder) const {
  return linear_commitment(points_, values, blinder);
}

G1Affine CommitmentKey::commit(std::span<const Fr> values, const Fr& blinder) const {
  return linear_commitment(points_, values, blinder);
}

Bytes CommitmentKey::to_bytes() const {
  Writer out;
  write_artefact_header(out, ArtefactKind::commitment_key);
  out.u32(static_cast<uint32_t>(points_.size()));
  write_points(out, points_);
  return out.take();
}

CommitmentKey CommitmentKey::from_bytes(ByteSpan data) {
  Reader in(data, "commitment key");
  read_artefact_header(in, ArtefactKind::commitment_key);
  const uint32_t count = in.u32();
  std::vector<G1Affine> points = read_g1_points(in, count, Infinity::refused);
  in.done();
  try {
    return CommitmentKey(std::move(points));
  } catch (const ParameterError& e) {
    throw DecodeError(e.what());
  }
}

}  // namespace pyzkfl

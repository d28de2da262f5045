// See keys.h.
#include "groth16/keys.h"

#include <algorithm>
#include <array>
#include <string>

#include "curves/encoding.h"
#include "groth16/key_checks.h"
#include "kzg/artefact.h"

namespace pyzkfl::groth16 {
namespace {

const KeyElements& checked_shapes(const KeyElements& key) {
  const WireLayout& layout = key.layout;
  expect_size(key.ic.size(), 1 + size_t{layout.num_public}, "IC");
  expect_size(key.groups.size(), layout.num_groups(), "the list of groups");
  for (size_t g = 0; g < key.groups.size(); ++g) {
    expect_size(key.groups[g].basis.size(), layout.group_sizes[g], "a group's basis");
    expect_size(key.groups[g].knowledge.size(), layout.group_sizes[g], "a group's basis of knowledge");
  }
  expect_size(key.l.size(), layout.num_private, "L");
  expect_size(key.h.size(), key.domain_size() - 1, "H");
  expect_size(key.a.size(), layout.num_wires(), "A");
  expect_size(key.b_1.size(), layout.num_wires(), "B in G1");
  expect_size(key.b_2.size(), layout.num_wires(), "B in G2");
  return key;
}

KeyPoints key_points(const KeyElements& key) {
  KeyPoints points{key.alpha_1, key.beta_2, g2_generator(), key.delta_2, {}, key.ic};
  for (const GroupElements& group : key.groups) points.sigma_2.push_back(group.sigma_2);
  return points;
}

}  // namespace

VerifyingKey::VerifyingKey(const Digest& circuit, KeyPoints points)
    : circuit_(circuit),
      equation_(std::make_shared<const Equation>(std::move(points))),
      digest_(sha256(to_bytes())) {}

VerifyingKey::VerifyingKey(const KeyElements& key) : VerifyingKey(key.circuit, key_points(key)) {}

Bytes VerifyingKey::to_bytes() const {
  Writer out;
  write_artefact_header(out, ArtefactKind::verifying_key);
  out.bytes(circuit_).u32(static_cast<uint32_t>(num_public())).u8(static_cast<uint8_t>(num_groups()));
  write_points(out, std::array{alpha_1()});
  write_points(out, std::array{beta_2(), delta_2()});
  write_points(out, equation_->points().sigma_2);
  write_points(out, ic());
  return out.take();
}

VerifyingKey VerifyingKey::from_bytes(ByteSpan data) {
  Reader in(data, "verifying key");
  read_artefact_header(in, ArtefactKind::verifying_key);
  Digest circuit;
  const ByteSpan digest = in.bytes(circuit.size());
  std::copy(digest.begin(), digest.end(), circuit.begin());
  const uint32_t num_public = in.u32();
  const uint8_t num_groups = in.u8();
  KeyPoints points;
  points.alpha_1 = g1_from_evm(in.bytes<g1_evm_bytes>(), Infinity::refused);
  points.beta_2 = g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused);
  points.gamma_2 = g2_generator();
  points.delta_2 = g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused);
  points.sigma_2 = read_g2_points(in, num_groups, Infinity::refused, SubgroupCheck::done);
  points.ic = read_g1_points(in, 1 + size_t{num_public}, Infinity::refused);
  in.done();
  return VerifyingKey(circuit, std::move(points));
}

ProvingKey::ProvingKey(KeyElements key) : key_(std::move(key)), verifying_key_(checked_shapes(key_)) {
  check_key(view_of(key_), UnfinishedKey::refused);
  check_both_groups(view_of(key_));
  for (const GroupElements& group : key_.groups) {
    try {
      commitment_keys_.emplace_back(group.basis);
    } catch (const ParameterError& e) {
      throw DecodeError(e.what());
    }
  }
}

const CommitmentKey& ProvingKey::commitment_key(size_t group) const {
  if (group >= commitment_keys_.size())
    throw ParameterError("the key has " + std::to_string(commitment_keys_.size()) +
                         " groups of committed wires, not " + std::to_string(group + 1));
  return commitment_keys_[group];
}

G1Affine ProvingKey::prove_knowledge(size_t group, std::span<const int64_t> values, const Fr& blinder) const {
  commitment_key(group);
  return linear_commitment(key_.groups[group].knowledge, values, blinder);
}

G1Affine ProvingKey::prove_knowledge(size_t group, std::span<const Fr> values, const Fr& blinder) const {
  commitment_key(group);
  return linear_commitment(key_.groups[group].knowledge, values, blinder);
}

Bytes ProvingKey::to_bytes() const {
  Writer out;
  write_artefact_header(out, ArtefactKind::proving_key);
  write_elements(out, key_);
  return out.take();
}

void ProvingKey::stream(const ByteSink& out) const {
  Writer head;
  write_artefact_header(head, ArtefactKind::proving_key);
  out(head.take());
  stream_elements(out, key_);
}

ProvingKey ProvingKey::from_bytes(ByteSpan data, SubgroupCheck check) {
  Reader in(data, "proving key");
  read_artefact_header(in, ArtefactKind::proving_key);
  KeyElements key = read_elements(in, check);
  in.done();
  return ProvingKey(std::move(key));
}

}  // namespace pyzkfl::groth16

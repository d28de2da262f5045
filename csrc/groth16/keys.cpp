// See keys.h.
#include "groth16/keys.h"

#include <algorithm>
#include <array>
#include <string>

#include "curves/encoding.h"
#include "kzg/artefact.h"

namespace pyzkfl::groth16 {
namespace {

template <class Point>
void refuse_infinity(const Point& point, const char* name) {
  if (point.is_infinity()) throw DecodeError(std::string("key: ") + name + " is infinity");
}

template <class Point>
void refuse_off_curve(const Point& point, const char* name) {
  refuse_infinity(point, name);
  if (!point.is_on_curve() || !is_in_subgroup(point))
    throw DecodeError(std::string("key: ") + name + " is no point of its group");
}

void expect_size(size_t found, size_t expected, const char* name) {
  if (found != expected)
    throw DecodeError(std::string("key: ") + name + " has " + std::to_string(found) +
                      " points, its layout asks for " + std::to_string(expected));
}

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

}  // namespace

VerifyingKey::VerifyingKey(const KeyElements& key)
    : circuit_(key.circuit), alpha_1_(key.alpha_1), beta_2_(key.beta_2), delta_2_(key.delta_2), ic_(key.ic) {
  for (const GroupElements& group : key.groups) sigma_2_.push_back(group.sigma_2);
  finish();
}

void VerifyingKey::finish() {
  refuse_off_curve(alpha_1_, "alpha");
  refuse_off_curve(beta_2_, "beta");
  refuse_off_curve(delta_2_, "delta");
  const G2Affine& gamma_2 = g2_generator();
  if (delta_2_ == gamma_2)
    throw DecodeError(
        "key: delta equals gamma: the second phase of the setup was skipped, so anyone could forge proofs");
  for (size_t g = 0; g < sigma_2_.size(); ++g) {
    refuse_off_curve(sigma_2_[g], "sigma");
    if (sigma_2_[g] == gamma_2)
      throw DecodeError(
          "key: sigma is one: the second phase of the setup was skipped, so a proof of knowledge proves "
          "nothing");
    if (sigma_2_[g] == delta_2_) throw DecodeError("key: a sigma equals delta");
    for (size_t other = 0; other < g; ++other)
      if (sigma_2_[g] == sigma_2_[other])
        throw DecodeError(
            "key: two groups share one sigma, so terms could move from one commitment to the other");
  }
  if (ic_.empty()) throw DecodeError("key: no point for the constant wire");
  for (const G1Affine& point : ic_) refuse_off_curve(point, "a point of a public input");
  auto sorted = std::vector<std::array<uint8_t, g1_evm_bytes>>();
  for (const G1Affine& point : ic_) sorted.push_back(to_evm(point));
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    throw DecodeError("key: two public inputs share one point, so their values could be swapped");

  auto prepared = std::make_shared<Prepared>(Prepared{
      pairing(alpha_1_, beta_2_), G2Prepared(gamma_2), G2Prepared(beta_2_), G2Prepared(delta_2_), {}});
  for (const G2Affine& sigma : sigma_2_) prepared->sigma.emplace_back(sigma);
  prepared_ = std::move(prepared);
  digest_ = sha256(to_bytes());
}

Bytes VerifyingKey::to_bytes() const {
  Writer out;
  write_artefact_header(out, ArtefactKind::verifying_key);
  out.bytes(circuit_).u32(static_cast<uint32_t>(num_public())).u8(static_cast<uint8_t>(num_groups()));
  write_points(out, std::array{alpha_1_});
  write_points(out, std::array{beta_2_, delta_2_});
  write_points(out, sigma_2_);
  write_points(out, ic_);
  return out.take();
}

VerifyingKey VerifyingKey::from_bytes(ByteSpan data) {
  Reader in(data, "verifying key");
  read_artefact_header(in, ArtefactKind::verifying_key);
  VerifyingKey key;
  const ByteSpan circuit = in.bytes(key.circuit_.size());
  std::copy(circuit.begin(), circuit.end(), key.circuit_.begin());
  const uint32_t num_public = in.u32();
  const uint8_t num_groups = in.u8();
  key.alpha_1_ = g1_from_evm(in.bytes<g1_evm_bytes>(), Infinity::refused);
  key.beta_2_ = g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused);
  key.delta_2_ = g2_from_evm(in.bytes<g2_evm_bytes>(), Infinity::refused);
  key.sigma_2_ = read_g2_points(in, num_groups, Infinity::refused, SubgroupCheck::done);
  key.ic_ = read_g1_points(in, 1 + size_t{num_public}, Infinity::refused);
  in.done();
  key.finish();
  return key;
}

ProvingKey::ProvingKey(KeyElements key) : key_(std::move(key)), verifying_key_(checked_shapes(key_)) {
  refuse_off_curve(key_.beta_1, "beta");
  refuse_off_curve(key_.delta_1, "delta");
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

ProvingKey ProvingKey::from_bytes(ByteSpan data, SubgroupCheck check) {
  Reader in(data, "proving key");
  read_artefact_header(in, ArtefactKind::proving_key);
  KeyElements key = read_elements(in, check);
  in.done();
  return ProvingKey(std::move(key));
}

}  // namespace pyzkfl::groth16

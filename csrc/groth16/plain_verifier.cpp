// See plain_verifier.h.
#include "groth16/plain_verifier.h"

#include <utility>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "curves/encoding.h"
#include "groth16/equation.h"
#include "kzg/point_arrays.h"

namespace pyzkfl::groth16 {
namespace {

// A proof whose B is on the curve; whether it is in the subgroup, the equation tests for all proofs at once.
Proof proof_on_curves(std::span<const uint8_t, proof_evm_bytes> bytes) {
  Reader b(bytes.subspan<64, 128>(), "proof");
  return {g1_from_evm(bytes.subspan<0, 64>(), Infinity::refused),
          read_g2_points(b, 1, Infinity::refused, SubgroupCheck::skipped)[0],
          g1_from_evm(bytes.subspan<192, 64>(), Infinity::refused)};
}

}  // namespace

PlainVerifyingKey::PlainVerifyingKey(const G1Affine& alpha_1, const G2Affine& beta_2, const G2Affine& gamma_2,
                                     const G2Affine& delta_2, std::vector<G1Affine> ic)
    : equation_(
          std::make_shared<const Equation>(KeyPoints{alpha_1, beta_2, gamma_2, delta_2, {}, std::move(ic)})) {
}

PlainVerifyingKey::PlainVerifyingKey(const KeyView& key)
    : PlainVerifyingKey(key.alpha_1, key.beta_2, key.gamma_2, key.delta_2, points_of(key.ic)) {}

const G1Affine& PlainVerifyingKey::alpha_1() const { return equation_->points().alpha_1; }
const G2Affine& PlainVerifyingKey::beta_2() const { return equation_->points().beta_2; }
const G2Affine& PlainVerifyingKey::gamma_2() const { return equation_->points().gamma_2; }
const G2Affine& PlainVerifyingKey::delta_2() const { return equation_->points().delta_2; }
std::span<const G1Affine> PlainVerifyingKey::ic() const { return equation_->points().ic; }

bool PlainVerifyingKey::operator==(const PlainVerifyingKey& other) const {
  return equation_->points() == other.equation_->points();
}

bool verify(const PlainVerifyingKey& key, std::span<const Fr> public_inputs, const Proof& proof) {
  return key.equation().holds({public_inputs, {}, &proof});
}

std::vector<size_t> verify_batch(const PlainVerifyingKey& key, std::span<const PlainInstance> instances) {
  std::vector<Claim> claims;
  claims.reserve(instances.size());
  for (const PlainInstance& instance : instances)
    claims.push_back({instance.public_inputs, {}, &instance.proof});
  return key.equation().failing(claims);
}

std::vector<size_t> verify_batch(const PlainVerifyingKey& key, size_t count, ByteSpan public_inputs,
                                 ByteSpan proofs) {
  const size_t inputs = key.num_public();
  if (proofs.size() / proof_evm_bytes != count || proofs.size() % proof_evm_bytes != 0 ||
      public_inputs.size() != count * inputs * 32)
    throw ParameterError("a batch has 256 bytes of proof and 32 of each public input for each instance");
  std::vector<Fr> scalars(count * inputs);
  std::vector<Proof> decoded(count);  // all infinity where the bytes are none: refused by the equation
  parallel_for(count, 8, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      try {
        for (size_t k = i * inputs; k < (i + 1) * inputs; ++k)
          scalars[k] = Fr::from_bytes_le(public_inputs.subspan(32 * k).first<32>());
        decoded[i] = proof_on_curves(proofs.subspan(i * proof_evm_bytes).first<proof_evm_bytes>());
      } catch (const DecodeError&) {
        decoded[i] = Proof();
      }
    }
  });
  std::vector<Claim> claims;
  claims.reserve(count);
  const std::span<const Fr> all(scalars);
  for (size_t i = 0; i < count; ++i) claims.push_back({all.subspan(i * inputs, inputs), {}, &decoded[i]});
  return key.equation().failing(claims);
}

}  // namespace pyzkfl::groth16

// Bytes of a proof, one map for both forms.
#include "wrap/engine_proof.h"

#include <algorithm>
#include <string>

#include "base/errors.h"
#include "curves/encoding.h"

namespace pyzkfl::wrap {
namespace {

// The points and scalars behind Groth16's, in the order of the bytes.
template <class Proof, class Point, class Scalar>
void visit_rest(Proof& proof, const Point& point, const Scalar& scalar) {
  for (auto& p : proof.digits) point(p);
  point(proof.mask);
  point(proof.symmetric);
  point(proof.quotient);
  for (auto* const s : {&proof.rho, &proof.z, &proof.gamma, &proof.i0, &proof.i1}) scalar(*s);
}

void append(Bytes& out, std::span<const uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace

Bytes EngineProof::to_compressed() const {
  Bytes out;
  append(out, groth16.to_compressed());
  visit_rest(
      *this, [&](const G1Affine& p) { append(out, compress(p)); }, [&](const Fr& s) { append(out, s.to_bytes_be()); });
  return out;
}

Bytes EngineProof::to_evm() const {
  Bytes out;
  append(out, groth16.to_evm());
  visit_rest(
      *this, [&](const G1Affine& p) { append(out, pyzkfl::to_evm(p)); },
      [&](const Fr& s) { append(out, s.to_bytes_be()); });
  return out;
}

EngineProof EngineProof::from_bytes(ByteSpan data, size_t digits_columns) {
  const bool evm = data.size() == evm_bytes(digits_columns);
  if (!evm && data.size() != compressed_bytes(digits_columns))
    throw DecodeError("proof: " + std::to_string(data.size()) + " bytes, and it must have " +
                      std::to_string(compressed_bytes(digits_columns)) + ", or " +
                      std::to_string(evm_bytes(digits_columns)) + " uncompressed");
  EngineProof proof;
  size_t at = evm ? groth16::proof_evm_bytes : groth16::proof_compressed_bytes;
  proof.groth16 = groth16::Proof::from_bytes(data.first(at));
  proof.digits.resize(digits_columns);
  const auto next = [&](size_t n) {
    const ByteSpan part = data.subspan(at, n);
    at += n;
    return part;
  };
  visit_rest(
      proof,
      [&](G1Affine& p) {
        p = evm ? g1_from_evm(next(g1_evm_bytes).first<g1_evm_bytes>(), Infinity::refused)
                : g1_decompress(next(g1_compressed_bytes).first<g1_compressed_bytes>(), Infinity::refused);
      },
      [&](Fr& s) { s = Fr::from_bytes_be(next(32).first<32>()); });
  return proof;
}

}  // namespace pyzkfl::wrap

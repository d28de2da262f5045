// Groth16 proofs, and the engine's, in both forms.
#include "curves/scalar_mul.h"
#include "groth16/proof.h"
#include "target.h"
#include "wrap/engine_proof.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() {
  const auto point = [](uint64_t k) { return mul(G1(g1_generator()), Fr::from_u64(k)).to_affine(); };
  const groth16::Proof inner{point(2), mul(G2(g2_generator()), Fr::from_u64(3)).to_affine(), point(4)};
  const wrap::EngineProof proof{.groth16 = inner,
                                .digits = {point(5), point(6), point(7), point(8)},
                                .mask = point(9),
                                .symmetric = point(10),
                                .quotient = point(11),
                                .rho = Fr::from_u64(12),
                                .z = Fr::from_u64(13),
                                .gamma = Fr::from_u64(14),
                                .i0 = Fr::from_i64(-1),
                                .i1 = Fr::from_u64(16)};
  const auto small = inner.to_compressed();
  const auto large = inner.to_evm();
  return {Bytes(small.begin(), small.end()), Bytes(large.begin(), large.end()), proof.to_compressed(), proof.to_evm()};
}

void fuzz::run(ByteSpan input) {
  const bool compressed = input.size() == groth16::proof_compressed_bytes;
  one_encoding(
      input, [](ByteSpan data) { return groth16::Proof::from_bytes(data); },
      [&](const groth16::Proof& p) -> Bytes {
        const auto small = p.to_compressed();
        const auto large = p.to_evm();
        return compressed ? Bytes(small.begin(), small.end()) : Bytes(large.begin(), large.end());
      });
  for (const size_t columns : {size_t{0}, size_t{1}, size_t{4}}) {
    const bool short_form = input.size() == wrap::EngineProof::compressed_bytes(columns);
    one_encoding(
        input, [&](ByteSpan data) { return wrap::EngineProof::from_bytes(data, columns); },
        [&](const wrap::EngineProof& p) { return short_form ? p.to_compressed() : p.to_evm(); });
  }
}

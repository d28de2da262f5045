// Keys of commitments: bases of their own, and powers of tau.
#include "curves/scalar_mul.h"
#include "kzg/column_key.h"
#include "kzg/commitment_key.h"
#include "target.h"

using namespace pyzkfl;

std::vector<Bytes> fuzz::seeds() {
  std::vector<G1Affine> points;
  for (uint64_t i = 1; i < 5; ++i) points.push_back(mul(G1(g1_generator()), Fr::from_u64(i)).to_affine());
  return {CommitmentKey(points).to_bytes(), ColumnKey::insecure(2, Fr::from_u64(5)).to_bytes()};
}

void fuzz::run(ByteSpan input) {
  const auto bytes_of = [](const auto& key) { return key.to_bytes(); };
  one_encoding(input, [](ByteSpan data) { return CommitmentKey::from_bytes(data); }, bytes_of);
  one_encoding(input, [](ByteSpan data) { return ColumnKey::from_bytes(data); }, bytes_of);
}

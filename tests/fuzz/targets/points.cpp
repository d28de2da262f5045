// Field elements and points of both groups, in all their byte forms (curves/encoding.h).
#include <algorithm>

#include "curves/encoding.h"
#include "curves/scalar_mul.h"
#include "fields/fr.h"
#include "target.h"

using namespace pyzkfl;

namespace {

template <size_t N, class Decode, class Encode>
void form(ByteSpan data, Decode decode, Encode encode) {
  if (data.size() < N) return;
  const auto bytes = data.first<N>();
  fuzz::one_encoding(bytes, [&](ByteSpan) { return decode(bytes); }, encode);
}

template <class T>
Bytes with_form(uint8_t number, const T& bytes) {
  Bytes out{number};
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

}  // namespace

std::vector<Bytes> fuzz::seeds() {
  std::vector<Bytes> out;
  const auto add_points = [&](const G1Affine& p, const G2Affine& q) {
    out.push_back(with_form(0, to_evm(p)));
    out.push_back(with_form(1, to_evm(q)));
    out.push_back(with_form(2, compress(p)));
    out.push_back(with_form(3, compress(q)));
  };
  add_points(g1_generator(), g2_generator());
  add_points(mul(G1(g1_generator()), Fr::from_u64(99)).to_affine(), mul(G2(g2_generator()), Fr::from_u64(99)).to_affine());
  add_points(G1Affine(), G2Affine());
  for (const Fr& x : {Fr(), Fr::from_u64(1), Fr::from_i64(-1)}) {
    out.push_back(with_form(4, x.to_bytes_le()));
    out.push_back(with_form(5, x.to_bytes_be()));
  }
  return out;
}

void fuzz::run(ByteSpan input) {
  if (input.empty()) return;
  const ByteSpan data = input.subspan(1);
  const Infinity infinity = (input[0] & 0x80) != 0 ? Infinity::refused : Infinity::allowed;
  switch (input[0] & 7) {
    case 0:
      return form<64>(data, [&](auto b) { return g1_from_evm(b, infinity); }, [](const auto& p) { return to_evm(p); });
    case 1:
      return form<128>(data, [&](auto b) { return g2_from_evm(b, infinity); }, [](const auto& p) { return to_evm(p); });
    case 2:
      return form<32>(data, [&](auto b) { return g1_decompress(b, infinity); }, [](const auto& p) { return compress(p); });
    case 3:
      return form<64>(data, [&](auto b) { return g2_decompress(b, infinity); }, [](const auto& p) { return compress(p); });
    case 4:
      return form<32>(data, [](auto b) { return Fr::from_bytes_le(b); }, [](const Fr& x) { return x.to_bytes_le(); });
    case 5:
      return form<32>(data, [](auto b) { return Fr::from_bytes_be(b); }, [](const Fr& x) { return x.to_bytes_be(); });
    default:
      return;
  }
}

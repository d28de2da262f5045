// The transcript's duplex.
#include "transcript/transcript.h"

#include <algorithm>

#include "base/sha256.h"

namespace pyzkfl {
namespace {

enum Kind : uint8_t { element = 1, list_of = 2, point = 3, byte_string = 4, squeeze = 5 };

// SHA-256 as a big-endian integer without its top 3 bits: below 2^253 < r.
Fr hash_to_field(std::string_view name, ByteSpan data) {
  Digest digest = Sha256().update(as_bytes(name)).update(data).finish();
  digest[0] &= 0x1f;
  return Fr::from_bytes_be(digest);
}

}  // namespace

Transcript::Transcript(std::string_view domain) {
  state_[poseidon2::rate] = hash_to_field("pyzkfl/transcript/1/start", as_bytes(domain));
}

void Transcript::begin(uint8_t kind, uint64_t length) { calls_.u8(kind).u64(length); }

void Transcript::permute() {
  state_[poseidon2::rate] += hash_to_field("pyzkfl/transcript/1/calls", calls_.take());
  calls_ = Writer();
  poseidon2_permute(state_);
  absorbed_ = 0;
}

void Transcript::add(const Fr& v) {
  available_ = 0;
  if (absorbed_ == poseidon2::rate) permute();
  state_[absorbed_++] += v;
}

void Transcript::absorb(const Fr& v) {
  begin(element, 1);
  add(v);
}

void Transcript::absorb(std::span<const Fr> list) {
  begin(list_of, list.size());
  available_ = 0;
  for (const Fr& v : list) add(v);
}

void Transcript::absorb(const G1Affine& p) {
  begin(point, 1);
  if (p.is_infinity()) {
    add(Fr::zero());
    add(Fr::from_canonical({0, uint64_t{1} << 62, 0, 0}));
    return;
  }
  const Limbs x = p.x.to_canonical();
  const Limbs y = p.y.to_canonical();
  const bool larger = limbs::less(Modulus<FpParams>::p_minus_1_half, y);
  add(Fr::from_canonical({x[0], x[1], 0, 0}));
  add(Fr::from_canonical({x[2], x[3] | static_cast<uint64_t>(larger) << 63, 0, 0}));
}

void Transcript::absorb_bytes(ByteSpan data) {
  begin(byte_string, data.size());
  available_ = 0;
  while (!data.empty()) {
    std::array<uint8_t, 32> chunk{};
    const size_t n = std::min<size_t>(data.size(), 31);
    std::copy_n(data.begin(), n, chunk.begin());
    add(Fr::from_bytes_le(chunk));
    data = data.subspan(n);
  }
}

Fr Transcript::challenge() {
  begin(squeeze, 1);
  if (available_ == 0) {
    permute();
    available_ = poseidon2::rate;
  }
  return state_[poseidon2::rate - available_--];
}

}  // namespace pyzkfl

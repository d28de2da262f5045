// The transcript's duplex.
#include "transcript/transcript.h"

#include <algorithm>

#include "base/sha256.h"

namespace pyzkfl {
namespace transcript {

// Below 2^253 < r without the top 3 bits.
Fr hash_to_field(std::string_view name, ByteSpan data) {
  Digest digest = Sha256().update(as_bytes(name)).update(data).finish();
  digest[0] &= 0x1f;
  return Fr::from_bytes_be(digest);
}

Fr initial_capacity(std::string_view domain) {
  return hash_to_field("pyzkfl/transcript/1/start", as_bytes(domain));
}

Fr CallLog::take() {
  const Fr hash = hash_to_field("pyzkfl/transcript/1/calls", calls_.view());
  calls_ = Writer();
  return hash;
}

std::array<Fr, 2> point_elements(const G1Affine& p) {
  if (p.is_infinity()) return {Fr::zero(), Fr::from_canonical({0, uint64_t{1} << 62, 0, 0})};
  const Limbs x = p.x.to_canonical();
  const Limbs y = p.y.to_canonical();
  const bool larger = limbs::less(Modulus<FpParams>::p_minus_1_half, y);
  return {Fr::from_canonical({x[0], x[1], 0, 0}),
          Fr::from_canonical({x[2], x[3] | static_cast<uint64_t>(larger) << 63, 0, 0})};
}

}  // namespace transcript

using transcript::Call;

Transcript::Transcript(std::string_view domain) {
  state_[poseidon2::rate] = transcript::initial_capacity(domain);
}

void Transcript::permute() {
  state_[poseidon2::rate] += calls_.take();
  poseidon2_permute(state_);
  absorbed_ = 0;
}

void Transcript::add(const Fr& v) {
  available_ = 0;
  if (absorbed_ == poseidon2::rate) permute();
  state_[absorbed_++] += v;
}

void Transcript::absorb(const Fr& v) {
  calls_.begin(Call::element, 1);
  add(v);
}

void Transcript::absorb(std::span<const Fr> list) {
  calls_.begin(Call::list, list.size());
  available_ = 0;
  for (const Fr& v : list) add(v);
}

void Transcript::absorb(const G1Affine& p) {
  calls_.begin(Call::point, 1);
  for (const Fr& v : transcript::point_elements(p)) add(v);
}

void Transcript::absorb_bytes(ByteSpan data) {
  calls_.begin(Call::bytes, data.size());
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
  calls_.begin(Call::challenge, 1);
  if (available_ == 0) {
    permute();
    available_ = poseidon2::rate;
  }
  return state_[poseidon2::rate - available_--];
}

}  // namespace pyzkfl

// See blake2b.h. Names and constants as in RFC 7693, section 3.
#include "formats/hashing/blake2b.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/errors.h"

namespace pyzkfl::formats {
namespace {

constexpr std::array<uint64_t, 8> iv = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                        0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                        0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr uint8_t sigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                   {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                   {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                   {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                   {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                   {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                   {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                   {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                   {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                   {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

inline void mix(uint64_t* v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 63);
}

}  // namespace

Blake2b::Blake2b() : chain_(iv) { chain_[0] ^= 0x01010000 ^ 64; }

void Blake2b::compress(const uint8_t* block, uint64_t total, bool last) {
  uint64_t m[16], v[16];
  std::memcpy(m, block, sizeof m);
  std::copy(chain_.begin(), chain_.end(), v);
  std::copy(iv.begin(), iv.end(), v + 8);
  v[12] ^= total;
  if (last) v[14] = ~v[14];
  for (int round = 0; round < 12; ++round) {
    const uint8_t* const s = sigma[round % 10];
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (size_t i = 0; i < 8; ++i) chain_[i] ^= v[i] ^ v[i + 8];
}

Blake2b& Blake2b::update(ByteSpan data) {
  while (!data.empty()) {
    if (filled_ == block_.size()) {  // never the last block: more has come
      hashed_ += block_.size();
      compress(block_.data(), hashed_, false);
      filled_ = 0;
    }
    while (filled_ == 0 && data.size() > block_.size()) {
      hashed_ += block_.size();
      compress(data.data(), hashed_, false);
      data = data.subspan(block_.size());
    }
    const size_t take = std::min(block_.size() - filled_, data.size());
    std::memcpy(block_.data() + filled_, data.data(), take);
    filled_ += take;
    data = data.subspan(take);
  }
  return *this;
}

Blake2bDigest Blake2b::digest() const {
  Blake2b copy = *this;
  std::fill(copy.block_.begin() + static_cast<ptrdiff_t>(filled_), copy.block_.end(), uint8_t{0});
  copy.compress(copy.block_.data(), hashed_ + filled_, true);
  Blake2bDigest out;
  std::memcpy(out.data(), copy.chain_.data(), out.size());
  return out;
}

Blake2b::State Blake2b::save() const {
  State out{};
  const uint64_t filled = filled_;
  std::memcpy(out.data(), block_.data(), filled_);
  std::memcpy(out.data() + 128, chain_.data(), 64);
  std::memcpy(out.data() + 192, &hashed_, 8);
  std::memcpy(out.data() + 200, &filled, 8);
  return out;
}

Blake2b Blake2b::restored(std::span<const uint8_t, state_bytes> state) {
  Blake2b out;
  uint64_t filled;
  std::memcpy(&filled, state.data() + 200, 8);
  if (filled > out.block_.size()) throw DecodeError("a saved BLAKE2b state holds more than one block");
  std::memcpy(out.block_.data(), state.data(), 128);
  std::memcpy(out.chain_.data(), state.data() + 128, 64);
  std::memcpy(&out.hashed_, state.data() + 192, 8);
  out.filled_ = filled;
  return out;
}

Blake2bDigest blake2b(ByteSpan data) { return Blake2b().update(data).digest(); }

}  // namespace pyzkfl::formats

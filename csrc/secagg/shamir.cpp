// Sharing over GF(2^8) with table-free arithmetic on secrets (see shamir.h).
//
// A product is always public times secret. The secret block c is multiplied by all of 1, x, .., x^7 once
// (seven shifts); a nibble table of the sixteen combinations of four of these each then gives any multiple of
// c as the sum of two rows. The rows are picked by the public factor.
#include "secagg/shamir.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/errors.h"
#include "base/secret.h"

namespace pyzkfl::secagg {
namespace {

constexpr size_t kWords = kShamirBlockBytes / 8;
using Block = std::array<uint64_t, kWords>;

// Public arithmetic: factors and points only.
constexpr uint8_t mul_vartime(uint8_t a, uint8_t b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (unsigned bits = b; bits != 0; bits >>= 1) {
    if ((bits & 1) != 0) product ^= shifted;
    shifted <<= 1;
    if ((shifted & 0x100) != 0) shifted ^= 0x11b;
  }
  return static_cast<uint8_t>(product);
}

constexpr uint8_t inverse_vartime(uint8_t a) {  // a^254
  uint8_t power = a;
  uint8_t result = 1;
  for (int i = 0; i < 7; ++i) {
    power = mul_vartime(power, power);
    result = mul_vartime(result, power);
  }
  return result;
}

static_assert(mul_vartime(0x57, 0x83) == 0xc1);  // FIPS 197, section 4.2
static_assert(mul_vartime(0x53, inverse_vartime(0x53)) == 1);

// Each byte times x.
inline uint64_t times_x(uint64_t w) {
  const uint64_t top = (w >> 7) & 0x0101010101010101U;
  return ((w & 0x7f7f7f7f7f7f7f7fU) << 1) ^ top ^ (top << 1) ^ (top << 3) ^ (top << 4);
}

// All multiples of a secret block by public factors.
class Multiples {
 public:
  Multiples() = default;
  Multiples(const Multiples&) = delete;
  Multiples& operator=(const Multiples&) = delete;
  ~Multiples() { wipe_object(rows_); }

  void set(ByteSpan block) {
    Block c;
    std::memcpy(c.data(), block.data(), kShamirBlockBytes);
    for (size_t half = 0; half < 2; ++half) {
      auto& rows = rows_[half];
      rows[0] = Block{};
      for (size_t bit = 1; bit < 16; bit <<= 1) {
        rows[bit] = c;
        for (size_t low = 1; low < bit; ++low) {
          for (size_t i = 0; i < kWords; ++i) rows[bit + low][i] = rows[low][i] ^ c[i];
        }
        for (uint64_t& word : c) word = times_x(word);
      }
    }
    wipe_object(c);
  }

  // sum += factor * block
  void add_multiple(Block& sum, uint8_t factor) const {
    const Block& low = rows_[0][factor & 15];
    const Block& high = rows_[1][factor >> 4];
    for (size_t i = 0; i < kWords; ++i) sum[i] ^= low[i] ^ high[i];
  }

 private:
  std::array<std::array<Block, 16>, 2> rows_;
};

void check(bool ok, const char* what) {
  if (!ok) throw ParameterError(std::string("Shamir sharing: ") + what);
}

void check_points(std::span<const uint8_t> points) {
  std::array<bool, 256> seen{};
  for (const uint8_t point : points) {
    check(point != 0 && !seen[point], "points must be distinct and not zero");
    seen[point] = true;
  }
}

}  // namespace

void shamir_split(std::span<uint8_t> shares, ByteSpan secret, ByteSpan coefficients,
                  std::span<const uint8_t> points) {
  const size_t size = secret.size();
  check(size != 0 && size % kShamirBlockBytes == 0, "secrets have a multiple of 32 bytes");
  check(shares.size() == size * points.size(), "room for exactly one share a point");
  check(coefficients.size() % size == 0, "coefficients as long as the secret");
  check_points(points);
  const size_t degree = coefficients.size() / size;
  check(degree < points.size(), "the threshold is above the number of shares");

  std::vector<uint8_t> powers(points.size());
  std::vector<Block> sums(points.size());
  Multiples multiples;
  for (size_t offset = 0; offset < size; offset += kShamirBlockBytes) {
    for (Block& sum : sums) std::memcpy(sum.data(), secret.data() + offset, kShamirBlockBytes);
    std::ranges::fill(powers, uint8_t{1});
    for (size_t j = 0; j < degree; ++j) {
      multiples.set(coefficients.subspan(j * size + offset, kShamirBlockBytes));
      for (size_t i = 0; i < points.size(); ++i) {
        powers[i] = mul_vartime(powers[i], points[i]);
        multiples.add_multiple(sums[i], powers[i]);
      }
    }
    for (size_t i = 0; i < points.size(); ++i) {
      std::memcpy(shares.data() + i * size + offset, sums[i].data(), kShamirBlockBytes);
    }
  }
  wipe({reinterpret_cast<uint8_t*>(sums.data()), sums.size() * sizeof(Block)});
}

std::vector<uint8_t> shamir_weights_vartime(std::span<const uint8_t> points) {
  check_points(points);
  // Lagrange at zero: product over j != i of x_j / (x_j - x_i), and minus is plus here.
  std::vector<uint8_t> weights(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    uint8_t numerator = 1;
    uint8_t denominator = 1;
    for (size_t j = 0; j < points.size(); ++j) {
      if (j == i) continue;
      numerator = mul_vartime(numerator, points[j]);
      denominator = mul_vartime(denominator, points[j] ^ points[i]);
    }
    weights[i] = mul_vartime(numerator, inverse_vartime(denominator));
  }
  return weights;
}

void shamir_combine(std::span<uint8_t> secret, std::span<const uint8_t> weights,
                    std::span<const ByteSpan> shares) {
  const size_t size = secret.size();
  check(size != 0 && size % kShamirBlockBytes == 0, "secrets have a multiple of 32 bytes");
  check(!shares.empty() && weights.size() == shares.size(), "one weight a share");
  for (const ByteSpan share : shares) check(share.size() == size, "shares as long as the secret");
  Multiples multiples;
  for (size_t offset = 0; offset < size; offset += kShamirBlockBytes) {
    Block sum{};
    for (size_t i = 0; i < shares.size(); ++i) {
      multiples.set(shares[i].subspan(offset, kShamirBlockBytes));
      multiples.add_multiple(sum, weights[i]);
    }
    std::memcpy(secret.data() + offset, sum.data(), kShamirBlockBytes);
    wipe_object(sum);
  }
}

}  // namespace pyzkfl::secagg

// Sharing over GF(2^16) with table-free arithmetic on secrets (see wide_shamir.h).
//
// A product is always public times secret. To split, the multiples of a secret block by 1, x, .., x^15 are
// put into four tables of the sixteen combinations of four of them each; rows are picked by the public factor.
// To combine, where each share meets one factor only, shares are added into buckets by the nibbles of their
// factor, and the buckets are multiplied once at the end.
#include "secagg/standing/wide_shamir.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "base/errors.h"
#include "base/secret.h"

namespace pyzkfl::secagg {
namespace {

constexpr size_t kWideWords = kWideBlockBytes / 8;
using WideBlock = std::array<uint64_t, kWideWords>;
constexpr size_t kTile = 256;       // points whose sums stay in the first-level cache with the tables
constexpr uint32_t kOrder = 65535;  // of the multiplicative group

// Logarithms to base x, and powers of x twice in a row so that sums of two logarithms need no reduction.
struct Logs {
  std::vector<uint16_t> log = std::vector<uint16_t>(65536);
  std::vector<uint16_t> exp = std::vector<uint16_t>(2 * kOrder);

  Logs() {
    uint32_t power = 1;
    for (uint32_t i = 0; i < kOrder; ++i) {
      exp[i] = exp[i + kOrder] = static_cast<uint16_t>(power);
      log[power] = static_cast<uint16_t>(i);
      power <<= 1;
      if ((power & 0x10000) != 0) power ^= 0x1100b;
    }
  }
};

const Logs& logs() {
  static const Logs tables;
  return tables;
}

// Each 16-bit element times x.
inline uint64_t times_x_wide(uint64_t w) {
  const uint64_t top = (w >> 15) & 0x0001000100010001U;
  return ((w & 0x7fff7fff7fff7fffU) << 1) ^ (top * 0x100b);
}

inline void add(WideBlock& sum, const WideBlock& term) {
  for (size_t i = 0; i < kWideWords; ++i) sum[i] ^= term[i];
}

WideBlock load(ByteSpan bytes) {
  WideBlock block;
  std::memcpy(block.data(), bytes.data(), kWideBlockBytes);
  return block;
}

// All multiples of a secret block by public factors.
class WideMultiples {
 public:
  WideMultiples() = default;
  WideMultiples(const WideMultiples&) = delete;
  WideMultiples& operator=(const WideMultiples&) = delete;
  ~WideMultiples() { wipe_object(rows_); }

  void set(ByteSpan bytes) {
    WideBlock c = load(bytes);
    for (auto& rows : rows_) {
      rows[0] = WideBlock{};
      for (size_t bit = 1; bit < 16; bit <<= 1) {
        rows[bit] = c;
        for (size_t low = 1; low < bit; ++low) {
          for (size_t i = 0; i < kWideWords; ++i) rows[bit + low][i] = rows[low][i] ^ c[i];
        }
        for (uint64_t& word : c) word = times_x_wide(word);
      }
    }
    wipe_object(c);
  }

  // sum += factor * block
  void add_multiple(WideBlock& sum, uint16_t factor) const {
    const WideBlock& a = rows_[0][factor & 15];
    const WideBlock& b = rows_[1][(factor >> 4) & 15];
    const WideBlock& c = rows_[2][(factor >> 8) & 15];
    const WideBlock& d = rows_[3][factor >> 12];
    // Two words at a time in vector registers, which GCC does not do by itself here.
    using Pair = uint64_t __attribute__((vector_size(16), aligned(8), may_alias));
    const auto pair = [](const WideBlock& block, size_t i) -> const Pair& {
      return reinterpret_cast<const Pair*>(block.data())[i];
    };
    for (size_t i = 0; i < kWideWords / 2; ++i) {
      reinterpret_cast<Pair*>(sum.data())[i] ^= pair(a, i) ^ pair(b, i) ^ pair(c, i) ^ pair(d, i);
    }
  }

 private:
  std::array<std::array<WideBlock, 16>, 4> rows_;
};

void check_wide(bool ok, const char* what) {
  if (!ok) throw ParameterError(std::string("Shamir sharing: ") + what);
}

void check_points(std::span<const uint16_t> points) {
  std::vector<uint16_t> sorted(points.begin(), points.end());
  std::ranges::sort(sorted);
  check_wide(std::ranges::adjacent_find(sorted) == sorted.end() && (sorted.empty() || sorted.front() != 0),
        "points must be distinct and not zero");
}

// In place, unnormalised. Wrapping arithmetic: results that are known to be small come out right.
void walsh_hadamard(std::span<uint64_t> values) {
  for (size_t half = 1; half < values.size(); half *= 2) {
    for (size_t begin = 0; begin < values.size(); begin += 2 * half) {
      for (size_t i = begin; i < begin + half; ++i) {
        const uint64_t a = values[i];
        const uint64_t b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
}

// The transform of the logarithms of 0 .. 2^log_size - 1, that of zero taken as zero.
const std::vector<uint64_t>& transformed_logs(unsigned log_size) {
  static std::array<std::once_flag, 17> made;
  static std::array<std::vector<uint64_t>, 17> transforms;
  std::call_once(made[log_size], [&] {
    std::vector<uint64_t> values(size_t{1} << log_size);
    for (size_t i = 1; i < values.size(); ++i) values[i] = logs().log[i];
    walsh_hadamard(values);
    transforms[log_size] = std::move(values);
  });
  return transforms[log_size];
}

}  // namespace

void wide_shamir_split(std::span<uint8_t> shares, ByteSpan secret, ByteSpan coefficients,
                       std::span<const uint16_t> points) {
  const size_t size = secret.size();
  check_wide(size != 0 && size % kWideBlockBytes == 0, "secrets have a multiple of 32 bytes");
  check_wide(shares.size() == size * points.size(), "room for exactly one share a point");
  check_wide(coefficients.size() % size == 0, "coefficients as long as the secret");
  check_points(points);
  const size_t degree = coefficients.size() / size;
  check_wide(degree < points.size(), "the threshold is above the number of shares");

  const Logs& tables = logs();
  WideMultiples multiples;
  std::array<WideBlock, kTile> sums;
  std::array<uint32_t, kTile> point_logs;
  std::array<uint32_t, kTile> power_logs;
  for (size_t offset = 0; offset < size; offset += kWideBlockBytes) {
    for (size_t first = 0; first < points.size(); first += kTile) {
      const size_t count = std::min(kTile, points.size() - first);
      for (size_t i = 0; i < count; ++i) {
        sums[i] = load(secret.subspan(offset));
        point_logs[i] = tables.log[points[first + i]];
        power_logs[i] = 0;
      }
      for (size_t j = 0; j < degree; ++j) {
        multiples.set(coefficients.subspan(j * size + offset, kWideBlockBytes));
        for (size_t i = 0; i < count; ++i) {
          uint32_t power = power_logs[i] + point_logs[i];
          if (power >= kOrder) power -= kOrder;
          power_logs[i] = power;
          multiples.add_multiple(sums[i], tables.exp[power]);
        }
      }
      for (size_t i = 0; i < count; ++i) {
        std::memcpy(shares.data() + (first + i) * size + offset, sums[i].data(), kWideBlockBytes);
      }
    }
  }
  wipe_object(sums);
}

std::vector<uint16_t> wide_shamir_weights_vartime(std::span<const uint16_t> points) {
  check_points(points);
  if (points.empty()) return {};
  // Lagrange at zero: the product over j != i of x_j / (x_j - x_i), and minus is plus here. As logarithms:
  // the sum of all, less log x_i, less the sum over j of log(x_j ^ x_i), in which log 0 counts as 0.
  const Logs& tables = logs();
  const unsigned log_size = static_cast<unsigned>(std::bit_width(std::ranges::max(points)));
  std::vector<uint64_t> sums(size_t{1} << log_size);
  uint64_t all = 0;
  for (const uint16_t point : points) {
    sums[point] = 1;
    all += tables.log[point];
  }
  walsh_hadamard(sums);
  const std::vector<uint64_t>& other = transformed_logs(log_size);
  for (size_t i = 0; i < sums.size(); ++i) sums[i] *= other[i];
  walsh_hadamard(sums);
  std::vector<uint16_t> weights;
  weights.reserve(points.size());
  for (const uint16_t point : points) {
    const uint64_t differences = sums[point] >> log_size;
    const uint64_t exponent =
        (all + (kOrder - tables.log[point]) + (kOrder - differences % kOrder)) % kOrder;
    weights.push_back(tables.exp[exponent]);
  }
  return weights;
}

void wide_shamir_combine(std::span<uint8_t> secret, std::span<const uint16_t> weights,
                         std::span<const ByteSpan> shares) {
  const size_t size = secret.size();
  check_wide(size != 0 && size % kWideBlockBytes == 0, "secrets have a multiple of 32 bytes");
  check_wide(!shares.empty() && weights.size() == shares.size(), "one weight a share");
  for (const ByteSpan share : shares) check_wide(share.size() == size, "shares as long as the secret");
  std::array<std::array<WideBlock, 16>, 4> buckets;
  for (size_t offset = 0; offset < size; offset += kWideBlockBytes) {
    buckets = {};
    for (size_t i = 0; i < shares.size(); ++i) {
      const WideBlock share = load(shares[i].subspan(offset));
      for (size_t nibble = 0; nibble < 4; ++nibble) {
        add(buckets[nibble][(weights[i] >> (4 * nibble)) & 15], share);
      }
    }
    // Horner over the sixteen bits of the factors, the highest first.
    WideBlock sum{};
    for (size_t bit = 16; bit-- > 0;) {
      for (uint64_t& word : sum) word = times_x_wide(word);
      for (size_t value = 1; value < 16; ++value) {
        if (((value >> (bit % 4)) & 1) != 0) add(sum, buckets[bit / 4][value]);
      }
    }
    std::memcpy(secret.data() + offset, sum.data(), kWideBlockBytes);
    wipe_object(sum);
  }
  wipe_object(buckets);
}

}  // namespace pyzkfl::secagg

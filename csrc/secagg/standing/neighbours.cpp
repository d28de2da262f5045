// The ring of neighbours (see neighbours.h).
#include "secagg/standing/neighbours.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <string>

#include "base/aes_ctr.h"
#include "base/bytes.h"
#include "base/errors.h"

namespace pyzkfl::secagg {
namespace {

constexpr size_t kManyNeighbours = 128;

// Uniform integers below a bound from a key stream, by rejection.
class Draws {
 public:
  explicit Draws(const Digest& key) : stream_(key) {}

  size_t below(size_t bound) {
    const uint64_t limit = (uint64_t{1} << 32) / bound * bound;
    while (true) {
      std::array<uint8_t, 4> bytes;
      stream_.keystream(std::span<uint8_t>(bytes));
      const uint64_t draw = Reader(bytes).u32();
      if (draw < limit) return draw % bound;
    }
  }

 private:
  AesCtr256 stream_;
};

}  // namespace

Neighbours::Neighbours(size_t n, size_t k, const Digest& seed) : k_(k), ring_(n), place_(n) {
  if (n < 3 || n > 65534 || k < 2 || k > n - 1 || (k + 1 < n && k % 2 != 0)) {
    throw ParameterError("a ring of " + std::to_string(n) + " members with " + std::to_string(k) +
                         " neighbours each does not exist");
  }
  std::iota(ring_.begin(), ring_.end(), Index{0});
  Writer w;
  w.bytes(as_bytes("pyzkfl secagg v1 ring")).bytes(seed).u16(static_cast<uint16_t>(n));
  Draws draws(sha256(w.view()));
  for (size_t i = n; i > 1; --i) std::swap(ring_[i - 1], ring_[draws.below(i)]);  // Fisher and Yates
  for (size_t i = 0; i < n; ++i) place_[ring_[i]] = static_cast<Index>(i);
}

std::vector<Index> Neighbours::of(Index member) const {
  std::vector<Index> out;
  out.reserve(k_);
  const size_t n = this->n();
  if (k_ + 1 == n) {
    for (size_t i = 0; i < n; ++i) {
      if (i != member) out.push_back(static_cast<Index>(i));
    }
    return out;
  }
  const size_t at = place_.at(member);
  if (k_ >= kManyNeighbours) {  // sorted by marking them
    std::vector<uint64_t> marks((n + 63) / 64);
    const auto mark = [&](size_t place) { marks[ring_[place] / 64] |= uint64_t{1} << (ring_[place] % 64); };
    for (size_t step = 1; step <= k_ / 2; ++step) {
      mark(at + step < n ? at + step : at + step - n);
      mark(at >= step ? at - step : at + n - step);
    }
    for (size_t word = 0; word < marks.size(); ++word) {
      for (uint64_t rest = marks[word]; rest != 0; rest &= rest - 1) {
        out.push_back(static_cast<Index>(64 * word + static_cast<size_t>(std::countr_zero(rest))));
      }
    }
    return out;
  }
  for (size_t step = 1; step <= k_ / 2; ++step) {
    out.push_back(ring_[(at + step) % n]);
    out.push_back(ring_[(at + n - step) % n]);
  }
  std::ranges::sort(out);
  return out;
}

std::vector<Index> Neighbours::holders(Index member) const {
  std::vector<Index> out = of(member);
  out.insert(std::ranges::lower_bound(out, member), member);
  return out;
}

bool Neighbours::adjacent(Index a, Index b) const {
  if (a == b) return false;
  if (k_ + 1 == n()) return true;
  const size_t apart = (size_t{place_.at(a)} + n() - place_.at(b)) % n();
  return std::min(apart, n() - apart) <= k_ / 2;
}

std::vector<Index> Neighbours::committee() const {
  std::vector<Index> out(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(k_ + 1));
  std::ranges::sort(out);
  return out;
}

}  // namespace pyzkfl::secagg

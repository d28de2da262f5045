// Verification of Ed25519 signatures, on vectors or by tables (see verifier.h).
#include "edwards/verifier.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/ed25519.h"
#include "base/thread_pool.h"
#include "edwards/points.h"
#include "edwards/scalars.h"
#include "edwards/vector_products.h"

namespace pyzkfl::edwards {
namespace {

constexpr size_t kChunk = 32;  // signatures whose points share an inversion

// Multiples 1 to 8 of 16^(4 j) (-A), j = 0 .. 15: four passes over them, with four doublings between two passes, take the
// 64 digits of k in base 16.
class KeyTable {
 public:
  explicit KeyTable(const Point& minus_a) {
    std::vector<Point> points;
    points.reserve(kRows * kColumns);
    Point row = minus_a;
    for (size_t j = 0; j < kRows; ++j) {
      points.push_back(row);
      for (size_t m = 1; m < kColumns; ++m) points.push_back(add(points.back(), row));
      for (size_t i = 0; i < 16 && j + 1 < kRows; ++i) row = twice(row);
    }
    entries_ = normalise(points);
  }

  Point multiply(const Scalar& k) const {
    const std::array<int8_t, 64> digits = digits16(k);
    Point sum = kNeutral;
    for (size_t pass = 4; pass-- > 0;) {
      for (size_t j = 0; j < kRows; ++j) {
        const int digit = digits[4 * j + pass];
        if (digit > 0) sum = add(sum, entries_[kColumns * j + static_cast<size_t>(digit) - 1]);
        if (digit < 0) sum = subtract(sum, entries_[kColumns * j + static_cast<size_t>(-digit) - 1]);
      }
      for (size_t i = 0; i < 4 && pass > 0; ++i) sum = twice(sum);
    }
    return sum;
  }

 private:
  static constexpr size_t kRows = 16, kColumns = 8;
  std::vector<Niels> entries_;
};

// Multiples 1 to 128 of 256^j B, j = 0 .. 31: 480 KiB, made once.
class BaseTable {
 public:
  static const BaseTable& instance() {
    static const BaseTable table;
    return table;
  }

  // p + [s] B.
  Point add_multiple(Point p, const Scalar& s) const {
    const std::array<int16_t, 32> digits = digits256(s);
    for (size_t j = 0; j < kRows; ++j) {
      const int digit = digits[j];
      if (digit > 0) p = add(p, entries_[kColumns * j + static_cast<size_t>(digit) - 1]);
      if (digit < 0) p = subtract(p, entries_[kColumns * j + static_cast<size_t>(-digit) - 1]);
    }
    return p;
  }

 private:
  static constexpr size_t kRows = 32, kColumns = 128;

  BaseTable() {
    std::vector<Point> points;
    points.reserve(kRows * kColumns);
    Point row = base_point();
    for (size_t j = 0; j < kRows; ++j) {
      points.push_back(row);
      for (size_t m = 1; m < kColumns; ++m) points.push_back(add(points.back(), row));
      for (size_t i = 0; i < 8; ++i) row = twice(row);
    }
    entries_ = normalise(points);
  }

  std::vector<Niels> entries_;
};

// SHA-512 of several parts; one context for many digests.
class Sha512 {
 public:
  Sha512() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr) throw SystemError("OpenSSL is out of memory");
  }
  Sha512(const Sha512&) = delete;
  Sha512& operator=(const Sha512&) = delete;
  ~Sha512() { EVP_MD_CTX_free(context_); }

  std::array<uint8_t, 64> digest(std::initializer_list<ByteSpan> parts) {
    std::array<uint8_t, 64> out{};
    bool good = EVP_DigestInit_ex(context_, EVP_sha512(), nullptr) == 1;
    for (const ByteSpan part : parts) {
      good = good && (part.empty() || EVP_DigestUpdate(context_, part.data(), part.size()) == 1);
    }
    if (!good || EVP_DigestFinal_ex(context_, out.data(), nullptr) != 1) {
      throw SystemError("OpenSSL failed to compute a SHA-512 digest");
    }
    return out;
  }

 private:
  EVP_MD_CTX* context_;
};

using Key = std::array<uint8_t, 32>;

struct KeyHash {
  size_t operator()(const Key& key) const {  // signers choose their keys, but a map of few entries is all they can slow
    size_t value = 0;
    std::memcpy(&value, key.data(), sizeof value);
    return value;
  }
};

Key key_of(const SignedMessage& item) {
  Key key;
  std::copy(item.key.begin(), item.key.end(), key.begin());
  return key;
}

void for_each_range(bool alone, size_t n, size_t least, const std::function<void(size_t, size_t)>& body) {
  if (!alone) return parallel_for(n, least, body);
  if (n > 0) body(0, n);
}

// What is known of a key: nothing, that it is no point, -A, or that and its table.
struct Signer {
  size_t signatures = 0;  // met so far
  bool read = false;
  std::optional<Point> minus_a;
  std::shared_ptr<const KeyTable> table;
};
using Signers = std::unordered_map<Key, Signer, KeyHash>;

constexpr size_t kFew = 3;         // so many signatures are quicker by tables, where these are there, than on a vector
constexpr size_t kTableAfter = 3;  // signatures; a table takes the time that it saves three of them

}  // namespace

struct Verifier::Tables {
  explicit Tables(size_t most) : keys_max(most) {}

  // The signers of these items, with tables for those that have signed more than `table_after`.
  Signers of(std::span<const SignedMessage> items, bool alone, size_t table_after) {
    Signers found;
    {
      const std::lock_guard hold(mutex);
      for (const SignedMessage& item : items) {
        const auto [place, first] = found.try_emplace(key_of(item));
        if (first) {
          const auto before = known.find(place->first);
          if (before != known.end()) place->second = before->second;
        }
        ++place->second.signatures;
      }
    }
    std::vector<Key> keys;
    std::vector<Signer*> unread, untabled;
    for (auto& [key, signer] : found) {
      if (!signer.read) {
        keys.push_back(key);
        unread.push_back(&signer);
      }
      if (!signer.table && signer.signatures > table_after) untabled.push_back(&signer);
    }
    for_each_range(alone, keys.size(), kChunk, [&](size_t begin, size_t end) {
      const auto points = decompress(std::span(keys).subspan(begin, end - begin));
      for (size_t i = begin; i < end; ++i) {
        unread[i]->read = true;
        if (points[i - begin]) unread[i]->minus_a = negate(*points[i - begin]);
      }
    });
    for_each_range(alone, untabled.size(), 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        if (untabled[i]->minus_a) untabled[i]->table = std::make_shared<const KeyTable>(*untabled[i]->minus_a);
      }
    });
    if (keys_max == 0) return found;
    const std::lock_guard hold(mutex);
    for (const auto& [key, signer] : found) {
      if (known.size() >= keys_max && !known.contains(key)) known.clear();
      known.insert_or_assign(key, signer);
    }
    return found;
  }

  std::mutex mutex;
  size_t keys_max;
  Signers known;
};

Verifier::Verifier(size_t keys_max) : tables_(std::make_unique<Tables>(keys_max)) {}
Verifier::~Verifier() = default;

std::vector<uint8_t> Verifier::verify_ourselves(std::span<const SignedMessage> items, bool alone, Way way) {
  std::vector<uint8_t> good(items.size(), 0);
  const bool vectors = vector_products_selected() && (way == Way::chosen || way == Way::eights);
  const bool tables = way == Way::tables || (way == Way::chosen && (!vectors || items.size() <= kFew));
  const auto signers = tables_->of(items, alone, way == Way::tables ? 0 : tables ? kTableAfter : SIZE_MAX);
  const BaseTable& base = BaseTable::instance();
  for_each_range(alone, items.size(), kChunk, [&](size_t begin, size_t end) {
    Sha512 sha;
    std::vector<size_t> places, on_vectors;
    std::vector<Point> points, minus_a, sums;
    std::vector<Scalar> k, s;
    for (size_t start = begin; start < end; start += kChunk) {
      for (auto* list : {&places, &on_vectors}) list->clear();
      for (auto* list : {&points, &minus_a}) list->clear();
      for (auto* list : {&k, &s}) list->clear();
      for (size_t i = start; i < std::min(end, start + kChunk); ++i) {
        const SignedMessage& item = items[i];
        if (item.signature.size() != 64) continue;
        const Signer& signer = signers.at(key_of(item));
        const Scalar by_base = scalar_from_bytes(item.signature.last<32>());
        if (!signer.minus_a || !is_reduced(by_base)) continue;
        const Scalar by_key = reduce(sha.digest({item.signature.first(32), item.key, item.message}));
        places.push_back(i);
        if (vectors && !(tables && signer.table)) {
          on_vectors.push_back(points.size());
          points.push_back(kNeutral);
          minus_a.push_back(*signer.minus_a);
          k.push_back(by_key);
          s.push_back(by_base);
          continue;
        }
        const Point product = tables && signer.table ? signer.table->multiply(by_key) : multiply(*signer.minus_a, by_key);
        points.push_back(base.add_multiple(product, by_base));
      }
      sums.resize(minus_a.size());
      if (!sums.empty()) sums_of_two(sums, minus_a, k, s);
      for (size_t i = 0; i < sums.size(); ++i) points[on_vectors[i]] = sums[i];
      const auto encoded = compress(points);
      for (size_t i = 0; i < places.size(); ++i) {
        good[places[i]] = std::ranges::equal(encoded[i], items[places[i]].signature.first(32)) ? 1 : 0;
      }
    }
  });
  return good;
}

std::vector<uint8_t> Verifier::verify(std::span<const SignedMessage> items, bool alone) {
  std::vector<uint8_t> good = verify_ourselves(items, alone);
  std::vector<size_t> doubtful;
  for (size_t i = 0; i < items.size(); ++i) {
    if (good[i] == 0 && items[i].signature.size() == 64) doubtful.push_back(i);
  }
  for_each_range(alone, doubtful.size(), 1, [&](size_t begin, size_t end) {
    for (size_t j = begin; j < end; ++j) {
      const SignedMessage& item = items[doubtful[j]];
      good[doubtful[j]] = ed25519_verify(item.key, item.message, item.signature.first<64>()) ? 1 : 0;
    }
  });
  return good;
}

}  // namespace pyzkfl::edwards

// See coefficient_rows.h.
#include "groth16/coefficient_rows.h"

#include <atomic>
#include <cstring>
#include <string>

#include "base/errors.h"
#include "base/thread_pool.h"
#include "poly/domain.h"

namespace pyzkfl::groth16 {
namespace {

constexpr size_t entries_a_chunk = 1 << 13;  // entries

struct Entry {
  uint32_t matrix, row, wire;
  Limbs scaled;  // c R^2
};

class Entries {
 public:
  explicit Entries(ByteSpan bytes) : bytes_(bytes) {
    if (bytes.size() % coefficient_entry_bytes != 0)
      throw DecodeError("key: its coefficients are no whole number of entries");
  }
  size_t size() const { return bytes_.size() / coefficient_entry_bytes; }
  uint32_t row(size_t i) const {
    uint32_t row;
    std::memcpy(&row, bytes_.data() + i * coefficient_entry_bytes + 4, sizeof row);
    return row;
  }
  Entry operator[](size_t i) const {
    Entry entry;
    const uint8_t* at = bytes_.data() + i * coefficient_entry_bytes;
    std::memcpy(&entry.matrix, at, 4);
    std::memcpy(&entry.row, at + 4, 4);
    std::memcpy(&entry.wire, at + 8, 4);
    std::memcpy(&entry.scaled, at + 12, 32);
    return entry;
  }

 private:
  ByteSpan bytes_;
};

// Whether rows never decrease: then the entries of one row are neighbours.
bool in_order(const Entries& entries) {
  std::atomic<bool> ordered = true;
  parallel_for(entries.size(), entries_a_chunk, [&](size_t begin, size_t end) {
    bool own = true;
    for (size_t i = begin + (begin == 0); i < end; ++i) own &= entries.row(i - 1) <= entries.row(i);
    if (!own) ordered = false;
  });
  return ordered;
}

// Adds the entries [begin, end) to the rows.
void add_entries(RowValues& rows, const Entries& entries, size_t begin, size_t end,
                 std::span<const Fr> witness) {
  // Limbs c R^2 are the Montgomery form of c R.
  const Fr by_r = Fr::from_montgomery_limbs({1, 0, 0, 0});  // 1 / R
  const Fr one_scaled = Fr::from_montgomery_limbs(Fr::M::r2);
  const Fr minus_one_scaled = -one_scaled;
  Fr last_scaled = one_scaled, last = Fr::one();  // neighbours often share a coefficient
  for (size_t i = begin; i < end; ++i) {
    const Entry entry = entries[i];
    if (entry.matrix > 1 || entry.row >= rows.a.size() || entry.wire >= witness.size())
      throw DecodeError("key: coefficient " + std::to_string(i) +
                        " is for no row, wire or matrix of its own");
    if (!limbs::less(entry.scaled, Fr::modulus))
      throw DecodeError("key: coefficient " + std::to_string(i) + " is not below r");
    Fr& sum = (entry.matrix == 0 ? rows.a : rows.b)[entry.row];
    const Fr scaled = Fr::from_montgomery_limbs(entry.scaled);
    const Fr& value = witness[entry.wire];
    if (scaled == one_scaled) {
      sum += value;
    } else if (scaled == minus_one_scaled) {
      sum -= value;
    } else {
      if (scaled != last_scaled) {
        last_scaled = scaled;
        last = scaled * by_r;
      }
      sum += last * value;
    }
  }
}

}  // namespace

RowValues rows_of(ByteSpan bytes, unsigned log_n, std::span<const Fr> witness) {
  if (log_n > Domain::kMostLogN) throw ParameterError("a domain has at most 2^28 points");
  const Entries entries(bytes);
  const size_t n = size_t{1} << log_n;
  RowValues rows{Witness::Values(n), Witness::Values(n)};
  if (!in_order(entries)) {
    add_entries(rows, entries, 0, entries.size(), witness);
    return rows;
  }
  // A range takes the rows that begin in it.
  const auto boundary = [&](size_t i) {
    return row_boundary(i, entries.size(), [&](size_t entry) { return entries.row(entry); });
  };
  parallel_for(entries.size(), entries_a_chunk, [&](size_t begin, size_t end) {
    add_entries(rows, entries, boundary(begin), boundary(end), witness);
  });
  return rows;
}

}  // namespace pyzkfl::groth16

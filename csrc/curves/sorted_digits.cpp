// Digits and their order (see sorted_digits.h): scalars are put into classes by length, and each class is recoded with
// the window that takes the fewest additions.
#include "curves/sorted_digits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

#include "base/errors.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "curves/signed_windows.h"
#include "curves/window_plan.h"
#include "fields/kernels/kernel_table.h"

namespace pyzkfl {
namespace {

struct Magnitude {
  Limbs value;
  bool negative;
};

// The representative of least absolute value of a canonical residue.
Magnitude magnitude(const Limbs& canonical) {
  constexpr Limbs half = [] {
    Limbs v{};
    for (size_t i = 0; i < 4; ++i) v[i] = Fr::modulus[i] >> 1 | (i < 3 ? Fr::modulus[i + 1] << 63 : 0);
    return v;
  }();
  Magnitude out = {canonical, false};
  if (limbs::less(half, out.value)) {
    limbs::sub(out.value, Fr::modulus, out.value);
    out.negative = true;
  }
  return out;
}

Magnitude magnitude(int64_t k) {
  const auto v = static_cast<uint64_t>(k);
  return {{k < 0 ? 0 - v : v, 0, 0, 0}, k < 0};
}

unsigned bit_length(const Limbs& v) {
  for (size_t i = 4; i-- > 0;) {
    if (v[i] != 0) return static_cast<unsigned>(64 * i) + static_cast<unsigned>(std::bit_width(v[i]));
  }
  return 0;
}

// Magnitudes, with bit 255 for a negative sign, and their lengths.
struct Magnitudes {
  SecretArray<Limbs> values;
  SecretArray<uint8_t> bits;
  std::vector<size_t> counts;  // of each length
};

constexpr uint64_t sign_of_limb = uint64_t{1} << 63;

void keep(Magnitudes& out, size_t i, const Magnitude& k) {
  out.bits[i] = static_cast<uint8_t>(bit_length(k.value));
  out.values[i] = k.value;
  if (k.negative) out.values[i][3] |= sign_of_limb;
}

void fill(Magnitudes& out, std::span<const Fr> scalars, size_t begin, size_t end) {
  // Limbs k 2^256 times 1 over 2^256 are the canonical ones.
  const Fr unit = Fr::from_montgomery_limbs({1, 0, 0, 0});
  std::array<Fr, 256> canonical;
  for (size_t first = begin; first < end; first += canonical.size()) {
    const size_t n = std::min(canonical.size(), end - first);
    kernel_table<Fr>().scale(std::span(canonical).first(n), scalars.subspan(first, n), unit);
    for (size_t i = 0; i < n; ++i) keep(out, first + i, magnitude(canonical[i].l));
  }
  wipe_object(canonical);
}

void fill(Magnitudes& out, std::span<const int64_t> scalars, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) keep(out, i, magnitude(scalars[i]));
}

template <class Scalar>
Magnitudes magnitudes(std::span<const Scalar> scalars) {
  Magnitudes out = {SecretArray<Limbs>(scalars.size(), Start::any),
                    SecretArray<uint8_t>(scalars.size(), Start::any), std::vector<size_t>(class_bits.back() + 1)};
  std::mutex mutex;
  parallel_for(scalars.size(), 4096, [&](size_t begin, size_t end) {
    fill(out, scalars, begin, end);
    std::array<size_t, class_bits.back() + 1> counts{};
    for (size_t i = begin; i < end; ++i) ++counts[out.bits[i]];
    const std::lock_guard lock(mutex);
    for (size_t b = 0; b < counts.size(); ++b) out.counts[b] += counts[b];
  });
  return out;
}

MsmTerm term_of(const Limbs& signed_value, size_t index) {
  MsmTerm out = {signed_value, PointRef::of(index, (signed_value[3] & sign_of_limb) != 0)};
  out.magnitude[3] &= ~sign_of_limb;
  return out;
}

// The counting sort of every window's terms. Digit is signed and holds the windows' digits.
template <class Digit>
SortedDigits sorted(const Magnitudes& all, std::span<const uint32_t> members, size_t count, unsigned bits,
                    unsigned window_bits) {
  const SignedWindows windows(bits, window_bits);
  SortedDigits out;
  out.window_bits = window_bits;
  out.windows = windows.count();
  const size_t buckets = out.buckets();
  const auto index = [&](size_t j) { return members.empty() ? j : members[j]; };

  // Digits, transposed: a window's digits one after the other. Some at a time, since as many streams as windows, a power
  // of two apart, would compete for a few lines of the cache.
  constexpr size_t at_a_time = 64;
  SecretArray<Digit> digits(out.windows * count, Start::any);
  parallel_for(count, 4096, [&](size_t begin, size_t end) {
    std::vector<Digit> some(out.windows * at_a_time);
    for (size_t first = begin; first < end; first += at_a_time) {
      const size_t n = std::min(at_a_time, end - first);
      for (size_t i = 0; i < n; ++i) {
        const MsmTerm term = term_of(all.values[index(first + i)], 0);
        if (term.point.negative()) {
          const Limbs shifted = windows.negative_shifted(term.magnitude);
          for (size_t w = 0; w < out.windows; ++w) {
            some[w * at_a_time + i] = static_cast<Digit>(windows.negative_digit(shifted, w));
          }
        } else {
          const Limbs shifted = windows.shifted(term.magnitude);
          for (size_t w = 0; w < out.windows; ++w) {
            some[w * at_a_time + i] = static_cast<Digit>(windows.digit(shifted, w));
          }
        }
      }
      for (size_t w = 0; w < out.windows; ++w) {
        std::copy_n(some.data() + w * at_a_time, n, digits.data() + w * count + first);
      }
    }
    wipe({reinterpret_cast<uint8_t*>(some.data()), some.size() * sizeof(Digit)});
  });

  // Each window in one part, or, if windows are few, in as many as there are threads.
  const size_t threads = thread_count();
  const size_t parts = out.windows >= 2 * threads ? 1 : threads;
  const auto part_begin = [&](size_t part) { return count * part / parts; };
  const auto absolute = [](Digit d) { return static_cast<size_t>(d < 0 ? -static_cast<int32_t>(d) : d); };
  SecretArray<uint32_t> next(out.windows * parts * buckets);
  parallel_for(out.windows * parts, 1, [&](size_t begin, size_t end) {
    for (size_t t = begin; t < end; ++t) {
      uint32_t* const own = next.data() + t * buckets;
      const Digit* const from = digits.data() + t / parts * count;
      for (size_t j = part_begin(t % parts); j < part_begin(t % parts + 1); ++j) ++own[absolute(from[j])];
    }
  });
  out.starts = SecretArray<uint32_t>(out.windows * buckets + 1, Start::any);
  uint32_t at = 0;
  for (size_t w = 0; w < out.windows; ++w) {
    for (size_t b = 0; b < buckets; ++b) {
      out.starts[w * buckets + b] = at;
      if (b == 0) continue;
      for (size_t part = 0; part < parts; ++part) {
        uint32_t& place = next[(w * parts + part) * buckets + b];
        at += std::exchange(place, at);
      }
    }
  }
  out.starts[out.windows * buckets] = at;
  out.terms = SecretArray<PointRef>(at, Start::any);
  parallel_for(out.windows * parts, 1, [&](size_t begin, size_t end) {
    for (size_t t = begin; t < end; ++t) {
      uint32_t* const own = next.data() + t * buckets;
      const Digit* const from = digits.data() + t / parts * count;
      for (size_t j = part_begin(t % parts); j < part_begin(t % parts + 1); ++j) {
        const Digit d = from[j];
        if (d == 0) continue;
        out.terms[own[absolute(d)]++] = PointRef::of(index(j), d < 0);
      }
    }
  });
  return out;
}

template <class Scalar>
SortedScalars sort_all(std::span<const Scalar> scalars) {
  if (scalars.size() >= most_sorted_scalars) throw ParameterError("msm: more terms than it is made for (2^27)");
  SortedScalars out;
  out.size = scalars.size();
  out.few.reserve(class_bits.size() * least_bucket_terms);  // a vector that grows leaves copies of its secrets behind
  const Magnitudes all = magnitudes(scalars);
  const auto take_one_by_one = [&](unsigned above, unsigned most) {
    for (size_t i = 0; i < scalars.size(); ++i) {
      if (all.bits[i] > above && all.bits[i] <= most) out.few.push_back(term_of(all.values[i], i));
    }
  };
  if (scalars.size() - all.counts[0] < least_bucket_terms) {
    take_one_by_one(0, class_bits.back());
    return out;
  }
  for (const LengthRun& run : plan_runs(all.counts)) {
    const unsigned above = run.above;
    const unsigned most = run.most;
    size_t size = 0;
    for (unsigned b = above + 1; b <= most; ++b) size += all.counts[b];
    if (size < least_bucket_terms) {
      take_one_by_one(above, most);
      continue;
    }
    SecretArray<uint32_t> members;
    if (size != scalars.size()) {
      members = SecretArray<uint32_t>(size, Start::any);
      size_t used = 0;
      for (size_t i = 0; i < scalars.size(); ++i) {
        if (all.bits[i] > above && all.bits[i] <= most) members[used++] = static_cast<uint32_t>(i);
      }
    }
    out.runs.push_back(run.window_bits <= 16
                           ? sorted<int16_t>(all, members.span(), size, most, run.window_bits)
                           : sorted<int32_t>(all, members.span(), size, most, run.window_bits));
  }
  return out;
}

}  // namespace

SortedScalars::~SortedScalars() {
  if (!few.empty()) wipe({reinterpret_cast<uint8_t*>(few.data()), few.size() * sizeof(MsmTerm)});
}

SortedScalars sort_scalars(std::span<const Fr> scalars) { return sort_all(scalars); }
SortedScalars sort_scalars(std::span<const int64_t> scalars) { return sort_all(scalars); }

}  // namespace pyzkfl

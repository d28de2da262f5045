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
#include "fields/kernels/kernel_table.h"

namespace pyzkfl {
namespace {

// Fewer terms are multiplied one by one.
constexpr size_t least_bucket_terms = 8;
// So that the terms of all windows are fewer than 2^32.
constexpr size_t most_scalars = size_t{1} << 27;

// Terms are put in classes by the length of their scalars, at most these many bits; neighbours merge when that is
// estimated to be cheaper.
constexpr std::array<unsigned, 8> class_bits = {1, 8, 16, 24, 40, 72, 136, 253};

constexpr unsigned most_window_bits = 18;

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

// The window that takes the fewest additions, and how many that is, roughly.
struct WindowPlan {
  unsigned window_bits;
  double cost;
};

// `counts[b]` is how many magnitudes have exactly b bits, for b from 1 to `bits` = counts.size() - 1.
WindowPlan plan_window(std::span<const size_t> counts) {
  // In additions. A bucket is added to a row and a column; each window's last sums take some more, alone in their
  // batches; and a doubling and an addition in Jacobian coordinates stand at the end for each bit.
  constexpr double bucket = 2.5, window = 250;
  const unsigned bits = static_cast<unsigned>(counts.size()) - 1;
  WindowPlan best = {2, 1e300};
  for (unsigned c = 2; c <= most_window_bits; ++c) {
    const double windows = static_cast<double>(SignedWindows::window_count(bits, c));
    double cost = windows * (bucket * static_cast<double>(size_t{1} << (c - 1)) + window);
    for (unsigned b = 1; b <= bits; ++b) {
      if (counts[b] != 0) cost += static_cast<double>(counts[b] * SignedWindows::window_count(b, c));
    }
    if (cost < best.cost) best = {c, cost};
  }
  return best;
}

// The partition of the classes into runs of neighbours that takes the fewest additions: the first and the last class
// of each run, and the window to use for it.
struct Run {
  size_t first, last;
  unsigned window_bits;
};

std::vector<Run> plan(std::span<const size_t> counts_by_bits) {
  constexpr size_t n = class_bits.size();
  std::array<double, n + 1> cost{};  // of the first i classes
  std::array<Run, n + 1> choice{};
  for (size_t i = 1; i <= n; ++i) {
    cost[i] = 1e300;
    for (size_t j = 0; j < i; ++j) {  // a run of the classes j .. i - 1
      std::vector<size_t> counts(counts_by_bits.begin(), counts_by_bits.begin() + class_bits[i - 1] + 1);
      for (unsigned b = 0; j > 0 && b <= class_bits[j - 1]; ++b) counts[b] = 0;
      counts[0] = 0;
      const bool empty = std::all_of(counts.begin(), counts.end(), [](size_t c) { return c == 0; });
      const WindowPlan best = empty ? WindowPlan{0, 0} : plan_window(counts);
      if (cost[j] + best.cost < cost[i]) {
        cost[i] = cost[j] + best.cost;
        choice[i] = {j, i - 1, best.window_bits};
      }
    }
  }
  std::vector<Run> runs;
  for (size_t i = n; i > 0; i = choice[i].first) {
    if (choice[i].window_bits != 0) runs.push_back(choice[i]);
  }
  return runs;
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
  if (scalars.size() >= most_scalars) throw ParameterError("msm: more terms than it is made for (2^27)");
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
  for (const Run& run : plan(all.counts)) {
    const unsigned above = run.first == 0 ? 0 : class_bits[run.first - 1];
    const unsigned most = class_bits[run.last];
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

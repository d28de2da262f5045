// Sums of groups of points as columns (see group_sums.h).
#include "curves/group_sums.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "curves/large_array.h"
#include "curves/tree_sums.h"

namespace pyzkfl {
namespace {

// Columns of a block: as many as keep what a batch works on in the second-level cache; the inversion of each batch
// is to be shared by many.
template <class F>
constexpr size_t most_columns = sizeof(F) == sizeof(Fp) ? 2048 : 1024;
// Below this many columns a batch's inversion costs more than what a tree takes longer.
constexpr size_t least_columns = 160;
// Terms that a column takes in at most.
constexpr size_t most_rounds = 4096;
constexpr size_t rows_at_once = 8;
// Groups in order of size lie anywhere: what belongs to those so many further on is brought near.
constexpr size_t far_ahead = 16;

// What columns could not take: terms of groups, group after group.
struct Remainder {
  SecretVector<PointRef> terms;
  SecretVector<Group> groups;
};

template <class F>
class BlockOfColumns {
 public:
  // Sums the groups into `out`, but for what is appended to `rest`, which is to be added to that.
  void sum(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
           std::span<const Group> groups, const InfinityMap& infinite, Remainder& rest) {
    arrange(out, terms, groups, infinite);
    size_t round = 0;
    const size_t all = active_in(0);
    if (all >= least_columns) {
      columns_.resize(kernel_.column_words(all) + 8);
      uint64_t* const columns = aligned();
      stride_ = all;
      rows_.resize(2 * rows_at_once * stride_);
      read_rows(0);
      kernel_.load_columns(columns, base, row(0));
      while (active_in(++round) >= least_columns) {
        if ((round + 1) % rows_at_once == 0) read_rows(round + 1);
        refused_.clear();
        kernel_.add_columns(scratch_, columns, base, row(round), row(round + 1), refused_);
        for (const uint32_t i : refused_) refused_terms_.push_back({i, row(round)[i]});
      }
      sums_.resize(all);
      kernel_.store_columns(sums_, columns);
      for (size_t i = 0; i < all; ++i) {
        if (i + far_ahead < all) __builtin_prefetch(&out[order_[i + far_ahead].key], 1);
        out[order_[i].key] = sums_[i];
      }
    } else {
      for (const Group& g : order_) out[g.key] = {};
    }
    leave(round, rest);
  }

 private:
  // Puts the groups in order of falling size; keeps their terms that are not infinite.
  void arrange(std::span<LoosePoint<F>> out, std::span<const PointRef> terms, std::span<const Group> groups,
               const InfinityMap& infinite) {
    const std::span<const Group> own = without_infinities(terms, groups, infinite);
    size_of_.assign(most_rounds + 2, 0);
    for (const Group& g : own) ++size_of_[std::min<size_t>(g.count, most_rounds)];
    // size_of_[c] becomes how many groups have more than c terms: where those of c terms begin.
    size_t above = 0;
    for (size_t c = most_rounds + 1; c-- > 0;) {
      const uint32_t here = size_of_[c];
      size_of_[c] = static_cast<uint32_t>(above);
      above += here;
    }
    next_of_ = size_of_;
    order_.resize(own.size());
    for (const Group& g : own) order_[next_of_[std::min<size_t>(g.count, most_rounds)]++] = g;
    for (size_t i = size_of_[0]; i < order_.size(); ++i) out[order_[i].key] = {};
    order_.resize(size_of_[0]);
    refused_terms_.clear();
  }

  std::span<const Group> without_infinities(std::span<const PointRef> terms, std::span<const Group> groups,
                                            const InfinityMap& infinite) {
    if (infinite.empty()) {
      terms_ = terms;
      return groups;
    }
    finite_terms_.clear();
    finite_groups_.clear();
    for (const Group& g : groups) {
      const auto begin = static_cast<uint32_t>(finite_terms_.size());
      for (const PointRef ref : terms.subspan(g.begin, g.count)) {
        const size_t i = ref.index();
        if ((infinite[i / 64] >> (i % 64) & 1) == 0) finite_terms_.push_back(ref);
      }
      finite_groups_.push_back({g.key, begin, static_cast<uint32_t>(finite_terms_.size()) - begin});
    }
    terms_ = finite_terms_;
    return finite_groups_;
  }

  // Groups with more than `round` terms; they come first.
  size_t active_in(size_t round) const { return round < most_rounds ? size_of_[round] : 0; }

  // The terms of some rounds from `first` on, a multiple of rows_at_once: each group's terms stand side by side, and are
  // read once, not in each round again. Those of the round before stay.
  void read_rows(size_t first) {
    const size_t active = active_in(first);
    PointRef* const rows = rows_.data() + first % (2 * rows_at_once) * stride_;
    for (size_t i = 0; i < active; ++i) {
      if (i + far_ahead < active) __builtin_prefetch(terms_.data() + order_[i + far_ahead].begin + first);
      const PointRef* const from = terms_.data() + order_[i].begin + first;
      const size_t count = std::min<size_t>(rows_at_once, order_[i].count - first);
      for (size_t k = 0; k < count; ++k) rows[k * stride_ + i] = from[k];
    }
  }

  std::span<const PointRef> row(size_t round) const {
    return {rows_.data() + round % (2 * rows_at_once) * stride_, active_in(round)};
  }

  void leave(size_t round, Remainder& rest) {
    std::sort(refused_terms_.begin(), refused_terms_.end(),
              [](const Refused& a, const Refused& b) { return a.column < b.column; });
    auto refused = refused_terms_.begin();
    for (size_t i = 0; i < order_.size(); ++i) {
      const Group& g = order_[i];
      const auto begin = static_cast<uint32_t>(rest.terms.size());
      if (g.count > round) {
        const auto tail = terms_.subspan(g.begin + round, g.count - round);
        rest.terms.insert(rest.terms.end(), tail.begin(), tail.end());
      }
      for (; refused != refused_terms_.end() && refused->column == i; ++refused) rest.terms.push_back(refused->term);
      const auto count = static_cast<uint32_t>(rest.terms.size()) - begin;
      if (count != 0) rest.groups.push_back({g.key, begin, count});
    }
  }

  uint64_t* aligned() {
    const auto address = reinterpret_cast<uintptr_t>(columns_.data());
    return columns_.data() + (64 - address % 64) % 64 / 8;
  }

  struct Refused {
    uint32_t column;
    PointRef term;
  };

  const AffineKernel<F>& kernel_ = affine_kernel<F>();
  KernelScratch scratch_;
  std::span<const PointRef> terms_;
  SecretVector<Group> order_, finite_groups_;
  SecretVector<uint32_t> size_of_, next_of_;
  size_t stride_ = 0;
  SecretVector<PointRef> rows_, finite_terms_;
  SecretVector<uint64_t> columns_;
  SecretVector<LoosePoint<F>> sums_;
  SecretVector<uint32_t> refused_;
  SecretVector<Refused> refused_terms_;
};

// out[g.key] += the sum of g, for each group of the remainder.
template <class F>
void add_remainder(std::span<LoosePoint<F>> out, PointBytes<F> base, const Remainder& rest) {
  SecretVector<Group> groups = rest.groups;
  for (size_t i = 0; i < groups.size(); ++i) groups[i].key = static_cast<uint32_t>(i);
  SecretVector<LoosePoint<F>> sums(groups.size());
  sum_trees<F>(sums, base, rest.terms, groups);
  const AffineKernel<F>& kernel = affine_kernel<F>();
  parallel_for(groups.size(), 512, [&](size_t begin, size_t end) {
    constexpr size_t batch = 2048;
    KernelScratch scratch;
    SecretVector<uint32_t> targets;
    SecretVector<PointRef> refs;
    for (size_t first = begin; first < end; first += batch) {
      targets.clear();
      refs.clear();
      for (size_t i = first; i < std::min(end, first + batch); ++i) {
        LoosePoint<F>& own = out[rest.groups[i].key];
        if (own.is_infinity()) {
          own = sums[i];
        } else if (!sums[i].is_infinity()) {
          targets.push_back(rest.groups[i].key);
          refs.push_back(PointRef::of(i));
        }
      }
      kernel.add_into(scratch, out.data(), targets, as_bytes(std::span<const LoosePoint<F>>(sums)), refs);
    }
  });
}

// Groups in order of falling size: then those of a block take in their last terms together, and few are left over.
SecretArray<Group> by_falling_size(std::span<const Group> groups) {
  const size_t parts = std::min(thread_count(), groups.size() / 4096 + 1);
  const auto begin_of = [&](size_t part) { return groups.size() * part / parts; };
  const auto size_of = [](const Group& g) { return std::min<size_t>(g.count, most_rounds); };
  std::vector<SecretVector<uint32_t>> next(parts);
  parallel_for(parts, 1, [&](size_t first, size_t last) {
    for (size_t part = first; part < last; ++part) {
      next[part].resize(most_rounds + 1);
      for (size_t i = begin_of(part); i < begin_of(part + 1); ++i) ++next[part][size_of(groups[i])];
    }
  });
  uint32_t at = 0;
  for (size_t size = most_rounds + 1; size-- > 0;) {
    for (size_t part = 0; part < parts; ++part) at += std::exchange(next[part][size], at);
  }
  SecretArray<Group> out(groups.size(), Start::any);
  parallel_for(parts, 1, [&](size_t first, size_t last) {
    for (size_t part = first; part < last; ++part) {
      for (size_t i = begin_of(part); i < begin_of(part + 1); ++i) out[next[part][size_of(groups[i])]++] = groups[i];
    }
  });
  return out;
}

}  // namespace

template <class F>
InfinityMap find_infinities(PointBytes<F> points) {
  InfinityMap map((points.size() + 63) / 64);
  std::atomic<bool> any{false};
  parallel_for(map.size(), 64, [&](size_t begin, size_t end) {
    uint64_t found = 0;
    for (size_t w = begin; w < end; ++w) {
      uint64_t bits = 0;
      const size_t count = std::min<size_t>(64, points.size() - 64 * w);
      for (size_t i = 0; i < count; ++i)
        bits |= static_cast<uint64_t>(points[64 * w + i].is_infinity()) << i;
      map[w] = bits;
      found |= bits;
    }
    if (found != 0) any = true;
  });
  if (!any) map.clear();
  return map;
}

template <class F>
void sum_groups(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
                std::span<const Group> unordered, const InfinityMap& infinite) {
  if (unordered.empty()) return;
  const SecretArray<Group> ordered = by_falling_size(unordered);
  const std::span<const Group> groups = ordered.span();
  const size_t threads = thread_count();
  const size_t size = std::clamp(groups.size() / (8 * threads), least_columns * 3 / 2, most_columns<F>);
  const size_t blocks = (groups.size() + size - 1) / size;
  Remainder rest;
  std::mutex mutex;
  std::atomic<size_t> next_block{0};
  parallel_for(std::min(threads, blocks), 1, [&](size_t begin, size_t end) {
    for (size_t worker = begin; worker < end; ++worker) {
      BlockOfColumns<F> block;
      Remainder own;
      for (size_t b; (b = next_block.fetch_add(1, std::memory_order_relaxed)) < blocks;) {
        const auto some = groups.subspan(b * size, std::min(size, groups.size() - b * size));
        block.sum(out, base, terms, some, infinite, own);
      }
      const std::lock_guard lock(mutex);
      const auto offset = static_cast<uint32_t>(rest.terms.size());
      rest.terms.insert(rest.terms.end(), own.terms.begin(), own.terms.end());
      for (const Group& g : own.groups) rest.groups.push_back({g.key, offset + g.begin, g.count});
    }
  });
  if (!rest.groups.empty()) add_remainder<F>(out, base, rest);
}

template InfinityMap find_infinities(PointBytes<Fp>);
template InfinityMap find_infinities(PointBytes<Fp2>);
template void sum_groups(std::span<LoosePoint<Fp>>, PointBytes<Fp>, std::span<const PointRef>, std::span<const Group>,
                         const InfinityMap&);
template void sum_groups(std::span<LoosePoint<Fp2>>, PointBytes<Fp2>, std::span<const PointRef>,
                         std::span<const Group>, const InfinityMap&);

}  // namespace pyzkfl

// Sums of groups of points, block by block and round by round (see tree_sums.h).
#include "curves/tree_sums.h"

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

// Terms handled together: few enough that their points stay in the second-level cache, many enough that the
// inversion of each round is cheap.
constexpr size_t most_block_terms = 8192;
constexpr size_t least_block_terms = 1024;

template <class F>
class BlockReducer {
 public:
  // Sums whole groups, whose terms may be scattered over `terms`.
  void reduce(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
              std::span<const Group> groups) {
    const AffineKernel<F>& kernel = affine_kernel<F>();
    // Terms of the groups that are not finished, one group after the other, as references into `base`.
    refs_.clear();
    open_.clear();
    for (const Group& g : groups) {
      const auto own = terms.subspan(g.begin, g.count);
      if (g.count == 1) {
        out[g.key] = fetch(base, own[0]);
        continue;
      }
      open_.push_back({g.key, static_cast<uint32_t>(refs_.size()), g.count});
      refs_.insert(refs_.end(), own.begin(), own.end());
    }
    for (size_t round = 0; !open_.empty(); ++round) {
      SecretVector<LoosePoint<F>>& sums = buffer_[round % 2];
      pairs_.clear();
      single_.clear();
      next_.clear();
      for (const Group& g : open_) {
        const auto* own = refs_.data() + g.begin;
        pairs_.insert(pairs_.end(), own, own + (g.count & ~uint32_t{1}));
        if (g.count % 2 != 0) single_.push_back(own[g.count - 1]);
      }
      const size_t n = pairs_.size() / 2;
      if (sums.size() < n + single_.size()) sums.resize(n + single_.size());
      kernel.add_pairs(scratch_, std::span(sums).first(n), base, pairs_);
      for (size_t i = 0; i < single_.size(); ++i) sums[n + i] = fetch(base, single_[i]);

      size_t next_sum = 0, next_single = n, used = 0;
      for (const Group& g : open_) {
        if (g.count == 2) {
          out[g.key] = sums[next_sum++];
          continue;
        }
        const size_t begin = used;
        for (size_t i = 0; i < g.count / 2; ++i) refs_[used++] = PointRef::of(next_sum++);
        if (g.count % 2 != 0) refs_[used++] = PointRef::of(next_single++);
        next_.push_back({g.key, static_cast<uint32_t>(begin), static_cast<uint32_t>(used - begin)});
      }
      open_.swap(next_);
      base = as_bytes(std::span<const LoosePoint<F>>(sums));
    }
  }

 private:
  SecretVector<PointRef> refs_, pairs_, single_;
  SecretVector<Group> open_, next_;
  SecretVector<LoosePoint<F>> buffer_[2];
  KernelScratch scratch_;
};

}  // namespace

template <class F>
void sum_trees(std::span<LoosePoint<F>> out, PointBytes<F> base, std::span<const PointRef> terms,
                std::span<const Group> groups) {
  size_t total = 0;
  for (const Group& g : groups) total += g.count;
  const size_t block_terms = std::clamp(total / (2 * thread_count()), least_block_terms, most_block_terms);

  // Large groups are cut, and the sums of their pieces added afterwards.
  SecretVector<Group> whole, pieces, rest;
  for (const Group& g : groups) {
    if (g.count < 2 * block_terms) {
      whole.push_back(g);
      continue;
    }
    const auto first = static_cast<uint32_t>(pieces.size());
    const auto piece = static_cast<uint32_t>(block_terms);
    for (uint32_t at = 0; at < g.count; at += piece) {
      pieces.push_back({static_cast<uint32_t>(pieces.size()), g.begin + at, std::min(piece, g.count - at)});
    }
    rest.push_back({g.key, first, static_cast<uint32_t>(pieces.size()) - first});
  }

  // Blocks of consecutive groups.
  const auto run = [&](std::span<LoosePoint<F>> sums, std::span<const Group> list) {
    SecretVector<size_t> starts = {0};
    size_t count = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      count += list[i].count;
      if (count >= block_terms || i + 1 == list.size()) {
        starts.push_back(i + 1);
        count = 0;
      }
    }
    parallel_for(starts.size() - 1, 1, [&](size_t begin, size_t end) {
      BlockReducer<F> reducer;
      for (size_t b = begin; b < end; ++b) {
        reducer.reduce(sums, base, terms, list.subspan(starts[b], starts[b + 1] - starts[b]));
      }
    });
  };
  run(out, whole);
  if (pieces.empty()) return;
  SecretVector<LoosePoint<F>> sums(pieces.size());
  run(std::span(sums), pieces);
  SecretVector<PointRef> sum_terms(pieces.size());
  for (size_t i = 0; i < sums.size(); ++i) sum_terms[i] = PointRef::of(i);
  sum_trees<F>(out, as_bytes(std::span<const LoosePoint<F>>(sums)), sum_terms, rest);
}

template void sum_trees(std::span<LoosePoint<Fp>>, PointBytes<Fp>, std::span<const PointRef>,
                         std::span<const Group>);
template void sum_trees(std::span<LoosePoint<Fp2>>, PointBytes<Fp2>, std::span<const PointRef>,
                         std::span<const Group>);

}  // namespace pyzkfl

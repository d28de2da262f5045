// See window_plan.h.
#include "curves/window_plan.h"

#include <algorithm>

#include "curves/signed_windows.h"

namespace pyzkfl {
namespace {

constexpr unsigned most_window_bits = 18;

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

}  // namespace

// The partition of the classes that takes the fewest additions.
std::vector<LengthRun> plan_runs(std::span<const size_t> counts_by_bits) {
  constexpr size_t n = class_bits.size();
  struct Choice {
    size_t first;  // class of the last run of the first i classes
    unsigned window_bits;
  };
  std::array<double, n + 1> cost{};  // of the first i classes
  std::array<Choice, n + 1> choice{};
  const auto end_of = [](size_t classes) { return classes == 0 ? 0 : class_bits[classes - 1]; };
  for (size_t i = 1; i <= n; ++i) {
    cost[i] = 1e300;
    for (size_t j = 0; j < i; ++j) {  // a run of the classes j .. i - 1
      std::vector<size_t> counts(counts_by_bits.begin(), counts_by_bits.begin() + end_of(i) + 1);
      std::fill(counts.begin(), counts.begin() + end_of(j) + 1, 0);
      const bool empty = std::all_of(counts.begin(), counts.end(), [](size_t c) { return c == 0; });
      const WindowPlan best = empty ? WindowPlan{0, 0} : plan_window(counts);
      if (cost[j] + best.cost < cost[i]) {
        cost[i] = cost[j] + best.cost;
        choice[i] = {j, best.window_bits};
      }
    }
  }
  std::vector<LengthRun> runs;
  for (size_t i = n; i > 0; i = choice[i].first) {
    if (choice[i].window_bits != 0) runs.push_back({end_of(choice[i].first), end_of(i), choice[i].window_bits});
  }
  return runs;
}

}  // namespace pyzkfl

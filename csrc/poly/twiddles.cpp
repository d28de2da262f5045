// The shared table of twiddle factors (see twiddles.h).
#include "poly/twiddles.h"

#include <algorithm>
#include <mutex>

#include "base/thread_pool.h"

namespace pyzkfl {
namespace {

constexpr unsigned kTwoAdicity = 28;

constexpr Fr kLargestRoot = [] {
  // 5^((r - 1) / 2^28)
  const Limbs exponent = Fr::M::shift_right(Fr::modulus, kTwoAdicity);
  return Fr::from_u64(5).pow_vartime(exponent);
}();

// table has 2^k entries or more; makes it 2^(k+1) or more, the second half being the first times one root.
void double_table(std::vector<Fr>& table, unsigned k) {
  const size_t half = size_t{1} << k;
  const Fr root = root_of_unity(k + 2);
  parallel_for(half, 1 << 12, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) table[half + i] = table[i] * root;
  });
}

}  // namespace

Fr root_of_unity(unsigned log_n) {
  Fr root = kLargestRoot;
  for (unsigned i = kTwoAdicity; i > log_n; --i) root = root.square();
  return root;
}

std::shared_ptr<const std::vector<Fr>> twiddle_table(unsigned log_n) {
  static std::mutex mutex;
  static std::shared_ptr<const std::vector<Fr>> largest;
  const size_t wanted = size_t{1} << (std::max(log_n, 1u) - 1);
  {
    const std::lock_guard lock(mutex);
    if (largest != nullptr && largest->size() >= wanted) return largest;
  }
  // Made outside the lock, or a thread that waits for it could hold up the pool that makes it.
  auto table = std::make_shared<std::vector<Fr>>(wanted);
  (*table)[0] = Fr::one();
  for (unsigned k = 0; (size_t{1} << k) < wanted; ++k) double_table(*table, k);
  const std::lock_guard lock(mutex);
  if (largest == nullptr || largest->size() < wanted) largest = table;
  return table;
}

}  // namespace pyzkfl
